// Starts the processes of a run, and reads what they print. Each host runs in processes of its own, one at a time.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { need, path, run, targetFolder } from '../../scripts/lib/run.mjs'
import { installPackages } from '../../scripts/setup.mjs'
import { HOSTS, INCUMBENTS } from '../hosts/index.mjs'

/** How many runs a million customers are part of: creating them takes longer than all the rest, on wasm most. */
const LARGE_RUNS = { native: 3, wasm: 1 }
const STOF = path('benchmark', 'stof')
const lastLine = (output) => output.trim().split('\n').at(-1)
const node = (script, args, backend = 'native') =>
  need(process.execPath, ['--expose-gc', '--max-old-space-size=8192', path('benchmark', script), ...args], {
    env: { LIMITR_BACKEND: backend }
  })

/** Installs and builds what the chosen hosts need; answers why those that can't be had aren't run: `{ host: why }`. */
export async function provide(hosts) {
  const missing = {}
  if (hosts.some((host) => INCUMBENTS.includes(host))) {
    const why = await installPackages(path('benchmark', 'incumbents'), ['--ignore-scripts']).then(
      () => null,
      (error) => lastLine(error.output || error.message)
    )
    if (why) for (const host of INCUMBENTS) missing[host] = `not installed: ${why}`
  }
  if (hosts.includes('stof')) {
    const { code, output } = await run('cargo', ['build', '--release', '--locked', '--quiet'], { cwd: STOF })
    if (code !== 0) missing.stof = `not built: ${lastLine(output)}`
  }
  if (hosts.includes('rust'))
    await need('cargo', ['bench', '--locked', '--quiet', '--no-run', '--package', 'limitr-engine'])
  return missing
}

async function runStof({ quick }) {
  const program = join(STOF, 'target', 'release', 'limitr-bench-stof')
  const { ns, limitr, calls } = JSON.parse(await need(program, [quick ? '20' : '500']))
  return [{ name: 'hard limit', ns, limitr, calls, right: calls }]
}

const cargoBench = (name, args) => [
  'bench',
  '--locked',
  '--quiet',
  '--package',
  'limitr-engine',
  '--bench',
  name,
  '--',
  ...args
]

/** Runs criterion and reads its estimates: the median of each bench. */
async function runRust({ quick, only }) {
  const kept = join(await targetFolder(), 'criterion')
  rmSync(kept, { recursive: true, force: true })
  const effort = [quick ? '--quick' : '--noplot']
  await need('cargo', cargoBench('decisions', [...effort, ...(only ? [only] : [])]))
  return readdirSync(kept)
    .map((folder) => join(kept, folder, 'new'))
    .filter((folder) => existsSync(join(folder, 'estimates.json')))
    .map((folder) => {
      const read = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
      return { name: read('benchmark.json').full_id, ns: read('estimates.json').median.point_estimate }
    })
}

/** One run of one host: a list of `{ name, ns, floor? }`. */
export async function runHost(host, options) {
  if (host === 'stof') return runStof(options)
  if (host === 'rust') return runRust(options)
  const { backend, parts = ['small'] } = HOSTS[host]
  const flags = [...(options.quick ? ['--quick'] : []), ...(options.only ? ['--only', options.only] : [])]
  const results = []
  for (const part of parts) {
    if (part === 'large' && (options.small || options.run > LARGE_RUNS[backend])) continue
    results.push(...JSON.parse(await node('worker.mjs', [host, part, ...flags], backend)))
  }
  return results
}

/** Bytes a customer on one binding, and on the floor. */
export const runMemory = async (backend, { quick, small }) => {
  const customers = quick ? '20000' : small ? '100000' : '1000000'
  return JSON.parse(await node('memory.mjs', [backend, customers], backend))
}

/** The tail on a binding, or in Rust. */
export async function runTail(where, { quick, small }) {
  const [calls, customers] = quick ? ['20000', '2000'] : [small ? '2000000' : '10000000', '100000']
  if (where !== 'rust') return JSON.parse(await node('tail.mjs', [where, calls, customers], where))
  return JSON.parse(lastLine(await need('cargo', cargoBench('tail', [calls, customers]))))
}
