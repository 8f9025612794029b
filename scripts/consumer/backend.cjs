const { Limitr } = require('limitr')

const limit = { credit: 'token', mode: 'hard', value: 2 }
const plans = { free: { default: true, entitlements: { chat: { limit } } } }
Limitr.new({ policy: { credits: { token: {} }, plans } }).then(async (limitr) => {
  await limitr.createCustomer('user_1')
  const answers = [await limitr.allow('user_1', 'chat', 2), await limitr.allow('user_1', 'chat', 1)]
  console.log(`${process.version} ${limitr.backend} ${answers}`)
  await limitr.close()
})
