// A month of a team's files past what is included, billed to the cent.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { money, table, utc } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2030, 0, 1) })
await limitr.createCustomer('acme')

// What your billing system would keep: one line an event. Most calls have no overage price, and add none.
const ledger = []
limitr.addHandler('billing', (_type, event) => {
  if (event.overage_price) ledger.push({ at: limitr.sync.now(), runes: event.overage_price })
})
const sum = (lines) => lines.reduce((runes, line) => runes + line.runes, 0)
const cents = (runes) => Math.round(runes * 100)
const rows = []

/** Notes a step: where the meter stands, what the call is billed, and what the month is billed so far. */
function note(step, { used, limit, overagePrice }) {
  const { billed } = limitr.sync.meterObject('acme', 'storage')
  rows.push([step, used, Math.max(0, used - limit), overagePrice.toFixed(4), money(billed)])
  return billed
}

const store = async (step, size) => note(step, await limitr.decide('acme', 'storage', size))

assert.equal(await store('upload 80GB', '80GB'), 0)
assert.equal(await store('upload 45.5GB', '45.5GB'), 0.5865) // 25.5 GB past the limit
assert.equal(await store('upload 600GB', '600GB'), 14.261) // 500 of 625.5 GB fill the first band

// What is deleted is taken off the bill, at the price of the band that it leaves.
assert.equal(await store('delete 200GB', '-200GB'), 9.7865)

// What would it cost? `explain` says it and changes nothing.
const { overagePrice: quoted } = await limitr.explain('acme', 'storage', '6TB')
assert.equal(await store('upload 6TB', '6TB'), 140.4355)
assert.equal(cents(quoted), cents(130.649))

// The overage prices of a month sum to what stands at its end: 500 × 0.023 + 4,500 × 0.022 + 1,425.5 × 0.021.
const january = [...ledger]
assert.equal(cents(sum(january)), 14_044)
assert.equal(january.length, 4)

// A new month counts and is billed from nothing: its first count brings in what is stored.
await limitr.advance('31days')
assert.equal(await store('February: 5.5255TB', '5.5255TB'), 119.4355)
const february = ledger.slice(january.length)
assert.equal(cents(sum(february)), 11_944)

const columns = { step: 'left', GB: 'right', billable: 'right', 'this call': 'right', 'the month': 'right' }
console.log(`Storage of acme: 100 GB are included\n${table(columns, rows)}\n`)
console.log('The ledger')
for (const { at, runes } of ledger) console.log(`  ${utc(at).slice(0, 10)}  ${runes.toFixed(4).padStart(9)}`)
console.log(
  `\nJanuary ${money(sum(january))}, February so far ${money(sum(february))}, beside the plan's fee`
)
await limitr.close()
