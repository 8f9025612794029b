// One run of one host in a process of its own: `worker.mjs <host> <part> [--quick] [--only <pattern>]`. Prints what it measured as
// JSON. A workload that answers or counts wrongly ends it.

import { parseArgs } from 'node:util'
import { HOSTS } from './hosts/index.mjs'
import { QUICK, THOROUGH } from './lib/measure.mjs'
import { WORKLOADS } from './workloads/index.mjs'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } }
})
const [host, part] = positionals
const { backend, awaited, incumbent } = HOSTS[host]
const effort = values.quick ? QUICK : THOROUGH
/** Quickly, a few customers in a short order will do: what is looked at is whether the answers are right. */
const few = (workload) =>
  values.quick
    ? { ...workload, customers: Math.min(workload.customers, 2000), orderLength: 2 ** 14 }
    : workload
const chosen = WORKLOADS.filter((workload) => workload.part === part && workload.name.match(values.only))

/** Incumbents are asked about the plain hard limit, at the counts that their own maps are made for. */
const FOR_INCUMBENTS = ['hard limit', 'hard limit, 100,000 customers, uniform']

async function run(workload) {
  if (backend) return (await import('./hosts/binding.mjs')).runWorkload(workload, { awaited, effort })
  return (await import('./hosts/incumbents.mjs')).runIncumbent(host, workload, effort)
}

const results = []
for (const workload of chosen) {
  if (incumbent && !FOR_INCUMBENTS.includes(workload.name)) continue
  globalThis.gc?.()
  results.push(await run(few(workload)))
}
process.stdout.write(`${JSON.stringify(results)}\n`, () => process.exit(0)) // an incumbent's timers would keep it
