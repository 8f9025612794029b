// Calls the server faster than its policy allows, waits as long as it's told to, and goes on.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { table } from '../lib/text.mjs'
import { serverFor } from './server.mjs'

const text = readFileSync(new URL('policy.json', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'json', { strict: true, clock: Date.UTC(2030, 0, 15, 9) })
await limitr.createCustomer('ada')
await limitr.addAltID('ada', 'key_4f2a')

const server = serverFor(limitr).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${server.address().port}/`
const rows = []

/** Calls the server once and notes the answer. */
async function call(key = 'key_4f2a') {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${key}` } })
  const body = await response.json()
  const header = (name) => response.headers.get(name)
  const time = new Date(await limitr.now()).toISOString().slice(8, 19).replace('T', ' ')
  rows.push([time, response.status, header('RateLimit-Remaining'), header('Retry-After'), body.error ?? 'ok'])
  return { status: response.status, retryAfter: Number(header('Retry-After')) }
}

/** Calls several times and answers the last answer. */
async function burst(times) {
  for (let left = times; left > 1; left--) await call()
  return call()
}

// The bucket holds 5: the sixth call at once is too fast. A second later there is room for one.
const tooFast = await burst(6)
assert.deepEqual(tooFast, { status: 429, retryAfter: 1 })
await limitr.advance(`${tooFast.retryAfter}s`)
assert.equal((await call()).status, 200)

// A minute later the bucket is full again. After 11 requests of 12, one is left for today.
await limitr.advance('1min')
assert.equal((await burst(5)).status, 200)
await limitr.advance('1min')
assert.equal((await call()).status, 200)
const usedUp = await call()
assert.equal(usedUp.status, 429)

await limitr.advance(`${usedUp.retryAfter}s`)
assert.equal((await call()).status, 200)
assert.equal((await call('key_wrong')).status, 401)

const columns = {
  'day and time': 'left',
  status: 'left',
  remaining: 'right',
  'retry after': 'right',
  answer: 'left'
}
console.log(`An API with 12 requests a day and bursts of 5\n${table(columns, rows)}`)
server.close()
await limitr.close()
