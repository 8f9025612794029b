import type { CloudConnection } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { connected, limit, plan, soon, started } from './support.js'

const POLICY = plan({ soft: limit(5, 'soft'), hard: limit(10) })

/** An engine whose server is gone, before it had leased anything. */
async function cutOff(options: CloudConnection) {
  const server = await started(POLICY)
  const limitr = await connected(server, options)
  await limitr.ensureCustomer('ada')
  await server.kill()
  expect(await soon(() => limitr.status?.state === 'offline')).toBe(true)
  return limitr
}

describe('while the server can’t be reached', () => {
  it('hard limits are denied, and soft ones go on', async () => {
    const limitr = await cutOff({})
    expect(await limitr.allow('ada', 'soft', 9)).toBe(true)
    expect(await limitr.decide('ada', 'hard', 1)).toMatchObject({ allowed: false, reason: 'lease' })
    expect(await limitr.allow('somebody', 'soft')).toBe(false)
    expect(await codeOf(() => limitr.flush())).toBe('unreachable')
  })

  it('hard limits are allowed as far as the engine knows of room, if that is wished', async () => {
    const limitr = await cutOff({ offline: 'allow' })
    let granted = 0
    for (let call = 0; call < 20; call++) if (await limitr.allow('ada', 'hard', 1)) granted += 1
    expect(granted).toBe(10)
  })

  it('or up to so many units', async () => {
    const limitr = await cutOff({ offline: { allow: 4 } })
    let granted = 0
    for (let call = 0; call < 20; call++) if (await limitr.allow('ada', 'hard', 1)) granted += 1
    expect(granted).toBe(4)
  })

  it('every call is denied, if that is wished', async () => {
    const limitr = await cutOff({ denyUnconnected: true })
    expect(await limitr.allow('ada', 'soft')).toBe(false)
    expect(limitr.sync.check('ada', 'soft')).toBe(false)
    expect(await limitr.decide('ada', 'soft', 1)).toMatchObject({ allowed: false, reason: 'offline' })
    const items = [{ entitlement: 'soft', value: 1 }, { entitlement: 'soft' }]
    expect(await limitr.allowAll('ada', items)).toBe(false)
    expect(await limitr.allowAll('ada', items, { event: false })).toBe(false)
    const { allowed, decisions } = await limitr.decideAll('ada', items)
    expect([allowed, decisions[0]?.reason, decisions[1]]).toEqual([false, 'offline', null])
    expect(await limitr.reserve('ada', 'soft', { value: 1 })).toBeNull()
    expect(await limitr.value('ada', 'soft')).toBe(0)
    expect(await limitr.allow('ada', 'soft', 2, true, null, true)).toBe(true) // it has happened already
  })

  it('but a decision that was made before is answered again', async () => {
    const server = await started(POLICY)
    const limitr = await connected(server, { denyUnconnected: true })
    await limitr.ensureCustomer('ada')
    expect(await limitr.decide('ada', 'soft', 1, { id: 'known' })).toMatchObject({ allowed: true })
    await server.kill()
    expect(await soon(() => limitr.status?.state === 'offline')).toBe(true)
    const again = (id: string) => limitr.decide('ada', 'soft', 1, { id })
    expect(await again('known')).toMatchObject({ allowed: true, reason: 'ok' })
    expect(await again('new')).toMatchObject({ allowed: false, reason: 'offline' })
    expect(await limitr.explain('ada', 'soft', 1, { id: 'new' })).toMatchObject({ reason: 'offline' })
    expect(await limitr.value('ada', 'soft')).toBe(1)
  })
})
