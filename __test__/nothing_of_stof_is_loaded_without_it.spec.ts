import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'

const plans = { free: { default: true, entitlements: { chat: { limit: { credit: 'token', value: 9 } } } } }

/** The sandbox's module, if anything in this process has loaded it. */
const loaded = () =>
  (globalThis as unknown as Record<symbol, { module?: unknown }>)[Symbol.for('limitr.stof')]?.module ?? null

describe('a policy without functions', () => {
  it('loads nothing of Stof, and its methods are those of the class', async () => {
    const limitr = await Limitr.new({ policy: { credits: { token: {} }, plans } })
    await limitr.createCustomer('ann')
    await limitr.allow('ann', 'chat', 1)
    await limitr.updatePolicy({ policy: { credits: { token: { price: 1 } }, plans } })
    limitr.lib('App', 'send', () => null)
    expect(await limitr.policy('stof')).toContain('policy: {')
    expect(await limitr.claudeTools('ann')).toEqual([])
    expect(loaded()).toBe(null)
    expect(Object.keys(limitr)).toEqual([])
    expect(Object.hasOwn(limitr, 'allow') || Object.hasOwn(limitr.sync, 'allow')).toBe(false)
    await limitr.close()
  })

  it('becomes one with functions where they come', async () => {
    const limitr = await Limitr.new({ policy: { credits: { token: {} }, plans } })
    await limitr.createCustomer('ann')
    const functions = 'credits: { token: { fn overhead(units: float) -> float { units * 3 } } }'
    await limitr.updatePolicy({ policy: { credits: { token: {} }, plans, functions } })
    expect(loaded()).toBeInstanceOf(WebAssembly.Module)
    expect((await limitr.decide('ann', 'chat', 2)).cost).toBe(6)
    await limitr.close()
  })
})
