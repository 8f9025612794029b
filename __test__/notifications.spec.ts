import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'

const POLICY = {
  policy: {
    credits: { token: {} },
    notifications: {
      'almost-out': { when: { event: 'meter-changed', crosses: '90%' } },
      moved: { when: { event: 'customer-plan-changed' } }
    },
    plans: {
      free: { default: true, entitlements: { chat: { limit: { credit: 'token', value: 10 } } } },
      pro: {}
    }
  }
} as const

describe('a notification', () => {
  it('is an event under its own name', async () => {
    const limitr = await Limitr.new(POLICY)
    await limitr.createCustomer('ann')
    const told: unknown[] = []
    limitr.on('almost-out', ({ type, cause, customer, entitlement, event_data }) =>
      told.push([type, cause, customer?.plan, entitlement, event_data])
    )
    await limitr.allow('ann', 'chat', 8)
    expect(told).toEqual([])
    await limitr.allow('ann', 'chat', 1, { request: 7 })
    await limitr.allow('ann', 'chat', -5)
    await limitr.allow('ann', 'chat', 5)
    expect(told).toEqual([['almost-out', 'meter-changed', 'free', 'chat', { request: 7 }]])
    await limitr.close()
  })

  it('comes to every handler, after its cause', async () => {
    const limitr = await Limitr.new(POLICY)
    await limitr.createCustomer('ann')
    const types: string[] = []
    limitr.addHandler('all', (type: string) => types.push(type))
    await limitr.allow('ann', 'chat', 10)
    await limitr.setCustomerPlan('ann', 'pro')
    expect(types).toEqual(['meter-changed', 'almost-out', 'customer-set', 'customer-plan-changed', 'moved'])
    await limitr.close()
  })

  it('can be heard once the policy has it', async () => {
    const limitr = (await Limitr.new(POLICY)) as Limitr
    expect(() => limitr.on('almost-in', () => {})).toThrow(/did you mean `almost-out`/)
    await limitr.setNotifications({ 'almost-in': { when: { event: 'meter-changed' } } })
    limitr.on('almost-in', () => {})()
    expect(() => limitr.on('almost-out', () => {})).toThrow(/unknown event type/)
    await expect(
      limitr.setNotifications({ x: { when: { event: 'meter-changed', crosses: '5kg', credit: 'token' } } })
    ).rejects.toMatchObject({ code: 'invalid_policy', diagnostics: [{ code: 'unit_mismatch', line: null }] })
    await limitr.close()
  })
})
