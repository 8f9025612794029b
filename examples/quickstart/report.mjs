// Prints what happened, and checks that what the engine metered is what was served.

import assert from 'node:assert/strict'
import { grouped, money, percent, table, utc } from '../lib/text.mjs'

const TOP = 12
const METERS = ['input_tokens', 'output_tokens']

const empty = (plan) => ({ plan, people: new Set(), requests: 0, denied: 0, input: 0, output: 0, cost: 0 })

/** Sums entries by a key of theirs: requests, denied, and the tokens of those that were served. */
function sumBy(entries, keyOf) {
  const sums = new Map()
  for (const { person, request, denial } of entries) {
    const key = keyOf(person)
    if (!sums.has(key)) sums.set(key, empty(person.plan))
    const sum = sums.get(key)
    sum.people.add(person.id)
    sum.requests += 1
    if (denial) {
      sum.denied += 1
    } else {
      sum.input += request.input
      sum.output += request.output
    }
  }
  return sums
}

/** Every holder's sums with what its meters cost you, after comparing them with the meters. */
function audited({ sync }, entries) {
  const holders = sumBy(entries, (person) => person.holder)
  for (const [id, sum] of holders) {
    assert.equal(sync.value(id, 'input_tokens'), sum.input, `${id}: input tokens served and metered`)
    assert.equal(sync.value(id, 'output_tokens'), sum.output, `${id}: output tokens served and metered`)
    sum.cost = METERS.reduce((cost, name) => cost + (sync.meterObject(id, name)?.overhead ?? 0), 0)
  }
  return holders
}

function printPlans(entries, holders) {
  const columns = {
    plan: 'left',
    customers: 'right',
    requests: 'right',
    denied: 'right',
    'denied %': 'right',
    'tokens in': 'right',
    'tokens out': 'right',
    'your cost': 'right'
  }
  const row = (name, sum) => [
    name,
    sum.people.size,
    sum.requests,
    sum.denied,
    percent(sum.denied, sum.requests),
    sum.input,
    sum.output,
    money(sum.cost)
  ]
  const plans = sumBy(entries, (person) => person.plan)
  for (const { plan, cost } of holders.values()) plans.get(plan).cost += cost
  const all = sumBy(entries, () => 'all').get('all')
  for (const { cost } of plans.values()) all.cost += cost
  const rows = [...plans.keys()].sort().map((name) => row(name, plans.get(name)))
  console.log(`By plan\n${table(columns, rows, row('all', all))}\n`)
}

function printTop({ sync }, holders) {
  const columns = {
    customer: 'left',
    plan: 'left',
    requests: 'right',
    denied: 'right',
    'tokens in': 'right',
    'in %': 'right',
    'left in': 'right',
    'out %': 'right',
    'left out': 'right',
    renews: 'left'
  }
  const busiest = [...holders].sort(([, one], [, other]) => other.requests - one.requests).slice(0, TOP)
  const rows = busiest.map(([id, { plan, requests, denied }]) => [
    id,
    plan,
    requests,
    denied,
    sync.value(id, 'input_tokens'),
    `${Math.floor(sync.value(id, 'input_tokens', true))}%`,
    sync.remaining(id, 'input_tokens'),
    `${Math.floor(sync.value(id, 'output_tokens', true))}%`,
    sync.remaining(id, 'output_tokens'),
    utc(sync.resets(id, 'input_tokens'))?.slice(5, 16)
  ])
  console.log(
    `The ${TOP} busiest customers (an org counts its members' requests; below zero is past the limit)`
  )
  console.log(`${table(columns, rows)}\n`)
}

/** What the app would do about a denial, by its reason and what it was about. */
const ADVICE = {
  'governed input_tokens': 'sent too fast: answer 429 with Retry-After',
  'over_limit input_tokens': 'used up: offer the next plan',
  'over_limit output_tokens': 'used up: offer the next plan'
}

function printDenials(entries) {
  const reasons = new Map()
  for (const { person, denial } of entries) {
    if (!denial) continue
    const key = `${denial.reason} ${denial.entitlement}`
    if (!reasons.has(key)) reasons.set(key, { requests: 0, people: new Set() })
    const reason = reasons.get(key)
    reason.requests += 1
    reason.people.add(person.id)
  }
  const rows = [...reasons]
    .sort(([, one], [, other]) => other.requests - one.requests)
    .map(([key, { requests, people }]) => [...key.split(' '), requests, people.size, ADVICE[key]])
  const columns = {
    reason: 'left',
    entitlement: 'left',
    requests: 'right',
    customers: 'right',
    'what to do': 'left'
  }
  console.log(`Why requests were denied\n${table(columns, rows)}\n`)
}

/** Time passes, and what renews by the day has room again. */
function printRenewal({ sync }, entries) {
  const usedUp = (id) => !sync.check(id, 'output_tokens') || !sync.check(id, 'input_tokens', 1_000)
  const free = new Set(entries.filter(({ person }) => person.plan === 'free').map(({ person }) => person.id))
  const waiting = [...free].filter(usedUp)
  sync.advance('1day')
  const served = waiting.length - waiting.filter(usedUp).length
  console.log('A day later')
  console.log(
    `  ${waiting.length} free customers had no room for 1,000 more tokens; ${served} have it again\n`
  )
}

/** How long the engine took. Such lines begin with `time:`, since they differ on every run. */
function printTimes(entries) {
  // A served request takes three decisions. One that is denied takes two or three, the last of which says why.
  const decisions = entries.reduce(
    (sum, { denial }) => sum + (denial?.entitlement === 'output_tokens' ? 2 : 3),
    0
  )
  const times = entries.map((entry) => entry.ms).sort((one, other) => one - other)
  const ms = times.reduce((sum, time) => sum + time, 0)
  const ns = (time) => grouped(Math.round(1e6 * time))
  console.log(
    `time: the engine took ${ms.toFixed(1)} ms for ${grouped(decisions)} decisions: ${ns(ms / decisions)} ns each`
  )
  console.log(
    `time: half of the requests took ${ns(times[times.length >> 1])} ns or less, three decisions each`
  )
  console.log(`time: the whole run took ${(performance.now() / 1000).toFixed(2)} s`)
}

/** Prints everything. Throws where the engine's meters aren't what was served. */
export function report(limitr, people, entries, seed) {
  const [from, to] = [entries[0], entries.at(-1)].map(({ request }) => utc(request.at))
  const { seats, storage, exports, list } = people
  console.log(`An hour of real requests to a language model, gated by examples/quickstart/policy.yaml

  requests    ${grouped(entries.length)} from the Azure LLM traces (CC BY 4.0), ${from} to ${to.slice(11)} UTC
  customers   ${list.length} made up, drawn for each request by Zipf's law with seed ${seed}: the traces name nobody
  clock       virtual, moved to each request's own time

Before the first request
  seats       ${seats.taken} taken, ${seats.refused} refused: an org has 10
  storage     ${storage.stored} uploads stored, ${storage.refused} refused: 1GB on free, 50GB on pro, 1TB an org
  pdf_export  on for ${exports} customers, off for ${list.length - exports}
`)
  const holders = audited(limitr, entries)
  printPlans(entries, holders)
  printTop(limitr, holders)
  printDenials(entries)
  printRenewal(limitr, entries)
  printTimes(entries)
  console.log(`
Try   change a limit in examples/quickstart/policy.yaml, then \`npm run quickstart\` again
Next  examples/quickstart/replay.mjs is the code to copy; docs/policy.md explains every field`)
}
