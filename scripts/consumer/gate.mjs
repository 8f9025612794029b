import { Limitr } from 'limitr'

const limit = { credit: 'token', mode: 'hard', value: 2 }
const plans = { free: { default: true, entitlements: { chat: { limit } } } }
const limitr = await Limitr.new({ policy: { credits: { token: {} }, plans } })
await limitr.createCustomer('user_1')
const answers = [await limitr.allow('user_1', 'chat', 2), await limitr.allow('user_1', 'chat', 1)]
console.log(`import ${answers}`)
await limitr.close()
