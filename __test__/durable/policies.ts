// A policy that has one of everything that an engine remembers, and every way to make it remember something.

import fc from 'fast-check'
import type { Limitr } from 'limitr'

/** 2024-01-15T10:30:00Z. */
export const START = 1_705_314_600_000

export const EVERYTHING = {
  policy: {
    hold_ttl: '10min',
    estimate_min_samples: 2,
    credits: {
      token: { price: 0.5, overhead_cost: 0.01 },
      gold: { price: 2 },
      seat: {},
      space: { unit: 'MB', stof_units: 'MB' }
    },
    exchange: { eur: { value: 1.1, currency: 'usd' } },
    notifications: {
      half: { when: { event: 'meter-changed', crosses: '50%' } },
      dear: { when: { event: 'cap-threshold-crossed' } }
    },
    plans: {
      free: {
        default: true,
        entitlements: {
          chat: { limit: { credit: 'token', value: 100 } },
          soft: { limit: { credit: 'token', mode: 'soft', value: 10 } },
          watched: { limit: { credit: 'token', mode: 'observe', value: 10 } },
          files: { limit: { credit: 'space', value: '1GB' } },
          daily: { limit: { credit: 'token', value: 50, resets: true, reset_inc: '1day' } },
          paced: {
            limit: {
              credit: 'token',
              value: 1000,
              governor_enabled: true,
              governor_capacity: 20,
              governor_refill_rate: 0.001
            }
          },
          seats: { scope: 'org', limit: { credit: 'seat', value: 5 } },
          export: {}
        },
        topups: {
          pack: { credit: 'token', value: 30, expires_after: '10days' },
          monthly: { credit: 'token', value: 2, included: true, resets: true, reset_inc: '30days' }
        }
      },
      pro: {
        entitlements: {
          chat: { limit: { credit: 'token', mode: 'soft', value: 1000 } },
          files: { limit: { credit: 'space', value: '1TB' } },
          sso: {}
        },
        topups: { pack: { credit: 'token', value: 60 } }
      }
    }
  }
}

const customer = fc.constantFrom('user', 'org', 'alias', 'guest', 'nobody')
const entitlement = fc.constantFrom(
  'chat',
  'soft',
  'watched',
  'files',
  'daily',
  'paced',
  'seats',
  'export',
  'sso'
)
const amount = fc.oneof(fc.integer({ min: -20, max: 120 }), fc.constantFrom(0, 0.1, 1e-9, 1e12, '3', '2.5'))
const mark = fc.nat({ max: 3 })
const call = (name: string, ...args: fc.Arbitrary<unknown>[]) =>
  fc.tuple(fc.constant(name), args.length === 0 ? fc.constant([] as unknown[]) : fc.tuple(...args))

/** Calls that change something or read what was changed; `hold` and `measurement` stand for one that an earlier call gave. */
export const anyCall: fc.Arbitrary<[string, unknown[]]> = fc.oneof(
  { weight: 6, arbitrary: call('allow', customer, entitlement, amount) },
  {
    weight: 3,
    arbitrary: call(
      'decide',
      customer,
      entitlement,
      amount,
      fc.record({ id: mark.map((at) => `call_${at}`), force: fc.boolean() })
    )
  },
  call('increment', customer, entitlement),
  call('decrement', customer, entitlement),
  call('set', customer, entitlement, amount),
  call('allowAll', customer, fc.array(fc.record({ entitlement, value: amount }), { maxLength: 3 })),
  {
    weight: 3,
    arbitrary: call('reserve', customer, entitlement, fc.record({ value: amount, overhead: mark }))
  },
  call('settle', customer, entitlement, fc.constant('hold'), amount),
  call('release', customer, entitlement, fc.constant('hold')),
  call('observe', customer, entitlement, amount, fc.record({ segment: mark.map(String) })),
  call('estimate', customer, entitlement, fc.record({ segment: mark.map(String) })),
  call('applyCustomerTopup', customer, fc.constantFrom('pack', 'monthly', 'nothing')),
  call('ensureCustomerIncludedTopups', customer),
  call('addCustomerCap', customer, amount, fc.record({ cap_id: mark.map(String), shared: fc.boolean() })),
  call('resetCustomerCap', customer, mark.map(String)),
  call('removeCustomerCap', customer, mark.map(String)),
  call('createCustomerOverride', customer, entitlement, amount, fc.constantFrom(null, START + 90_000_000)),
  call('removeCustomerOverride', customer, entitlement),
  call('setCustomerPlan', customer, fc.constantFrom('free', 'pro', '', 'extra'), fc.boolean()),
  call('createCustomer', fc.constantFrom('guest', 'user', 'late'), fc.constantFrom('free', 'pro', '')),
  call('removeCustomer', fc.constantFrom('guest', 'late', 'nobody')),
  call('addAltID', customer, fc.constantFrom('alias', 'other', 'late')),
  call('removeAltID', fc.constantFrom('alias', 'other')),
  call(
    'setPlan',
    fc.constant('extra'),
    mark.map((at) => ({ entitlements: { chat: { limit: { credit: 'gold', value: at } } } }))
  ),
  call('deletePlan', fc.constantFrom('extra', 'nothing')),
  call(
    'setExchange',
    fc.constant('eur'),
    mark.map((at) => 1 + at),
    fc.constant('usd')
  ),
  call(
    'setNotifications',
    mark.map((at) => ({ half: { when: { event: 'meter-changed', crosses: `${40 + at}%` } } }))
  ),
  call('startMarginMeasurement', customer),
  call('captureMarginMeasurement', customer, fc.constant('measurement')),
  call('customerMarginSnapshot', customer),
  {
    weight: 2,
    arbitrary: call('advance', fc.constantFrom(1, 1_000, 700_000, 3_600_000, 86_400_000, 2_600_000_000))
  }
)

/** What a call answers, or the code that it is refused with. */
export async function answer(
  limitr: Limitr,
  [name, args]: [string, unknown[]],
  given: string[]
): Promise<unknown> {
  const filled = args.map((arg) =>
    arg === 'hold' || arg === 'measurement' ? (given.at(-1) ?? 'nothing') : arg
  )
  try {
    const said = await (limitr as unknown as Record<string, (...all: unknown[]) => Promise<unknown>>)[name](
      ...filled
    )
    if ((name === 'reserve' || name === 'startMarginMeasurement') && typeof said === 'string')
      given.push(said)
    return said ?? null
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined || code === 'internal') throw error
    return { code }
  }
}

/** Everything that an engine remembers, as far as it says. */
export async function memory(limitr: Limitr): Promise<object> {
  const estimates: unknown[] = []
  for (const id of Object.keys(await limitr.customers()))
    for (const name of ['chat', 'soft', 'daily'])
      for (const segment of [null, '0', '1']) estimates.push(await limitr.estimate(id, name, { segment }))
  return {
    customers: await limitr.customers(),
    policy: await limitr.policy(),
    version: await limitr.version(),
    now: await limitr.now(),
    estimates
  }
}

/** Collects all that happens from now on, with the records as they are then. */
export function told(limitr: Limitr): unknown[] {
  const events: unknown[] = []
  limitr.addHandler('told', (_type, event) => {
    events.push(JSON.parse(JSON.stringify(event)))
  })
  return events
}

/** The first customers: an org, and a user that belongs to it. */
export async function settle(limitr: Limitr): Promise<void> {
  await limitr.createCustomer('org', 'free', 'org', 'Org')
  await limitr.createCustomer('user', 'free', 'user', 'User', ['org'], ['alias'], { since: [2024, null] })
  await limitr.createCustomer('guest', '', 'user', 'Guest', ['org'])
}
