// `history` gives what a customer's journal says: what was done, when, why, at what price and cost, across openings.

import { readdirSync } from 'node:fs'
import type { Limitr, StoredChange } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { START } from './policies.js'
import { hard, open, place, plan } from './support.js'

const HOUR = 3_600_000
const PRICED = {
  policy: {
    credits: { t: { price: 0.5, overhead_cost: 0.1 } },
    plans: {
      p: {
        default: true,
        entitlements: { chat: { limit: { credit: 't', mode: 'soft', value: 4 } }, other: hard(9) }
      }
    }
  }
}

/** What is said of metered calls alone. */
const metered = (changes: readonly StoredChange[]) => changes.filter(({ type }) => type === 'metered')
const units = (changes: readonly StoredChange[]) => metered(changes).map((change) => change.units)

describe('history', () => {
  it('says when, how much, why, at what price and cost', async () => {
    const limitr = await open(PRICED, { store: place(), clock: START })
    await limitr.createCustomer('user', '', 'user', 'User', [], ['alias'])
    await limitr.allow('user', 'chat', 3)
    await limitr.advance('1hr')
    await limitr.decide('alias', 'chat', 3)
    await limitr.allow('user', 'chat', 1_000, true, 7, true)
    const [first, over, last] = metered(await limitr.history('user'))
    expect(first).toMatchObject({
      at: START,
      units: 3,
      reason: 'ok',
      price: 0,
      overhead: 0.3,
      holder: 'user'
    })
    expect(over).toMatchObject({
      at: START + HOUR,
      entitlement: 'chat',
      credit: 't',
      plan: 'p',
      caller: 'user',
      units: 3,
      overage: 2,
      reason: 'overage',
      price: 1,
      overage_price: 1,
      policy_version: 1
    })
    expect(last).toMatchObject({ units: 1_000, overhead: 7 })
    await limitr.close()
  })

  it('leaves out what denied calls asked for', async () => {
    const limitr = await open(plan({ chat: hard(5) }), { store: place() })
    await limitr.createCustomer('user')
    expect([await limitr.allow('user', 'chat', 6), await limitr.allow('user', 'chat', 5)]).toEqual([
      false,
      true
    ])
    expect(units(await limitr.history('user'))).toEqual([5])
    await limitr.close()
  })

  it('takes a time, an end, an entitlement, and how many of the newest', async () => {
    const limitr = await open(plan({ chat: hard(100), other: hard(100) }), { store: place(), clock: START })
    await limitr.createCustomer('user')
    for (let hour = 0; hour < 5; hour += 1) {
      await limitr.allow('user', 'chat', 1 + hour)
      await limitr.allow('user', 'other', 10 + hour)
      await limitr.advance('1hr')
    }
    const of = async (options: object) => units(await limitr.history('user', options))
    expect(await of({ since: START + 3 * HOUR })).toEqual([4, 13, 5, 14])
    expect(await of({ since: new Date(START + HOUR), until: START + 2 * HOUR })).toEqual([2, 11])
    expect(await of({ entitlement: 'chat' })).toEqual([1, 2, 3, 4, 5])
    expect(await of({ entitlement: 'chat', limit: 2 })).toEqual([4, 5])
    expect(await of({ entitlement: 'nothing' })).toEqual([])
    expect(await limitr.history('nobody')).toEqual([])
    await limitr.close()
  })

  it.each([
    [{ since: 'today' }, 'invalid_argument'],
    [{ since: Number.NaN }, 'invalid_value'],
    [{ until: new Date('never') }, 'invalid_value'],
    [{ entitlement: 5 }, 'invalid_argument'],
    [{ limit: 0 }, 'invalid_value'],
    [{ limit: 1.5 }, 'invalid_value'],
    [{ limit: 100_001 }, 'invalid_value'],
    [{ form: 1 }, 'invalid_argument']
  ])('refuses %o', async (options, code) => {
    const limitr = await open(plan({ chat: hard(5) }), { store: place() })
    expect(await codeOf(() => limitr.history('user', options as never))).toBe(code)
    await limitr.close()
    expect(await codeOf(() => limitr.history('user'))).toBe('closed')
  })

  it('needs a store', async () => {
    const limitr = await open(plan({ chat: hard(5) }), {})
    expect(await codeOf(() => limitr.history('user'))).toBe('not_supported')
    await limitr.close()
    const shared = await open(plan({ chat: hard(5) }), { shared: 'without a store' })
    expect(await codeOf(() => shared.history('user'))).toBe('not_supported')
    await shared.close()
  })
})

describe('over many openings', () => {
  /** Opens a store again and again, and meters `user` once each time. */
  async function reopened(
    store: string,
    times: number,
    options: object,
    last: (limitr: Limitr) => Promise<void>
  ) {
    for (let time = 1; time <= times; time += 1) {
      const limitr = await open(plan({ chat: hard(1e6) }), { store, clock: START + time, ...options })
      await limitr.ensureCustomer('user')
      await limitr.allow('user', 'chat', time)
      if (time === times) await last(limitr)
      await limitr.close()
    }
  }

  it('each call is there once, in order, under a number of its own, also once it is folded', async () => {
    const store = place()
    await reopened(store, 40, {}, async (limitr) => {
      // Folding goes on beside the calls: it comes, some time.
      while (!readdirSync(store).some((name) => name.startsWith('index-')))
        await new Promise((resolve) => setTimeout(resolve, 5))
      const changes = await limitr.history('user')
      expect(units(changes)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
      expect(new Set(changes.map(({ instance, seq }) => `${instance} ${seq}`)).size).toBe(changes.length)
      expect(new Set(changes.map(({ instance }) => instance)).size).toBe(40)
      expect(units(await limitr.history('user', { since: START + 38 }))).toEqual([38, 39, 40])
      expect(await limitr.value('user', 'chat')).toBe((40 * 41) / 2)
    })
  })

  it('a retention of 0 keeps none of what is folded, and the state stays', async () => {
    const store = place()
    await reopened(store, 40, { retention: 0 }, async (limitr) => {
      while (!readdirSync(store).some((name) => name.startsWith('state-')))
        await new Promise((resolve) => setTimeout(resolve, 5))
      expect(units(await limitr.history('user')).length).toBeLessThan(40)
      expect(await limitr.value('user', 'chat')).toBe((40 * 41) / 2)
    })
  })
})
