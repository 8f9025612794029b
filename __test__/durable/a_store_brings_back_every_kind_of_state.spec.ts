// Each kind of thing that an engine remembers, one after the other, is there in the engine that is opened next.

import type { Limitr } from 'limitr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { EVERYTHING, memory, START, settle, told } from './policies.js'
import { open, place } from './support.js'

let store: string
let limitr: Limitr
beforeEach(async () => {
  store = place()
  limitr = await open(EVERYTHING, { store, clock: START })
  await settle(limitr)
})
afterEach(() => limitr.close())

/** Opens the engine anew, so much later, under the policy that it had. */
async function reopened(later = 0): Promise<void> {
  const [before, document, now] = [await memory(limitr), await limitr.policy(), await limitr.now()]
  await limitr.close()
  limitr = await open(document as object, { store, clock: now })
  expect(await memory(limitr)).toEqual(before)
  await limitr.advance(later)
}

describe('an engine that is opened again', () => {
  it('has customers with all that was said of them, under all their IDs', async () => {
    await limitr.addAltID('org', 'acme')
    await limitr.removeAltID('alias')
    await limitr.setCustomerPlan('user', 'pro')
    await reopened()
    expect(await limitr.customer('acme')).toMatchObject({ id: 'org', type: 'org', label: 'Org' })
    expect(await limitr.customer('user')).toMatchObject({
      plan: 'pro',
      refs: ['org'],
      alt_ids: [],
      metadata: { since: [2024, null] }
    })
    expect(await limitr.customer('alias')).toBe(null)
    await limitr.removeCustomer('guest')
    await reopened()
    expect(await limitr.customer('guest')).toBe(null)
    expect(await codeOf(() => limitr.addAltID('user', 'acme'))).not.toBe(null)
  })

  it('has meters in their periods, with rates and what a governor has let through', async () => {
    await limitr.allow('user', 'daily', 20)
    await limitr.advance('1hr')
    await limitr.allow('user', 'daily', 20)
    await limitr.allow('user', 'paced', 15)
    const [rate, allowance] = [await limitr.rate('user', 'daily'), await limitr.allowance('user', 'paced')]
    await reopened()
    expect(await limitr.value('user', 'daily')).toBe(40)
    expect(await limitr.rate('user', 'daily')).toBe(rate)
    expect(rate).toBeGreaterThan(0)
    expect(await limitr.allowance('user', 'paced')).toBe(allowance)
    expect(await limitr.decide('user', 'paced', 10)).toMatchObject({
      reason: 'governed',
      retryAfterMs: 5_000
    })
    await reopened(86_400_000)
    expect(await limitr.allow('user', 'daily', 50)).toBe(true)
  })

  it('has holds, until their time is over', async () => {
    const hold = await limitr.reserve('user', 'chat', { value: 60, ttl: '5min' })
    await limitr.reserve('user', 'chat', { value: 30, ttl: '1min' })
    await reopened()
    expect(await limitr.held('user', 'chat')).toBe(90)
    expect(await limitr.check('user', 'chat', 20)).toBe(false)
    await reopened(60_001)
    expect(await limitr.held('user', 'chat')).toBe(60)
    expect(await limitr.settle('user', 'chat', hold, 50)).toBe(true)
    await reopened()
    expect([await limitr.held('user', 'chat'), await limitr.value('user', 'chat')]).toEqual([0, 50])
  })

  it('gives no hold an ID that another had', async () => {
    const ids = new Set<string | null>()
    for (let opening = 0; opening < 3; opening++) {
      for (let at = 0; at < 3; at++) ids.add(await limitr.reserve('user', 'chat', { value: 1 }))
      await reopened()
    }
    expect(ids.size).toBe(9)
  })

  it('has caps, grants and overrides as they stood', async () => {
    await limitr.addCustomerCap('org', 30, { cap_id: 'budget', shared: true })
    await limitr.applyCustomerTopup('user', 'pack')
    await limitr.createCustomerOverride('user', 'soft', { value: 12, expires_on: START + 7_200_000 })
    expect(await limitr.allow('user', 'soft', 20)).toBe(true)
    await reopened()
    expect(await limitr.remainingCredit('user', 'token')).toBe(24)
    expect(await limitr.limit('user', 'soft', false)).toBe(12)
    await limitr.addCustomerCap('org', 30, { cap_id: 'budget', shared: true, ignore_grants: true })
    await reopened(7_200_001)
    expect(await limitr.limit('user', 'soft', false)).toBe(10)
    expect(await limitr.decide('user', 'chat', 70)).toMatchObject({ reason: 'capped' })
    await limitr.resetCustomerCap('org', 'budget')
    await limitr.removeCustomerOverride('user', 'soft')
    await reopened()
    expect(await limitr.customerCap('org', 'budget')).toMatchObject({ meter_value: 0 })
  })

  it('has estimates, of a customer and of everybody', async () => {
    for (const value of [10, 20, 30]) await limitr.observe('user', 'chat', value, { segment: 'large' })
    await limitr.observe('org', 'chat', 5, { segment: 'large' })
    const before = [
      await limitr.estimate('user', 'chat', { segment: 'large' }),
      await limitr.estimate('guest', 'chat', { segment: 'large' })
    ]
    expect(before).toMatchObject([
      { scope: 'customer', samples: 3 },
      { scope: 'policy', samples: 4 }
    ])
    await reopened()
    expect([
      await limitr.estimate('user', 'chat', { segment: 'large' }),
      await limitr.estimate('guest', 'chat', { segment: 'large' })
    ]).toEqual(before)
  })

  it('tells no notification again that was told', async () => {
    const events = told(limitr) as { type: string }[]
    const halves = () => events.filter(({ type }) => type === 'half').length
    await limitr.allow('user', 'chat', 60)
    expect(halves()).toBe(1)
    await reopened()
    const later = told(limitr) as { type: string }[]
    await limitr.allow('user', 'chat', -20)
    await limitr.allow('user', 'chat', 30)
    expect(later.map(({ type }) => type)).toEqual(['meter-changed', 'meter-changed'])
    await limitr.allow('org', 'chat', 60)
    expect(later.filter(({ type }) => type === 'half')).toHaveLength(1)
  })

  it('tells a cap that was reached once', async () => {
    await limitr.addCustomerCap('user', 5, { cap_id: 'spend' })
    await limitr.allow('user', 'chat', 10)
    await reopened()
    const events = told(limitr) as { type: string }[]
    await limitr.allow('user', 'chat', 0)
    expect(events.filter(({ type }) => type.startsWith('cap-') || type === 'dear')).toEqual([])
    expect(await limitr.decide('user', 'chat', 1)).toMatchObject({ reason: 'capped' })
  })

  it('answers an ID as before for 24 hours, and meters it once', async () => {
    const first = await limitr.decide('user', 'chat', 40, { id: 'call' })
    await reopened(86_399_000)
    expect(await limitr.decide('user', 'chat', 40, { id: 'call' })).toEqual(first)
    expect(await limitr.value('user', 'chat')).toBe(40)
    await reopened(2_000)
    expect(await limitr.decide('user', 'chat', 40, { id: 'call' })).toMatchObject({ used: 80 })
  })

  it('goes on with a measurement of margins that was begun', async () => {
    const measurement = (await limitr.startMarginMeasurement('user')) as string
    await limitr.allow('user', 'soft', 20)
    await reopened()
    expect(await limitr.captureMarginMeasurement('user', measurement)).toMatchObject({
      revenue: 5,
      cost: 0.2
    })
  })

  it('has what was set, replaced and loaded', async () => {
    const record = (await limitr.customer('user')) as { id: string }
    await limitr.setCustomer({ ...record, id: 'copy', alt_ids: ['double'] })
    await limitr.ensureSetCustomer({ ...record, id: 'org', label: 'not taken' })
    await limitr.loadCustomers([{ ...record, id: 'loaded', alt_ids: [] }])
    await limitr.set('loaded', 'chat', 33)
    await reopened()
    expect(await limitr.value('loaded', 'chat')).toBe(33)
    expect(await limitr.customer('double')).toMatchObject({ id: 'copy' })
    expect(await limitr.customer('org')).toMatchObject({ label: 'Org' })
  })
})
