// The manifest: every workload that the bindings run, in the order of the table.
//
// A workload is
//   name       what the table calls it
//   part       'small', or 'large' for what runs in a process of its own
//   customers  how many there are; their IDs are `customer_0` and so on
//   order      'round', 'uniform' or 'zipf': in which order they are called
//   policy     the policy, without its root key; or `text`, a document in YAML
//   options    what the engine is opened with
//   setUp      (limitr, ids) → data: adds customers
//   call       one call, as code that awaits; the same without `await` is what the synchronous twin runs. It sees `on` (the engine or
//              its `sync`), `id`, `at` (the place in the order) and `data`, and sets `answer`
//   right      when an answer is right, as code; `answer === true` unless given (and `floorRight`). How many were must be `expected`
//   floor      the same for the floor; one `allow` on a hard limit unless given
//   expected   (calls, data) → how many of them must be right; all unless given
//   verify     ({ sync, ids, data, calls }) → throws unless the meters say what the calls should have done
//   batch      calls in one timed batch, where that is fixed, such as one pass through a trace
//   once       each ID is used once, in order
//   creates    each call creates its customer, on the floor, too

import { MONEY } from './money.mjs'
import { READS } from './reads.mjs'
import { RULES } from './rules.mjs'
import { SCALE } from './scale.mjs'
import { TRACES } from './traces.mjs'

/** All workloads. */
export const WORKLOADS = [...RULES, ...MONEY, ...READS, ...TRACES, ...SCALE].map((workload) => ({
  part: 'small',
  customers: 1000,
  order: 'round',
  right: 'answer === true',
  floorRight: 'answer === true',
  floor: "const answer = await on.allow(id, 'api', 1)",
  expected: (calls) => calls,
  ...workload
}))
