// Runs the tests and sums what ran: `node scripts/test.mjs [suite…] [--soak]`. Without a name: lint and every suite.

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

/** What is run if nothing is named: `rust` has the server's tests, too. */
const EVERYTHING = Object.keys(SUITES).filter((name) => name !== 'server')

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
    const counts = await runSuite(title, suite)
    for (const key of Object.keys(sum)) sum[key] += counts[key]
  }
  return sum
}

/** Sets up, builds, lints if everything is asked for, and tests; answers the summed counts. */
async function testAll(named) {
  await setup()
  await build()
  await buildWasm()
  await buildStof()
  const lintFailures = named.length === 0 ? await lint() : 0
  const sum = await runSuites(named.length === 0 ? EVERYTHING : named)
  return { ...sum, failed: sum.failed + lintFailures }
}

const args = process.argv.slice(2)
if (args.includes('--soak')) Object.assign(process.env, SOAK)
const named = args.filter((name) => name in SUITES)
const { passed, failed, skipped } = await testAll(named).catch((error) => {
  report(error)
  return { passed: 0, failed: 1, skipped: 0 }
})
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
if (failed > 0) process.exitCode = 1
