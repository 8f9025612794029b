// A binding of the engine, running the manifest's workloads beside the floor.

import { Limitr } from 'limitr'
import { AsyncFloor, Floor } from '../floor.mjs'
import { measure } from '../lib/measure.mjs'
import { idsOf, orderOf } from '../lib/order.mjs'
import { LIMIT } from '../workloads/shared.mjs'

/** The floor for a workload, with its customers unless each call creates one. */
export function floorOf({ creates }, ids, awaited) {
  const floor = awaited ? new AsyncFloor() : new Floor()
  if (!creates) for (const id of ids) (floor.sync ?? floor).createCustomer(id, 'api', LIMIT)
  return floor
}

/** What the floor does for a workload, as something to time. */
export const floorSubject = (workload, ids, awaited) => ({
  name: `${workload.name}, floor`,
  call: workload.floor,
  right: workload.floorRight,
  on: floorOf(workload, ids, awaited),
  data: workload.floorData,
  expected: workload.expected
})

/** Where a workload's calls go: its customers, and in which order. */
export function placesOf(workload, awaited) {
  const { order, customers, once, batch, orderLength } = workload
  const ids = idsOf(customers)
  const places = typeof order === 'string' ? orderOf(once ? 'round' : order, customers, orderLength) : order
  return { ids, order: places, awaited, batch, once }
}

/** A million customers take long to create: what the last large workload used serves the next one, too. */
let kept = null

async function open(workload, ids, awaited) {
  const document = workload.text ?? { policy: workload.policy }
  const limitr = await Limitr.new(document, 'auto', workload.options ?? {})
  const data = workload.setUp(limitr, ids) ?? null
  return { limitr, data, floor: floorSubject(workload, ids, awaited), metered: 0 }
}

/** Runs one workload on one binding: `{ name, ns, floor, calls, right }`. */
export async function runWorkload(workload, { awaited, effort }) {
  const where = placesOf(workload, awaited)
  const { ids } = where
  const large = workload.part === 'large'
  const opened = (large && kept) || (await open(workload, ids, awaited))
  if (large) kept = opened
  const { limitr, data, floor } = opened
  const subject = { ...workload, on: awaited ? limitr : limitr.sync, data }
  const [byHand, result] = await measure([floor, subject], where, effort)
  opened.metered += result.calls
  workload.verify({ sync: limitr.sync, ids, data, calls: opened.metered })
  if (!large) await limitr.close()
  return { name: workload.name, ns: result.ns, floor: byHand.ns, calls: result.calls, right: result.right }
}
