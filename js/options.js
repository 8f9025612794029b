// @ts-check

const { LimitrError, unknownWord, wrongType } = require('./errors.js')
const { finite, flag, isObject, newName, word } = require('./arguments.js')
const { SIZE_UNITS, TIME_UNITS, measureOf } = require('./measures.js')

const FORMATS = /** @type {const} */ (['auto', 'yaml', 'json', 'toml', 'stof'])
const TEXT_FORMATS = /** @type {const} */ (['json', 'yaml', 'toml', 'stof'])
const BACKENDS = /** @type {const} */ (['auto', 'native', 'wasm'])
const KNOWN = [
  'validate',
  'strict',
  'clock',
  'backend',
  'store',
  'durability',
  'retention',
  'retentionSize',
  'shared'
]

/** The last moment that a Date can hold, in milliseconds. */
const TIME_LIMIT_MS = 8.64e15

/**
 * What crosses to the binding when an engine is opened.
 *
 * @typedef {object} OpenOptions
 * @property {boolean} validate
 * @property {boolean} strict
 * @property {number | null} clock
 * @property {string | null} [store] the folder of its store
 * @property {number | null} [retention_ms]
 * @property {number | null} [retention_bytes]
 * @property {string | null} [shared]
 * @property {boolean} [restore]
 */

/**
 * How an engine is opened: what crosses, and what is done here.
 *
 * @typedef {Required<Omit<OpenOptions, 'restore'>> & { adapter: StoreAdapter | null, strictly: boolean }} Opening
 */
/** @typedef {import('../types/store-adapter.js').StoreAdapter} StoreAdapter */

/**
 * The format that a document is read in.
 *
 * @param {unknown} format
 */
function documentFormat(format) {
  return word(format, 'format', FORMATS, 'auto')
}

/**
 * The format that a policy is written in; null: as an object.
 *
 * @param {unknown} format
 */
function textFormat(format) {
  if (format === undefined || format === null) return null
  return word(format, 'format', TEXT_FORMATS, 'json')
}

/**
 * The third argument of `Limitr.new`: options, or a boolean for `validate`.
 *
 * @param {unknown} given
 * @returns {Opening}
 */
function openOptions(given) {
  if (typeof given === 'boolean') return openOptions({ validate: given })
  const options = given ?? {}
  if (!isObject(options)) throw wrongType('options', 'an object, or a boolean for `validate`', given)
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) throw unknownWord('option', name, KNOWN)
  }
  return {
    validate: flag(options.validate, 'options.validate', true),
    strict: flag(options.strict, 'options.strict', false),
    clock: clockOf(options.clock),
    shared: sharedName(options.shared),
    ...storeOptions(options)
  }
}

/** @param {unknown} shared */
function sharedName(shared) {
  if (!isGiven(shared)) return null
  const given = newName(shared, 'options.shared')
  if (given === '') throw new LimitrError('invalid_value', "`options.shared` can't be empty: give a name")
  return given
}

/**
 * Where and how what the engine does is kept.
 *
 * @param {Record<string, unknown>} options
 */
function storeOptions({ store, durability, retention, retentionSize, shared }) {
  const hardness = word(durability, 'options.durability', ['relaxed', 'strict'], 'relaxed')
  if (!isGiven(store)) {
    if (hardness === 'strict') throw needsStore('durability', '`strict` says when something is on disk')
    if (isGiven(retention)) throw needsStore('retention', 'it says how long a store keeps history')
    if (isGiven(retentionSize)) throw needsStore('retentionSize', 'it says how much history a store keeps')
  }
  const folder = typeof store === 'string' ? newName(store, 'options.store') : null
  if (folder === '') throw new LimitrError('invalid_value', "`options.store` can't be empty: name a folder")
  if (folder === null && isGiven(store)) assertAdapter(store)
  if (folder === null && (isGiven(retention) || isGiven(retentionSize)))
    throw new LimitrError('not_supported', 'an adapter has a retention of its own: leave `retention` out')
  if (folder === null && isGiven(store) && isGiven(shared))
    throw new LimitrError('not_supported', 'threads share a store in a folder, not an adapter: leave one out')
  return {
    store: folder,
    adapter: /** @type {StoreAdapter | null} */ (folder === null && isGiven(store) ? store : null),
    strictly: hardness === 'strict',
    retention_ms: measured(retention, 'retention', TIME_UNITS),
    retention_bytes: measured(retentionSize, 'retentionSize', SIZE_UNITS)
  }
}

/** @param {unknown} value */
function isGiven(value) {
  return value !== undefined && value !== null
}

/**
 * @param {string} option
 * @param {string} why
 */
function needsStore(option, why) {
  return new LimitrError('invalid_argument', `\`options.${option}\` needs \`store\` beside it: ${why}`)
}

/** @param {any} store */
function assertAdapter(store) {
  const kind = 'a folder (text), or an adapter with `load` and `append`'
  if (typeof store !== 'object' || typeof store.load !== 'function' || typeof store.append !== 'function')
    throw wrongType('options.store', kind, store)
}

/**
 * A number, or text of a number and a unit.
 *
 * @param {unknown} value
 * @param {string} option
 * @param {Readonly<Record<string, number>>} units
 * @returns {number | null}
 */
function measured(value, option, units) {
  if (!isGiven(value)) return null
  if (typeof value !== 'number' && typeof value !== 'string')
    throw wrongType(`options.${option}`, 'a number, or text of a number and a unit', value)
  const amount = measureOf(value, units)
  if (Number.isFinite(amount) && amount >= 0) return Math.round(amount)
  const known = Object.keys(units).join(', ')
  throw new LimitrError(
    'invalid_value',
    `\`options.${option}\` is \`${value}\`: use a number, or text of a number and a unit (${known})`
  )
}

/**
 * What the options of `Limitr.new` want to run the engine.
 *
 * @param {unknown} given
 */
function backendOption(given) {
  return word(isObject(given) ? given.backend : null, 'options.backend', BACKENDS, 'auto')
}

/** @param {unknown} clock */
function clockOf(clock) {
  if (clock === undefined || clock === null) return null
  if (typeof clock !== 'number') throw wrongType('options.clock', 'a time in milliseconds', clock)
  finite(clock, 'options.clock')
  if (Number.isInteger(clock) && Math.abs(clock) <= TIME_LIMIT_MS) return clock
  throw new LimitrError(
    'invalid_value',
    `\`options.clock\` is \`${clock}\`: use whole milliseconds since the epoch`
  )
}

module.exports = { BACKENDS, backendOption, documentFormat, openOptions, storeOptions, textFormat }
