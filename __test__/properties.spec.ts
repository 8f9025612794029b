// What holds for any sequence of calls, through the public API.

import fc from 'fast-check'
import type { Limitr, LimitrEvent } from 'limitr'
import { describe, expect, it } from 'vitest'
import { heard, opened } from './support/open.js'

/** How many random cases are tried; a soak raises it. */
const RUNS = { numRuns: Number(process.env.FC_NUM_RUNS ?? 100) }

const METERED = ['chat', 'files', 'seats', 'soft', 'watched', 'daily'] as const

const amount = fc.oneof(
  fc.integer({ min: -20, max: 120 }),
  fc.integer({ min: -200, max: 1200 }).map((tenths) => tenths / 10),
  fc.constantFrom(0, -0, 0.1, 1e-12, 1e12, -1e12)
)
const customer = fc.constantFrom('user', 'org', 'alias', 'nobody')
const entitlement = fc.constantFrom(...METERED, 'export', 'sso', 'nothing')

const call = fc.oneof(
  fc.record({ op: fc.constant('allow' as const), customer, entitlement, amount, force: fc.boolean() }),
  fc.record({ op: fc.constant('allow' as const), customer, entitlement, amount, force: fc.constant(false) }),
  fc.record({ op: fc.constantFrom('increment' as const, 'decrement' as const), customer, entitlement }),
  fc.record({ op: fc.constant('set' as const), customer, entitlement, amount }),
  fc.record({ op: fc.constant('advance' as const), by: fc.constantFrom(1, 1000, 3_600_000, 86_400_000) }),
  fc.record({
    op: fc.constant('allowAll' as const),
    customer,
    items: fc.array(fc.record({ entitlement, value: amount }), { maxLength: 4 })
  })
)
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never
const calls = fc.array(call, { maxLength: 30 })

function run(limitr: Limitr, step: Call): boolean | null {
  switch (step.op) {
    case 'allow':
      return limitr.sync.allow(step.customer, step.entitlement, step.amount, true, null, step.force)
    case 'increment':
    case 'decrement':
      return limitr.sync[step.op](step.customer, step.entitlement)
    case 'set':
      return limitr.sync.set(step.customer, step.entitlement, step.amount)
    case 'allowAll':
      return limitr.sync.allowAll(step.customer, step.items)
    case 'advance':
      limitr.sync.advance(step.by)
      return null
  }
}

/** Begins every period that the next call would begin, so that it shows in records and events. */
function begin(limitr: Limitr): void {
  for (const id of ['user', 'org']) for (const name of METERED) limitr.sync.allow(id, name, 0)
}

/**
 * The sum of each meter's movements since its period began, by holder and entitlement, and what was summed without signs:
 * movements are shown as doubles, which lose digits by the size of the largest.
 */
function sums(events: LimitrEvent[]): { totals: Map<string, number>; sizes: Map<string, number> } {
  const [totals, sizes] = [new Map<string, number>(), new Map<string, number>()]
  for (const event of events) {
    if (event.type === 'meter-reset') totals.set(`${event.customer.id} ${event.entitlement}`, 0)
    if (event.type === 'meter-changed' || event.type === 'meter-overage') {
      const key = `${event.customer.id} ${event.entitlement}`
      totals.set(key, (totals.get(key) ?? 0) + event.meter.diff)
      sizes.set(key, (sizes.get(key) ?? 0) + Math.abs(event.meter.diff))
    }
  }
  return { totals, sizes }
}

describe('for any sequence of calls', () => {
  it('a meter is the sum of its movements since its period began', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (steps) => {
        const limitr = await opened()
        const events = heard(limitr)
        for (const step of steps) run(limitr, step)
        begin(limitr)
        const { totals, sizes } = sums(events)
        const meters = new Map<string, number>()
        for (const id of ['user', 'org']) {
          for (const name of METERED) {
            const value = limitr.sync.meterObject(id, name)?.value
            if (typeof value === 'number' && !(id === 'user' && name === 'seats'))
              meters.set(`${id} ${name}`, value)
          }
        }
        for (const [key, value] of meters) {
          const off = Math.abs((totals.get(key) ?? 0) - value)
          expect(off, key).toBeLessThanOrEqual(1e-12 * (1 + (sizes.get(key) ?? 0)))
        }
        await limitr.close()
      }),
      RUNS
    )
  })

  it('check says what allow does, and explain what decide answers', async () => {
    await fc.assert(
      fc.asyncProperty(calls, customer, entitlement, amount, async (steps, id, name, value) => {
        const limitr = await opened()
        for (const step of steps) run(limitr, step)
        const before = limitr.sync.customers()
        const [checked, explained] = [
          limitr.sync.check(id, name, value),
          limitr.sync.explain(id, name, value)
        ]
        expect(limitr.sync.customers()).toEqual(before)
        const decided = limitr.sync.decide(id, name, value)
        expect(explained).toEqual(decided)
        expect(checked).toBe(decided.allowed)
        await limitr.close()
      }),
      RUNS
    )
  })

  it('allow answers as check said', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(customer, entitlement, amount), { maxLength: 30 }),
        async (steps) => {
          const limitr = await opened()
          for (const [id, name, value] of steps) {
            const text = limitr.sync.check(id, name, String(value))
            expect(limitr.sync.check(id, name, value)).toBe(text)
            expect(limitr.sync.allow(id, name, value)).toBe(text)
          }
          await limitr.close()
        }
      ),
      RUNS
    )
  })

  it('a denial leaves every record as it was', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (steps) => {
        const limitr = await opened()
        for (const step of steps) {
          if (step.op === 'advance') {
            run(limitr, step)
            begin(limitr)
            continue
          }
          const before = limitr.sync.customers()
          const allowed = run(limitr, step)
          if (allowed === false) expect(limitr.sync.customers()).toEqual(before)
        }
        await limitr.close()
      }),
      RUNS
    )
  })

  it('the records alone carry the state', async () => {
    await fc.assert(
      fc.asyncProperty(calls, calls, async (first, second) => {
        const limitr = await opened()
        for (const step of first) run(limitr, step)
        const copy = await opened()
        copy.sync.advance(limitr.sync.now() - copy.sync.now())
        copy.sync.loadCustomers(JSON.parse(JSON.stringify(limitr.sync.customers())))
        for (const step of second) expect(run(copy, step)).toBe(run(limitr, step))
        expect(copy.sync.customers()).toEqual(limitr.sync.customers())
        await limitr.close()
        await copy.close()
      }),
      RUNS
    )
  })
})

describe('whatever is given', () => {
  it('is answered or refused with a code, and never changes anything it refuses', async () => {
    const limitr = await opened()
    await fc.assert(
      fc.asyncProperty(
        fc.anything(),
        fc.anything(),
        fc.anything(),
        fc.anything(),
        async (id, name, value, event) => {
          const before = limitr.sync.customers()
          const answer = await limitr
            .allow(id as string, name as string, value as number, event as boolean)
            .catch((error) => error.code)
          expect(answer === false || (typeof answer === 'string' && answer.length > 0)).toBe(true)
          expect(limitr.sync.customers()).toEqual(before)
        }
      ),
      RUNS
    )
    await limitr.close()
  })

  it('text as a quantity is a number or has a code', async () => {
    const limitr = await opened()
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^-?[0-9_.e+ ]{0,12}(MB|GiB|kg|x)?$/)),
        async (text) => {
          const answer = await limitr.check('user', 'files', text).catch((error) => error.code)
          const codes = [true, false, 'invalid_value', 'unknown_unit', 'unit_mismatch', 'amount_out_of_range']
          expect(codes).toContain(answer)
        }
      ),
      RUNS
    )
    await limitr.close()
  })
})
