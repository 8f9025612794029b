// From runs to figures: the median of the runs' medians, their range, and the median of their ratios to the floor.

import { HOSTS } from '../hosts/index.mjs'
import { WORKLOADS } from '../workloads/index.mjs'
import { median } from './measure.mjs'

/** The floor that a host of another process is compared with: the synchronous one of the native binding, in the same run. */
const REFERENCE = 'native-sync'

function floorIn(run, host, name) {
  const own = run[host]?.find((result) => result.name === name)?.floor
  return own ?? run[REFERENCE]?.find((result) => result.name === name)?.floor ?? null
}

/**
 * One row for each workload and host: `{ workload, host, ns, min, max, floor, ratio, times, runs }`. `ratio` is null where no floor was
 * measured in the run, `times` unless the host's process measured Limitr, too.
 */
export function summarise(runs) {
  const hosts = Object.keys(HOSTS).filter((host) => runs.some((run) => run[host]))
  const named = [
    ...new Set(runs.flatMap((run) => hosts.flatMap((host) => (run[host] ?? []).map(({ name }) => name))))
  ]
  const order = WORKLOADS.map(({ name }) => name)
  const place = (name) => (order.includes(name) ? order.indexOf(name) : order.length)
  named.sort((one, other) => place(one) - place(other))
  const rows = []
  for (const workload of named)
    for (const host of hosts) {
      const found = runs
        .map((run) => {
          const result = run[host]?.find(({ name }) => name === workload)
          return result === undefined ? null : { ...result, floor: floorIn(run, host, workload) }
        })
        .filter(Boolean)
      if (found.length === 0) continue
      const all = found.map(({ ns }) => ns)
      const floors = found.map(({ floor }) => floor).filter((floor) => floor !== null)
      rows.push({
        workload,
        host,
        ns: median(all),
        min: Math.min(...all),
        max: Math.max(...all),
        floor: floors.length > 0 ? median(floors) : null,
        ratio: floors.length > 0 ? median(found.map(({ ns, floor }) => ns / floor)) : null,
        times: found[0].limitr === undefined ? null : median(found.map(({ ns, limitr }) => ns / limitr)),
        runs: found.length
      })
    }
  return rows
}

/** The row of a workload on a host, or undefined. */
export const rowOf = (rows, workload, host) =>
  rows.find((row) => row.workload === workload && row.host === host)
