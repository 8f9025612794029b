// What the tests of engines with a store share: folders that go with the test, and processes that end as they are told to.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Limitr, type LimitrOptions } from 'limitr'
import { afterAll } from 'vitest'

/** The root of the package: scripts that run there `require('limitr')`. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const folders: string[] = []
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
})

/** An empty folder that goes with the tests of the file. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'limitr-'))
  folders.push(path)
  return path
}

/** The place of a store that isn't there yet. */
export const place = (): string => join(folder(), 'store')

/** A policy of one plan. */
export const plan = (entitlements: object, more: object = {}) => ({
  policy: { credits: { t: {} }, plans: { p: { default: true, entitlements } }, ...more }
})

/** A hard limit in the credit `t`. */
export const hard = (value: number) => ({ limit: { credit: 't', value } })

/** Opens an engine; any name may be asked for. */
export const open = (document: object, options: LimitrOptions): Promise<Limitr> =>
  Limitr.new(document, 'auto', options)

/** How a process ended, and what it had printed. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
}

/** Runs a script, `args` being its `process.argv.slice(1)`; `shell` comes before it, such as `ulimit -f 8`. */
export function ended(
  script: string,
  args: readonly string[] = [],
  { flags = [], shell }: { flags?: string[]; shell?: string } = {}
): Promise<Ended> {
  const command = [process.execPath, ...flags, '-e', script, '--', ...args]
  const [program, ...rest] = shell ? ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...command] : command
  const child = spawn(program, rest, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

/** Runs a script until it prints something, then `ms` longer, and kills it; whether it was still running. */
export function killed(script: string, args: readonly string[], ms: number): Promise<boolean> {
  const child = spawn(process.execPath, ['-e', script, '--', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), ms))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve(signal === 'SIGKILL')
      else reject(new Error(`the process ended with ${code ?? signal}`))
    })
  })
}

/** Numbers within 0 and 1 that a seed says. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
