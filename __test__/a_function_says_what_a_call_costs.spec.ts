// A credit's `overhead(units, context)` is asked by every method that counts what a call costs, with and without a promise: what it
// says is counted, and where it fails `overhead_cost` is, and one `policy-error` tells of it behind the call's own events.

import { Limitr, type LimitrSync } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from './support/open.js'
import { START } from './support/policies.js'

const FUNCTIONS = `
credits: {
  token: {
    fn overhead(units: float, context: obj) -> float {
      if (context.fail == true) throw('no rate');
      if (context.loop == true) { loop {} }
      if (context.much == true) return 1e30;
      units * self.rates.get(context.model ?? 'small')
    }
  }
}
`
const RATES = { small: 0.5, large: 2 }
const policy = (rates: object = RATES) => ({
  policy: {
    functions: FUNCTIONS,
    credits: { token: { overhead_cost: 7, rates, stof_units: 'KB' }, plain: { overhead_cost: 3 } },
    plans: {
      free: {
        default: true,
        entitlements: {
          chat: { limit: { credit: 'token', value: 10_000, increment: 2, minimum: -1_000 } },
          other: { limit: { credit: 'plain', value: 100 } },
          feature: {}
        }
      }
    }
  }
})

type Engine = LimitrSync
type Given = Record<string, unknown>

async function opened() {
  const limitr = await Limitr.new(policy() as object, 'auto', { strict: true, clock: START })
  await limitr.createCustomer('ann')
  return limitr
}

/** Each way to count, asking for so many units with that data. */
const COUNTING: [string, number, (limitr: Engine, data: Given) => unknown][] = [
  ['allow', 4, (limitr, data) => limitr.allow('ann', 'chat', 4, data)],
  ['allow of a value with a unit', 4, (limitr, data) => limitr.allow('ann', 'chat', '4000bytes', data)],
  ['increment', 2, (limitr, data) => limitr.increment('ann', 'chat', data)],
  ['decrement', -2, (limitr, data) => limitr.decrement('ann', 'chat', data)],
  ['set', 6, (limitr, data) => limitr.set('ann', 'chat', 16, data)],
  ['set to less', -6, (limitr, data) => limitr.set('ann', 'chat', '4KB', data)],
  ['decide', 4, (limitr, data) => limitr.decide('ann', 'chat', 4, { event: data })],
  ['decide by force', 4, (limitr, data) => limitr.decide('ann', 'chat', 4, { event: data, force: true })],
  [
    'allowAll',
    4,
    (limitr, data) => limitr.allowAll('ann', [{ entitlement: 'chat', value: 4 }], { event: data })
  ],
  [
    'decideAll',
    4,
    (limitr, data) => limitr.decideAll('ann', [{ entitlement: 'chat', value: 4 }], { event: data })
  ],
  ['settle', 4, (limitr, data) => limitr.settle('ann', 'chat', null, 4, data)]
]

for (const twin of [false, true]) {
  const by = (limitr: Limitr): Engine => (twin ? limitr.sync : limitr) as unknown as Engine
  const spent = async (limitr: Limitr) => (await limitr.customerMarginSnapshot('ann'))?.cost ?? 0

  describe(`${twin ? 'without a promise' : 'with a promise'}, what the function says is counted`, () => {
    it.each(COUNTING)('by %s', async (_, units, call) => {
      const limitr = await opened()
      await limitr.allow('ann', 'chat', 10, true, 0)
      await call(by(limitr), { model: 'large' })
      expect(await spent(limitr)).toBe(2 * units)
      await call(by(limitr), {})
      await limitr.close()
    })

    it.each(COUNTING)('by %s, and `overhead_cost` where it fails', async (_, units, call) => {
      const limitr = await opened()
      await limitr.allow('ann', 'chat', 10, true, 0)
      const told: string[] = []
      limitr.addHandler('all', (type: string) => told.push(type))
      await call(by(limitr), { fail: true })
      expect(await spent(limitr)).toBe(7 * units)
      expect(told).toEqual(['meter-changed', 'policy-error'])
      await limitr.close()
    })

    it('by each item of a batch, whose own overhead comes first', async () => {
      const limitr = await opened()
      const errors: unknown[] = []
      limitr.on('policy-error', ({ message }) => errors.push(message))
      const items = [
        { entitlement: 'chat', value: 1 },
        { entitlement: 'feature' },
        { entitlement: 'other', value: 2 },
        { entitlement: 'chat', value: '3KB', overhead: 0.25 },
        { entitlement: 'chat', value: 5 }
      ]
      const { allowed, decisions } = await by(limitr).decideAll('ann', items, { event: { model: 'large' } })
      expect(allowed).toBe(true)
      expect(decisions.map((one) => one?.cost)).toEqual([2, null, 6, 0.25, 10])
      const again = await by(limitr).decideAll('ann', items, { event: { fail: true } })
      expect(again.decisions.map((one) => one?.cost)).toEqual([7, null, 6, 0.25, 35])
      expect(errors).toHaveLength(2)
      await limitr.close()
    })

    it('by no item more than a batch may take', async () => {
      const limitr = await opened()
      const errors: string[] = []
      limitr.on('policy-error', ({ message }) => errors.push(String(message)))
      const items = Array.from({ length: 100 }, () => ({ entitlement: 'chat', value: 1 }))
      const began = performance.now()
      expect(await by(limitr).allowAll('ann', items, { event: { loop: true } })).toBe(true)
      expect(performance.now() - began).toBeLessThan(20_000) // one is stopped, and not a hundred
      expect(await spent(limitr)).toBe(700)
      expect(errors).toHaveLength(100)
      expect(errors[0]).toMatch(/stopped/)
      expect(errors[99]).toMatch(/500 ms/)
      expect(await by(limitr).allow('ann', 'chat', 1)).toBe(true)
      expect(await spent(limitr)).toBe(700.5)
      await limitr.close()
    })

    it('by `check` and `explain`, which move nothing', async () => {
      const limitr = await opened()
      expect((await by(limitr).explain('ann', 'chat', 4, { event: { model: 'large' } })).cost).toBe(8)
      await limitr.addCustomerCap('ann', 5, { overhead_cost: true })
      expect(await by(limitr).check('ann', 'chat', 4, { model: 'large' })).toBe(false)
      expect(await by(limitr).check('ann', 'chat', 4, { model: 'small' })).toBe(true)
      expect(await spent(limitr)).toBe(0)
      await limitr.close()
    })

    it('by what a hold keeps free on a cap of costs', async () => {
      const limitr = await opened()
      await limitr.addCustomerCap('ann', 20, { overhead_cost: true })
      const context = { model: 'large' }
      const left = async () => (await limitr.allowance('ann', 'other')) ?? 0
      const room = async (runes: number) => {
        // The largest call of a credit without a function that the cap admits: 3 runes a unit.
        expect(await left()).toBeCloseTo(runes / 3, 8)
      }
      await room(20)
      const hold = await by(limitr).reserve('ann', 'chat', { value: 4, context })
      await room(12)
      await by(limitr).settle('ann', 'chat', hold, 3, context)
      await room(14)
      expect(await by(limitr).reserve('ann', 'chat', { value: 8, context })).toBe(null)
      const object = await by(limitr).hold('ann', 'chat', { value: 3, context })
      await room(8)
      await object?.consume(1) // by the hold's own context
      await room(8)
      await object?.extend(1)
      await room(6)
      await object?.consume(1, { event: { model: 'small' } })
      await room(6.0) // half a rune was counted, and one and a half stand still
      await object?.settle(1)
      expect(await spent(limitr)).toBe(6 + 2 + 0.5 + 2)
      await room(20 - 10.5)
      await limitr.close()
    })

    it('by what is reserved without a value: the estimate, else the increment', async () => {
      const limitr = await opened()
      await limitr.addCustomerCap('ann', 20, { overhead_cost: true })
      const id = await by(limitr).reserve('ann', 'chat', { context: { model: 'large' } })
      expect(await limitr.allowance('ann', 'other')).toBeCloseTo(16 / 3, 8)
      await limitr.release('ann', 'chat', id ?? '')
      for (let calls = 0; calls < 5; calls++)
        await by(limitr).observe('ann', 'chat', 3, { context: { model: 'large' } })
      expect(await limitr.estimate('ann', 'chat')).toMatchObject({ value: 3, overhead: 6 })
      await by(limitr).reserve('ann', 'chat', { context: { model: 'small' } })
      expect(await limitr.allowance('ann', 'other')).toBeCloseTo(18.5 / 3, 8)
      await limitr.close()
    })

    it('by a hold too, whose function fails: `overhead_cost` is', async () => {
      const limitr = await opened()
      await limitr.addCustomerCap('ann', 100, { overhead_cost: true })
      const errors: unknown[] = []
      limitr.on('policy-error', ({ function: name }) => errors.push(name))
      const object = await by(limitr).hold('ann', 'chat', { value: 4, context: { fail: true } })
      expect(await limitr.allowance('ann', 'other')).toBeCloseTo((100 - 28) / 3, 8)
      await object?.extend(2)
      expect(await limitr.allowance('ann', 'other')).toBeCloseTo((100 - 42) / 3, 8)
      await object?.consume(1)
      await object?.settle(1)
      expect(await spent(limitr)).toBe(14)
      expect(errors).toEqual(Array(4).fill('credits.token.overhead'))
      await limitr.close()
    })

    it('and a call that is given its overhead asks nobody', async () => {
      const limitr = await opened()
      const errors: unknown[] = []
      limitr.on('policy-error', (error) => errors.push(error))
      const fail = { fail: true }
      await by(limitr).allow('ann', 'chat', 1, fail, 1)
      await by(limitr).set('ann', 'chat', 2, fail, 1)
      await by(limitr).settle('ann', 'chat', null, 1, fail, 1)
      await by(limitr).decide('ann', 'chat', 1, { event: fail, overhead: 1 })
      await by(limitr).allowAll('ann', [{ entitlement: 'chat', value: 1, overhead: 1 }], { event: fail })
      const hold = await by(limitr).hold('ann', 'chat', { value: 1, overhead: 1, context: fail })
      await hold?.settle(1, { overhead: 1 })
      expect(await spent(limitr)).toBe(6)
      expect(errors).toEqual([])
      await limitr.close()
    })
  })
}

describe('a decision with an ID', () => {
  it('is the same call where the function says something else by now', async () => {
    const limitr = await opened()
    const decided = await limitr.decide('ann', 'chat', 4, { id: 'one', event: { model: 'large' } })
    expect(decided.cost).toBe(8)
    await limitr.updatePolicy(policy({ small: 5, large: 9 }) as object)
    expect(await limitr.decide('ann', 'chat', 4, { id: 'one', event: { model: 'large' } })).toEqual(decided)
    expect((await limitr.decide('ann', 'chat', 4, { id: 'one', event: { fail: true } })).cost).toBe(8)
    expect((await limitr.explain('ann', 'chat', 4, { id: 'one' })).cost).toBe(8)
    expect(await codeOf(() => limitr.decide('ann', 'chat', 4, { id: 'one', overhead: 8 }))).toBe(
      'idempotency_conflict'
    )
    await limitr.close()
  })
})

describe('a function that says what can not be counted', () => {
  it('leaves `overhead_cost` in force', async () => {
    const limitr = await opened()
    const errors: unknown[] = []
    limitr.on('policy-error', ({ message }) => errors.push(message))
    expect((await limitr.decide('ann', 'chat', 1, { event: { much: true } })).cost).toBe(7)
    expect(errors).toEqual([expect.stringMatching(/1e\+30, which is too much/)])
    await limitr.close()
  })
})

describe('bad input', () => {
  it('is refused as without functions, and no function is asked', async () => {
    const limitr = await opened()
    const errors: unknown[] = []
    limitr.on('policy-error', (error) => errors.push(error))
    const fail = { event: { fail: true } }
    for (const facade of [limitr, limitr.sync]) {
      const code = (call: () => unknown) => codeOf(call)
      expect(await code(() => facade.allow('ann', 'chat', '5miles', fail.event))).toBe('unit_mismatch')
      expect(await code(() => facade.allow('ann', 'chat', Number.NaN, fail.event))).toBe('invalid_value')
      expect(await code(() => facade.allow('ann', 'chat', 1, fail.event, 'x' as never))).toBe(
        'invalid_argument'
      )
      expect(await code(() => facade.decide('ann', 'chat', 1, 'x' as never))).toBe('invalid_argument')
      expect(await code(() => facade.decide('ann', 'chat', 1, { overhead: 'x' } as never))).toBe(
        'invalid_argument'
      )
      expect(await code(() => facade.set('ann', 'chat', '5 miles', fail.event))).toBe('unit_mismatch')
      expect(await code(() => facade.reserve('ann', 'chat', { value: '5mi', context: fail.event }))).toBe(
        'unit_mismatch'
      )
      expect(
        await code(() =>
          facade.allowAll('ann', [{ entitlement: 'chat', value: 1, overhead: 'x' } as never], fail)
        )
      ).toBe('invalid_argument')
    }
    expect(errors).toEqual([])
    await limitr.close()
  })
})

describe('events of a call whose function fails', () => {
  const noted = (limitr: Limitr) => {
    const told: string[] = []
    limitr.addHandler('all', (type: string) => told.push(type))
    return told
  }

  it('come in order: the reset, the call’s own, the thresholds, and then the failure', async () => {
    const limitr = await opened()
    const { policy: whole } = policy()
    const chat = { limit: { credit: 'token', value: 10, resets: true, reset_inc: '1day' } }
    await limitr.updatePolicy({
      policy: { ...whole, plans: { free: { default: true, entitlements: { chat } } } }
    } as object)
    await limitr.addCustomerCap('ann', 28, { overhead_cost: true })
    await limitr.allow('ann', 'chat', 0)
    await limitr.advance('1day')
    const told = noted(limitr)
    expect(await limitr.allow('ann', 'chat', 4, { fail: true })).toBe(true)
    expect(told).toEqual(['meter-reset', 'meter-changed', 'cap-threshold-crossed', 'policy-error'])
    told.length = 0
    expect(await limitr.allow('ann', 'chat', 7, { fail: true })).toBe(false)
    expect(told).toEqual(['cap-limit', 'policy-error'])
    await limitr.close()
  })

  it('come in order also of calls that handlers make', async () => {
    const limitr = await opened()
    const told: string[] = []
    let calls = 0
    limitr.addHandler('first', (type: string) => {
      told.push(type)
      if (type !== 'meter-changed' || calls++ > 0) return
      limitr.sync.allow('ann', 'chat', 1, { fail: true })
      void limitr.allow('ann', 'other', 1)
    })
    await limitr.allow('ann', 'chat', 1)
    await limitr.now()
    expect(told).toEqual(['meter-changed', 'meter-changed', 'policy-error', 'meter-changed'])
    await limitr.close()
  })

  it('are all delivered before the promise resolves', async () => {
    const limitr = await opened()
    const told = noted(limitr)
    const call = limitr.allow('ann', 'chat', 4, { fail: true })
    expect(told).toEqual(['meter-changed', 'policy-error'])
    await call
    await limitr.close()
  })
})
