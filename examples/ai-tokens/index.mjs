// An hour of real requests, billed by tiers, with what each model costs: revenue, cost and margin of every customer.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { readCsv } from '../lib/csv.mjs'
import { grouped, money, table } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2023, 10, 16) })

// What a token costs you, sent and answered. The trace names neither customer nor model: both go by the row.
const MODELS = { small: [0.0000005, 0.0000015], large: [0.0000025, 0.00001] }
const SENDERS = ['ada', 'ben', 'ada', 'cy', 'ada', 'dee', 'ben', 'eve']
const CUSTOMERS = ['ada', 'ben', 'cy', 'dee', 'eve']
const modelOf = (row) => (row % 5 === 0 ? 'large' : 'small')

for (const id of CUSTOMERS) await limitr.createCustomer(id)
const trace = new URL('../quickstart/traces/azure-llm-2023-conversation.csv', import.meta.url)
for (const [row, { ContextTokens, GeneratedTokens }] of readCsv(trace).entries()) {
  const [sent, answered] = MODELS[modelOf(row)]
  const overhead = Number(ContextTokens) * sent + Number(GeneratedTokens) * answered
  await limitr.allow(
    SENDERS[row % 8],
    'chat',
    Number(ContextTokens) + Number(GeneratedTokens),
    true,
    overhead
  )
}

const rows = []
const invoices = []
for (const id of CUSTOMERS) {
  const { revenue, cost, margin } = await limitr.customerMarginSnapshot(id)
  const used = await limitr.value(id, 'chat')
  rows.push([id, used, money(revenue), money(cost), money(margin)])
  invoices.push(`${id} ${used} ${revenue} ${cost} ${margin}`)
}
const total = (column) => rows.reduce((sum, row) => sum + Number(row[column].replace(/[$,]/g, '')), 0)
assert.equal(money(total(2)), '$330.31')

const columns = { customer: 'left', tokens: 'right', revenue: 'right', cost: 'right', margin: 'right' }
console.log(
  `An hour of chat, ${grouped(500_000)} tokens and a fee of $20.00 each included\n${table(columns, rows)}\n`
)
// To the last digit, as invoice.py works it out from the trace by itself.
console.log(invoices.join('\n'))
await limitr.close()
