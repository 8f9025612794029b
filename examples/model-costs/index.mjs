// What a call costs you, reckoned by a function of the policy, which is written in Stof.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { money } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.stof', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'stof', { strict: true, clock: Date.UTC(2030, 0, 1) })
await limitr.createCustomer('ada')
limitr.on('policy-error', ({ message }) => console.log('fell back:', message))

// The event's data is what the function gets as `context`.
const small = await limitr.decide('ada', 'chat', 100_000, { event: { model: 'small' } })
const large = await limitr.decide('ada', 'chat', 100_000, { event: { model: 'large' } })
const plain = await limitr.decide('ada', 'chat', 100_000)
console.log(
  `100,000 tokens: small ${money(small.cost)}, large ${money(large.cost)}, untold ${money(plain.cost)}`
)
assert.equal(small.cost, 0.05)
assert.equal(large.cost, 1.2)
assert.equal(plain.cost, 1)

// A model that the table doesn't have: the function fails, and the credit's overhead_cost stands in.
const unknown = await limitr.decide('ada', 'chat', 100_000, { event: { model: 'new' } })
console.log(`100,000 tokens: new ${money(unknown.cost)}`)
assert.equal(unknown.cost, 1)

const { revenue, cost, margin } = await limitr.customerMarginSnapshot('ada')
console.log(`this month: ${money(revenue)} in, ${money(cost)} out, ${money(margin)} left`)
await limitr.close()
