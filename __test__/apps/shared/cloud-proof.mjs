// What must hold of an engine of Limitr Cloud in every runtime: it connects and decides, survives a connection that breaks and a server that
// dies, hands in what it did meanwhile once, and follows the policy that was published meanwhile.

import { deepStrictEqual as same } from 'node:assert'
import { CloudServer, certified, wireTo } from '../../../scripts/lib/cloud-server.mjs'

const policy = (chat, more = {}) => {
  const limit = (value, mode) => ({ limit: { credit: 'message', value, mode } })
  const entitlements = { mail: limit(5, 'soft'), chat: limit(chat, 'hard'), ...more }
  return { policy: { credits: { message: {} }, plans: { free: { default: true, entitlements } } } }
}

/** Runs `work` with a server that has a policy in force, and a wire to it. */
export async function withCloud(flags, work) {
  const server = new CloudServer(flags)
  let wire
  try {
    await server.start()
    await server.publish(policy(20))
    wire = await wireTo(server)
    return await work({ server, wire })
  } finally {
    wire?.end()
    await server.remove()
  }
}

/** How to ask a `CloudApp`, from a way to have its answers (`answered`) of JSON. */
export const asked =
  (answers) =>
  async (...call) => {
    const { value, error } = await answers(...call)
    if (error) throw Object.assign(new Error(error.message), { code: error.code })
    return value
  }

/**
 * Throws unless all that holds.
 *
 * @param {{ server: CloudServer, wire: object }} cloud
 * @param {string} backend what must run the engine
 * @param {(name: string, ...args: unknown[]) => Promise<object>} answers has the runtime's `CloudApp` do something
 * @param {object} options what the engine is opened with beside the address
 */
export async function proveCloud({ server, wire }, backend, answers, options = { token: server.token }) {
  const ask = asked(answers)
  const online = { state: 'online', error: null, policyVersion: 1 }
  same(await ask('open', { ...options, url: wire.url }), [backend, online])
  same(await ask('decide', 'mail', 3), [true, 'ok', 'local', false])
  same(await ask('decide', 'chat', 2), [true, 'ok', 'lease', true])

  // The connection breaks, and no other can be had: soft limits go on, hard ones as far as this engine's share goes.
  wire.cut()
  same((await ask('until', 'offline'))[0], 'offline')
  same(await ask('spend', 'mail', 25), 25)
  const meanwhile = await ask('spend', 'chat', 30)
  same(meanwhile < 18, true)
  same((await ask('decide', 'chat', 1)).slice(0, 2), [false, 'lease'])
  same((await server.usage('ada')).mail.spent <= 3, true)
  await server.publish(policy(21, { news: {} }))
  wire.mend()
  same(await ask('until', 'online', 2), ['online', 2])
  same((await ask('decide', 'news'))[0], true)
  await ask('flush')
  let usage = await server.usage('ada')
  same([usage.mail.spent, usage.chat.spent], [28, 2 + meanwhile])

  // The server dies, and is started anew.
  await server.kill()
  same((await ask('until', 'offline'))[0], 'offline')
  same(await ask('spend', 'mail', 5), 5)
  await server.start()
  same(await ask('until', 'online', 2), ['online', 2])
  await ask('flush')
  same((await server.usage('ada')).mail.spent, 33)

  // The limit is exact all the same: 21 units, not one more.
  same(await ask('spend', 'chat', 30), 19 - meanwhile)
  same((await ask('decide', 'chat', 1))[0], false)
  const seen = await ask('close')
  same(seen.slice(seen.indexOf('online')), ['online', 'offline', 'online', 'offline', 'online', 'closed'])
  usage = await server.usage('ada')
  same([usage.mail.spent, usage.chat], [33, { spent: 21, reserved: 21 }])
}

/**
 * Throws unless an engine connects over TLS where it trusts the server's certificate, and else not.
 *
 * @param {string} folder to keep certificates in
 * @param {string} backend what must run the engine
 * @param {(env: object, work: (answers: Function) => Promise<void>) => Promise<void>} run runs the app with more variables
 */
export async function proveTls(folder, backend, run) {
  const certificate = await certified(folder)
  await withCloud([], async ({ server }) => {
    const wire = await wireTo(server, certificate)
    const options = { url: wire.url, token: server.token, connectTimeout: 3000 }
    try {
      await run({ NODE_EXTRA_CA_CERTS: certificate.ca }, async (answers) => {
        const ask = asked(answers)
        same((await ask('open', options))[0], backend)
        same(await ask('decide', 'chat', 2), [true, 'ok', 'lease', true])
        await ask('close')
        same((await server.usage('ada')).chat, { spent: 2, reserved: 2 })
      })
      await run({}, async (answers) => same((await answers('open', options)).error?.code, 'connect_timeout'))
    } finally {
      wire.end()
    }
  })
}
