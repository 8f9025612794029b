// Runs the workloads on both bindings, in processes of their own one after another, and prints the medians beside the floor:
// `npm run bench -- --runs 5`.

import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { build } from '../scripts/build.mjs'
import { buildWasm } from '../scripts/build-wasm.mjs'
import { main, need, path, step } from '../scripts/lib/run.mjs'
import { setupBindings } from '../scripts/setup.mjs'

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '5' } } })
const BACKENDS = ['native', 'wasm']

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Joins the runs of one binding: for each workload its median, smallest and largest, and the median of its ratios to the floor of
 * its group, each within one process.
 */
function summarise(backend, runs) {
  const nsIn = ({ results }, group, name) =>
    results.find((result) => result.group === group && result.name === name).ns
  return runs[0].results.map(({ group, name }) => {
    const all = runs.map((run) => nsIn(run, group, name))
    const ratio = median(runs.map((run) => nsIn(run, group, name) / nsIn(run, group, 'floor')))
    return { backend, group, name, ns: median(all), min: Math.min(...all), max: Math.max(...all), ratio }
  })
}

function print(rows) {
  const cells = (row) =>
    `${row.ns.toFixed(0).padStart(9)}${row.ratio.toFixed(2).padStart(7)}  ${`${row.min.toFixed(0)}–${row.max.toFixed(0)}`.padEnd(12)}`
  console.log(
    `\n${'ns a call'.padEnd(18)}${'floor'.padStart(8)}${BACKENDS.map((one) => one.padStart(9) + '  ratio  range'.padEnd(21)).join('')}`
  )
  const find = (backend, group, name) =>
    rows.find((row) => row.backend === backend && row.group === group && row.name === name)
  for (const { group } of rows.filter(({ backend, name }) => backend === BACKENDS[0] && name === 'floor')) {
    const floor = find(BACKENDS[0], group, 'floor').ns.toFixed(0).padStart(8)
    console.log(
      group.padEnd(18) + floor + BACKENDS.map((backend) => cells(find(backend, group, 'limitr'))).join('')
    )
  }
}

await main(async () => {
  await setupBindings()
  await build()
  await buildWasm()
  const runs = Object.fromEntries(BACKENDS.map((backend) => [backend, []]))
  for (let run = 1; run <= Number(options.runs); run += 1) {
    for (const backend of BACKENDS) {
      await step(`run ${run} of ${options.runs}, ${backend}`, async () => {
        const worker = ['--expose-gc', path('benchmark', 'worker.mjs')]
        const printed = await need(process.execPath, worker, { env: { LIMITR_BACKEND: backend } })
        runs[backend].push(JSON.parse(printed))
      })
    }
  }
  const rows = BACKENDS.flatMap((backend) => summarise(backend, runs[backend]))
  print(rows)
  const at = new Date().toISOString()
  const machine = { node: process.version, cpu: cpus()[0].model, cores: cpus().length }
  const file = path('benchmark', 'results', `${at.replaceAll(':', '-')}.json`)
  mkdirSync(path('benchmark', 'results'), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ at, ...machine, rows, runs }, null, 2)}\n`)
  console.log(
    `\n${machine.cpu}, ${machine.cores} cores, node ${machine.node}; written to ${file.replace(path(), '')}`
  )
})
