// `allowAll`: plain items cross as numbers, all others as JSON. Both ways answer, move and refuse alike.

import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf, heard, opened } from './support/open.js'

const NUMBERS = 4_096 // so many entitlements have a number at a time
const COUNT = NUMBERS + 4

/** An engine with one hard limit of 10 for each of many entitlements. */
async function wide(): Promise<Limitr> {
  const names = Array.from({ length: COUNT }, (_, at) => `feature_${at}`)
  const entitlements = Object.fromEntries(
    names.map((name) => [name, { limit: { credit: 'call', value: 10 } }])
  )
  const policy = { credits: { call: {} }, plans: { base: { default: true, entitlements } } }
  const limitr: Limitr = await Limitr.new({ policy })
  await limitr.createCustomer('ann')
  return limitr
}

const item = (entitlement: string, value = 1) => ({ entitlement, value })

describe('items are all allowed, or none', () => {
  it('whether or not they are plain', async () => {
    const limitr = await opened()
    const left = () => ['chat', 'soft'].map((entitlement) => limitr.sync.value('user', entitlement))
    expect(await limitr.allowAll('user', [item('chat', 2), item('soft', 3), item('chat', 1)])).toBe(true)
    expect(left()).toEqual([3, 3])
    expect(await limitr.allowAll('user', [item('chat', 2), { entitlement: 'soft', value: '3' }])).toBe(true)
    expect(left()).toEqual([5, 6])
    expect(await limitr.allowAll('user', [item('chat', 2), item('soft', 3), item('chat', 1000)])).toBe(false)
    expect(await limitr.allowAll('user', [item('chat', 2), item('no_such_feature')])).toBe(false)
    expect(await limitr.allowAll('nobody', [item('chat', 2)])).toBe(false)
    expect(left()).toEqual([5, 6])
    expect(await limitr.allowAll('user', [])).toBe(true)
    limitr.close()
  })

  it('with more items than cross as numbers', async () => {
    const limitr = await opened()
    for (const count of [16, 17]) {
      const before = limitr.sync.value('user', 'soft') ?? 0
      const items = Array.from({ length: count }, () => item('soft', 1))
      expect(limitr.sync.allowAll('user', items)).toBe(true)
      expect(limitr.sync.value('user', 'soft')).toBe(before + count)
    }
    limitr.close()
  })

  it('and what is wrong with one is said', async () => {
    const limitr = await opened()
    const wrong = [
      [[item('chat'), { entitlement: 'chat', amount: 1 }], 'invalid_argument'],
      [[item('chat'), { entitlement: 'chat', value: Number.NaN }], 'invalid_value'],
      [[item('chat'), { entitlement: 'chat', value: 1e300 }], 'invalid_value'],
      [[item('chat'), { value: 1 }], 'invalid_argument'],
      [[item('chat'), null], 'invalid_argument'],
      [Object.assign([item('chat')], { length: 2 }), 'invalid_argument']
    ] as const
    for (const [items, code] of wrong) {
      expect(await codeOf(() => limitr.allowAll('user', items as never)), JSON.stringify(items)).toBe(code)
    }
    expect(limitr.sync.value('user', 'chat') ?? 0).toBe(0)
    limitr.close()
  })
})

it('each item moves its own meter, also where a name takes the number of another', async () => {
  const limitr = await wide()
  // All numbers are given, the oldest to the first of these: it is the next that is taken away.
  for (let at = 0; at < NUMBERS; at++) limitr.sync.check('ann', `feature_${at}`)
  for (let at = 0; at < COUNT; at++) {
    const [one, other] = [`feature_${at}`, `feature_${(at + NUMBERS) % COUNT}`]
    expect(limitr.sync.allowAll('ann', [item(one, 1 + (at % 3)), item(other, 2)])).toBe(true)
  }
  for (let at = 0; at < COUNT; at++) {
    expect(limitr.sync.value('ann', `feature_${at}`)).toBe(3 + (at % 3))
  }
  limitr.close()
})

it('each item tells its own event', async () => {
  const limitr = await opened()
  const events = heard(limitr)
  limitr.sync.allowAll('user', [item('chat', 2), item('soft', 3)])
  limitr.sync.allowAll('user', [item('chat', 2), item('chat', 1000)])
  const told = events
    .filter((event) => event.type === 'meter-changed' || event.type === 'meter-limit')
    .map(({ type, entitlement, meter }) => [type, entitlement, meter.diff])
  expect(told).toEqual([
    ['meter-changed', 'chat', 2],
    ['meter-changed', 'soft', 3],
    ['meter-limit', 'chat', 1000]
  ])
  limitr.close()
})
