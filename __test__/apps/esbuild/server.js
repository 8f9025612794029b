import { Limitr } from 'limitr'

Limitr.new('policy: { plans: { free: { default: true, entitlements: { chat: {} } } } }').then(
  async (limitr) => {
    await limitr.createCustomer('user_1')
    console.log(limitr.backend, await limitr.allow('user_1', 'chat'))
  }
)
