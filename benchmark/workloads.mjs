// The manifest of workloads. Each has a group, a name, and a function of an ID that makes one call; the first of a
// group is its floor, and the others are printed as multiples of it.

import { Floor } from './floor.mjs'

export const CUSTOMERS = 1000
const LIMIT = 1e15 // never reached: a denial is a shorter path

const policy = {
  credits: { call: {} },
  plans: {
    base: {
      default: true,
      entitlements: {
        api: { limit: { credit: 'call', mode: 'hard', value: LIMIT, resets: true, reset_inc: '30days' } }
      }
    }
  }
}

/** A soft limit with a grant behind it and an organization's shared cap above: within the limit, and past it. */
const moneyPolicy = {
  credits: { call: { price: 0.001 } },
  plans: {
    base: {
      default: true,
      entitlements: {
        within: { limit: { credit: 'call', mode: 'soft', value: LIMIT, resets: true, reset_inc: '30days' } },
        past: { limit: { credit: 'call', mode: 'soft', value: 0, resets: true, reset_inc: '30days' } }
      },
      topups: { pack: { credit: 'call', value: LIMIT } }
    }
  }
}

/** An engine whose customers each have a grant and belong to one organization with a shared cap. */
async function withMoney(Limitr, ids) {
  const { sync } = await Limitr.new({ policy: moneyPolicy })
  sync.createCustomer('org', 'base', 'org')
  sync.addCustomerCap('org', LIMIT, { cap_id: 'budget', shared: true })
  for (const id of ids) {
    sync.createCustomer(id, '', 'user', 'User', ['org'])
    sync.applyCustomerTopup(id, 'pack')
  }
  return sync
}

/** Makes both engines with their customers and answers the IDs and the workloads. */
export async function makeWorkloads(Limitr) {
  const ids = Array.from({ length: CUSTOMERS }, (_, index) => `customer_${index}`)
  const floor = new Floor()
  const limitr = await Limitr.new({ policy })
  const { sync } = limitr
  for (const id of ids) {
    floor.createCustomer(id, 'api', LIMIT)
    sync.createCustomer(id)
  }
  const money = await withMoney(Limitr, ids)
  const workloads = [
    { group: 'await allow', name: 'floor', call: (id) => floor.allow(id, 'api', 1) },
    { group: 'await allow', name: 'limitr', call: (id) => limitr.allow(id, 'api', 1) },
    { group: 'sync.allow', name: 'floor', call: (id) => floor.allowSync(id, 'api', 1) },
    { group: 'sync.allow', name: 'limitr', call: (id) => sync.allow(id, 'api', 1) },
    { group: 'await check', name: 'floor', call: (id) => floor.check(id, 'api', 1) },
    { group: 'await check', name: 'limitr', call: (id) => limitr.check(id, 'api', 1) },
    { group: 'sync.check', name: 'floor', call: (id) => floor.checkSync(id, 'api', 1) },
    { group: 'sync.check', name: 'limitr', call: (id) => sync.check(id, 'api', 1) },
    { group: 'await value', name: 'floor', call: (id) => floor.value(id, 'api') },
    { group: 'await value', name: 'limitr', call: (id) => limitr.value(id, 'api') },
    { group: 'sync.value', name: 'floor', call: (id) => floor.valueSync(id, 'api') },
    { group: 'sync.value', name: 'limitr', call: (id) => sync.value(id, 'api') },
    { group: 'await increment', name: 'floor', call: (id) => floor.allow(id, 'api', 1) },
    { group: 'await increment', name: 'limitr', call: (id) => limitr.increment(id, 'api') },
    { group: 'sync.increment', name: 'floor', call: (id) => floor.allowSync(id, 'api', 1) },
    { group: 'sync.increment', name: 'limitr', call: (id) => sync.increment(id, 'api') },
    // What money adds: beside `allow` on the plain hard limit, which is the floor of these two.
    { group: 'grant and cap', name: 'floor', call: (id) => sync.allow(id, 'api', 1) },
    { group: 'grant and cap', name: 'limitr', call: (id) => money.allow(id, 'within', 1) },
    { group: '… and drawing', name: 'floor', call: (id) => sync.allow(id, 'api', 1) },
    { group: '… and drawing', name: 'limitr', call: (id) => money.allow(id, 'past', 1) }
  ]
  return { ids, workloads, backend: limitr.backend }
}
