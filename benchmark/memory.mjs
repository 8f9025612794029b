// What a customer takes: `memory.mjs <binding>`, in a process of its own. A million customers with one meter each, every meter begun;
// then as many on the floor. Prints bytes a customer as JSON.
//
// Of the engine, by how much the process has grown, since what it keeps lies outside of JavaScript's heap; of the floor, by how much
// the heap has. The IDs are made before, and counted for neither: an app has them anyway.

import { Limitr } from 'limitr'
import { Floor } from './floor.mjs'
import { idsOf } from './lib/order.mjs'
import { HARD, LIMIT } from './workloads/shared.mjs'

const customers = Number(process.argv[3] ?? 1_000_000)
const settled = () => {
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage()
}

const ids = idsOf(customers)
const limitr = await Limitr.new({ policy: HARD })
for (let index = 0; index < 1000; index += 1) limitr.sync.createCustomer(ids[index]) // compiles what is called
const before = settled()
for (const id of ids) {
  limitr.sync.createCustomer(id)
  if (!limitr.sync.allow(id, 'api', 1)) throw new Error(`\`${id}\` is denied`)
}
const after = settled()
if (limitr.sync.value(ids[customers - 1], 'api') !== 1)
  throw new Error('the last customer has used something else')
await limitr.close()

const floor = new Floor()
const without = settled()
for (const id of ids) {
  floor.createCustomer(id, 'api', LIMIT)
  floor.allow(id, 'api', 1)
}
const withFloor = settled()
if (floor.value(ids[customers - 1], 'api') !== 1) throw new Error('the floor has used something else')

const each = (bytes) => Math.round(bytes / customers)
console.log(
  JSON.stringify({
    customers,
    engine: each(after.rss - before.rss),
    facade: each(after.heapUsed - before.heapUsed),
    floor: each(withFloor.heapUsed - without.heapUsed)
  })
)
process.exit(0)
