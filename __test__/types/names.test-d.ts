// The names of a policy that is written out become types; a policy that isn't known takes any name.

import {
  type Credit,
  type CreditName,
  type EntitlementName,
  type Exchange,
  type Limit,
  Limitr,
  type PlanName,
  type PolicyDocument
} from 'limitr'
import { describe, expectTypeOf, test } from 'vitest'

const document = {
  policy: {
    credits: { token: { unit: 'token', price: 0.00001 }, seat: {} },
    plans: {
      free: {
        default: true,
        entitlements: { chat: { limit: { credit: 'token', mode: 'hard', value: 1000 } } }
      },
      pro: { entitlements: { chat: { limit: { credit: 'token', value: '1_000_000' } }, sso: {} } },
      bare: {}
    }
  }
} as const

describe('a policy written as const', () => {
  test('names its plans, entitlements and credits', () => {
    expectTypeOf<PlanName<typeof document>>().toEqualTypeOf<'free' | 'pro' | 'bare'>()
    expectTypeOf<EntitlementName<typeof document>>().toEqualTypeOf<'chat' | 'sso'>()
    expectTypeOf<CreditName<typeof document>>().toEqualTypeOf<'token' | 'seat'>()
  })

  test("makes a name that it doesn't have a compile error", async () => {
    const limitr = await Limitr.new(document)
    expectTypeOf(limitr).toEqualTypeOf<Limitr<typeof document>>()

    await limitr.allow('u', 'chat', 5)
    await limitr.createCustomer('u', 'pro')
    await limitr.createCustomer('u', '')
    await limitr.credit('token')
    // @ts-expect-error no such entitlement
    await limitr.allow('u', 'no_such_entitlement')
    // @ts-expect-error no such entitlement
    await limitr.check('u', 'no_such_entitlement')
    // @ts-expect-error no such entitlement
    limitr.sync.allow('u', 'no_such_entitlement')
    // @ts-expect-error no such entitlement
    await limitr.value('u', 'no_such_entitlement')
    // @ts-expect-error no such entitlement
    await limitr.allowAll('u', [{ entitlement: 'chat' }, { entitlement: 'no_such_entitlement' }])
    // @ts-expect-error no such plan
    await limitr.createCustomer('u', 'no_such_plan')
    // @ts-expect-error no such plan
    await limitr.setCustomerPlan('u', 'no_such_plan')
    // @ts-expect-error no such plan
    limitr.sync.ensureCustomer('u', 'no_such_plan')
    // @ts-expect-error no such credit
    await limitr.credit('no_such_credit')
    // @ts-expect-error no such credit
    await limitr.createCustomerOverride('u', 'chat', 5, null, 'no_such_credit')
  })

  test('may be written in the call, or checked where it is written', async () => {
    const inline = await Limitr.new({ policy: { plans: { free: { entitlements: { chat: {} } } } } })
    await inline.allow('u', 'chat')
    // @ts-expect-error no such entitlement
    await inline.allow('u', 'no_such_entitlement')

    const checked = {
      policy: { plans: { free: { entitlements: { chat: {} } } } }
    } as const satisfies PolicyDocument
    const limitr = await Limitr.new(checked, 'auto', { strict: true })
    // @ts-expect-error no such entitlement
    await limitr.allow('u', 'no_such_entitlement')
  })

  test('is accepted where any engine is', async () => {
    const limitr = await Limitr.new(document)
    const any: Limitr = limitr
    await any.allow('u', 'anything')
  })
})

describe("a policy that isn't known", () => {
  test('takes any name', async () => {
    const texts = [
      await Limitr.new('policy: {}'),
      await Limitr.new(new Uint8Array()),
      await Limitr.new({} as object)
    ]
    for (const limitr of texts) {
      expectTypeOf(limitr).toEqualTypeOf<Limitr>()
      await limitr.allow('u', 'anything')
      await limitr.createCustomer('u', 'anything')
      await limitr.credit('anything')
    }
    const wide = await Limitr.new({ policy: {} } as PolicyDocument)
    await wide.allow('u', 'anything')
    await wide.setCustomerPlan('u', 'anything')
    const untyped = await Limitr.new(JSON.parse('{}'))
    await untyped.allow('u', 'anything')
    const record = await Limitr.new({
      policy: { plans: {} as Record<string, { entitlements: Record<string, object> }> }
    })
    await record.allow('u', 'anything')
  })

  test('may be an object whose words are wider than the types, as JSON files are', async () => {
    const imported = {
      policy: {
        credits: { t: {} },
        plans: { p: { entitlements: { a: { limit: { credit: 't', mode: 'hard' } } } } }
      }
    }
    const limitr = await Limitr.new(imported)
    expectTypeOf(limitr).toEqualTypeOf<Limitr>()
    await limitr.allow('u', 'anything')
  })
})

describe('a document type', () => {
  test('knows its fields', () => {
    const limits: Limit[] = [
      { credit: 't', mode: 'soft', value: '5GB', reset_inc: '1day', ewma_alpha: 0.5 },
      // @ts-expect-error a mode that doesn't exist
      { credit: 't', mode: 'strict' },
      // @ts-expect-error a limit without credit
      { value: 5 },
      // @ts-expect-error a field that doesn't exist
      { credit: 't', vlaue: 5 }
    ]
    const credits: Credit[] = [
      { price: 0.5 },
      { price: { amount: '0.5', prefix: '$' }, overhead_cost: '0.1', own: { rates: [1] } },
      { pricing_model: 'tiered', tiers: [{ up_to: 5, price: 1 }, { price: { amount: 2 } }] },
      // @ts-expect-error a model that doesn't exist
      { pricing_model: 'graduated' }
    ]
    const exchange: Exchange = { grant_strategy: 'cheapest_first', coin: { value: 2, currency: 'usd' } }
    const document: PolicyDocument = { policy: { exchange, hold_ttl: '10min', estimate_min_samples: 5 } }
    expectTypeOf(limits).toBeArray()
    expectTypeOf(credits).toBeArray()
    expectTypeOf(document).toExtend<object>()
  })

  test("takes what can't be changed", async () => {
    const frozen = Object.freeze({ policy: Object.freeze({ plans: {} }) })
    await Limitr.new(frozen)
    const items: readonly { readonly entitlement: string }[] = []
    const refs: readonly string[] = []
    const limitr = await Limitr.new('policy: {}')
    await limitr.allowAll('u', items)
    await limitr.createCustomer('u', null, null, null, refs, refs, Object.freeze({ a: 1 }))
  })
})
