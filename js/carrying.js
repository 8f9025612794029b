// @ts-check

// Where Stof and functions meet an engine: documents in Stof are read before the engine sees them, and an engine whose policy
// carries functions gets methods of its own in front of those that decide. Every other engine is as it was: nothing is loaded,
// and no call passes through here.

const { Carried } = require('./carried.js')
const { Core } = require('./core.js')
const { LimitrError } = require('./errors.js')
const { opened } = require('./opening.js')
const { stofModule, stofModuleNow } = require('./stof.js')
const { looksLikeStof, stofDocument } = require('./stof-documents.js')

/** @typedef {import('./documents.js').Document} Document */
/** @typedef {import('./limitr.js').Binding} Binding */
/** @typedef {import('./options.js').Opening} Opening */

/**
 * Opens an engine with a document in any format, and with the functions that it carries.
 *
 * @param {Binding} binding
 * @param {Document} document
 * @param {Opening} opening
 */
async function openedWithFunctions(binding, document, opening) {
  const now = opening.clock ?? Date.now()
  if (document.format === 'stof') document = stofDocument(await stofModule(), document.text, now)
  let core
  try {
    core = await opened(binding, document, opening)
  } catch (error) {
    if (!mayBeStof(document, error)) throw error
    document = stofDocument(await stofModule(), document.text, now)
    core = await opened(binding, document, opening)
  }
  if (!document.text.includes('functions')) return core
  try {
    const { policy } = core.ask('policy', [null])
    if (policy.functions) {
      const carried = new Carried(core, await stofModule())
      carried.load(policy)
      core.carried = carried
    }
  } catch (error) {
    await core.keeping?.close()
    core.close()
    throw error
  }
  return core
}

/**
 * Whether a document that was refused may be in Stof: it was in no other format, and looks like it.
 *
 * @param {Document} document
 * @param {unknown} error
 */
function mayBeStof(document, error) {
  if (document.format !== 'auto' || document.isObject || !(error instanceof LimitrError)) return false
  const first = error.diagnostics?.find(({ severity }) => severity === 'error')
  return (first?.code === 'syntax' || first?.code === 'missing_policy') && looksLikeStof(document.text)
}

/**
 * A document for an engine that is open, out of whatever format: at once.
 *
 * @template T
 * @param {Core} core
 * @param {Document} document
 * @param {(document: Document) => T} use
 * @returns {T}
 */
function understood(core, document, use) {
  const read = () => stofDocument(stofModuleNow(), document.text, core.ask('now', []))
  if (document.format === 'stof') return use(read())
  try {
    return use(document)
  } catch (error) {
    if (!mayBeStof(document, error)) throw error
    return use(read())
  }
}

/**
 * The functions of a document that is to replace an engine's policy, loaded, so that it can be refused before anything changes;
 * null if it carries none.
 *
 * @param {Core} core
 * @param {Document} document
 */
function functionsOf(core, document) {
  if (!document.text.includes('functions')) return null
  const trial = Core.open(
    core.doors,
    core.backend,
    document,
    /** @type {any} */ ({ validate: false, strict: false, clock: 0 })
  )
  try {
    const { policy } = trial.ask('policy', [null])
    return policy.functions ? policy : null
  } finally {
    trial.close()
  }
}

/**
 * Has an engine carry the functions of its new policy.
 *
 * @param {Core} core
 * @param {any} policy as `functionsOf` found it
 * @param {() => void} change
 */
function carryingAfter(core, policy, change) {
  if (policy === null) {
    change()
    core.carried?.load({})
    return
  }
  const carried = new Carried(core, stofModuleNow())
  const before = core.carried
  carried.load(policy) // refused here, nothing has changed
  try {
    change()
  } catch (error) {
    carried.load({})
    before?.outdated()
    throw error
  }
  core.carried = carried
  attach(core)
}

/** Deciding methods that name no overhead of their own: where the value, the event and the overhead stand. */
const PLACES = { allow: [2, 3, 4], check: [2, 3, 4], settle: [3, 4, 5] }
/** Those that take options. */
const WITH_OPTIONS = ['decide', 'explain']
/** Methods after which functions see another policy. */
const CHANGES = ['setPlan', 'deletePlan', 'setExchange', 'setNotifications']

/** @type {WeakSet<object>} */
const attached = new WeakSet()

/**
 * Puts methods in front of an engine's own, on the object itself.
 *
 * @param {Core} core
 */
function attach(core) {
  const limitr = core.facade
  if (limitr === null || attached.has(limitr)) return
  attached.add(limitr)
  for (const facade of [limitr, limitr.sync]) {
    /** @type {(name: string, work: (inner: Function, args: any[]) => any) => void} */
    const put = (name, work) => {
      const inner = facade[name].bind(facade)
      const method =
        facade === limitr
          ? async (/** @type {any[]} */ ...args) => work(inner, args)
          : (/** @type {any[]} */ ...args) => work(inner, args)
      Object.defineProperty(facade, name, { value: method, writable: true, configurable: true })
    }
    const allow = facade.allow.bind(facade)
    for (const [name, places] of Object.entries(PLACES))
      put(name, (inner, args) => inner(...costed(core, args, places)))
    for (const name of WITH_OPTIONS) put(name, (inner, args) => inner(...costedOptions(core, args)))
    put('increment', (inner, args) => stepped(core, inner, allow, args, 1))
    put('decrement', (inner, args) => stepped(core, inner, allow, args, -1))
    for (const name of CHANGES) {
      put(name, (inner, args) => {
        const result = inner(...args)
        core.carried?.outdated()
        return result
      })
    }
  }
  for (const name of ['flush', 'close']) {
    const inner = limitr[name].bind(limitr)
    const value = async () => {
      await core.carried?.settled()
      return inner()
    }
    Object.defineProperty(limitr, name, { value, writable: true, configurable: true })
  }
}

/**
 * Arguments with the overhead that the credit's function says.
 *
 * @param {Core} core
 * @param {any[]} args
 * @param {number[]} places
 */
function costed(core, args, [valueAt, eventAt, overheadAt]) {
  if (args[overheadAt] !== undefined && args[overheadAt] !== null) return args
  const cost = core.carried?.overhead(args[0], args[1], args[valueAt], args[eventAt])
  if (cost === undefined) return args
  const all = [...args]
  while (all.length < overheadAt) all.push(undefined)
  all[overheadAt] = cost
  return all
}

/**
 * @param {Core} core
 * @param {any[]} args
 */
function costedOptions(core, args) {
  const options = args[3]
  if (typeof options?.overhead === 'number') return args
  const cost = core.carried?.overhead(args[0], args[1], args[2], options?.event)
  return cost === undefined ? args : [args[0], args[1], args[2], { ...options, overhead: cost }]
}

/**
 * `increment` and `decrement`, which are calls of `allow` by the limit's increment.
 *
 * @param {Core} core
 * @param {Function} inner
 * @param {Function} allow
 * @param {any[]} args
 * @param {1 | -1} sign
 */
function stepped(core, inner, allow, args, sign) {
  const [customer, entitlement, event] = args
  if (typeof customer !== 'string' || typeof entitlement !== 'string' || !core.carried?.has('credits'))
    return inner(...args)
  const step = core.ask('cost', [customer, entitlement])
  if (typeof step !== 'number') return inner(...args)
  const cost = core.carried.overhead(customer, entitlement, sign * step, event)
  return cost === undefined ? inner(...args) : allow(customer, entitlement, sign * step, event, cost)
}

module.exports = { attach, carryingAfter, functionsOf, openedWithFunctions, understood }
