import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { connected, limit, plan, type Server, soon, started } from './support.js'

/** Gets tickets as an app's own server does, and counts them. */
function tickets(server: Server) {
  const made: string[] = []
  const ticket = async () => {
    const headers = { Authorization: `Bearer ${server.token}` }
    const answer = await fetch(`${server.url}/v1/tickets`, { method: 'POST', headers })
    made.push((await answer.json()).ticket)
    return made.at(-1) as string
  }
  return { made, ticket }
}

const native = process.env.LIMITR_BACKEND === 'native'

describe('an engine with tickets', () => {
  it.runIf(native)('is one in wasm', async () => {
    expect(await codeOf(() => Limitr.cloud({ ticket: () => 'limitr_ticket_00' }))).toBe('not_supported')
  })

  it.skipIf(native)('takes one for each connection and each policy, and needs no token', async () => {
    const server = await started(plan({ chat: limit(10) }))
    const { made, ticket } = tickets(server)
    const limitr = await Limitr.cloud({ ticket, url: server.url })
    expect(made).toHaveLength(2)
    await limitr.ensureCustomer('ada')
    expect(await limitr.allow('ada', 'chat', 3)).toBe(true)
    await server.publish(plan({ chat: limit(20) }))
    expect(await soon(() => limitr.status?.policyVersion === 2)).toBe(true)
    expect(made).toHaveLength(3)
    await server.kill()
    expect(await soon(() => limitr.status?.state === 'offline')).toBe(true)
    await server.start()
    expect(await soon(() => limitr.status?.state === 'online', 20_000)).toBe(true)
    await limitr.close()
    expect(await (await connected(server)).value('ada', 'chat')).toBe(3)
  })

  it.skipIf(native)('asks for another where one was too old, or none was to be had', async () => {
    const server = await started(plan({ chat: limit(10) }))
    const { made, ticket } = tickets(server)
    let asked = 0
    const failing = async () => {
      asked += 1
      if (asked === 1) throw new Error('the app has no ticket now')
      if (asked === 2) return `limitr_ticket_${'0'.repeat(64)}`
      return ticket()
    }
    const limitr = await Limitr.cloud({ ticket: failing, url: server.url, connectTimeout: 15_000 })
    expect(limitr.status?.state).toBe('online')
    expect(made.length).toBeGreaterThan(1)
    await limitr.close()
  })

  it.skipIf(native)('says why none let it in', async () => {
    const server = await started(plan({ chat: limit(10) }))
    const open = (ticket: () => Promise<string>) =>
      Limitr.cloud({ ticket, url: server.url, connectTimeout: 300 }).then(
        () => null,
        (error) => [error.code, error.cause?.message]
      )
    const signedOut = async () => {
      throw new Error('nobody is signed in')
    }
    expect(await open(signedOut)).toEqual(['connect_timeout', 'nobody is signed in'])
    const [code, cause] = (await open(async () => ({ ticket: 'x' }) as never)) ?? []
    expect([code, cause]).toEqual(['connect_timeout', expect.stringMatching(/must be the text of a ticket/)])
  })

  it.skipIf(native)('is refused for good once the token behind them is revoked', async () => {
    const server = await started(plan({ chat: limit(10) }))
    const made = await server.ask('POST', '/v1/tokens', { name: 'to revoke', scopes: ['engine'] })
    server.token = made.secret
    const { ticket } = tickets(server)
    const limitr = await Limitr.cloud({ ticket, url: server.url })
    await server.ask('DELETE', `/v1/tokens/${made.token}`)
    expect(await soon(() => limitr.status?.state === 'failed')).toBe(true)
    expect(limitr.status?.error?.code).toBe('revoked')
    await limitr.close()
  })
})
