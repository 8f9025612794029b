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

/** Whether an example's `invoice.py` works out, by itself, what the example prints; null if it does. */
async function invoiceProblemOf(name) {
  const { code, output } = await run('python3', [path('examples', name, 'invoice.py')])
  if (code !== 0) return `invoice.py ended with code ${code}:\n${output}`
  const expected = readFileSync(path('examples', name, 'expected.txt'), 'utf8')
  if (output.trim() !== '' && expected.endsWith(output)) return null
  return `invoice.py works out something else:\n${output}`
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
  const invoices = names.filter((folder) => existsSync(path('examples', folder, 'invoice.py')))
  if ((await run('python3', ['--version'])).code !== 0) {
    return { ...counts, skipped: invoices.length, note: 'invoices not run here: there is no python3' }
  }
  for (const name of invoices) {
    const problem = await invoiceProblemOf(name)
    if (problem) counts.output += `examples/${name}: ${problem}\n`
    counts[problem ? 'failed' : 'passed'] += 1
  }
  return counts
}
