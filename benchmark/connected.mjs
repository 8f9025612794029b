// What a connection costs a call: `connected.mjs <binding> <url> <token> <adminToken>`, in a process of its own. Prints JSON.
//
//  1. The server's policy is published; one engine is opened with the same document, another is connected, and both have the same customers.
//  2. The connected one is lent far more than is spent, as an engine is that has run for a while: what is measured is a call, not a wait.
//  3. Batches of both alternate. Between them the process rests, so that frames come and go, as an app's would.

import { Limitr } from 'limitr'
import { median } from './lib/measure.mjs'
import { idsOf } from './lib/order.mjs'

const CUSTOMERS = 100
const CALLS = 50_000
const ROUNDS = 61
/** So much is lent ahead of each customer's limit. */
const AHEAD = 1e9

const [backend, url, token, adminToken] = process.argv.slice(2)
const limit = (mode) => ({ limit: { credit: 'call', mode, value: 1e15, resets: true, reset_inc: '30days' } })
const policy = {
  credits: { call: {} },
  plans: { free: { default: true, entitlements: { hard: limit('hard'), soft: limit('soft') } } }
}
const document = JSON.stringify({ policy })

async function publish() {
  const ask = async (path, body) => {
    const headers = { Authorization: `Bearer ${adminToken}` }
    const answer = await fetch(url + path, { method: 'POST', headers, body })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  const { version } = await ask('/v1/policies', document)
  await ask(`/v1/policies/${version}/publish`)
}

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const ids = idsOf(CUSTOMERS)

async function open() {
  const local = await Limitr.new(document, 'json', { backend })
  const connected = await Limitr.cloud({ token, url, backend })
  for (const limitr of [local, connected]) for (const id of ids) await limitr.ensureCustomer(id)
  return { local, connected }
}

/** Spends so much at once that far more is lent next. */
async function warmUp(limitr) {
  for (let time = 0; time < 3; time += 1) {
    for (const id of ids) await limitr.allow(id, 'hard', AHEAD)
    await rest(100)
  }
}

/** A loop of its own for each engine, as lib/measure.mjs compiles them. */
const loopOf = (entitlement, name) =>
  new Function(
    'on',
    'ids',
    'count',
    `// ${name}
    let right = 0
    for (let made = 0, at = 0; made < count; made += 1) {
      if (on.allow(ids[at], '${entitlement}', 1)) right += 1
      at = at + 1 === ids.length ? 0 : at + 1
    }
    return right`
  )

/** Nanoseconds a call of each engine. */
async function measure(engines, entitlement) {
  const subjects = Object.entries(engines).map(([name, limitr]) => ({
    name,
    on: limitr.sync,
    loop: loopOf(entitlement, name),
    samples: []
  }))
  for (let round = -5; round < ROUNDS; round += 1)
    for (const { name, on, loop, samples } of subjects) {
      const began = performance.now()
      const right = loop(on, ids, CALLS)
      const took = performance.now() - began
      if (right !== CALLS) throw new Error(`${name}: ${CALLS - right} of ${CALLS} calls were denied`)
      if (round >= 0) samples.push((took * 1e6) / CALLS)
      await rest(5)
    }
  return Object.fromEntries(subjects.map(({ name, samples }) => [name, median(samples)]))
}

await publish()
const engines = await open()
await warmUp(engines.connected)
const [hard, soft] = [await measure(engines, 'hard'), await measure(engines, 'soft')]
await engines.connected.flush()
console.log(JSON.stringify({ hard, soft }))
await engines.connected.close()
process.exit(0)
