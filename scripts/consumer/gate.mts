import { Limitr } from 'limitr'
import { init } from 'limitr/wasm'

await init(new Uint8Array())
// @ts-expect-error: a number is no module
await init(1)

const limitr = await Limitr.new('policy: {}', 'auto', { backend: 'wasm' })
export const allowed: boolean = await limitr.allow('user_1', 'chat', 2)
// @ts-expect-error: a customer's ID is text
await limitr.allow(1, 'chat')
