// A capability of the policy, used by an AI as a tool. What Claude would ask is written out here.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'

const text = readFileSync(new URL('policy.stof', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'stof', { strict: true, clock: Date.UTC(2030, 0, 1) })
await limitr.createCustomer('ada', 'pro')
await limitr.createCustomer('bob')

// The tools that go with a request: those that the customer may run.
const tools = await limitr.claudeTools('ada')
console.log('tools of ada:', JSON.stringify(tools))
console.log('tools of bob:', JSON.stringify(await limitr.claudeTools('bob')))
assert.equal(tools[0].input_schema.properties.seats.type, 'integer')

// What an answer asks for, and what it is told.
const ask = async (customer, seats) => {
  const block = { type: 'tool_use', id: 'toolu_1', name: 'quote', input: { seats } }
  const result = await limitr.claudeToolUse(customer, block)
  console.log(`${customer}, ${seats} seats:`, JSON.stringify(result))
  return result
}
assert.equal(JSON.parse((await ask('ada', 60)).content).total, 5400)
assert.equal((await ask('ada', 0)).is_error, true)
assert.equal((await ask('bob', 60)).is_error, true)

// The same without an AI.
console.log('ten seats:', (await limitr.runCapability('quote', 'ada', { seats: 10 })).total)
await limitr.close()
