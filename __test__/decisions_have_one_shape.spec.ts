// A decision within its limit comes as a few numbers, any other as many, one with an ID as text: what it looks like is the same.

import { beforeEach, expect, test } from 'vitest'
import { Limitr } from '../index.js'

const NOW = Date.UTC(2026, 0, 15)
const POLICY = {
  credits: { call: {}, token: { price: 0.002 } },
  plans: {
    base: {
      default: true,
      entitlements: {
        calls: { limit: { credit: 'call', value: 10, resets: true, reset_inc: '1day' } },
        tokens: { limit: { credit: 'token', mode: 'soft', value: 10 } },
        watched: { limit: { credit: 'call', mode: 'observe', value: 10 } },
        flag: {}
      }
    }
  }
}
const PLAIN = {
  allowed: true,
  reason: 'ok',
  plan: 'base',
  limit: 10,
  held: 0,
  retryAfterMs: null,
  overage: 0,
  cost: 0,
  granted: 0,
  boundBy: null,
  policyVersion: 1,
  source: 'local',
  exact: true,
  atRisk: null
}
const CALLS = { ...PLAIN, entitlement: 'calls', mode: 'hard', overagePrice: null, price: null }

let limitr: Limitr
beforeEach(async () => {
  limitr = await Limitr.new({ policy: POLICY }, 'auto', { clock: NOW })
  limitr.sync.createCustomer('user')
  return () => limitr.close()
})

test('a plain decision says all that any other does, in the same order', () => {
  const { sync } = limitr
  const fields = Object.keys(sync.decide('user', 'calls', 1))
  expect(fields).toHaveLength(22)
  for (const other of [
    sync.explain('user', 'calls', 1),
    sync.decide('user', 'calls', 11),
    sync.decide('user', 'tokens', 11),
    sync.decide('user', 'flag'),
    sync.decide('nobody', 'calls'),
    sync.decide('user', 'calls', 1, { id: 'a' }),
    sync.decideAll('user', [{ entitlement: 'calls', value: 1 }]).decisions[0]
  ])
    expect(Object.keys(other ?? {})).toEqual(fields)
})

test('nothing of the decision before is left in a plain one', () => {
  const { sync } = limitr
  const resetsAt = NOW + 86_400_000
  expect(sync.decide('user', 'calls', 4)).toEqual({ ...CALLS, used: 4, remaining: 6, requested: 4, resetsAt })
  const denied = sync.decide('user', 'calls', 7)
  expect(denied).toMatchObject({ allowed: false, boundBy: 'limit', retryAfterMs: 86_400_000 })
  expect(sync.decide('user', 'calls', 0)).toEqual({ ...CALLS, used: 4, remaining: 6, requested: 0, resetsAt })
  expect(sync.decide('user', 'tokens', 12)).toMatchObject({ reason: 'overage', overage: 2, price: 0.004 })
  expect(sync.decide('user', 'calls', 0.5)).toEqual({
    ...CALLS,
    used: 4.5,
    remaining: 5.5,
    requested: 0.5,
    resetsAt
  })
})

test('a plain decision says what it costs where there is a price, and no room where all is let through', () => {
  const { sync } = limitr
  const priced = { ...PLAIN, entitlement: 'tokens', mode: 'soft', overagePrice: 0, price: 0 }
  const tokens = sync.decide('user', 'tokens', 3)
  expect(tokens).toEqual({ ...priced, used: 3, remaining: 7, requested: 3, resetsAt: null })
  expect(sync.decide('user', 'watched', 3)).toMatchObject({ used: 3, remaining: null, mode: 'observe' })
})

test('an awaited decision is the same', async () => {
  const awaited = await limitr.decide('user', 'calls', 2)
  expect(awaited).toEqual({ ...limitr.sync.explain('user', 'calls', 2), used: 2, remaining: 8 })
})
