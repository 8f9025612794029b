// Runs the tests and sums what ran: `node scripts/test.mjs [suite…] [--soak]`. Without a name: lint and every suite.
//
// Much of it is one thread that compiles or a process that is waited for. So the bindings are built beside each other, and when
// everything is asked for, the suites that only compute run in a process of lower priority beside all the rest.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'
import { buildStof } from './build-stof.mjs'
import { buildWasm } from './build-wasm.mjs'
import { report, step } from './lib/run.mjs'
import { lint } from './lint.mjs'
import { setup } from './setup.mjs'
import { apps } from './suites/apps.mjs'
import { cloud } from './suites/cloud.mjs'
import { examples } from './suites/examples.mjs'
import { fuzz } from './suites/fuzz.mjs'
import { instructions } from './suites/instructions.mjs'
import { musl } from './suites/musl.mjs'
import { packages } from './suites/packages.mjs'
import { rustExamples, rustTests } from './suites/rust.mjs'
import { server } from './suites/server.mjs'
import { simulator } from './suites/sim.mjs'
import { stores } from './suites/stores.mjs'
import { bindingTests, durableTests, nativeTests, typeTests, wasmTests } from './suites/vitest.mjs'

/** The suites by the name that the command line knows: what each step is called and how it is run. */
const SUITES = {
  rust: { 'rust tests': rustTests, 'rust examples in docs': rustExamples },
  sim: { 'simulator of cloud': simulator },
  server: { 'cloud server': server },
  node: { 'javascript tests, native': nativeTests, 'durability and threads': durableTests },
  wasm: { 'javascript tests, wasm': wasmTests, 'bindings compared': bindingTests },
  types: { 'type tests': typeTests },
  stores: { 'store adapters': stores },
  cloud: { 'engines of a cloud server': cloud },
  package: { 'installed package': packages },
  apps: { 'apps in real runtimes': apps },
  musl: { 'addon for musl': musl },
  examples: { examples },
  fuzz: { fuzz },
  instructions: { 'instructions counted': instructions }
}

/** Suites that need no binding. First the one that shares no folder of cargo's with the builds. */
const APART = ['sim', 'instructions', 'rust', 'server', 'fuzz']

/** What a soak raises: random cases of the property tests in both languages, seconds of each fuzz target. */
const SOAK = { PROPTEST_CASES: '20000', FC_NUM_RUNS: '20000', FUZZ_SECONDS: '600', SIM_SEEDS: '200000' }

/** What a suite's line says. */
const noteOf = ({ passed, failed, skipped, note }) =>
  [`${passed} passed`, failed && `${failed} failed`, skipped && `${skipped} skipped`, note]
    .filter(Boolean)
    .join(', ')

/** Runs one suite as a step and answers its counts. A suite that can't run is one failure, and so is
 * one that runs nothing, unless it says why it isn't run here. */
async function runSuite(title, suite) {
  let result
  try {
    await step(title, async () => {
      result = await suite()
      return noteOf(result)
    })
  } catch (error) {
    report(error)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  const { passed, failed, skipped, code, output, note } = result
  const ran = passed > 0 || note?.startsWith('not run here')
  if (failed === 0 && !code && ran) return result
  console.error(`\n${output.trimEnd()}${passed + failed === 0 ? '\nno test ran' : ''}\n`)
  return { passed, failed: failed || 1, skipped }
}

/** Runs suites in order and answers their summed counts. */
async function runSuites(names) {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const [title, suite] of names.flatMap((name) => Object.entries(SUITES[name]))) {
    add(sum, await runSuite(title, suite))
  }
  return sum
}

/** Adds counts to counts. */
function add(sum, counts) {
  for (const key of Object.keys(sum)) sum[key] += counts[key]
  return sum
}

/** Builds the bindings and the sandbox, beside each other; each has folders of its own. Waits for all, whatever fails. */
async function buildAll() {
  const built = await Promise.allSettled([build(), buildWasm(), buildStof()])
  for (const { reason } of built) if (reason) throw reason
}

/** Runs the suites that need no binding in a process of their own; answers a promise of their counts. */
function runApart() {
  const child = fork(fileURLToPath(import.meta.url), ['--apart', ...process.argv.slice(2)])
  process.once('exit', () => child.kill())
  let counts = { passed: 0, failed: 1, skipped: 0 } // of one that ends before it has said
  child.on('message', (said) => {
    counts = said
  })
  return once(child, 'close').then(() => counts)
}

/** Sets up, builds and tests: what is named, or lint and everything; answers the summed counts. */
async function testAll(named) {
  await setup()
  if (named.length > 0) {
    await buildAll()
    return runSuites(named)
  }
  const apart = runApart()
  await buildAll()
  const failed = await lint()
  const sum = await runSuites(Object.keys(SUITES).filter((name) => !APART.includes(name)))
  return add(add(sum, await apart), { passed: 0, failed, skipped: 0 })
}

const args = process.argv.slice(2)
const apart = args.includes('--apart')
if (apart) setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
if (args.includes('--soak')) Object.assign(process.env, SOAK)
const named = args.filter((name) => name in SUITES)
const { passed, failed, skipped } = await (apart ? runSuites(APART) : testAll(named)).catch((error) => {
  report(error)
  return { passed: 0, failed: 1, skipped: 0 }
})
if (apart) await new Promise((sent) => process.send({ passed, failed, skipped }, sent))
else console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed > 0 ? 1 : 0) // also where what runs apart isn't needed any more
