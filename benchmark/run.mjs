// The benchmark: `npm run bench -- [--runs 5] [--host <name>] [--only <pattern>] [--small] [--quick] [--reference]`.
//
//  1. Builds both bindings, and what the incumbents need.
//  2. Runs every host in a process of its own, hosts in turn, as many times as `--runs` says; then memory and tails once.
//  3. Writes results.json, table.md and plots into benchmark/results/<date>, or with `--reference` into benchmark/results/reference,
//     which is committed, and the table into docs/performance.md.
//
// `--small` leaves a million customers out, `--quick` only sees that everything runs and answers right, `--no-build` takes what is built.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from '../scripts/build.mjs'
import { buildWasm } from '../scripts/build-wasm.mjs'
import { Failed, main, path, step } from '../scripts/lib/run.mjs'
import { setupBindings } from '../scripts/setup.mjs'
import { BINDINGS, HOSTS } from './hosts/index.mjs'
import { provide, runHost, runMemory, runTail } from './lib/collect.mjs'
import { machine } from './lib/machine.mjs'
import { plotsOf } from './lib/plots.mjs'
import { summarise } from './lib/summary.mjs'
import { tableOf } from './lib/table.mjs'

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string' },
    host: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
    reference: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false }
  }
})
const MARKS = /(<!-- figures -->\n)[\s\S]*(\n<!-- \/figures -->)/

/** The hosts that are to run: all, or those whose name begins as one that was given. */
function chosenHosts() {
  const wanted = options.host
  const hosts = Object.keys(HOSTS).filter(
    (host) => wanted.length === 0 || wanted.some((one) => host.startsWith(one))
  )
  if (hosts.length === 0)
    throw new Failed(`no host is called \`${wanted.join('`, `')}\``, {
      help: `Hosts: ${Object.keys(HOSTS).join(', ')}.`
    })
  return hosts
}

async function buildAll(hosts) {
  if (!options['no-build']) {
    await setupBindings()
    await build()
    await buildWasm()
  }
  let missing = {}
  await step('incumbents and rust', async () => {
    missing = await provide(hosts)
    return Object.entries(missing)
      .map(([host, why]) => `${host} ${why}`)
      .join('; ')
  })
  return missing
}

/** Runs the hosts in turn; a run is what each of them measured. */
async function runAll(hosts, count) {
  const runs = []
  for (let run = 1; run <= count; run += 1) {
    const measured = {}
    for (const host of hosts)
      await step(`run ${run} of ${count}, ${host}`, async () => {
        measured[host] = await runHost(host, { ...options, run })
      })
    runs.push(measured)
  }
  return runs
}

/** What is measured once: memory and tails, of everything or of the hosts that were chosen. */
async function runOnce(hosts) {
  const [memory, tails] = [{}, {}]
  if (options.only) return { memory, tails }
  const backends = [
    ...new Set(BINDINGS.filter((host) => hosts.includes(host)).map((host) => HOSTS[host].backend))
  ]
  for (const backend of backends)
    await step(`memory, ${backend}`, async () => {
      memory[backend] = await runMemory(backend, options)
    })
  for (const where of [...backends, ...(hosts.includes('rust') ? ['rust'] : [])])
    await step(`tail, ${where}`, async () => {
      tails[where] = await runTail(where, options)
    })
  return { memory, tails }
}

/** Writes what was found; answers the folder. */
function write(found, table) {
  const name = options.reference ? 'reference' : new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const folder = path('benchmark', 'results', name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(found, null, 1)}\n`)
  writeFileSync(join(folder, 'table.md'), table)
  for (const [file, svg] of Object.entries(plotsOf(found))) writeFileSync(join(folder, file), svg)
  if (options.reference) {
    const doc = path('docs', 'performance.md')
    const text = readFileSync(doc, 'utf8')
    writeFileSync(
      doc,
      text.replace(MARKS, (_, before, after) => `${before}${table.trimEnd()}${after}`)
    )
  }
  return folder.replace(path(), '')
}

await main(async () => {
  const hosts = chosenHosts()
  const missing = await buildAll(hosts)
  const count = Number(options.runs ?? (options.quick ? 1 : 5))
  const runs = await runAll(
    hosts.filter((host) => !missing[host]),
    count
  )
  const once = await runOnce(hosts)
  const found = {
    machine: machine(),
    runs: count,
    quick: options.quick,
    rows: summarise(runs),
    missing,
    ...once
  }
  const table = tableOf(found)
  console.log(`\n${table}`)
  console.log(`Written to ${write(found, table)}. ${options.quick ? 'Quick: the times mean nothing.' : ''}`)
})
