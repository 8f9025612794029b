// The Rust tests: nextest runs tests, cargo the examples in the documentation.

import { providePostgres, withPostgres } from '../lib/postgres.mjs'
import { Failed, run } from '../lib/run.mjs'

/** Reads nextest's summary, such as `Summary [ 0.1s] 5 tests run: 4 passed (1 slow), 1 failed, 2 skipped`. */
export function readNextest(output) {
  const summary = /Summary \[.*?\]\s+(\d+)(?:\/(\d+))? tests? run: (\d+) passed(?:.*?(\d+) skipped)?/.exec(
    output
  )
  if (!summary) return null
  const [, ran, planned = ran, passed, skipped = 0] = summary.map((part) => part && Number(part))
  return { passed, failed: planned - passed, skipped }
}

/** Sums cargo's result lines, such as `test result: ok. 3 passed; 0 failed; 1 ignored`. */
export function readCargoTest(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm
  )) {
    counts.passed += Number(passed)
    counts.failed += Number(failed)
    counts.skipped += Number(ignored)
  }
  return counts
}

/** Runs nextest on every crate, the server's tests on both databases where there is a PostgreSQL. */
export async function nextest(...more) {
  const { bin, why } = await providePostgres()
  const ran = bin
    ? await withPostgres(bin, (url) => nextestWith({ LIMITR_TEST_POSTGRES: url }, more))
    : await nextestWith({}, more)
  return { ...ran, note: bin ? 'the server on SQLite and PostgreSQL' : `PostgreSQL not run here: ${why}` }
}

async function nextestWith(env, more) {
  const wanted = [
    'nextest',
    'run',
    '--workspace',
    '--locked',
    '--no-fail-fast',
    '--cargo-quiet',
    '--status-level=fail'
  ]
  const { code, output } = await run('cargo', [...wanted, ...more], { env })
  const counts = readNextest(output)
  if (!counts) throw new Failed(`cargo nextest ended with code ${code} and no summary`, { output })
  return { ...counts, code, output }
}

/** The tests of every crate. */
export const rustTests = () => nextest()

/** The examples in the documentation of every crate. */
export async function rustExamples() {
  const { code, output } = await run('cargo', [
    'test',
    '--workspace',
    '--locked',
    '--quiet',
    '--doc',
    '--no-fail-fast'
  ])
  const counts = readCargoTest(output)
  if (code !== 0 && counts.failed === 0)
    throw new Failed(`cargo test --doc ended with code ${code}`, { output })
  return { ...counts, code, output }
}
