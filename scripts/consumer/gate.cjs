const { Limitr } = require('limitr')

const limit = { credit: 'token', mode: 'hard', value: 2 }
const plans = { free: { default: true, entitlements: { chat: { limit } } } }
Limitr.new({ policy: { credits: { token: {} }, plans } }).then((limitr) => {
  limitr.sync.createCustomer('user_1')
  const answers = [limitr.sync.allow('user_1', 'chat', 2), limitr.sync.allow('user_1', 'chat', 1)]
  console.log(`require ${answers}`)
  return limitr.close()
})
