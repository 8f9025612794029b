import { Limitr } from 'limitr'

const limitr = await Limitr.new('policy: {}')
export const allowed: boolean = await limitr.allow('user_1', 'chat', 2)
// @ts-expect-error: a customer's ID is text
await limitr.allow(1, 'chat')
