// One budget for an organization: a cap that it shares with its members, across everything they use.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { money } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2030, 0, 10) })
await limitr.createCustomer('acme', 'team', 'org')
for (const person of ['ada', 'ben']) await limitr.createCustomer(person, '', 'user', person, ['acme'])
await limitr.createCustomer('crawler', '', 'bot', 'Crawler', ['acme'])

// $10 a month for all of them; $2 of it at most for bots; and never more than $5 of your own cost.
const monthly = { resets: true, reset_sch: 'monthly:1', shared: true }
await limitr.addCustomerCap('acme', 10, { cap_id: 'budget', ...monthly })
await limitr.addCustomerCap('acme', 2, { cap_id: 'bots', ...monthly, shared_with: ['bot'] })
await limitr.addCustomerCap('acme', 5, {
  cap_id: 'our-cost',
  ...monthly,
  overhead_cost: true,
  observe_only: true
})
limitr.on('cap-threshold-crossed', ({ cap, caller }) =>
  console.log(`  ! ${cap.id} of ${money(cap.value)} is reached, by ${caller}`)
)
limitr.on('cap-limit', ({ cap, caller }) => console.log(`  ! ${cap.id} stops ${caller}`))

let bill = 0
limitr.on('meter-overage', ({ overage_price }) => (bill += overage_price))
const ask = async (who, what, amount) => console.log(who, what, amount, await limitr.allow(who, what, amount))

await ask('ada', 'chat', 200_000) // $4
await ask('crawler', 'search', 400) // $2: all that bots may spend
await ask('crawler', 'search', 1)
await ask('ben', 'chat', 150_000) // $3, $9 in all
await ask('ada', 'search', 300) // $1.50 don't fit any more
await ask('ada', 'search', 200) // $1 does
const { meter_value } = await limitr.customerCap('acme', 'our-cost')
console.log(`January: ${money(bill)} to bill, ${money(meter_value)} of cost`)
assert.deepEqual([bill.toFixed(2), meter_value.toFixed(2)], ['10.00', '6.00'])

await limitr.advance('22days') // a new month, a new budget
await ask('ada', 'search', 300)
const { value, meter_value: spent } = await limitr.customerCap('acme', 'budget')
console.log(`February: ${money(spent)} of ${money(value)}`)
assert.equal(spent, 1.5)
await limitr.close()
