// The two bindings in one process: the same calls, and then the same answers, errors, events and records, to the last digit.

import fc from 'fast-check'
import { Limitr, LimitrError, type LimitrEvent } from 'limitr'
import { expect, it } from 'vitest'
import { START } from '../support/policies.js'

/** How many random sequences are compared; a soak raises it. */
const RUNS = { numRuns: Number(process.env.FC_NUM_RUNS ?? 2000) }

/** Everything that moves: each mode, units, prices by band, a calendar, a governor, grants, a scope, a notification. */
const POLICY = {
  policy: {
    credits: {
      token: { price: 0.00002, overhead_cost: 0.00001 },
      image: { pricing_model: 'tiered', tiers: [{ up_to: 5, price: 0.04 }, { price: 0.02 }] },
      space: { stof_units: 'MB', price: 0.001 },
      seat: {}
    },
    exchange: { eur: { value: 1.1, currency: 'usd' } },
    notifications: { nearly: { when: { event: 'meter-changed', entitlement: 'chat', crosses: '90%' } } },
    plans: {
      free: {
        default: true,
        entitlements: {
          chat: { limit: { credit: 'token', value: 100, resets: true, reset_inc: '1day' } },
          images: {
            limit: { credit: 'image', mode: 'soft', value: 3, resets: true, reset_sch: 'monthly:1' }
          },
          files: { limit: { credit: 'space', mode: 'soft', value: '1GB' } },
          watched: { limit: { credit: 'token', mode: 'observe', value: 10 } },
          seats: { scope: 'org', limit: { credit: 'seat', value: 2 } },
          api: {
            limit: {
              credit: 'seat',
              value: 1000,
              governor_enabled: true,
              governor_capacity: 3,
              governor_refill_rate: 0.001
            }
          },
          export: {}
        },
        topups: { pack: { credit: 'token', value: 50, expires_after: '3days' } }
      },
      pro: { entitlements: { chat: { limit: { credit: 'token', mode: 'soft', value: 200 } } } }
    }
  }
}

const METERS = ['chat', 'images', 'files', 'watched', 'seats', 'api']
const customer = fc.constantFrom(
  'user',
  'org',
  'alias',
  'another',
  'nobody',
  '',
  'ünïcode',
  '\ud800',
  'x'.repeat(300)
)
const entitlement = fc.constantFrom(...METERS, ...METERS, 'export', 'nothing')
const value = fc.oneof(
  fc.integer({ min: -20, max: 120 }),
  fc.integer({ min: -300, max: 3000 }).map((thousandths) => thousandths / 1000),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.constantFrom(
    0,
    -0,
    0.1,
    1e-12,
    1e-13,
    1e15,
    9007199254740991,
    1e24,
    2e24,
    '5MB',
    '0.5GiB',
    '3kg',
    'x',
    Number.NaN
  )
)
const meter = [customer, entitlement] as const

/** A call by its name, with arguments of every kind. */
const call = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('allow', 'check', 'decide', 'explain'), fc.tuple(...meter, value))
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('allow'), fc.tuple(...meter, value, fc.boolean(), value, fc.boolean()))
  },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('increment', 'decrement'), fc.tuple(...meter)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('set'), fc.tuple(...meter, value)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('reserve'), fc.tuple(...meter, fc.record({ value }))) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('settle'), fc.tuple(...meter, fc.constantFrom('hold_1', 'hold_2'), value))
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('applyCustomerTopup'), fc.tuple(customer, fc.constant('pack')))
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('addCustomerCap'),
      fc.tuple(customer, value, fc.record({ cap_id: fc.constant('cap'), shared: fc.boolean() }))
    )
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('setCustomerPlan'),
      fc.tuple(customer, fc.constantFrom('free', 'pro', '', 'x'))
    )
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('createCustomerOverride'), fc.tuple(...meter, value)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('createCustomer'), fc.tuple(customer)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('removeCustomer', 'removeAltID'), fc.tuple(customer)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('addAltID'), fc.tuple(customer, customer)) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('customerMarginSnapshot', 'customer'), fc.tuple(customer))
  },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constantFrom(
        'value',
        'remaining',
        'limit',
        'allowance',
        'rate',
        'acceleration',
        'resets',
        'held',
        'meterObject'
      ),
      fc.tuple(...meter)
    )
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('value', 'remaining'), fc.tuple(...meter, fc.boolean(), fc.boolean()))
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('estimate'), fc.tuple(...meter)) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant('advance'), fc.tuple(fc.constantFrom(1, 1000, '3h', '1day', '40days')))
  }
) as fc.Arbitrary<[string, unknown[]]>

interface Side {
  limitr: Limitr
  events: LimitrEvent[]
}

async function side(backend: 'native' | 'wasm'): Promise<Side> {
  const limitr: Limitr = await Limitr.new(POLICY as object, 'json', { clock: START, backend })
  const events: LimitrEvent[] = []
  limitr.addHandler('all', (_type, event) => {
    events.push(event)
  })
  await limitr.createCustomer('org', 'free', 'org', 'Org')
  await limitr.createCustomer('user', '', 'user', 'User', ['org'], ['alias'])
  await limitr.createCustomer('another', 'free')
  return { limitr, events }
}

/** What a call answers or throws, and the events that it sends. */
function outcome({ limitr, events }: Side, [name, args]: [string, unknown[]]): unknown {
  const method = (limitr.sync as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!
  let answer: unknown
  try {
    answer = { answer: method.apply(limitr.sync, args) }
  } catch (error) {
    if (!(error instanceof LimitrError)) throw error
    answer = { code: error.code, message: error.message, diagnostics: error.diagnostics }
  }
  return { answer, events: JSON.parse(JSON.stringify(events.splice(0))) }
}

it('in every random sequence of calls', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 25 }), async (calls) => {
      const [native, wasm] = [await side('native'), await side('wasm')]
      for (const step of calls) expect(outcome(wasm, step)).toEqual(outcome(native, step))
      expect(wasm.limitr.sync.customers()).toEqual(native.limitr.sync.customers())
      await native.limitr.close()
      await wasm.limitr.close()
    }),
    RUNS
  )
}, 3_600_000)

it('to documents that are refused', async () => {
  const texts = [
    '',
    'policy:',
    'policy: { credits: { a: { stof_units: gb } } }',
    '{"policy": {"plans": []}}',
    '\tx',
    '[[a]'
  ]
  for (const text of texts) {
    const refusals = []
    for (const backend of ['native', 'wasm'] as const) {
      const { code, message, diagnostics } = await Limitr.new(text, 'auto', { backend }).catch(
        (error) => error
      )
      refusals.push({ code, message, diagnostics })
    }
    expect(refusals[1]).toEqual(refusals[0])
  }
})
