// An AI product for an hour: real requests to a language model, gated by policy.yaml.
//
//   people.mjs   makes up the customers and gives them plans, seats and storage
//   replay.mjs   serves every request of the traces as an app would: this is the part to copy
//   report.mjs   prints what happened

import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { settle } from './people.mjs'
import { readTraces, replay } from './replay.mjs'
import { report } from './report.mjs'

const SEED = 42
const PEOPLE = 500

const requests = readTraces()

// With `clock`, time stands still until `advance` moves it: the traces' hour passes in a moment. An app leaves it out.
const limitr = await Limitr.new(readFileSync(new URL('policy.yaml', import.meta.url), 'utf8'), 'yaml', {
  strict: true,
  clock: requests[0].at
})

const people = settle(limitr, PEOPLE, SEED)
const entries = replay(limitr, people, requests, SEED)
report(limitr, people, entries, SEED)

await limitr.close()
