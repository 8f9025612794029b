// Each fuzz target for a while: a minute in CI, ten seconds otherwise, or as many as FUZZ_SECONDS says.

import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { path, run } from '../lib/run.mjs'

const TARGETS = ['policy', 'quantity', 'changes']
const ENVIRONMENT = { RUST_BACKTRACE: '0', RUSTC_BOOTSTRAP: '1' }
const LINES = 80 // of a failed target's output: the last ones say what broke and how to run it again

/**
 * How a target is run. The fuzzer's coverage flags need RUSTC_BOOTSTRAP on a stable compiler. No sanitizer: the engine
 * forbids unsafe code, so the address sanitizer would find nothing more, and it makes a fifth of the runs.
 */
function commandFor(target, seconds) {
  const corpus = path('fuzz', 'corpus', target)
  mkdirSync(corpus, { recursive: true })
  const limits = [
    `-max_total_time=${seconds}`,
    '-timeout=10',
    '-rss_limit_mb=2048',
    '-max_len=4096',
    '-print_final_stats=1'
  ]
  return [
    'fuzz',
    'run',
    '--sanitizer',
    'none',
    target,
    corpus,
    path('fuzz', 'seeds', target),
    '--',
    ...limits
  ]
}

/** Runs every target, as many at a time as there are processors; one that finds an input that breaks it has failed. */
export async function fuzz() {
  const seconds = Number(process.env.FUZZ_SECONDS ?? (process.env.CI ? 60 : 10))
  const counts = { passed: 0, failed: 0, skipped: 0, output: '', note: '' }
  const built = await run('cargo', ['fuzz', 'build', '--sanitizer', 'none'], { env: ENVIRONMENT })
  if (built.code !== 0) return { ...counts, failed: TARGETS.length, output: built.output }
  const waiting = [...TARGETS]
  const inTurn = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift())
      take(counts, target, await run('cargo', commandFor(target, seconds), { env: ENVIRONMENT }))
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), TARGETS.length) }, inTurn))
  return counts
}

/** Counts what became of a target. */
function take(counts, target, { code, output }) {
  const runs = /stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1]
  const well = code === 0 && Number(runs) > 0
  counts[well ? 'passed' : 'failed'] += 1
  counts.note += `${target} ${runs ?? 'no'} inputs  `
  if (!well) counts.output += `fuzz target ${target}:\n${output.split('\n').slice(-LINES).join('\n')}\n`
}
