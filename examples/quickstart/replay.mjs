// Replays the traces: every request at its own time, gated and metered as an app would.

import { readCsv } from '../lib/csv.mjs'
import { seeded, zipf } from '../lib/random.mjs'

const TRACES = ['azure-llm-2023-conversation.csv', 'azure-llm-2023-code.csv']

/** The requests of both traces in the order of time: `{ at, input, output }`, `at` in ms, the others in tokens. */
export function readTraces() {
  const rows = TRACES.flatMap((name) => readCsv(new URL(`traces/${name}`, import.meta.url)))
  const requests = rows.map((row) => ({
    at: Date.parse(`${row.TIMESTAMP.slice(0, 23).replace(' ', 'T')}Z`),
    input: Number(row.ContextTokens),
    output: Number(row.GeneratedTokens)
  }))
  return requests.sort((one, other) => one.at - other.at)
}

/**
 * Serves one request, and answers null if it was served, else the decision that stood in the way.
 *
 * In an app these are `await limitr.check(…)` and so on. `limitr.sync` has the same calls without promises.
 */
function serve({ sync }, customer, request) {
  // Before the model is called: is there room for an answer, and for what is sent? `allow` also meters it.
  if (!sync.check(customer, 'output_tokens')) return sync.explain(customer, 'output_tokens')
  if (!sync.allow(customer, 'input_tokens', request.input))
    return sync.explain(customer, 'input_tokens', request.input)

  // Here the app calls the model. Its answer has been paid for, so it's recorded whatever the limit: `force`.
  sync.allow(customer, 'output_tokens', request.output, true, null, true)
  return null
}

/**
 * Serves all requests, each for somebody drawn at random: the traces don't say who sent them. Answers one entry a
 * request, `{ person, request, denial, ms }`, where `ms` is how long the engine took.
 */
export function replay(limitr, people, requests, seed) {
  const draw = zipf(people.list.length, 0.8, seeded(seed))
  let now = limitr.sync.now()
  return requests.map((request) => {
    const person = people.list[draw()]
    if (request.at > now) now = limitr.sync.advance(request.at - now)

    const began = performance.now()
    const denial = serve(limitr, person.id, request)
    return { person, request, denial, ms: performance.now() - began }
  })
}
