// Engines on the adapters of the package: what one did is there in the next, however it ended.

import { type CustomerRecord, Limitr, type LimitrOptions } from 'limitr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { POLICY } from '../support/policies.js'
import { database, URL } from './postgres.js'
import { object } from './storage.js'
import type { Adapter, Place } from './support.js'

/** What each adapter was opened on last. */
let adapter: Adapter
let engines: Limitr[]
beforeEach(() => {
  engines = []
})
afterEach(async () => {
  for (const engine of engines) await engine.close().catch(() => {})
})

async function opened(place: Place, options: LimitrOptions, document: object = POLICY): Promise<Limitr> {
  adapter = place.open()
  const engine: Limitr = await Limitr.new(document, 'auto', { ...options, store: adapter })
  engines.push(engine)
  return engine
}

/** Some of everything, of 20 customers. */
async function use(limitr: Limitr) {
  await limitr.createCustomer('org', 'free', 'org', 'Org')
  for (let index = 0; index < 20; index++) {
    await limitr.createCustomer(
      `user_${index}`,
      'free',
      'user',
      `User 🙂 ${index}`,
      ['org'],
      [`alias_${index}`],
      { n: index }
    )
    await limitr.allow(`user_${index}`, 'chat', index + 0.1)
    await limitr.allow(`user_${index}`, 'seats', 1)
  }
  await limitr.createCustomerOverride('user_3', 'chat', 500)
  await limitr.reserve('user_4', 'chat', { value: 5, ttl: '1day' })
  await limitr.decide('user_5', 'chat', 7, { id: 'call_1' })
  await limitr.removeCustomer('user_6')
}

/** A policy whose functions say what a call costs, and call the app after one of `chat`. */
const carrying = (overhead: string) => ({
  policy: {
    functions: `
      credits: { token: { fn overhead(units: float) -> float { ${overhead} } } }
      notifications: {
        later: {
          fn matches(type: str, event: obj) -> bool { type == 'meter-changed' && event.entitlement == 'chat' }
          fn fire(name: str, event: obj) { App.later(event.customer.id); }
        }
      }`,
    credits: { token: { overhead_cost: 7 } },
    plans: {
      free: {
        default: true,
        entitlements: {
          chat: { limit: { credit: 'token', value: 100 } },
          other: { limit: { credit: 'token', value: 100 } }
        }
      }
    },
    notifications: { later: {} }
  }
})

const records = (limitr: Limitr): Promise<Record<string, CustomerRecord>> => limitr.customers() as never

function goesOn(at: () => Place, backend: 'native' | 'wasm') {
  it('though it was dropped, where it is strict', async () => {
    const place = at()
    const first = await opened(place, { backend, durability: 'strict' })
    await use(first)
    const before = await records(first)
    await place.drop(adapter)
    const second = await opened(place, { backend, durability: 'strict' })
    expect(await records(second)).toEqual(before)
    expect(await second.limit('alias_3', 'chat')).toBe(500)
    expect(await second.held('user_4', 'chat')).toBe(5)
  })

  it('as far as it was flushed, where it is relaxed and was dropped; to its end where it was closed', async () => {
    const place = at()
    const first = await opened(place, { backend })
    await use(first)
    await first.flush()
    const before = await records(first)
    await place.drop(adapter)
    const second = await opened(place, { backend })
    expect(await records(second)).toEqual(before)
    await second.allow('user_1', 'chat', 3)
    const later = await records(second)
    await second.close()
    const third = await opened(place, { backend })
    expect(await records(third)).toEqual(later)
  })

  it('and answers a call that was made before by its ID', async () => {
    const place = at()
    const first = await opened(place, { backend, durability: 'strict' })
    await use(first)
    await place.drop(adapter)
    const second = await opened(place, { backend })
    const used = await second.value('user_5', 'chat')
    const { allowed } = await second.decide('user_5', 'chat', 7, { id: 'call_1' })
    expect([allowed, await second.value('user_5', 'chat')]).toEqual([true, used])
    expect(await codeOf(() => second.decide('user_5', 'chat', 8, { id: 'call_1' }))).toBe(
      'idempotency_conflict'
    )
  })

  it('and has counted what functions of its policy said, and waited for what they began', async () => {
    const place = at()
    const first = await opened(place, { backend, durability: 'strict' }, carrying('units * 3'))
    first.lib('App', 'later', async (id) => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      await first.set(id, 'other', 1)
    })
    await first.createCustomer('ann')
    await first.allow('ann', 'chat', 4) // 12
    await first.set('ann', 'chat', 5) // 3
    const hold = await first.hold('ann', 'chat', { value: 2 })
    await hold?.settle(2) // 6
    await first.flush()
    await place.drop(adapter)
    const second = await opened(place, { backend }, carrying('throw("no rate")'))
    const cost = async (limitr: Limitr) =>
      (await limitr.customerMarginSnapshot('ann'))?.entitlements.chat?.cost
    expect(await cost(second)).toBe(21)
    expect(await second.value('ann', 'other')).toBe(1)
    second.lib('App', 'later', async (id) => {
      await second.set(id, 'other', 2)
    })
    await second.allowAll('ann', [{ entitlement: 'chat', value: 1 }]) // 7, by `overhead_cost`
    await second.close()
    const third = await opened(place, { backend }, carrying('units'))
    expect(await cost(third)).toBe(28)
    expect(await third.value('ann', 'other')).toBe(2)
  })

  it('and knows what was done to a customer, also by engines before it', async () => {
    const place = at()
    const first = await opened(place, { backend })
    await use(first)
    await first.close()
    const second = await opened(place, { backend })
    await second.allow('user_5', 'chat', 2)
    const metered = (await second.history('user_5', { entitlement: 'chat' })).filter(
      ({ type }) => type === 'metered'
    )
    expect(metered.map(({ units }) => units)).toEqual([5.1, 7, 2])
    expect(new Set(metered.map(({ instance }) => instance)).size).toBe(2)
    expect((await second.history('user_5', { limit: 1 })).at(-1)).toMatchObject({ holder: 'user_5' })
    expect(await second.history('nobody')).toEqual([])
  })

  it('from a snapshot, and from what was done while that was taken', async () => {
    const place = at()
    const first = await opened(place, { backend })
    await use(first)
    for (let call = 0; call < 55_000; call++) {
      first.sync.allow(`user_${7 + (call % 10)}`, 'chat', Math.floor(call / 10) % 2 ? -0.1 : 0.1)
      if (call % 1_000 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const before = await records(first)
    await first.close()
    const found = await adapter.load()
    if (found === null || !('customers' in found)) throw new Error('there is no snapshot')
    expect(found.from).toBeGreaterThan(10_000)
    await adapter.close()
    const second = await opened(place, { backend })
    expect(await records(second)).toEqual(before)
  })
}

const inPostgres = () => database({ rows: 500, characters: 1_048_576 })

for (const backend of ['native', 'wasm'] as const) {
  describe.skipIf(!URL)(`an engine in postgres, ${backend}, goes on`, () => goesOn(inPostgres, backend))
  describe(`an engine in a durable object, ${backend}, goes on`, () => goesOn(object, backend))
}

describe.skipIf(!URL)('a strict engine in postgres', () => {
  it('answers nothing that is lost, when it loses its connection', async () => {
    const place = database()
    const first = await opened(place, { durability: 'strict' })
    await first.createCustomer('ada', 'free')
    let answered = 0
    const calls = (async () => {
      for (;;) {
        await first.allow('ada', 'chat', 0.001)
        answered += 1
      }
    })()
    setTimeout(() => void place.cut(), 50)
    expect(await codeOf(() => calls)).toBe('store_failed')
    const second = await opened(place, {})
    const kept = Math.round(((await second.value('ada', 'chat')) ?? -1) * 1_000)
    expect(answered).toBeGreaterThan(0)
    expect([answered, answered + 1]).toContain(kept)
  })

  it('leaves the store to one engine', async () => {
    const place = database()
    await opened(place, { durability: 'strict' })
    expect(await codeOf(() => opened(place, {}))).toBe('store_locked')
    expect(await engines[0]?.allow('nobody', 'chat', 1)).toBe(false)
    await engines[0]?.createCustomer('ada', 'free')
    expect(await codeOf(() => engines[0]?.flush())).toBe(null)
  })
})
