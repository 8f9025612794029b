// One part of the store's benchmark in a process of its own; prints what it measured as JSON.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Limitr } from 'limitr'

const [part, folder, count] = process.argv.slice(2)
const POLICY = {
  policy: {
    credits: { token: {} },
    plans: {
      pro: {
        default: true,
        entitlements: Object.fromEntries(
          ['chat', 'search', 'files'].map((name) => [
            name,
            { limit: { credit: 'token', value: 1e12, resets: true, reset_inc: '30days' } }
          ])
        )
      }
    }
  }
}
const CUSTOMERS = 1_000
const MODES = [
  { mode: 'no store', inFlight: 1, calls: 300_000 },
  { mode: 'relaxed', durability: 'relaxed', inFlight: 1, calls: 300_000 },
  { mode: 'strict, 1 in flight', durability: 'strict', inFlight: 1, calls: 1_000 },
  { mode: 'strict, 100 in flight', durability: 'strict', inFlight: 100, calls: 100_000 },
  { mode: 'strict, 1,000 in flight', durability: 'strict', inFlight: 1_000, calls: 300_000 }
]
const ROUNDS = 5

/** Nanoseconds a call of so many that are awaited together, the next ones made when all are back. */
async function nsOf(limitr, ids, { inFlight, calls }) {
  let next = 0
  const one = () => limitr.allow(ids[next++ % ids.length], 'chat', 1)
  const started = process.hrtime.bigint()
  if (inFlight === 1) for (let made = 0; made < calls; made += 1) await one()
  else
    for (let made = 0; made < calls; made += inFlight)
      await Promise.all(Array.from({ length: inFlight }, one))
  return Number(process.hrtime.bigint() - started) / calls
}

async function calls() {
  const ids = Array.from({ length: CUSTOMERS }, (_, index) => `user_${index}`)
  const open = []
  for (const [index, mode] of MODES.entries()) {
    const kept = mode.durability && { store: join(folder, `calls-${process.pid}-${index}`) }
    const limitr = await Limitr.new(POLICY, 'json', { ...kept, durability: mode.durability })
    for (const id of ids) limitr.sync.createCustomer(id)
    open.push({ ...mode, limitr, all: [] })
  }
  for (let round = 0; round < ROUNDS; round += 1)
    for (const each of open) each.all.push(await nsOf(each.limitr, ids, each))
  for (const { limitr } of open) await limitr.close()
  return open.map(({ mode, all }) => ({ mode, ns: all.sort((a, b) => a - b)[ROUNDS >> 1] }))
}

async function fill() {
  const limitr = await Limitr.new(POLICY, 'json', { store: join(folder, 'large'), retention: 0 })
  for (let index = 0; index < Number(count); index += 1) {
    const id = `customer_${index.toString(36)}`
    limitr.sync.createCustomer(id)
    for (const entitlement of ['chat', 'search', 'files'])
      limitr.sync.allow(id, entitlement, 1 + (index % 100))
    if (index % 10_000 === 0) await limitr.flush()
  }
  await limitr.close()
  return {}
}

async function opened() {
  const store = join(folder, 'large')
  const bytes = readdirSync(store).reduce((sum, name) => sum + statSync(join(store, name)).size, 0)
  globalThis.gc()
  const before = process.memoryUsage().rss
  const started = process.hrtime.bigint()
  const limitr = await Limitr.new(POLICY, 'json', { store })
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  globalThis.gc()
  const after = process.memoryUsage().rss
  const used = await limitr.value(`customer_${(Number(count) - 1).toString(36)}`, 'files')
  if (used !== 1 + ((Number(count) - 1) % 100)) throw new Error(`the last customer has used ${used}`)
  await limitr.close()
  const customers = Number(count)
  return { customers, meters: 3 * customers, seconds, bytes: after - before, folder: bytes }
}

console.log(JSON.stringify(await { calls, fill, open: opened }[part]()))
