// A customer's files: amounts with units on one meter.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr, LimitrError } from 'limitr'
import { table } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.toml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'toml', { strict: true })
await limitr.createCustomer('ada')
const rows = []

/** Notes a step, and where the meter stands then. */
async function note(step, allowed) {
  const used = await limitr.value('ada', 'storage')
  const left = await limitr.remaining('ada', 'storage')
  const usedPercent = await limitr.value('ada', 'storage', true)
  const leftPercent = await limitr.remaining('ada', 'storage', true)
  const shown = [usedPercent, leftPercent].map((share) => `${share.toFixed(1)}%`)
  rows.push([step, allowed ? 'yes' : 'no', used, left, ...shown])
  return { used, left }
}

const store = async (size) => note(`upload ${size}`, await limitr.allow('ada', 'storage', size))

assert.equal((await store('700MB')).used, 700)
assert.equal((await store('1.5GiB')).used, 2310.612736)
assert.equal((await store(2000)).left, 689.387264)

// Too much is denied and changes nothing; `check` would say so beforehand.
assert.equal(await limitr.check('ada', 'storage', '1GB'), false)
assert.equal((await store('1GB')).used, 4310.612736)

await note('delete 700MB', await limitr.allow('ada', 'storage', '-700MB'))
assert.equal((await store('1GB')).used, 4610.612736)

await note('increment (one block)', await limitr.increment('ada', 'storage'))
assert.equal(
  (await note('decrement (one block)', await limitr.decrement('ada', 'storage'))).used,
  4610.612736
)
assert.equal((await note('set 4.2GB', await limitr.set('ada', 'storage', '4.2GB'))).used, 4200)

const columns = {
  step: 'left',
  allowed: 'left',
  'used MB': 'right',
  'left MB': 'right',
  used: 'right',
  left: 'right'
}
console.log(`Storage of ada: 5GB are included\n${table(columns, rows)}\n`)

console.log('Mistakes throw')
for (const [size, code] of Object.entries({
  '3kg': 'unit_mismatch',
  '500mb': 'unknown_unit',
  lots: 'invalid_value'
})) {
  const error = await limitr.allow('ada', 'storage', size).catch((thrown) => thrown)
  assert.ok(error instanceof LimitrError)
  assert.equal(error.code, code)
  console.log(`  ${size.padEnd(6)} ${error.code}\n         ${error.message}`)
}
assert.equal(await limitr.value('ada', 'storage'), 4200)
await limitr.close()
