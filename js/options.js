// @ts-check

const { LimitrError, unknownWord, wrongType } = require('./errors.js')
const { finite, flag, isObject, word } = require('./arguments.js')

const FORMATS = /** @type {const} */ (['auto', 'yaml', 'json', 'toml', 'stof'])
const TEXT_FORMATS = /** @type {const} */ (['json', 'yaml', 'toml', 'stof'])
const BACKENDS = /** @type {const} */ (['auto', 'native', 'wasm'])
const KNOWN = ['validate', 'strict', 'clock', 'backend', 'durability', 'store', 'shared']

/** The last moment that a Date can hold, in milliseconds. */
const TIME_LIMIT_MS = 8.64e15

/** @typedef {{ validate: boolean, strict: boolean, clock: number | null }} OpenOptions */

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
 * @returns {OpenOptions}
 */
function openOptions(given) {
  if (given === undefined || given === null) return { validate: true, strict: false, clock: null }
  if (typeof given === 'boolean') return { validate: given, strict: false, clock: null }
  if (!isObject(given)) throw wrongType('options', 'an object, or a boolean for `validate`', given)
  for (const name of Object.keys(given)) {
    if (!KNOWN.includes(name)) throw unknownWord('option', name, KNOWN)
  }
  refuseLater(given)
  return {
    validate: flag(given.validate, 'options.validate', true),
    strict: flag(given.strict, 'options.strict', false),
    clock: clockOf(given.clock)
  }
}

/**
 * What the options of `Limitr.new` want to run the engine.
 *
 * @param {unknown} given
 */
function backendOption(given) {
  return word(isObject(given) ? given.backend : null, 'options.backend', BACKENDS, 'auto')
}

/**
 * Refuses what this version doesn't do: an option that is taken and ignored would be worse.
 *
 * @param {Record<string, unknown>} given
 */
function refuseLater(given) {
  for (const name of ['store', 'shared']) {
    if (given[name] !== undefined && given[name] !== null) throw later(name, `leave \`${name}\` out`)
  }
  if (word(given.durability, 'options.durability', ['relaxed', 'strict'], 'relaxed') === 'strict') {
    throw later('durability', 'leave it out: `strict` needs a store')
  }
}

/**
 * @param {string} option
 * @param {string} advice
 */
function later(option, advice) {
  return new LimitrError('not_supported_yet', `the option \`${option}\` is not supported yet: ${advice}`)
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

module.exports = { BACKENDS, backendOption, documentFormat, openOptions, textFormat }
