// What passes a limit has a price: in answers, in events and in records.

import { type Decision, Limitr } from 'limitr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf, heard } from './support/open.js'

const tiers = [{ up_to: 10, price: 1 }, { up_to: '20', price: 0.5 }, { price: 0.1 }]
const soft = (credit: string, value = 0) => ({ limit: { credit, mode: 'soft', value } })
const POLICY = {
  policy: {
    credits: {
      flat: { price: 0.1 },
      tiered: { pricing_model: 'tiered', tiers },
      volume: { pricing_model: 'volume', tiers },
      stairstep: { pricing_model: 'stairstep', tiers },
      dear: { price: 1e20 },
      plain: {}
    },
    plans: {
      free: {
        default: true,
        entitlements: {
          flat: soft('flat', 3),
          tiered: soft('tiered'),
          volume: soft('volume'),
          stairstep: soft('stairstep'),
          dear: soft('dear'),
          plain: soft('plain'),
          watched: { limit: { credit: 'flat', mode: 'observe' } },
          hard: { limit: { credit: 'flat', value: 1 } },
          flag: {}
        }
      }
    }
  }
}

let limitr: Limitr
beforeEach(async () => {
  limitr = await Limitr.new(POLICY, 'json', { clock: 0 })
  await limitr.createCustomer('user')
})
afterEach(() => limitr.close())

const prices = ({ price, overagePrice }: Decision) => [price, overagePrice]

describe('an answer', () => {
  it.each([
    ['flat', [0.7, 1.1, -0.1]],
    ['tiered', [10, 5.1, -0.1]],
    ['volume', [10, -7.9, 7.9]],
    ['stairstep', [1, -0.9, 0.4]]
  ])('is priced from where the customer is: %s', async (entitlement, expected) => {
    // To 10, to 21, back to 20; `explain` says it before.
    for (const [index, value] of [10, 11, -1].entries()) {
      const explained = await limitr.explain('user', entitlement, value)
      const decided = await limitr.decide('user', entitlement, value)
      expect(decided).toEqual(explained)
      expect(prices(decided)).toEqual([expected[index], expected[index]])
    }
  })

  it('says the same of a quantity that is text', async () => {
    expect(prices(await limitr.explain('user', 'flat', '4.5'))).toEqual([0.15, 0.15])
    const { decisions } = await limitr.decideAll('user', [{ entitlement: 'flat', value: '4.5' }])
    expect(decisions.map((decision) => decision && prices(decision))).toEqual([[0.15, 0.15]])
  })

  it('has 0 where nothing is billable, and null where nothing has a price', async () => {
    expect(prices(await limitr.decide('user', 'flat', 3))).toEqual([0, 0])
    expect(prices(await limitr.decide('user', 'watched', 3))).toEqual([0, 0])
    for (const entitlement of ['plain', 'hard', 'flag', 'nothing'])
      expect(prices(await limitr.decide('user', entitlement, 5)), entitlement).toEqual([null, null])
  })

  it('is refused where the price can not be counted, and nothing is metered', async () => {
    for (const method of ['allow', 'check', 'decide', 'explain'] as const)
      expect(await codeOf(() => limitr[method]('user', 'dear', 10_001))).toBe('amount_out_of_range')
    expect(await limitr.value('user', 'dear')).toBe(0)
  })
})

describe('an event', () => {
  it('tells what changes the bill', async () => {
    const events = heard(limitr)
    for (const value of [3, 2, -1, -2]) await limitr.allow('user', 'flat', value)
    await limitr.allow('user', 'plain', 1)
    const money = events.map((event) => {
      if (event.type !== 'meter-changed' && event.type !== 'meter-overage') return event.type
      return [event.type, event.meter.price_diff, event.overage_price]
    })
    expect(money).toEqual([
      ['meter-changed', undefined, undefined],
      ['meter-overage', 0.2, 0.2],
      ['meter-changed', -0.1, -0.1],
      ['meter-changed', -0.1, -0.1],
      ['meter-overage', undefined, undefined]
    ])
  })
})

describe('a record', () => {
  it('keeps what the period was billed', async () => {
    await limitr.allow('user', 'flat', 7)
    const record = await limitr.customer('user')
    expect(record?.meters.flat?.billed).toBe(0.4)
    const copy = await Limitr.new(POLICY, 'json', { clock: 0 })
    await copy.loadCustomers([JSON.parse(JSON.stringify(record))])
    expect(prices(await copy.decide('user', 'flat', -7))).toEqual([-0.4, -0.4])
    await copy.close()
    // Without what was billed, nothing is given back.
    await limitr.setCustomer({ id: 'user', meters: { flat: { value: 7 } } })
    expect(prices(await limitr.decide('user', 'flat', -7))).toEqual([-0.4, 0])
  })
})
