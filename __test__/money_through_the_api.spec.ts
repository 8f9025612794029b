import { Limitr, type LimitrEvent } from 'limitr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const POLICY = {
  policy: {
    credits: { token: { price: 0.5 }, gold: { price: 2 }, seat: {} },
    exchange: { eur: { value: 1.1, currency: 'usd' } },
    plans: {
      pro: {
        default: true,
        subscription: 'seats',
        entitlements: {
          chat: { limit: { credit: 'token', mode: 'soft', value: 10 } },
          code: { limit: { credit: 'token', mode: 'hard', value: 0 } },
          seats: { limit: { credit: 'seat', value: 5 } }
        },
        topups: {
          pack: { credit: 'token', value: 8 },
          coin: { credit: 'gold', value: 1 },
          monthly: { credit: 'token', value: 2, included: true, resets: true, reset_inc: '30days' }
        }
      },
      bare: { entitlements: { chat: { limit: { credit: 'token', value: 1 } } } }
    }
  }
} as const

let limitr: Limitr
beforeEach(async () => {
  limitr = (await Limitr.new(POLICY, 'json', { clock: 1_000 })) as Limitr
  await limitr.createCustomer('ann')
})
afterEach(() => limitr.close())

describe('grants', () => {
  it('cover what passes a limit, and an answer says so', async () => {
    expect(await limitr.remainingCredit('ann', 'token')).toBe(2)
    expect(await limitr.applyCustomerTopup('ann', 'pack')).toBe(true)
    expect([await limitr.limit('ann', 'chat'), await limitr.limit('ann', 'chat', false)]).toEqual([20, 10])
    const events: LimitrEvent[] = []
    limitr.on('meter-changed', (event) => events.push(event))
    const decision = await limitr.decide('ann', 'chat', 15)
    expect(decision).toMatchObject({
      reason: 'covered_by_grant',
      granted: 5,
      overage: 0,
      price: 2.5,
      overagePrice: 0,
      remaining: 5
    })
    expect(events).toMatchObject([{ grant_value_applied: 5, remaining: 5, meter: { price_diff: 2.5 } }])
    expect(await limitr.remaining('ann', 'chat', false, false)).toBe(-5)
    expect(await limitr.value('ann', 'chat', false, false)).toBe(10)
    expect(await limitr.remainingCredit('ann', 'token')).toBe(5)
  })

  it('are told of where they are bought, and leave with a plan where they came with it', async () => {
    const told: LimitrEvent[] = []
    limitr.on('customer-topup-granted', (event) => told.push(event))
    await limitr.applyCustomerTopup('ann', 'coin')
    expect(told).toMatchObject([{ topup: 'coin', customer: { id: 'ann' } }])
    expect(await limitr.applyCustomerTopup('ann', 'nothing')).toBe(false)
    await limitr.setCustomerPlan('ann', 'bare')
    expect([
      await limitr.remainingCredit('ann', 'token'),
      await limitr.remainingCredit('ann', 'gold')
    ]).toEqual([0, 1])
    expect(await limitr.remainingCredit('ann', 'nothing')).toBe(null)
    expect(await limitr.ensureCustomerIncludedTopups('ann')).toBe(false)
  })

  it('come back with a record', async () => {
    await limitr.applyCustomerTopup('ann', 'pack')
    await limitr.addCustomerCap('ann', 3, { cap_id: 'c', shared: true, scope: ['chat'] })
    await limitr.allow('ann', 'chat', 13)
    await limitr.reserve('ann', 'chat', { value: 1 })
    const saved = JSON.parse(JSON.stringify(await limitr.customer('ann')))
    const other = await Limitr.new(POLICY, 'json', { clock: 1_000 })
    await other.setCustomer(saved)
    expect(await other.customer('ann')).toEqual(saved)
    expect(await other.remainingCredit('ann', 'token')).toBe(await limitr.remainingCredit('ann', 'token'))
    await other.close()
  })
})

describe('caps', () => {
  it('bound what calls are worth, and an answer says so', async () => {
    expect(await limitr.addCustomerCap('ann', 4, { cap_id: 'spend' })).toBe('spend')
    expect(await limitr.addCustomerCap('nobody', 4)).toBe(null)
    expect(await limitr.addCustomerCap('ann', '100')).toMatch(/^cap_\d+$/)
    expect(await limitr.allowance('ann', 'chat')).toBe(8)
    const events: LimitrEvent[] = []
    limitr.addHandler('all', (_, event) => events.push(event))
    expect(await limitr.decide('ann', 'chat', 9, { event: { id: 7 } })).toMatchObject({
      allowed: false,
      reason: 'capped',
      boundBy: 'cap'
    })
    expect(events).toMatchObject([
      { type: 'cap-limit', caller: 'ann', entitlement: 'chat', cap: { id: 'spend' }, event_data: { id: 7 } }
    ])
    expect(events[0]).toHaveProperty('customer.plan', 'pro')
    expect(await limitr.allow('ann', 'chat', 8)).toBe(true)
    expect(events.map(({ type }) => type)).toEqual(['cap-limit', 'meter-changed', 'cap-threshold-crossed'])
    expect(await limitr.customerCap('ann', 'spend')).toMatchObject({ value: 4, meter_value: 4 })
    expect(await limitr.resetCustomerCap('ann', 'spend')).toBe(true)
    expect(await limitr.removeCustomerCap('ann', 'spend')).toBe(true)
    expect(await limitr.removeCustomerCap('ann', 'spend')).toBe(false)
    expect(await limitr.customerCap('ann', 'spend')).toBe(null)
  })

  it('of a call bind that call alone', async () => {
    expect(await limitr.explain('ann', 'chat', 4, { cap: { rune: 1 } })).toMatchObject({ reason: 'capped' })
    expect(await limitr.explain('ann', 'chat', 4, { cap: { rune: 2, token: '4' } })).toMatchObject({
      allowed: true
    })
    expect(await limitr.explain('ann', 'chat', 4, { cap: { eur: 1 } })).toMatchObject({ reason: 'capped' })
  })

  it.each([
    [5, { credit: 'nothing' }, 'unknown_credit'],
    [-1, {}, 'invalid_value'],
    [Number.NaN, {}, 'invalid_value'],
    ['5kg', {}, 'unit_mismatch'],
    [5, { reset_inc: '1day' }, 'invalid_argument'],
    [5, { resets: true, reset_inc: '1day', reset_sch: 'monthly:1' }, 'two_reset_kinds'],
    [5, { resets: true, reset_inc: 'soon' }, 'bad_duration'],
    [5, { resets: true, reset_inc: 0 }, 'bad_duration'],
    [5, { resets: true, reset_sch: 'weekly:monday' }, 'bad_schedule'],
    [5, { shared: 'yes' }, 'invalid_argument'],
    [5, { cap_id: '' }, 'invalid_name'],
    [5, { sharde: true }, 'invalid_argument']
  ])('refuse %o with %o as %s', async (value, options, code) => {
    const before = await limitr.customers()
    await expect(limitr.addCustomerCap('ann', value, options as object)).rejects.toMatchObject({ code })
    await expect(limitr.decide('ann', 'chat', 1, { cap: { nothing: 1 } })).rejects.toMatchObject({
      code: 'unknown_credit'
    })
    expect(await limitr.customers()).toEqual(before)
  })
})

describe('the exchange', () => {
  it('converts, and takes a live rate', async () => {
    expect(await limitr.creditExchange('token', 'gold', 8)).toBe(2)
    expect(await limitr.creditExchange('eur')).toBe(1.1)
    const version = await limitr.version()
    await limitr.setExchange('eur', 1.25, 'usd')
    expect([await limitr.creditExchange('eur'), await limitr.version()]).toEqual([1.25, version + 1])
    expect(await limitr.policy('yaml')).toContain('1.25')
    expect(await limitr.creditExchange('seat')).toBe(null)
    expect(await limitr.creditExchange('nothing')).toBe(null)
  })

  it.each([
    ['eur', 0, 'usd', 'invalid_value'],
    ['eur', -1, 'usd', 'invalid_value'],
    ['rune', 1, 'usd', 'exchange_cycle'],
    ['usd', 2, 'eur', 'exchange_cycle'],
    ['chf', 1, 'seat', 'exchange_unreachable'],
    ['', 1, 'usd', 'invalid_name']
  ])('refuses %s = %d %s as %s', async (name, value, currency, code) => {
    const before = await limitr.policy()
    await expect(limitr.setExchange(name, value, currency)).rejects.toMatchObject({ code })
    expect(await limitr.policy()).toEqual(before)
    expect(await limitr.creditExchange('eur')).toBe(1.1)
  })
})

describe('ensureCustomerPlanQuantity', () => {
  it('moves a customer and counts its quantity', async () => {
    await limitr.setCustomerPlan('ann', 'bare')
    expect(await limitr.ensureCustomerPlanQuantity('ann', 'pro', 12)).toBe(true)
    expect([(await limitr.customer('ann'))?.plan, await limitr.value('ann', 'seats')]).toEqual(['pro', 12])
    expect(await limitr.ensureCustomerPlanQuantity('ann', 'pro', 12)).toBe(false)
    expect(await limitr.ensureCustomerPlanQuantity('ann', 'pro', 3)).toBe(true)
    await expect(limitr.ensureCustomerPlanQuantity('ann', 'gold', 3)).rejects.toMatchObject({
      code: 'unknown_plan'
    })
    await expect(limitr.ensureCustomerPlanQuantity('ann', 'bare', 3)).rejects.toMatchObject({
      code: 'unknown_entitlement'
    })
    expect(await limitr.ensureCustomerPlanQuantity('nobody', 'pro', 3)).toBe(false)
  })
})

describe('holds', () => {
  it('of another entitlement are not released, and settling twice records twice', async () => {
    const hold = (await limitr.reserve('ann', 'chat', { value: 4, ttl: '1min' })) as string
    expect(await limitr.release('ann', 'seats', hold)).toBe(false)
    expect(await limitr.held('ann', 'chat')).toBe(4)
    expect(await limitr.settle('ann', 'seats', hold, 1)).toBe(true)
    expect(await limitr.held('ann', 'chat')).toBe(4)
    expect(await limitr.settle('ann', 'chat', hold, 4)).toBe(true)
    expect(await limitr.settle('ann', 'chat', hold, 4)).toBe(true)
    expect([await limitr.value('ann', 'chat'), await limitr.held('ann', 'chat')]).toEqual([8, 0])
    await expect(limitr.reserve('ann', 'chat', { ttl: '0s' })).rejects.toMatchObject({ code: 'bad_duration' })
    await expect(limitr.reserve('ann', 'chat', { valeu: 1 } as object)).rejects.toMatchObject({
      code: 'invalid_argument'
    })
  })
})
