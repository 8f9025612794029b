// Two real traces of an hour each, replayed end to end; a batch is one pass. examples/quickstart/traces says where they are from. They
// name no customers, so requests are assigned by a fixed seed, the first customers getting most.

import { readFileSync } from 'node:fs'
import { readCsv } from '../../examples/lib/csv.mjs'
import { orderOf } from '../lib/order.mjs'
import { createAll, same, totalOf } from './shared.mjs'

const example = (...parts) => new URL(`../../examples/${parts.join('/')}`, import.meta.url)
const HOUR_MS = 3_600_000
const START = Date.UTC(2023, 10, 16, 18)
const SKEW = 0.8

/** A trace's columns: when, in ms since the one before; what was sent; what was answered; both. */
function readTrace(name) {
  const rows = readCsv(example('quickstart', 'traces', `azure-llm-2023-${name}.csv`))
  const times = rows.map((row) => Date.parse(`${row.TIMESTAMP.slice(0, 23).replace(' ', 'T')}Z`))
  const input = Float64Array.from(rows, (row) => Number(row.ContextTokens))
  const output = Float64Array.from(rows, (row) => Number(row.GeneratedTokens))
  return {
    waits: Float64Array.from(times, (time, index) => (index === 0 ? 0 : time - times[index - 1])),
    input,
    output,
    tokens: input.map((sent, index) => sent + output[index])
  }
}

const conversation = readTrace('conversation')
const code = readTrace('code')
const passTotal = conversation.tokens.reduce((sum, tokens) => sum + tokens, 0)

export const TRACES = [
  {
    // One decision a request, billed by the tiers of examples/ai-tokens.
    name: 'conversation trace',
    batch: conversation.tokens.length,
    order: orderOf('zipf', 1000, conversation.tokens.length, SKEW),
    text: readFileSync(example('ai-tokens', 'policy.yaml'), 'utf8'),
    setUp: (limitr, ids) => {
      createAll(limitr, ids)
      return conversation
    },
    floorData: conversation,
    call: "const answer = await on.allow(id, 'chat', data.tokens[at])",
    floor: "const answer = await on.allow(id, 'api', data.tokens[at])",
    verify: ({ sync, ids, calls }) =>
      same(totalOf(sync, ids, 'chat'), (calls / conversation.tokens.length) * passTotal, 'tokens metered')
  },
  {
    // A request is served as examples/quickstart does it, under its policy and at its own time: time moves, then room for an answer
    // is checked, what is sent is allowed, and what is answered is recorded. Passes are 24 hours apart, so that each begins
    // with the daily limits anew.
    name: 'code trace, served',
    batch: code.tokens.length,
    order: orderOf('zipf', 1000, code.tokens.length, SKEW),
    text: readFileSync(example('quickstart', 'policy.yaml'), 'utf8'),
    options: { clock: START },
    setUp: (limitr, ids) => {
      for (const [index, id] of ids.entries()) limitr.sync.createCustomer(id, index % 3 ? 'free' : 'pro')
      const waits = code.waits.slice()
      waits[0] = 24 * HOUR_MS - waits.reduce((sum, wait) => sum + wait, 0)
      return { ...code, waits }
    },
    floorData: code,
    call: `if (data.waits[at] > 0) await on.advance(data.waits[at])
      let answer = await on.check(id, 'output_tokens')
      if (answer) answer = await on.allow(id, 'input_tokens', data.input[at])
      if (answer) await on.allow(id, 'output_tokens', data.output[at], true, null, true)`,
    floor: `let answer = await on.check(id, 'api', 0)
      if (answer) answer = await on.allow(id, 'api', data.input[at])
      if (answer) await on.allow(id, 'api', data.output[at])`,
    expected: (calls, data) => (data === code ? calls : servedIn(calls / code.tokens.length)),
    verify: () => {}
  }
]

/**
 * How many requests so many passes must have served: reckoned here, by the policy's own numbers, without the engine. The limits
 * are those of examples/quickstart/policy.yaml.
 */
function servedIn(passes) {
  const plans = {
    free: { input: 40_000, output: 6_000, capacity: 16_000, refill: 0.2, daily: true },
    pro: { input: 2_000_000, output: 250_000, capacity: 60_000, refill: 1, daily: false }
  }
  const order = orderOf('zipf', 1000, code.tokens.length, SKEW)
  const waits = code.waits.slice()
  waits[0] = 24 * HOUR_MS - waits.reduce((sum, wait) => sum + wait, 0)
  const meters = Array.from({ length: 1000 }, (_, index) => ({
    plan: plans[index % 3 ? 'free' : 'pro'],
    input: 0,
    output: 0,
    spent: 0, // of the bucket, as of `at`
    at: START,
    days: [0, 0],
    months: [monthOf(START), monthOf(START)]
  }))
  let [now, served] = [START, 0]
  for (let pass = 0; pass < passes; pass += 1)
    for (let at = 0; at < order.length; at += 1) {
      now += waits[at]
      if (serve(meters[order[at]], now, code.input[at], code.output[at])) served += 1
    }
  return served
}

const monthOf = (ms) => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth()

/** Begins a meter's period if its last one is over: whether it did. */
function began(meter, which, now) {
  const [kept, period] = meter.plan.daily
    ? [meter.days, Math.floor((now - START) / (24 * HOUR_MS))]
    : [meter.months, monthOf(now)]
  if (kept[which] === period) return false
  kept[which] = period
  return true
}

function serve(meter, now, input, output) {
  const { plan } = meter
  if (began(meter, 1, now)) meter.output = 0
  if (meter.output >= plan.output) return false
  if (began(meter, 0, now)) {
    meter.input = 0
    meter.spent = 0
  }
  meter.spent = Math.max(0, meter.spent - (now - meter.at) * plan.refill)
  meter.at = now
  if (meter.spent + input > plan.capacity || meter.input + input > plan.input) return false
  meter.input += input
  meter.spent += input
  meter.output += output
  return true
}
