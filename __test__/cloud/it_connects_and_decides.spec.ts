import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { connected, limit, plan, soon, started, states } from './support.js'

describe('an engine of Limitr Cloud', () => {
  it('runs the policy that is published, and decides', async () => {
    const server = await started(plan({ chat: limit(3, 'soft'), sso: {} }))
    const limitr = await connected(server)
    expect(limitr.backend).toBe(process.env.LIMITR_BACKEND)
    expect(limitr.status).toEqual({ state: 'online', error: null, policyVersion: 1 })
    expect(await limitr.ensureCustomer('ada')).toBe(true)
    expect(await limitr.allow('ada', 'sso')).toBe(true)
    expect(await limitr.allow('ada', 'chat', 2)).toBe(true)
    expect(limitr.sync.allow('ada', 'chat', 2)).toBe(true)
    expect(await limitr.value('ada', 'chat')).toBe(4)
    expect(await limitr.decide('ada', 'nothing')).toMatchObject({
      allowed: false,
      reason: 'unknown_entitlement'
    })
  })

  it('takes a token alone, and the address from the environment', async () => {
    const server = await started(plan({ sso: {} }))
    process.env.LIMITR_CLOUD_URL = server.url
    try {
      await using limitr = await Limitr.cloud(server.token)
      expect(limitr.status?.state).toBe('online')
    } finally {
      delete process.env.LIMITR_CLOUD_URL
    }
  })

  it('creates a customer only where the server has none', async () => {
    const server = await started(plan({ chat: limit(10, 'soft') }))
    const [first, second] = [await connected(server), await connected(server)]
    expect(await first.ensureCustomer('ada', 'p', 'user', 'Ada', null, null, { seat: 1 })).toBe(true)
    expect(await first.ensureCustomer('ada')).toBe(false)
    await first.allow('ada', 'chat', 4)
    await first.flush()
    expect(await second.ensureCustomer('ada', 'p', 'user', 'Another')).toBe(false)
    expect(await second.customer('ada')).toMatchObject({ label: 'Ada', metadata: { seat: 1 } })
    expect(await second.value('ada', 'chat')).toBe(4)
  })

  it('loads a customer on first use, and its references', async () => {
    const server = await started(plan({ chat: limit(10, 'soft') }))
    const [first, second] = [await connected(server), await connected(server)]
    await first.ensureCustomer('org', 'p', 'org')
    await first.ensureCustomer('ada', '', 'user', null, ['org'])
    await first.allow('ada', 'chat', 4)
    await first.flush()
    expect(await second.allow('ada', 'chat')).toBe(true)
    expect(await second.customer('org')).not.toBeNull()
    expect(await second.allow('nobody', 'chat')).toBe(false)
    expect(await second.decide('nobody', 'chat')).toMatchObject({ reason: 'unknown_customer' })
  })

  it('answers without a promise with what it has, and loads the rest', async () => {
    const server = await started(plan({ sso: {} }))
    const [first, second] = [await connected(server), await connected(server)]
    await first.ensureCustomer('ada')
    expect(second.sync.allow('ada', 'sso')).toBe(false)
    expect(await soon(() => second.sync.allow('ada', 'sso'))).toBe(true)
  })

  it('hears of what others do to its customers', async () => {
    const server = await started(plan({ chat: limit(10, 'soft') }))
    const [first, second] = [await connected(server), await connected(server)]
    await first.ensureCustomer('ada')
    await second.allow('ada', 'chat', 1)
    await first.allow('ada', 'chat', 2)
    expect(await soon(() => first.sync.value('ada', 'chat') === 3)).toBe(true)
    expect(await soon(() => second.sync.value('ada', 'chat') === 3)).toBe(true)
  })

  it('hands in everything before it closes, and then is closed', async () => {
    const server = await started(plan({ chat: limit(1_000, 'soft') }))
    const { seen, onStatus } = states()
    const limitr = await connected(server, { onStatus })
    await limitr.ensureCustomer('ada')
    for (let call = 0; call < 500; call++) limitr.sync.allow('ada', 'chat', 1)
    await limitr.close()
    expect(seen).toEqual(['online', 'closed'])
    expect(await codeOf(() => limitr.allow('ada', 'chat'))).toBe('closed')
    const after = await connected(server)
    expect(await after.value('ada', 'chat')).toBe(500)
  })
})
