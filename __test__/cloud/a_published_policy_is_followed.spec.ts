import { describe, expect, it } from 'vitest'
import { connected, limit, plan, soon, started } from './support.js'

describe('a policy that is published', () => {
  it('is followed by the next decision within a second', async () => {
    const server = await started(plan({ chat: limit(2, 'soft') }))
    const limitr = await connected(server)
    await limitr.ensureCustomer('ada')
    expect(await limitr.limit('ada', 'chat')).toBe(2)
    await server.publish(plan({ chat: limit(7, 'soft'), export: {} }))
    const published = Date.now()
    expect(await soon(() => limitr.sync.allow('ada', 'export'), 1_000)).toBe(true)
    expect(Date.now() - published).toBeLessThan(1_000)
    expect(await limitr.limit('ada', 'chat')).toBe(7)
    // The status is news of its own: a thread brings the policy, and JavaScript hears of it when it is free.
    expect(await soon(() => limitr.status?.policyVersion === 2)).toBe(true)
    expect(limitr.status).toMatchObject({ state: 'online' })
    expect(await limitr.version()).toBe(2)
  })

  it('is rolled back to', async () => {
    const server = await started(plan({ chat: limit(2, 'soft') }))
    const limitr = await connected(server)
    await limitr.ensureCustomer('ada')
    await server.publish(plan({ chat: limit(7, 'soft') }))
    expect(await soon(() => limitr.sync.limit('ada', 'chat') === 7)).toBe(true)
    await server.ask('POST', '/v1/policies/1/roll-back')
    expect(await soon(() => limitr.sync.limit('ada', 'chat') === 2)).toBe(true)
    expect(await limitr.version()).toBe(3)
  })
})
