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
    { group: 'sync.increment', name: 'limitr', call: (id) => sync.increment(id, 'api') }
  ]
  return { ids, workloads, backend: limitr.backend }
}
