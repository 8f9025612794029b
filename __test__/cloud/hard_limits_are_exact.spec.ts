import { describe, expect, it } from 'vitest'
import { connected, limit, plan, soon, started, sum, takeAll } from './support.js'

describe('a hard limit', () => {
  it('is exact across engines, to the last unit', async () => {
    const server = await started(plan({ chat: limit(200) }))
    const engines = [await connected(server), await connected(server)]
    await engines[0]?.ensureCustomer('ada')
    const granted = await takeAll(engines, 'chat', 200)
    expect(sum(granted)).toBe(200)
    await Promise.all(engines.map((limitr) => limitr.flush()))
    const third = await connected(server)
    expect(await third.value('ada', 'chat')).toBe(200)
  })

  it('sends nothing about a call that only waited for its share', async () => {
    const server = await started(plan({ chat: limit(2) }))
    const limitr = await connected(server)
    await limitr.ensureCustomer('ada')
    const events: string[] = []
    limitr.addHandler('all', (type) => void events.push(type))
    expect(await limitr.decide('ada', 'chat', 1)).toMatchObject({
      allowed: true,
      source: 'lease',
      exact: true
    })
    expect(events).toEqual(['meter-changed'])
    expect(await limitr.allow('ada', 'chat', 5)).toBe(false)
    expect(events).toEqual(['meter-changed', 'meter-limit'])
  })

  it('is never passed without promises either, and says why', async () => {
    const server = await started(plan({ chat: limit(10) }))
    const [first, second] = [await connected(server), await connected(server)]
    await first.ensureCustomer('ada')
    await second.customer('ada')
    const before = first.sync.decide('ada', 'chat', 1)
    expect(before).toMatchObject({ allowed: false, reason: 'lease' })
    let granted = 0
    await soon(() => {
      if (first.sync.allow('ada', 'chat', 1)) granted += 1
      if (second.sync.allow('ada', 'chat', 1)) granted += 1
      return granted >= 10
    })
    await Promise.all([first.flush(), second.flush()])
    expect(granted).toBe(10)
    expect(await first.allow('ada', 'chat', 1)).toBe(false)
    expect(await second.decide('ada', 'chat', 1)).toMatchObject({ allowed: false })
  })

  it('that a later policy adds is exact across engines, too', async () => {
    const server = await started(plan({ chat: limit(1_000) }))
    const engines = [await connected(server), await connected(server)]
    for (const limitr of engines) await limitr.ensureCustomer('ada')
    expect(await engines[0]?.decide('ada', 'scan', 1)).toMatchObject({ reason: 'unknown_entitlement' })
    await server.publish(plan({ chat: limit(1_000), scan: limit(60) }))
    for (const limitr of engines)
      expect(await soon(async () => (await limitr.limit('ada', 'scan')) === 60)).toBe(true)
    const granted = await takeAll(engines, 'scan', 60)
    expect(sum(granted)).toBe(60)
    expect(Math.min(...granted)).toBeGreaterThan(0)
    await Promise.all(engines.map((limitr) => limitr.flush()))
    expect(await server.spent('ada', 'scan')).toBe(60)
    expect(await (await connected(server)).value('ada', 'scan')).toBe(60)
  })

  it('has what a closed engine leased and did not spend', async () => {
    const server = await started(plan({ chat: limit(10) }))
    const first = await connected(server)
    await first.ensureCustomer('ada')
    expect(await first.allow('ada', 'chat', 1)).toBe(true)
    await first.close()
    const second = await connected(server)
    let granted = 1
    for (let call = 0; call < 20; call++) if (await second.allow('ada', 'chat', 1)) granted += 1
    expect(granted).toBe(10)
  })
})
