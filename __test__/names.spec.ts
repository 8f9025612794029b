// Names that come from outside: whatever they are called, they are names and nothing else.

import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf, opened } from './support/open.js'
import { START } from './support/policies.js'

const CANT_EXIST = ['', 'x'.repeat(257), 'x'.repeat(10_240), 'é'.repeat(129), 'half \ud800', '\udc00']
const ODD = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '0',
  ' ',
  'ünïcödé',
  '用户',
  '👩‍👩‍👧',
  'a.b/c',
  'é'.repeat(128)
]

describe("a name that can't exist", () => {
  it.each(
    CANT_EXIST.map((name) => [name.slice(0, 12), name])
  )('is unknown where it is asked for: %j', async (_, name) => {
    const limitr = await opened()
    const before = await limitr.customers()
    expect(await limitr.allow(name, 'chat', 1)).toBe(false)
    expect(await limitr.allow('user', name, 1)).toBe(false)
    expect(await limitr.allow(name, 'chat', '1')).toBe(false)
    expect(await limitr.check('user', name, '1')).toBe(false)
    expect(await limitr.increment(name, 'chat')).toBe(false)
    expect(await limitr.set(name, 'chat', 1)).toBe(false)
    expect(await limitr.value(name, 'chat')).toBe(null)
    expect(await limitr.remaining('user', name)).toBe(null)
    expect(await limitr.resets(name, 'chat')).toBe(null)
    expect(await limitr.customer(name)).toBe(null)
    expect(await limitr.credit(name)).toBe(null)
    expect(await limitr.removeCustomer(name)).toBe(false)
    expect((await limitr.decide(name, 'chat', 1)).reason).toBe('unknown_customer')
    expect((await limitr.explain('user', name, '1')).reason).toBe('unknown_entitlement')
    if (name !== '') expect(await codeOf(() => limitr.setCustomerPlan('user', name))).toBe('unknown_plan')
    expect(await limitr.customers()).toEqual(before)
    await limitr.close()
  })

  it.each(
    CANT_EXIST.map((name) => [name.slice(0, 12), name])
  )('is refused where it is created: %j', async (_, name) => {
    const limitr = await opened()
    const before = await limitr.customers()
    for (const call of [
      () => limitr.createCustomer(name),
      () => limitr.ensureCustomer(name),
      () => limitr.setCustomer({ ...before.user, id: name }),
      () => limitr.addAltID('user', name),
      () => limitr.createCustomer('new', null, null, null, null, [name]),
      () => limitr.setPlan(name, {})
    ]) {
      expect(await codeOf(call), call.toString()).toBe('invalid_name')
    }
    expect(await limitr.customers()).toEqual(before)
    await limitr.close()
  })
})

describe('an odd name', () => {
  it.each(ODD)('is a customer like any other: %j', async (name) => {
    const limitr = await opened()
    expect(await limitr.customer(name)).toBe(null)
    expect(await limitr.allow(name, 'chat', 1)).toBe(false)
    await limitr.createCustomer(name)
    expect(await limitr.allow(name, 'chat', 3)).toBe(true)
    expect(await limitr.value(name, 'chat')).toBe(3)
    const all = await limitr.customers()
    expect(Object.hasOwn(all, name)).toBe(true)
    expect(Object.keys(all).sort()).toEqual(['org', 'user', name].sort())
    await limitr.close()
  })

  it.each(ODD)('is a plan, an entitlement and a credit like any other: %j', async (name) => {
    const limit = { credit: name, mode: 'hard', value: 5 }
    const plan = { default: true, entitlements: Object.fromEntries([[name, { limit }]]) }
    const document = {
      policy: { credits: Object.fromEntries([[name, {}]]), plans: Object.fromEntries([[name, plan]]) }
    }
    const limitr: Limitr = await Limitr.new(document as object, 'auto', { clock: START })
    await limitr.createCustomer('u', name)
    expect(await limitr.allow('u', name, 5)).toBe(true)
    expect(await limitr.allow('u', name, 1)).toBe(false)
    const { entitlement, plan: named, reason } = await limitr.decide('u', name, 1)
    expect({ entitlement, named, reason }).toEqual({ entitlement: name, named: name, reason: 'over_limit' })
    await limitr.close()
  })

  it('of an entitlement that nobody has is unknown, also where objects have such a field', async () => {
    const limitr = await opened()
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await limitr.allow('user', name)).toBe(false)
      expect(await limitr.value('user', name)).toBe(null)
      expect(await codeOf(() => limitr.setCustomerPlan('user', name))).toBe('unknown_plan')
    }
    await limitr.close()
  })
})

describe('two names that differ', () => {
  it('in what Latin-1 would drop are two customers', async () => {
    const limitr = await opened()
    await limitr.createCustomer('\u0141')
    await limitr.createCustomer('A')
    await limitr.allow('\u0141', 'chat', 5)
    expect(await limitr.value('A', 'chat')).toBe(0)
    await limitr.close()
  })
})

describe('negative zero', () => {
  it('is zero', async () => {
    const limitr = await opened()
    expect(await limitr.allow('user', 'chat', -0)).toBe(true)
    expect(Object.is(await limitr.value('user', 'chat'), 0)).toBe(true)
    expect(await limitr.set('user', 'chat', '-0')).toBe(true)
    expect(Object.is(await limitr.value('user', 'chat'), 0)).toBe(true)
    await limitr.close()
  })
})
