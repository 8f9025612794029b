// How many instructions the engine's main paths take, compared with those that are committed: a change of more than two percent
// shows in review, whatever the machine does. `UPDATE=1` writes them anew.

import { readFileSync, writeFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { aptInstall } from '../lib/apt.mjs'
import { Failed, need, path, run, targetFolder } from '../lib/run.mjs'

const SNAPSHOT = path('benchmark', 'instructions.json')
/** How far a count may be from the committed one, in percent. */
const TOLERANCE = 2
/** The difference of two runs is what that many calls cost. */
const CALLS = [1_000, 11_000]

/** Makes sure of valgrind; answers why it can't be had, if so. */
async function missingValgrind() {
  if (platform() !== 'linux' || arch() !== 'x64')
    return `counted on linux-x64, not on ${platform()}-${arch()}`
  const there = async () => (await run('valgrind', ['--version'])).code === 0
  if (await there()) return null
  const { output } = await aptInstall(['valgrind'])
  return (await there())
    ? null
    : `valgrind isn't there, and apt can't install it: ${output.split('\n').at(-2)}`
}

/** Instructions of one run. */
async function counted(program, name, calls) {
  const { code, output } = await run('valgrind', [
    '--tool=callgrind',
    '--callgrind-out-file=/dev/null',
    program,
    name,
    String(calls)
  ])
  const collected = /Collected : (\d+)/.exec(output)?.[1]
  if (code !== 0 || !collected)
    throw new Failed(`callgrind ended with code ${code} on \`${name}\``, { output })
  return Number(collected)
}

/** Instructions a call of every path. */
async function countAll(program) {
  const paths = {}
  for (const name of (await need(program, [])).trim().split('\n')) {
    const [few, many] = [await counted(program, name, CALLS[0]), await counted(program, name, CALLS[1])]
    paths[name] = Math.round((many - few) / (CALLS[1] - CALLS[0]))
  }
  return paths
}

/** What differs between two snapshots of paths, a line each. */
function differences(known, found) {
  const lines = []
  for (const name of new Set([...Object.keys(known), ...Object.keys(found)])) {
    const [before, now] = [known[name], found[name]]
    const percent = ((now - before) / before) * 100
    if (!(Math.abs(percent) <= TOLERANCE))
      lines.push(`${name}: ${before ?? 'not there'} -> ${now ?? 'gone'} (${percent.toFixed(1)} %)`)
  }
  return lines
}

export async function instructions() {
  const rustc = (await need('rustc', ['--version'])).trim()
  const known = JSON.parse(readFileSync(SNAPSHOT, 'utf8'))
  const update = process.env.UPDATE === '1'
  const counts = { passed: 0, failed: 0, skipped: 0, code: 0, output: '' }
  const missing = await missingValgrind()
  if (missing) return { ...counts, note: `not run here: ${missing}` }
  if (rustc !== known.rustc && !update)
    return { ...counts, note: `not run here: counted with ${known.rustc}, this is ${rustc}` }
  await need('cargo', ['build', '--locked', '--quiet', '--profile', 'counted', '-p', 'limitr-instructions'])
  const paths = await countAll(join(await targetFolder(), 'counted', 'limitr-instructions'))
  if (update) writeFileSync(SNAPSHOT, `${JSON.stringify({ rustc, paths }, null, 2)}\n`)
  const changed = update ? [] : differences(known.paths, paths)
  const help = 'Each is more or less work a call. If it is meant: `UPDATE=1 npm run test:instructions`.'
  return {
    ...counts,
    passed: Object.keys(paths).length - changed.length,
    failed: changed.length,
    output: changed.length ? [...changed, help].join('\n') : ''
  }
}
