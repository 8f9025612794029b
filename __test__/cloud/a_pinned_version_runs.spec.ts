// An engine that is pinned to a version of the policy runs that one, whatever is published, or none.

import { join } from 'node:path'
import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { connected, folder, limit, plan, soon, started, sum, takeAll, wire } from './support.js'

describe('a pinned version', () => {
  it('decides whatever is published, while an engine that isn’t pinned follows', async () => {
    const server = await started(plan({ chat: limit(2, 'soft'), sso: {} }))
    await server.publish(plan({ chat: limit(7, 'soft') }))
    const pinned = await connected(server, { policy: 1 })
    const follower = await connected(server, { policy: 'active' })
    await pinned.ensureCustomer('ada')
    await follower.ensureCustomer('ada')
    expect([await pinned.version(), await follower.version()]).toEqual([1, 2])
    expect([pinned.status?.policyVersion, follower.status?.policyVersion]).toEqual([1, 2])

    await server.publish(plan({ chat: limit(9, 'soft'), export: {} }))
    expect(await soon(() => follower.sync.allow('ada', 'export'))).toBe(true)
    await pinned.allow('ada', 'chat', 1)
    await pinned.flush() // so it has heard what was said to it by then
    expect(await pinned.allow('ada', 'sso')).toBe(true)
    expect(await pinned.allow('ada', 'export')).toBe(false)
    expect([await pinned.limit('ada', 'chat'), await follower.limit('ada', 'chat')]).toEqual([2, 9])
    expect(pinned.status).toMatchObject({ state: 'online', error: null, policyVersion: 1 })

    // Both count in the same meter.
    await follower.allow('ada', 'chat', 1)
    await follower.flush()
    expect(await soon(async () => (await pinned.value('ada', 'chat')) === 2)).toBe(true)
    await server.ask('POST', '/v1/policies/2/roll-back')
    expect(await soon(() => follower.status?.policyVersion === 4)).toBe(true)
    expect(await pinned.version()).toBe(1)
  })

  it('is the one that is in force, or any before it', async () => {
    const server = await started(plan({ chat: limit(1, 'soft') }))
    for (const value of [2, 3]) await server.publish(plan({ chat: limit(value, 'soft') }))
    for (const policy of [1, 2, 3]) {
      const limitr = await connected(server, { policy })
      await limitr.ensureCustomer('ada')
      expect(await limitr.limit('ada', 'chat')).toBe(policy)
    }
  })

  it('is kept by a connection that comes back, also to a server that was started anew', async () => {
    const server = await started(plan({ chat: limit(2, 'soft') }))
    const line = await wire(server)
    const versions: (number | null)[] = []
    const onStatus = ({ policyVersion }: { policyVersion: number | null }) =>
      void versions.push(policyVersion)
    const limitr = await connected(server, { policy: 1, url: line.url, onStatus })
    await limitr.ensureCustomer('ada')
    line.cut()
    expect(await soon(() => limitr.status?.state === 'offline')).toBe(true)
    await server.publish(plan({ chat: limit(7, 'soft') }))
    expect(await soon(() => limitr.status?.state === 'online', 20_000)).toBe(true)
    await limitr.flush()
    expect(await limitr.limit('ada', 'chat')).toBe(2)

    await server.kill()
    expect(await soon(() => limitr.status?.state === 'offline')).toBe(true)
    await server.start()
    expect(await soon(() => limitr.status?.state === 'online', 20_000)).toBe(true)
    await limitr.allow('ada', 'chat', 1)
    await limitr.flush()
    expect(await limitr.limit('ada', 'chat')).toBe(2)
    expect(new Set(versions)).toEqual(new Set([null, 1]))
    expect(await (await connected(server)).limit('ada', 'chat')).toBe(7)
  })

  it('that was never published ends the opening with `unknown_policy`, at once', async () => {
    const server = await started(plan({ chat: limit(2, 'soft') }))
    const { version: draft } = await server.ask('POST', '/v1/policies', JSON.stringify(plan({})))
    const open = (policy: number) =>
      Limitr.cloud({ token: server.token, url: server.url, policy, connectTimeout: 20_000 })
    const began = Date.now()
    for (const policy of [draft, 9]) expect(await codeOf(() => open(policy))).toBe('unknown_policy')
    await expect(open(draft)).rejects.toThrow(/version 2 of the policy: it is a draft/)
    await expect(open(9)).rejects.toThrow(/version 9 of the policy: .*GET \/v1\/policies/)
    expect(Date.now() - began).toBeLessThan(10_000)
    await server.ask('POST', `/v1/policies/${draft}/publish`, {})
    const limitr = await open(draft)
    expect(await limitr.version()).toBe(draft)
    await limitr.close()
  })

  it('spends of a hard limit what the policy in force shares out, exactly', async () => {
    const server = await started(plan({ chat: limit(100) }))
    await server.publish(plan({ chat: limit(30) }))
    const engines = [await connected(server, { policy: 1 }), await connected(server)]
    for (const limitr of engines) await limitr.ensureCustomer('ada')
    expect(await engines[0]?.limit('ada', 'chat')).toBe(100)
    expect(sum(await takeAll(engines, 'chat', 30))).toBe(30)
    expect(await engines[0]?.decide('ada', 'chat', 1)).toMatchObject({ allowed: false, reason: 'lease' })
  })

  it('keeps its own limit where that is the lower one', async () => {
    const server = await started(plan({ chat: limit(3) }))
    await server.publish(plan({ chat: limit(50) }))
    const pinned = await connected(server, { policy: 1 })
    await pinned.ensureCustomer('ada')
    let granted = 0
    for (let call = 0; call < 8; call++) if (await pinned.allow('ada', 'chat', 1)) granted += 1
    expect(granted).toBe(3)
    expect(await pinned.decide('ada', 'chat', 1)).toMatchObject({ allowed: false, reason: 'over_limit' })
    const follower = await connected(server)
    await follower.ensureCustomer('ada')
    expect(await follower.allow('ada', 'chat', 40)).toBe(true)
  })

  it('denies what it limits and the policy in force doesn’t: nobody shares that out', async () => {
    const server = await started(plan({ chat: limit(10), mail: limit(10) }))
    await server.publish(plan({ chat: limit(10, 'soft') }))
    const pinned = await connected(server, { policy: 1 })
    await pinned.ensureCustomer('ada')
    for (const entitlement of ['chat', 'mail'])
      expect(await pinned.decide('ada', entitlement, 1)).toMatchObject({ allowed: false, reason: 'lease' })
  })
})

describe.runIf(process.env.LIMITR_BACKEND === 'native')('a store', () => {
  it('pins nothing: the option does, at each opening', async () => {
    const server = await started(plan({ chat: limit(2, 'soft') }))
    const store = join(folder(), 'store')
    const first = await connected(server, { policy: 1, store, durability: 'strict' })
    await first.ensureCustomer('ada')
    await first.allow('ada', 'chat', 1)
    await first.close()
    await server.publish(plan({ chat: limit(7, 'soft') }))
    for (const [policy, value] of [
      [1, 2],
      ['active', 7],
      [1, 2]
    ] as const) {
      const limitr = await connected(server, { policy, store, durability: 'strict' })
      await limitr.ensureCustomer('ada')
      expect(await limitr.limit('ada', 'chat')).toBe(value)
      expect(await limitr.value('ada', 'chat')).toBe(1)
      await limitr.close()
    }
  })
})
