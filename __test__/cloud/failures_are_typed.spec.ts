import { createServer } from 'node:net'
import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { connected, limit, plan, soon, started, wire } from './support.js'

describe('what goes wrong', () => {
  it('is `unauthorized` for a token that the server doesn’t know', async () => {
    const server = await started(plan({ sso: {} }))
    const token = `limitr_test_${'0'.repeat(64)}`
    expect(await codeOf(() => Limitr.cloud({ token, url: server.url }))).toBe('unauthorized')
    expect(await codeOf(() => Limitr.cloud({ token: server.adminToken, url: server.url }))).toBe(
      'unauthorized'
    )
  })

  it('is `revoked` for one that was revoked, also while the engine runs', async () => {
    const server = await started(plan({ chat: limit(5, 'soft') }))
    const made = await server.ask('POST', '/v1/tokens', { name: 'to revoke', scopes: ['engine'] })
    const limitr = await connected(server, { token: made.secret })
    await limitr.ensureCustomer('ada')
    await server.ask('DELETE', `/v1/tokens/${made.token}`)
    expect(await soon(() => limitr.status?.state === 'failed')).toBe(true)
    expect(limitr.status?.error?.code).toBe('revoked')
    expect(limitr.sync.allow('ada', 'chat', 1)).toBe(true)
    const again = () => Limitr.cloud({ token: made.secret, url: server.url })
    expect(await codeOf(again)).toBe('revoked')
  })

  it('is the server’s code for a customer that it refuses, and the engine goes on', async () => {
    const server = await started(plan({ chat: limit(5) }))
    const limitr = await connected(server)
    expect(await codeOf(() => limitr.ensureCustomer('bob', 'gold'))).toBe('unknown_plan')
    expect(limitr.status?.state).toBe('online')
    expect(await limitr.ensureCustomer('bob', 'p')).toBe(true)
    expect(await limitr.allow('bob', 'chat', 1)).toBe(true)
  })

  it('is `connect_timeout` where nobody answers, or nothing is published', async () => {
    const deaf = createServer()
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    const { port } = deaf.address() as { port: number }
    const options = { token: 'x', url: `http://127.0.0.1:${port}`, connectTimeout: 200 }
    expect(await codeOf(() => Limitr.cloud(options))).toBe('connect_timeout')
    deaf.close()
    const server = await started()
    const empty = Limitr.cloud({ token: server.token, url: server.url, connectTimeout: 300 })
    await expect(empty).rejects.toThrow(/has no policy that is published/)
  })

  it('is `policy_invalid` for a policy that this engine can’t run: the one before goes on', async () => {
    const server = await started(plan({ chat: limit(2, 'soft') }))
    // What a newer server holds good and an older engine doesn't know, for want of one.
    const down = (text: string) =>
      text.replaceAll('"value":7', '"value":x').replaceAll('"value":8', '"value":x')
    const line = await wire(server, { down })
    const limitr = await connected(server, { url: line.url })
    await limitr.ensureCustomer('ada')
    await server.publish(plan({ chat: limit(7, 'soft') }))
    expect(await soon(() => limitr.status?.error?.code === 'policy_invalid')).toBe(true)
    expect(limitr.status).toMatchObject({ state: 'online', policyVersion: 1 })
    expect(limitr.status?.error?.message).toMatch(/version 2 of the policy .*`x` .*version 1 goes on/)
    expect(await limitr.limit('ada', 'chat')).toBe(2)
    expect(await limitr.allow('ada', 'chat', 1)).toBe(true)
    await limitr.flush()
    expect(await server.spent('ada', 'chat')).toBe(1)
    await server.publish(plan({ chat: limit(3, 'soft') }))
    expect(await soon(() => limitr.status?.policyVersion === 3)).toBe(true)
    expect(await soon(() => limitr.status?.error === null)).toBe(true)
    expect(await limitr.limit('ada', 'chat')).toBe(3)

    await server.publish(plan({ chat: limit(8, 'soft') }))
    const opened = Limitr.cloud({ token: server.token, url: line.url })
    await expect(opened).rejects.toThrow(/version 4 of the policy .*it has none before it/)
    expect(await codeOf(() => Limitr.cloud({ token: server.token, url: line.url }))).toBe('policy_invalid')
  })

  it('is `version_unsupported` for an engine that speaks a protocol which the server doesn’t', async () => {
    const server = await started(plan({ chat: limit(5, 'soft') }))
    let speaks = 'limitr.v1'
    const line = await wire(server, { up: (text) => text.replace('limitr.v1', speaks) })
    const limitr = await connected(server, { url: line.url })
    await limitr.ensureCustomer('ada')
    speaks = 'limitr.v0'
    // A host's WebSocket isn't told why it wasn't let in: to an engine on one it looks as if there were no server.
    const native = process.env.LIMITR_BACKEND === 'native'
    const options = { token: server.token, url: line.url, connectTimeout: 500 }
    expect(await codeOf(() => Limitr.cloud(options))).toBe(native ? 'version_unsupported' : 'connect_timeout')
    // A server that was updated while the engine ran: it goes on by itself.
    line.cut()
    expect(await soon(() => limitr.status?.state === (native ? 'failed' : 'offline'))).toBe(true)
    if (native) expect(limitr.status?.error?.code).toBe('version_unsupported')
    expect(limitr.sync.allow('ada', 'chat', 1)).toBe(true)
  })

  it('is a wrong option, said before anything is tried', async () => {
    const wrong: [object | string, string][] = [
      ['', 'invalid_argument'],
      [{}, 'invalid_argument'],
      [{ token: 'ü' }, 'invalid_value'],
      [{ ticket: 'limitr_ticket_00' }, 'invalid_argument'],
      [{ token: 'x', ticket: () => 'y' }, 'invalid_argument'],
      [{ token: 'x', url: 'ftp://here' }, 'invalid_value'],
      [{ token: 'x', url: 'nowhere' }, 'invalid_value'],
      [{ token: 'x', connectTimeout: -1 }, 'invalid_value'],
      [{ token: 'x', leaseTimeout: 'soon' }, 'invalid_value'],
      [{ token: 'x', offline: 'maybe' }, 'invalid_argument'],
      [{ token: 'x', offline: { allow: -1 } }, 'invalid_value'],
      [{ token: 'x', onStatus: 5 }, 'invalid_argument'],
      [{ token: 'x', tokn: 'y' }, 'invalid_argument'],
      [{ token: 'x', policy: '7' }, 'invalid_argument'],
      [{ token: 'x', policy: 'latest' }, 'invalid_argument'],
      [{ token: 'x', policy: {} }, 'invalid_argument'],
      [{ token: 'x', policy: 0 }, 'invalid_value'],
      [{ token: 'x', policy: 1.5 }, 'invalid_value'],
      [{ token: 'x', policy: 2 ** 53 }, 'invalid_value']
    ]
    for (const [options, code] of wrong) {
      expect([options, await codeOf(() => Limitr.cloud(options as never))]).toEqual([options, code])
    }
  })

  it('is `not_supported` for what only the server may change', async () => {
    const server = await started(plan({ chat: limit(5, 'soft') }))
    const limitr = await connected(server)
    await limitr.ensureCustomer('ada')
    const record = await limitr.customer('ada')
    const refused = {
      updatePolicy: [plan({})],
      setPlan: ['q', {}],
      deletePlan: ['p'],
      setExchange: ['eur', 1, 'usd'],
      setNotifications: [{}],
      setCustomer: [record],
      ensureSetCustomer: [record],
      loadCustomers: [[record]]
    }
    for (const [name, args] of Object.entries(refused)) {
      for (const facade of [limitr, limitr.sync]) {
        const method = (facade as unknown as Record<string, (...args: unknown[]) => unknown>)[name]
        expect([name, await codeOf(() => method?.apply(facade, args))]).toEqual([name, 'not_supported'])
      }
    }
    expect(await limitr.limit('ada', 'chat')).toBe(5)
  })
})
