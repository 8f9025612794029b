// The simulator of Limitr Cloud: many seeds, optimised. The Rust tests play a hundred of them, too.

import { Failed, run } from '../lib/run.mjs'

const SEEDS = process.env.SIM_SEEDS ?? '20000'

/** Plays the seeds, which are one test. */
export async function simulator() {
  const { code, output } = await run('cargo', [
    'run',
    '--package',
    'limitr-sim',
    '--profile',
    'sim',
    '--locked',
    '--quiet',
    '--',
    SEEDS
  ])
  const passed = /^(\d+) seeds, .*: nothing found$/m.exec(output)
  if (!passed && !/^SEED=\d+ /m.test(output))
    throw new Failed(`the simulator ended with code ${code} and no summary`, { output })
  const note = passed ? `${passed[1]} seeds` : undefined
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0, code, output, note }
}
