// Seats of an organization: taking, giving back, and a deal for one customer.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { table, utc } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2030, 0, 15) })
const rows = []

/** Notes a step: what was asked, what the answer was, and where the organization's meter stands then. */
async function note(step, answer) {
  const [used, limit, left] = await Promise.all([
    limitr.value('acme', 'seats'),
    limitr.limit('acme', 'seats'),
    limitr.remaining('acme', 'seats')
  ])
  rows.push([utc(await limitr.now()).slice(0, 10), step, answer, used, limit, left])
  return { answer, used, limit, left }
}

/** What an app does when somebody accepts an invitation. */
async function join(person) {
  await limitr.ensureCustomer(person, '', 'user', person, ['acme'])
  const joined = await limitr.increment(person, 'seats')
  if (!joined) await limitr.removeCustomer(person)
  return note(`${person} joins`, joined ? 'welcome' : 'no seat left')
}

await limitr.createCustomer('acme', 'team', 'org', 'Acme')
await join('ada')
await join('ben')
await join('cleo')
assert.equal((await join('dan')).answer, 'no seat left')

await limitr.decrement('ben', 'seats')
await limitr.removeCustomer('ben')
await note('ben leaves', 'seat is free')
assert.equal((await join('dan')).left, 0)

// Sales makes a deal: two more seats until the end of March. Everything else of the limit is inherited.
await limitr.createCustomerOverride('acme', 'seats', { value: 5, expires_on: Date.UTC(2030, 3, 1) })
await note('deal: 5 seats until April', 'done')
await join('eve')
assert.deepEqual(await join('fay'), { answer: 'welcome', used: 5, limit: 5, left: 0 })

// In April the deal has ended by itself: five are in, three are included.
await limitr.advance(Date.UTC(2030, 3, 1) - (await limitr.now()))
assert.equal((await note('the deal has ended', 'nobody is thrown out')).left, -2)
assert.equal((await join('gus')).answer, 'no seat left')

// Somebody without an organization.
await limitr.createCustomer('zoe', 'team')
const { allowed, reason } = await limitr.decide('zoe', 'seats', 1)
assert.deepEqual({ allowed, reason }, { allowed: false, reason: 'no_scope_holder' })

const columns = { date: 'left', step: 'left', answer: 'left', used: 'right', limit: 'right', left: 'right' }
console.log(`Seats of acme\n${table(columns, rows)}`)
console.log(`\nzoe belongs to no org: ${reason}`)
await limitr.close()
