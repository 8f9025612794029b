import { Limitr } from 'limitr'

const limitr = await Limitr.new('policy: { plans: { free: { default: true, entitlements: { chat: {} } } } }')
await limitr.createCustomer('user_1')
document.body.textContent = `${limitr.backend} ${await limitr.allow('user_1', 'chat')}`
