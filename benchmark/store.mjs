// What a store costs: `npm run bench:store -- --runs 5`. Calls without a store, relaxed and strict, in turn in one process; then the
// opening of a store of a million customers with three meters each, in a process of its own.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from '../scripts/build.mjs'
import { main, need, path, step } from '../scripts/lib/run.mjs'
import { setupBindings } from '../scripts/setup.mjs'

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, customers: { type: 'string', default: '1000000' } }
})

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

/** One line a mode: nanoseconds a call, calls a second, and how many times what no store costs in the same run. */
function printCalls(runs) {
  console.log(`\n${'calls'.padEnd(26)}${'ns a call'.padStart(10)}${'a second'.padStart(12)}  times no store`)
  for (const { mode } of runs[0]) {
    const of = (run, wanted) => run.find((result) => result.mode === wanted).ns
    const ns = median(runs.map((run) => of(run, mode)))
    const times = median(runs.map((run) => of(run, mode) / of(run, 'no store')))
    const second = Math.round(1e9 / ns).toLocaleString('en')
    console.log(`${mode.padEnd(26)}${ns.toFixed(0).padStart(10)}${second.padStart(12)}  ${times.toFixed(2)}`)
  }
}

function printOpening({ customers, meters, seconds, bytes, folder }) {
  const mebibytes = (folder / 2 ** 20).toFixed(0)
  console.log(
    `\nopening ${customers.toLocaleString('en')} customers, ${meters.toLocaleString('en')} meters, ${mebibytes} MiB on disk: ${seconds.toFixed(2)} s, ${(bytes / meters).toFixed(0)} bytes a meter`
  )
}

await main(async () => {
  await setupBindings()
  await build()
  const folder = mkdtempSync(join(tmpdir(), 'limitr-bench-'))
  const worker = async (part) => {
    const args = ['--expose-gc', path('benchmark', 'store-worker.mjs'), part, folder, options.customers]
    return JSON.parse(await need(process.execPath, args, { env: { LIMITR_BACKEND: 'native' } }))
  }
  try {
    const calls = []
    for (let run = 1; run <= Number(options.runs); run += 1)
      await step(`run ${run} of ${options.runs}`, async () => calls.push(await worker('calls')))
    await step('a large store', () => worker('fill'))
    const openings = []
    for (let run = 1; run <= 3; run += 1)
      await step(`opening ${run} of 3`, async () => openings.push(await worker('open')))
    const opening = openings.sort((a, b) => a.seconds - b.seconds)[1]
    printCalls(calls)
    printOpening(opening)
    const at = new Date().toISOString()
    const machine = { node: process.version, cpu: cpus()[0].model, cores: cpus().length }
    const file = path('benchmark', 'results', `store-${at.replaceAll(':', '-')}.json`)
    mkdirSync(path('benchmark', 'results'), { recursive: true })
    writeFileSync(file, `${JSON.stringify({ at, ...machine, calls, openings }, null, 2)}\n`)
    console.log(
      `\n${machine.cpu}, ${machine.cores} cores, node ${machine.node}; written to ${file.replace(path(), '')}`
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
