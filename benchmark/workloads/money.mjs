// What money adds: overage, grants, caps, holds.

import { createAll, LIMIT, MONTH, metersSum, policyOf, same } from './shared.mjs'

const PRICE = 0.001
const priced = { credits: { call: { price: PRICE } }, topups: { pack: { credit: 'call', value: LIMIT } } }
const limited = (mode, value) =>
  policyOf({ api: { limit: { credit: 'call', mode, value, ...MONTH } } }, priced)
const ALLOW = "const answer = await on.allow(id, 'api', 1)"

/** Everybody belongs to one organization with a cap that it shares, and has a grant if asked for. */
const underCap =
  (grants) =>
  ({ sync }, ids) => {
    sync.createCustomer('org', 'base', 'org')
    sync.addCustomerCap('org', LIMIT, { cap_id: 'budget', shared: true })
    for (const id of ids) {
      sync.createCustomer(id, '', 'user', 'User', ['org'])
      if (grants) sync.applyCustomerTopup(id, 'pack')
    }
  }

/** Checks the meters, and that the cap has counted what the calls are worth. */
const capCounted = (all) => {
  metersSum('api')(all)
  same(all.sync.customerCap('org', 'budget').meter_value, all.calls * PRICE, 'the cap has counted')
}

const grantsLost = ({ sync, ids, calls }) => {
  const lost = ids.reduce((sum, id) => sum + LIMIT - sync.remainingCredit(id, 'call'), 0)
  same(lost, calls, 'the grants have lost')
}

export const MONEY = [
  {
    name: 'soft limit, overage',
    policy: limited('soft', 0),
    setUp: (limitr, ids) => {
      createAll(limitr, ids)
      const heard = { events: 0, runes: 0 }
      limitr.on('meter-overage', ({ overage_price }) => {
        heard.events += 1
        heard.runes += overage_price
      })
      return heard
    },
    call: ALLOW,
    verify: (all) => {
      metersSum('api')(all)
      same(all.data.events, all.calls, 'the handler has heard')
      if (Math.abs(all.data.runes - all.calls * PRICE) > 1e-6 * all.calls * PRICE)
        throw new Error(`the handler has heard of ${all.data.runes} runes after ${all.calls} calls`)
    }
  },
  {
    name: 'grant burndown',
    policy: limited('hard', 0),
    setUp: (limitr, ids) => {
      createAll(limitr, ids)
      for (const id of ids) limitr.sync.applyCustomerTopup(id, 'pack')
    },
    call: ALLOW,
    verify: (all) => {
      metersSum('api')(all)
      grantsLost(all)
    }
  },
  {
    name: 'shared cap',
    policy: limited('soft', LIMIT),
    setUp: underCap(false),
    call: ALLOW,
    verify: capCounted
  },
  {
    name: 'shared cap and grant, within',
    policy: limited('soft', LIMIT),
    setUp: underCap(true),
    call: ALLOW,
    verify: capCounted
  },
  {
    name: 'shared cap and grant, drawing',
    policy: limited('soft', 0),
    setUp: underCap(true),
    call: ALLOW,
    verify: (all) => {
      capCounted(all)
      grantsLost(all)
    }
  },
  {
    name: 'reserve and settle',
    policy: limited('hard', LIMIT),
    setUp: createAll,
    call: `const hold = await on.reserve(id, 'api', { value: 5 })
      const answer = await on.settle(id, 'api', hold, 3)`,
    verify: (all) => {
      metersSum('api', 3)(all)
      same(
        all.ids.reduce((sum, id) => sum + all.sync.held(id, 'api'), 0),
        0,
        'what is held'
      )
    }
  }
]
