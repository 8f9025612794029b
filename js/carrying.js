// @ts-check

// Where Stof and functions meet an engine: documents in Stof are read before the engine sees them, and an engine whose policy
// carries functions gets methods of its own in front of those that decide. Every other engine is as it was: nothing is loaded,
// and no call passes through here.

const { isObject } = require('./arguments.js')
const { Carried } = require('./carried.js')
const { Core } = require('./core.js')
const { costed } = require('./costing.js')
const { LimitrError } = require('./errors.js')
const { opened } = require('./opening.js')
const { stofModule, stofModuleNow } = require('./stof.js')
const { looksLikeStof, stofDocument } = require('./stof-documents.js')
const { ASKED } = require('./usage.js')

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
    // Of threads that share it all carry, or none: whatever its policy has become.
    if (policy.functions || (core.audience !== null && functionsOf(core, document) !== null)) {
      const carried = new Carried(core, await stofModule())
      carried.load(policy)
      core.carried = carried
      carried.begin()
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
    core.carried?.begin()
    return
  }
  if (core.audience !== null && core.carried === null)
    throw new LimitrError(
      'not_supported',
      'threads that share an engine know of functions only if the policy that it was opened with has some: open it with them'
    )
  const carried = new Carried(core, stofModuleNow())
  carried.load(policy) // refused here, nothing has changed
  change()
  core.carried = carried
  carried.begin()
  attach(core)
}

/** @type {WeakSet<object>} */
const attached = new WeakSet()

/**
 * Puts methods in front of those of an engine whose policy carries functions that go straight to a door, on the object itself. The
 * others ask by themselves.
 *
 * @param {Core} core
 */
function attach(core) {
  const limitr = core.facade
  if (limitr === null || attached.has(limitr)) return
  attached.add(limitr)
  asking(
    core,
    limitr.sync,
    (work) =>
      (...args) =>
        work(...args)
  )
  asking(core, limitr, (work) => async (...args) => {
    if (core.delivering) await null
    return work(...args)
  })
}

/**
 * @param {Core} core
 * @param {any} facade
 * @param {(work: (...args: any[]) => any) => (...args: any[]) => any} as
 */
function asking(core, facade, as) {
  /** @type {(name: string, work: (inner: Function) => (...args: any[]) => any) => void} */
  const put = (name, work) => {
    const inner = facade[name].bind(facade)
    Object.defineProperty(facade, name, { value: as(work(inner)), writable: true, configurable: true })
  }
  const plain = facade.allow.bind(facade)
  for (const name of ['allow', 'check'])
    put(
      name,
      (inner) => (customer, entitlement, value, event, overhead, force) =>
        costed(core, overhead, customer, { entitlement, way: 'by', value }, event, (cost) =>
          inner(customer, entitlement, value, event, cost ?? undefined, force)
        )
    )
  for (const name of /** @type {const} */ (['increment', 'decrement']))
    put(
      name,
      (inner) => (customer, entitlement, event) =>
        costed(core, null, customer, { entitlement, way: name }, event, (cost, found) =>
          cost === null
            ? inner(customer, entitlement, event)
            : plain(customer, entitlement, found?.units, event, cost)
        )
    )
  for (const name of ['decide', 'explain'])
    put(name, (inner) => (customer, entitlement, value, options) => {
      if (!isObject(options ?? {})) return inner(customer, entitlement, value, options)
      const wanted = { entitlement, way: /** @type {const} */ ('by'), value }
      return costed(core, options?.overhead, customer, wanted, options?.event, (cost, found) => {
        const asked =
          found === null || cost === null ? options : { ...options, overhead: cost, [ASKED]: true }
        return inner(customer, entitlement, value, asked)
      })
    })
}

module.exports = { attach, carryingAfter, functionsOf, openedWithFunctions, understood }
