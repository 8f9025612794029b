// One run of every workload in a process of its own; prints the medians in nanoseconds a call as JSON.

import { Limitr } from 'limitr'
import { do_not_optimize, measure } from 'mitata'
import { makeWorkloads } from './workloads.mjs'

const { ids, workloads, backend } = await makeWorkloads(Limitr)
const results = []
for (const { group, name, call } of workloads) {
  let next = 0
  // Not an async function: mitata awaits the promise itself, so that no other await is counted.
  const one = () => {
    const answer = call(ids[next])
    next = next + 1 === ids.length ? 0 : next + 1
    do_not_optimize(answer)
    return answer
  }
  const { p50 } = await measure(one, { min_cpu_time: 400e6 })
  results.push({ group, name, ns: p50 })
}
console.log(JSON.stringify({ backend, results }))
