// Loads a policy with five mistakes and prints what is wrong with it, as a compiler would.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr, LimitrError } from 'limitr'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const lines = text.split('\n')

/** A diagnostic as text: what, where, the line with a mark below the column, and what to do. */
function shown({ code, severity, message, path, line, column, help }) {
  const number = String(line)
  return [
    `policy.yaml:${line}:${column} ${severity}[${code}] ${message}`,
    `  ${number} | ${lines[line - 1]}`,
    `  ${' '.repeat(number.length)} | ${' '.repeat(column - 1)}^`,
    `  at ${path}`,
    ...(help ? [`  help: ${help}`] : [])
  ].join('\n')
}

const error = await Limitr.new(text, 'yaml').catch((thrown) => thrown)
assert.ok(error instanceof LimitrError)
assert.equal(error.code, 'invalid_policy')
console.log(error.diagnostics.map(shown).join('\n\n'))

assert.deepEqual(
  error.diagnostics.map(({ code, line, column }) => `${line}:${column} ${code}`),
  [
    '4:19 unknown_unit',
    '5:22 negative_overhead',
    '12:21 unknown_credit',
    '13:19 unknown_mode',
    '16:24 bad_schedule'
  ]
)
