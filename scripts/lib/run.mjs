// Running other programs, one line of progress a step. Only Node's built-ins: this runs before node_modules exists.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The path of a file of the project. */
export const path = (...parts) => join(root, ...parts)

/** The path of a program that a development dependency brings. */
export const bin = (name) => path('node_modules', '.bin', name)

/** A step went wrong: `output` is what it printed, `help` what to do about it. */
export class Failed extends Error {
  constructor(message, { output = '', help = '' } = {}) {
    super(message)
    this.output = output
    this.help = help
  }
}

const plain = { CARGO_TERM_COLOR: 'never', FORCE_COLOR: '0', NO_COLOR: '1' }

/**
 * Runs a program to its end and answers `{ code, output }`; never throws. A program that doesn't exist has code 127.
 * With `show` it writes to the terminal itself and `output` is empty.
 */
export function run(command, args, { cwd = root, env = {}, show = false } = {}) {
  return new Promise((resolve) => {
    const colours = show ? {} : plain
    const stdio = show ? 'inherit' : ['ignore', 'pipe', 'pipe']
    const child = spawn(command, args, { cwd, env: { ...process.env, ...colours, ...env }, stdio })
    const chunks = []
    child.stdout?.on('data', (chunk) => chunks.push(chunk))
    child.stderr?.on('data', (chunk) => chunks.push(chunk))
    child.on('error', (error) => resolve({ code: 127, output: `${command}: ${error.message}\n` }))
    child.on('close', (code, signal) =>
      resolve({ code: signal ? 128 : code, output: Buffer.concat(chunks).toString() })
    )
  })
}

/** Runs a program that must succeed and answers its output. */
export async function need(command, args, { help, ...options } = {}) {
  const { code, output } = await run(command, args, options)
  if (code !== 0) {
    const line = [command, ...args].join(' ').replaceAll(root, '')
    throw new Failed(`\`${line}\` ended with code ${code}`, { output, help })
  }
  return output
}

/** Where cargo puts what it builds. */
export async function targetFolder() {
  const metadata = await need('cargo', ['metadata', '--format-version=1', '--no-deps', '--quiet'])
  return JSON.parse(metadata.slice(metadata.indexOf('{'))).target_directory
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`

/** Runs one step and prints its line: title, time, and the note that `work` may answer with. */
export async function step(title, work) {
  const since = performance.now()
  process.stdout.write(`  ${title.padEnd(34)}`)
  try {
    const note = await work()
    console.log(`${seconds(since).padStart(8)}${typeof note === 'string' ? `   ${note}` : ''}`)
    return note
  } catch (error) {
    console.log(`${seconds(since).padStart(8)}   failed`)
    throw error
  }
}

/** Prints what went wrong: the output of the step, then one line that says what it was, then what to do. */
export function report(error) {
  if (!(error instanceof Failed)) {
    console.error(error)
    return
  }
  if (error.output) console.error(`\n${error.output.trimEnd()}`)
  console.error(`\n${error.message}`)
  if (error.help) console.error(error.help)
}

/** Whether a script was started by itself, not imported. */
export const isMain = (url) => process.argv[1] === fileURLToPath(url)

/** Runs a script's work and turns a failure into its report and exit code 1. */
export async function main(work) {
  try {
    await work()
  } catch (error) {
    report(error)
    process.exitCode = 1
  }
}
