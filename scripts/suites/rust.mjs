// The Rust tests: nextest runs tests, cargo the examples in the documentation.

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

/** Runs the tests that a filter of nextest's names. All are built whichever are run: another choice would build dependencies anew. */
export async function nextest(filter, env = {}) {
  const { code, output } = await run(
    'cargo',
    [
      'nextest',
      'run',
      '--workspace',
      `--filterset=${filter}`,
      '--locked',
      '--no-fail-fast',
      '--cargo-quiet',
      '--status-level=fail'
    ],
    { env }
  )
  const counts = readNextest(output)
  if (!counts) throw new Failed(`cargo nextest ended with code ${code} and no summary`, { output })
  return { ...counts, skipped: 0, code, output } // what the filter leaves out is run elsewhere
}

/** The tests of every crate but the server, which is a suite of its own, with its databases. */
export const rustTests = () => nextest('not package(limitr-server)')

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
