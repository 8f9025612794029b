// The tests of the public API and of its types, both run by vitest.

import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { bin, Failed, path, run } from '../lib/run.mjs'

async function vitest(name, args, env) {
  const report = path('dist', `${name}.json`)
  mkdirSync(path('dist'), { recursive: true })
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { code, output } = await run(bin('vitest'), ['run', ...args, ...reporters], { env })
  let counts
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    throw new Failed(`vitest ended with code ${code} and no report`, { output })
  }
  return {
    passed: counts.numPassedTests,
    failed: counts.numFailedTests,
    skipped: counts.numPendingTests + counts.numTodoTests,
    code,
    output
  }
}

/** `__test__/*.spec.ts`, among them the conformance vectors, run through the public API on the native binding. */
export const nativeTests = () => vitest('native', ['--project=native'])

/** The same on the wasm binding. */
export const wasmTests = () => vitest('wasm', ['--project=wasm'])

/** `__test__/bindings`: how a binding is chosen, what only wasm does, and both compared. */
export const bindingTests = () => vitest('bindings', ['--project=bindings'])

/** `__test__/durable`: stores in a folder and engines that threads share, on the native binding. */
export const durableTests = () => vitest('durable', ['--project=durable'])

/** `__test__/stores`: the adapters. Where `env` names no PostgreSQL, its tests are skipped. */
export const storeTests = (env) => vitest('stores', ['--project=stores'], env)

/** `__test__/cloud`: engines that are connected to a server, on both bindings. */
export const cloudTests = (env) => vitest('cloud', ['--project=cloud-native', '--project=cloud-wasm'], env)

/** `__test__/*.test-d.ts`: what the compiler must accept and refuse. */
export const typeTests = () => vitest('types', ['--project=types'])
