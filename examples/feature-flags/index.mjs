// @ts-check
// What each plan has, and why a customer hasn't got the rest.

import assert from 'node:assert/strict'
import { Limitr } from 'limitr'
import { table } from '../lib/text.mjs'
import { policy } from './policy.mjs'

const limitr = await Limitr.new(policy)
const FEATURES = /** @type {const} */ (['dark_mode', 'pdf_export', 'api_access', 'single_sign_on'])

await limitr.createCustomer('ada') // the default plan
await limitr.createCustomer('ben', 'pro')
await limitr.createCustomer('acme', 'enterprise', 'org')
await limitr.createCustomer('cleo', '', 'user', 'Cleo', ['acme']) // follows acme

/** What a customer has, as cells of a row. */
const cells = (/** @type {string} */ id) =>
  Promise.all(FEATURES.map(async (feature) => ((await limitr.check(id, feature)) ? 'yes' : '-')))

const rows = []
for (const id of ['ada', 'ben', 'cleo']) rows.push([id, (await limitr.plan(id))?.label, ...(await cells(id))])

await limitr.setCustomerPlan('ada', 'pro')
rows.push(['ada, upgraded', (await limitr.plan('ada'))?.label, ...(await cells('ada'))])
assert.deepEqual(rows.at(-1), ['ada, upgraded', 'Pro', 'yes', 'yes', 'yes', '-'])

const columns = Object.fromEntries(['customer', 'plan', ...FEATURES].map((title) => [title, 'left']))
console.log(`Who has what\n${table(columns, rows)}\n`)

const answers = [
  await limitr.explain('cleo', 'single_sign_on'),
  await limitr.explain('ada', 'single_sign_on'),
  // @ts-expect-error a name that no plan has: the compiler says so
  await limitr.explain('ada', 'singel_sign_on'),
  await limitr.explain('nobody', 'pdf_export')
]
assert.deepEqual(
  answers.map(({ reason }) => reason),
  ['feature', 'not_in_plan', 'unknown_entitlement', 'unknown_customer']
)

const questions = ['cleo, single_sign_on', 'ada, single_sign_on', 'ada, singel_sign_on', 'nobody, pdf_export']
const why = answers.map(({ allowed, reason }, at) => [questions[at], allowed ? 'yes' : 'no', reason])
console.log(`Why\n${table({ question: 'left', allowed: 'left', reason: 'left' }, why)}`)
await limitr.close()
