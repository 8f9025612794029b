// @ts-check

// Opens an engine in one of three ways: alone; in a room of the binding, because it has a store in a folder or threads share it;
// or to be put back from an adapter.

const { Audience } = require('./audience.js')
const { finite, newName, options } = require('./arguments.js')
const { Core } = require('./core.js')
const { LimitrError, wrongType } = require('./errors.js')
const { AdapterKeeping, NativeKeeping } = require('./keeping.js')
const { loadedBy, restore } = require('./restoring.js')

/** @typedef {import('./documents.js').Document} Document */
/** @typedef {import('./limitr.js').Binding} Binding */
/** @typedef {import('./options.js').OpenOptions} OpenOptions */
/** @typedef {import('./options.js').Opening} Opening */
/** @typedef {import('../types/store-adapter.js').StoreAdapter} StoreAdapter */

/**
 * @param {Binding} binding
 * @param {Document} document
 * @param {Opening} opening
 */
async function opened({ doors, backend }, document, { adapter, strictly, ...open }) {
  if (adapter !== null) return fromAdapter({ doors, backend }, document, open, adapter, strictly)
  if (open.store === null && open.shared === null) return Core.open(doors, backend, document, open)
  if (backend !== 'native')
    throw onlyNative(open.store === null ? 'an engine that threads share' : 'a store in a folder')
  const core = await Core.openRoom(doors, backend, document, open)
  if (open.store !== null) core.keeping = new NativeKeeping(core, strictly)
  if (open.shared !== null) core.audience = new Audience(core, open.shared)
  return core
}

/**
 * @param {Binding} binding
 * @param {Document} document
 * @param {OpenOptions} open
 * @param {StoreAdapter} adapter
 * @param {boolean} strictly
 */
async function fromAdapter({ doors, backend }, document, open, adapter, strictly) {
  const core = Core.open(doors, backend, document, { ...open, restore: true })
  const loaded = await loadedBy(adapter).catch((error) => {
    core.close()
    throw error
  })
  try {
    const beside = await restore(core, loaded)
    const instance = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) =>
      part.toString(16).padStart(8, '0')
    ).join('')
    core.keeping = new AdapterKeeping(core, strictly, adapter, instance, beside)
    await core.keeping.flush() // the policy that counts from now on
  } catch (error) {
    core.close()
    await adapter.close?.()
    throw error
  }
  return core
}

/** @param {string} what */
function onlyNative(what) {
  return new LimitrError(
    'not_supported',
    `${what} needs the native binding, and wasm runs this engine: let an adapter keep it (option \`store\`), or install the binding`
  )
}

const HISTORY_OPTIONS = ['since', 'until', 'entitlement', 'limit']
/** How many entries `history` gives unless it is told, and at the most. */
const HISTORY_LENGTH = 1_000
const HISTORY_LENGTH_MAX = 100_000

/**
 * See index.d.ts.
 *
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} given
 * @returns {Promise<any>}
 */
async function history(core, customer, given) {
  const id = newName(customer, 'customer')
  const { since, until, entitlement, limit } = options(given, 'options', HISTORY_OPTIONS)
  const query = {
    since: momentOf(since, 'options.since'),
    until: momentOf(until, 'options.until'),
    entitlement:
      entitlement === undefined || entitlement === null
        ? undefined
        : newName(entitlement, 'options.entitlement'),
    limit: lengthOf(limit)
  }
  if (core.keeping === null)
    throw new LimitrError('not_supported', 'an engine without a store keeps no history: open it with `store`')
  return core.keeping.history(id, query)
}

/**
 * @param {unknown} value
 * @param {string} argument
 */
function momentOf(value, argument) {
  if (value === undefined || value === null) return undefined
  if (value instanceof Date) return finite(value.getTime(), argument)
  if (typeof value !== 'number') throw wrongType(argument, 'a time in milliseconds, or a Date', value)
  return finite(value, argument)
}

/** @param {unknown} limit */
function lengthOf(limit) {
  if (limit === undefined || limit === null) return HISTORY_LENGTH
  if (typeof limit !== 'number') throw wrongType('options.limit', 'a number', limit)
  if (Number.isInteger(limit) && limit >= 1 && limit <= HISTORY_LENGTH_MAX) return limit
  throw new LimitrError(
    'invalid_value',
    `\`options.limit\` is \`${limit}\`: use a whole number from 1 to ${HISTORY_LENGTH_MAX}`
  )
}

module.exports = { history, onlyNative, opened }
