// Runs the workloads in several processes one after another and prints the medians beside the floor:
// `npm run bench -- --runs 5`.

import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { build } from '../scripts/build.mjs'
import { main, need, path, step } from '../scripts/lib/run.mjs'
import { setupBuild } from '../scripts/setup.mjs'

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '5' } } })

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Joins the runs: for each workload its median, smallest and largest, and its ratio to the floor of its group. */
function summarise(runs) {
  const rows = runs[0].results.map(({ group, name }, index) => {
    const all = runs.map(({ results }) => results[index].ns)
    return { group, name, ns: median(all), min: Math.min(...all), max: Math.max(...all) }
  })
  for (const row of rows) {
    const floor = rows.find(({ group, name }) => group === row.group && name === 'floor')
    row.ratio = row.ns / floor.ns
  }
  return rows
}

function print(rows) {
  console.log(
    `\n${'ns a call'.padEnd(18)}${'floor'.padStart(9)}${'limitr'.padStart(9)}${'ratio'.padStart(8)}   range`
  )
  for (const { group, ns, min, max, ratio } of rows.filter(({ name }) => name !== 'floor')) {
    const floor = ns / ratio
    const numbers = `${floor.toFixed(0).padStart(9)}${ns.toFixed(0).padStart(9)}${ratio.toFixed(2).padStart(8)}`
    console.log(`${group.padEnd(18)}${numbers}   ${min.toFixed(0)}–${max.toFixed(0)}`)
  }
}

await main(async () => {
  await setupBuild()
  await build()
  const runs = []
  for (let run = 1; run <= Number(options.runs); run += 1) {
    await step(`run ${run} of ${options.runs}`, async () => {
      const worker = ['--expose-gc', path('benchmark', 'worker.mjs')]
      runs.push(JSON.parse(await need(process.execPath, worker)))
    })
  }
  const rows = summarise(runs)
  print(rows)
  const at = new Date().toISOString()
  const machine = { node: process.version, cpu: cpus()[0].model, cores: cpus().length }
  const file = path('benchmark', 'results', `${at.replaceAll(':', '-')}.json`)
  mkdirSync(path('benchmark', 'results'), { recursive: true })
  writeFileSync(
    file,
    `${JSON.stringify({ at, backend: runs[0].backend, ...machine, rows, runs }, null, 2)}\n`
  )
  console.log(
    `\n${machine.cpu}, ${machine.cores} cores, node ${machine.node}; written to ${file.replace(path(), '')}`
  )
})
