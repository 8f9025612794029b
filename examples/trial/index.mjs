// A trial: two weeks of a paid plan within a hard limit, then the plan is bought or the customer falls back.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { money, utc } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2030, 0, 1) })
const trialMs = await limitr.planTrialPeriod('team')

// On trial nothing is billed: an override turns the soft limit into a hard one, and ends by itself with the trial.
for (const id of ['acme', 'umbrella']) {
  await limitr.createCustomer(id, 'team', 'org')
  const ends = (await limitr.now()) + trialMs
  await limitr.createCustomerOverride(id, 'reports', { mode: 'hard', value: 5, expires_on: ends })
  console.log(`${id} tries team until ${utc(ends)}`)
}
const reports = async (id, count) => {
  const { allowed, reason, overagePrice } = await limitr.decide(id, 'reports', count)
  console.log(
    `${id}: ${count} reports ${allowed ? 'run' : 'are refused'} (${reason}), ${money(overagePrice ?? 0)}`
  )
  return overagePrice ?? 0
}
await reports('acme', 4)
await reports('acme', 2) // 6 of 5
assert.equal(await limitr.check('acme', 'sso'), true)

await limitr.advance(trialMs)
// acme buys 5 seats, 3 of which are in the plan; umbrella doesn't, and falls back.
await limitr.ensureCustomerPlanQuantity('acme', 'team', 5)
await limitr.setCustomerPlan('umbrella', 'free')
const billed = await reports('acme', 9) // 13 of 10: the trial's 4 count, since the period goes on
await reports('umbrella', 2)
assert.equal(await limitr.check('umbrella', 'sso'), false)

const { revenue, entitlements } = await limitr.customerMarginSnapshot('acme')
for (const [name, { revenue: part }] of Object.entries(entitlements)) console.log(`  ${name} ${money(part)}`)
console.log(`  acme's first month: ${money(revenue)}, the fee of $30.00 with it`)
assert.equal(billed, 4.5)
assert.equal(revenue, 30 + 2 * 9 + 4.5)
await limitr.close()
