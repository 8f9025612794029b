// Every folder of examples/ that has an index.mjs is run as a user would run it. What it prints, but for lines that begin
// with `time:`, is compared with its expected.txt, where it has one; without, it must print something and end well.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { path, run } from '../lib/run.mjs'

const untimed = (output) => output.replace(/^time:.*\n/gm, '')

async function problemOf(name) {
  const { code, output } = await run(process.execPath, [path('examples', name, 'index.mjs')])
  if (code !== 0) return `ended with code ${code}:\n${output}`
  if (output.trim() === '') return 'printed nothing'
  const expected = path('examples', name, 'expected.txt')
  if (!existsSync(expected) || readFileSync(expected, 'utf8') === untimed(output)) return null
  return `printed other than its expected.txt:\n${output}`
}

/** Runs every example. */
export async function examples() {
  const counts = { passed: 0, failed: 0, skipped: 0, output: '' }
  const names = existsSync(path('examples')) ? readdirSync(path('examples')) : []
  for (const name of names.filter((folder) => existsSync(path('examples', folder, 'index.mjs')))) {
    const problem = await problemOf(name)
    if (problem) counts.output += `examples/${name} ${problem}\n`
    counts[problem ? 'failed' : 'passed'] += 1
  }
  return counts
}
