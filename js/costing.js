// @ts-check

// What a call costs where the credit's own function says it: asked before the call, and counted with it.
//
// 1. The engine says what a call asks for: which credit, and by how much it would move the meter.
// 2. The credit's `overhead(units, context)` answers a number, in runes, and the call is made with that. One that fails leaves the
//    credit's `overhead_cost` in force.
// 3. After the call's own events a `policy-error` says so, once a call, or once an item where several are made as one.

const { isObject } = require('./arguments.js')
const events = require('./events.js')
const { CALL_MS, SandboxError } = require('./sandbox.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('./carried.js').Carried} Carried */

/**
 * A call that is about to be made. `way` says what `value` is: how far to move the meter, where `to`, or what to `reserve`.
 *
 * @typedef {{ entitlement: unknown, way: 'by' | 'to' | 'increment' | 'decrement' | 'reserve', value?: unknown }} Wanted
 */

/**
 * What a call asks for, as the engine says, and what its credit's function says of it: null where there is none, or it `failed`.
 *
 * @typedef {{ credit: string, units: number, overhead: number, cost: number | null, failed: boolean }} Costed
 */

/** What the functions of calls that are made as one may take together, in milliseconds' work. */
const BATCH_MS = 500
/** The largest number that the engine counts. */
const COST_MAX = 1e24

/**
 * Makes a call with what it costs: what was `given`, else what the credit's function says, else null.
 *
 * @template T
 * @param {Core} core
 * @param {unknown} given
 * @param {unknown} customer
 * @param {Wanted} wanted
 * @param {unknown} context
 * @param {(cost: any, costed: Costed | null) => T} call
 * @returns {T}
 */
function costed(core, given, customer, wanted, context, call) {
  if (core.carried === null || (given !== null && given !== undefined)) return call(given ?? null, null)
  return costedAll(core, customer, [wanted], context, ([one]) => call(one?.cost ?? null, one))
}

/**
 * Makes several calls as one, each with what it costs.
 *
 * @template T
 * @param {Core} core
 * @param {unknown} customer
 * @param {readonly (Wanted | null)[]} wanted null: it isn't asked for
 * @param {unknown} context
 * @param {(costed: readonly (Costed | null)[]) => T} call
 * @returns {T}
 */
function costedAll(core, customer, wanted, context, call) {
  const { carried } = core
  if (carried === null || !carried.mayCost()) return call(wanted.map(() => null))
  /** @type {any[]} */
  const failures = []
  const all = costs(core, carried, customer, wanted, isObject(context) ? context : {}, failures)
  try {
    return call(all)
  } finally {
    for (const failure of failures) if (!core.closed) events.send(core, failure)
  }
}

/**
 * @param {Core} core
 * @param {Carried} carried
 * @param {unknown} customer
 * @param {readonly (Wanted | null)[]} wanted
 * @param {object} context
 * @param {any[]} failures events for those that failed, in order
 * @returns {(Costed | null)[]}
 */
function costs(core, carried, customer, wanted, context, failures) {
  const asking = wanted.map(crossing)
  const none = wanted.map(() => null)
  if (typeof customer !== 'string' || core.closed || asking.every((one) => one === null)) return none
  const { version, asked } = core.ask('asked', [customer, asking])
  let left = wanted.length > 1 ? BATCH_MS : CALL_MS
  return asked.map((/** @type {any} */ one) => {
    if (one === null) return null
    /** @type {[string, string, string]} */
    const path = ['credits', one.credit, 'overhead']
    try {
      if (!carried.refresh(version).has(path)) return { ...one, cost: null, failed: false }
      if (left <= 0)
        throw new SandboxError('failed', `calls that are made as one have ${BATCH_MS} ms of work`)
      const cost = carried.call(path, [one.units, context], Math.min(left, CALL_MS))
      left = carried.stopped ? 0 : left - carried.spentMs
      if (typeof cost !== 'number') throw new SandboxError('failed', 'it returned no number')
      if (Math.abs(cost) > COST_MAX)
        throw new SandboxError('failed', `it returned ${cost}, which is too much`)
      return { ...one, cost, failed: false }
    } catch (error) {
      if (!carried.has(path)) return { ...one, cost: null, failed: false }
      if (carried.stopped) left = 0 // a new sandbox for each would cost more than the calls may
      failures.push(carried.failure(path, error))
      return { ...one, cost: null, failed: true }
    }
  })
}

/**
 * A call as it crosses; null if there is nothing to ask about, or the call will be refused.
 *
 * @param {Wanted | null} wanted
 */
function crossing(wanted) {
  if (wanted === null || typeof wanted.entitlement !== 'string') return null
  const { entitlement, way, value = 0 } = wanted
  const isValue = typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string'
  return isValue || value === null || way === 'reserve' ? [entitlement, way, value ?? 0] : null
}

module.exports = { costed, costedAll }
