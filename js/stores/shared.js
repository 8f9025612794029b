// @ts-check

// What store adapters share: how their options are read, and what of a snapshot is one value and not a stream.

const { LimitrError, shown, unknownWord, wrongType } = require('../errors.js')
const { TIME_UNITS, measureOf } = require('../measures.js')

/** @typedef {import('../../types/store-adapter').Change} Change */
/** @typedef {import('../../types/store-adapter').Snapshot} Snapshot */
/** @typedef {import('../../types/store-adapter').StoredChange} StoredChange */

/** What of a snapshot is kept as one value. */
/** @typedef {Omit<Snapshot, 'customers' | 'changes'>} Head */

const NAME_BYTES_MAX = 128

/** Anything that would end a line or a text on its way into a store. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * The options of an adapter, none of them unknown.
 *
 * @param {unknown} given
 * @param {readonly string[]} known
 * @returns {Record<string, unknown>}
 */
function optionsOf(given, known) {
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object' || Array.isArray(given)) throw wrongType('options', 'an object', given)
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw unknownWord('option', name, known)
  }
  return /** @type {Record<string, unknown>} */ (given)
}

/**
 * The name of an engine's state.
 *
 * @param {unknown} given
 */
function storeName(given) {
  if (given === undefined || given === null) return 'default'
  if (typeof given !== 'string') throw wrongType('options.name', 'a string', given)
  const bytes = new TextEncoder().encode(given).length
  if (bytes > 0 && bytes <= NAME_BYTES_MAX && given.isWellFormed() && !CONTROL.test(given)) return given
  throw new LimitrError(
    'invalid_argument',
    `\`options.name\` is ${shown(given)}: use 1 to ${NAME_BYTES_MAX} bytes of text without control characters`
  )
}

/**
 * A length of time, in milliseconds.
 *
 * @param {unknown} given
 * @param {string} argument
 * @param {string} standard
 */
function duration(given, argument, standard) {
  const value = given ?? standard
  if (typeof value !== 'number' && typeof value !== 'string')
    throw wrongType(argument, 'milliseconds, or text such as `30days`', value)
  const milliseconds = measureOf(value, TIME_UNITS)
  if (milliseconds >= 0) return milliseconds
  throw new LimitrError(
    'invalid_argument',
    `\`${argument}\` is ${shown(value)}: use milliseconds, or a number with \`ms\`, \`s\`, \`min\`, \`hr\`, \`days\` or \`weeks\``
  )
}

/**
 * What of a snapshot is one value. To be read once all customers are: only then is `to` known.
 *
 * @param {Snapshot} snapshot
 * @returns {Head}
 */
function headOf(snapshot) {
  const { customers, changes, ...more } = snapshot
  const { format, instance, from, to, policy, estimates, now } = snapshot
  return { ...more, format, instance, from, to, policy, estimates, now }
}

/**
 * A head as it was stored.
 *
 * @param {string} text
 * @returns {Head}
 * @throws {LimitrError} `store_damaged`
 */
function headFrom(text) {
  const head = parsed(text, 'a snapshot')
  if (typeof head?.instance === 'string' && typeof head.from === 'number') return head
  throw damaged('a snapshot lacks its instance')
}

/**
 * @param {string} text
 * @param {string} what
 * @returns {any}
 * @throws {LimitrError} `store_damaged`
 */
function parsed(text, what) {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw damaged(`${what} is no JSON`, cause)
  }
}

/**
 * @param {string} what
 * @param {unknown} [cause]
 */
function damaged(what, cause) {
  const message = `the store is damaged: ${what}: bring back a copy of it`
  return new LimitrError('store_damaged', message, cause === undefined ? {} : { cause })
}

/**
 * @param {number} format
 * @param {number} known
 */
function newer(format, known) {
  return new LimitrError(
    'store_newer',
    `the store has format ${format}, and this version of limitr knows ${known}: use the version that wrote it, or a newer one`
  )
}

/**
 * The store can't be used: the outside refused, or it was closed.
 *
 * @param {string} message
 * @param {unknown} [cause]
 */
function failed(message, cause) {
  return new LimitrError('store_failed', message, cause === undefined ? {} : { cause })
}

module.exports = { damaged, duration, failed, headFrom, headOf, newer, optionsOf, parsed, storeName }
