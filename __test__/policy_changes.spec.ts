import { Limitr } from 'limitr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf, heard, opened } from './support/open.js'
import { POLICY } from './support/policies.js'

let limitr: Limitr
beforeEach(async () => {
  limitr = await opened()
})
afterEach(() => limitr.close())

/** The policy with another limit for chat. */
function withChat(value: unknown) {
  const document = structuredClone(POLICY) as unknown as {
    policy: { plans: { free: { entitlements: { chat: { limit: Record<string, unknown> } } } } }
  }
  document.policy.plans.free.entitlements.chat.limit.value = value
  return document
}

describe('updatePolicy', () => {
  it('replaces the policy and keeps the meters', async () => {
    await limitr.allow('user', 'chat', 90)
    const events = heard(limitr)
    expect(await limitr.updatePolicy(withChat(200))).toBe(undefined)
    expect(events.map(({ type }) => type)).toEqual(['policy-updated'])
    expect(await limitr.limit('user', 'chat')).toBe(200)
    expect(await limitr.value('user', 'chat')).toBe(90)
    expect(await limitr.allow('user', 'chat', 110)).toBe(true)
  })

  it.each([
    ['an error', { policy: { plans: { free: { entitlements: { chat: { limit: { credit: 'nope' } } } } } } }],
    ["a number that isn't finite", withChat(Number.NaN)],
    ['broken text', '{"policy":']
  ])('changes nothing for a document with %s', async (_, document) => {
    const before = [await limitr.policy(), await limitr.customers(), limitr.diagnostics]
    const error = await limitr.updatePolicy(document).catch((cause: { diagnostics: unknown[] }) => cause)
    expect(error).toMatchObject({ code: 'invalid_policy' })
    expect((error as { diagnostics: unknown[] }).diagnostics.length).toBeGreaterThan(0)
    expect([await limitr.policy(), await limitr.customers(), limitr.diagnostics]).toEqual(before)
  })

  it('renews the remarks', async () => {
    const document = withChat(5)
    document.policy.plans.free.entitlements.chat.limit.vlaue = 5
    await limitr.updatePolicy(document)
    expect(limitr.diagnostics).toMatchObject([{ code: 'unknown_field' }])
    await limitr.updatePolicy(POLICY)
    expect(limitr.diagnostics).toEqual([])
  })

  it('counts the versions of the policy', async () => {
    const first = await limitr.version()
    expect((await limitr.decide('user', 'chat', 1)).policyVersion).toBe(first)
    await limitr.updatePolicy(withChat(200))
    expect(await limitr.version()).toBe(first + 1)
    expect((await limitr.decide('user', 'chat', 1)).policyVersion).toBe(first + 1)
  })

  it('takes bytes and text', async () => {
    await limitr.updatePolicy(Buffer.from(JSON.stringify(withChat(7))))
    expect(await limitr.limit('user', 'chat')).toBe(7)
    await limitr.updatePolicy(JSON.stringify(withChat(8)), 'json')
    expect(await limitr.limit('user', 'chat')).toBe(8)
  })

  it('changes what the names in answers and events are', async () => {
    expect((await limitr.decide('user', 'chat', 1)).entitlement).toBe('chat')
    const limit = { credit: 'coin', mode: 'hard', value: 5 }
    const plans = { free: { default: true, entitlements: { added: { limit }, chat: { limit } } } }
    await limitr.updatePolicy({ policy: { credits: { coin: {} }, plans } })
    const events = heard(limitr)
    const before = await limitr.explain('user', 'added', 1)
    await limitr.allow('user', 'added', 1)
    expect(before).toMatchObject({ entitlement: 'added', plan: 'free', allowed: true })
    expect(events[0]).toMatchObject({ entitlement: 'added', credit: 'coin' })
  })
})

describe('difference', () => {
  it('lists what differs, before and after', async () => {
    const found = await limitr.difference(withChat(200))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      path: 'policy.plans.free.entitlements.chat.limit.value',
      before: 100,
      after: 200
    })
  })

  it('takes another engine, by promise or without', async () => {
    const other: Limitr = await Limitr.new(withChat(200) as object)
    const expected = await limitr.difference(withChat(200))
    expect(await limitr.difference(other)).toEqual(expected)
    expect(limitr.sync.difference(other)).toEqual(expected)
    expect(await limitr.difference(other.sync)).toEqual(expected)
    expect(await limitr.difference(limitr)).toEqual([])
    await other.close()
    expect(await codeOf(() => limitr.difference(other))).toBe('closed')
  })
})

describe('plans', () => {
  it('are set and deleted', async () => {
    const events = heard(limitr)
    const plan = { label: 'Team', entitlements: { chat: { limit: { credit: 'token', value: 5 } } } }
    expect(await limitr.setPlan('team', plan)).toBe(undefined)
    await limitr.setPlan('team', { ...plan, label: 'Teams' })
    expect(await limitr.plan('team')).toMatchObject({ name: 'team', label: 'Teams' })
    await limitr.createCustomer('u', 'team')
    expect(await limitr.limit('u', 'chat')).toBe(5)
    await limitr.removeCustomer('u')
    expect(await limitr.deletePlan('team')).toBe(true)
    expect(await limitr.deletePlan('team')).toBe(false)
    expect(events.map(({ type }) => type)).toEqual([
      'plan-set',
      'plan-set',
      'customer-set',
      'customer-removed',
      'plan-removed'
    ])
  })

  it('with problems change nothing', async () => {
    const before = await limitr.policy()
    const chat = { limit: { credit: 'nope' } }
    const broken = await limitr.setPlan('free', { entitlements: { chat } }).catch((cause: unknown) => cause)
    expect(broken).toMatchObject({ code: 'unknown_credit', diagnostics: [{ code: 'unknown_credit' }] })
    const odd = { entitlements: { chat: { limit: { credit: 'token', value: Number.NaN } } } }
    const error = await limitr.setPlan('free', odd).catch((cause: unknown) => cause)
    expect(error).toMatchObject({
      code: 'bad_quantity',
      diagnostics: [{ code: 'bad_quantity', path: 'policy.plans.free.entitlements.chat.limit.value' }]
    })
    expect(await limitr.policy()).toEqual(before)
  })

  it('are found by their name and by a customer', async () => {
    expect(await limitr.plan('pro')).toMatchObject({ label: 'Pro' })
    expect(await limitr.plan('user')).toMatchObject({ label: 'Free' })
    expect(await limitr.plan('nobody')).toMatchObject({ label: 'Free' })
    expect(await limitr.plan('nobody', false)).toBe(null)
    expect(await limitr.defaultPlan()).toMatchObject({ label: 'Free' })
    expect(await limitr.planPeriod('free')).toBe('monthly')
    expect(await limitr.planTrialPeriod('free')).toBe(null)
  })
})

describe('credits, entitlements and limits', () => {
  it('are what the policy says', async () => {
    expect(await limitr.credit('token')).toMatchObject({ label: 'Token' })
    expect(await limitr.credit('nope')).toBe(null)
    expect(await limitr.creditFor('user', 'chat')).toMatchObject({ label: 'Token' })
    expect(await limitr.entitlement('user', 'seats')).toMatchObject({ scope: 'org' })
    expect(await limitr.entitlement('user', 'sso')).toBe(null)
    expect(await limitr.limitObject('user', 'chat')).toMatchObject({
      credit: 'token',
      mode: 'hard',
      value: 100
    })
    expect(await limitr.limitObject('user', 'export')).toBe(null)
    await limitr.allow('user', 'chat', 5)
    expect(await limitr.meterObject('user', 'chat')).toMatchObject({ value: 5 })
  })
})
