// @ts-check

// Reads arguments: checks their types and brings them into the form that crosses to the engine. `null` and `undefined`
// both stand for "not given". Whether a value makes sense is the engine's to say.

const { LimitrError, unknownWord, wrongType } = require('./errors.js')
const { plain } = require('./documents.js')

/**
 * A name on its way to a hot door, which reads it as it is.
 *
 * @param {unknown} value
 * @param {string} argument
 * @returns {string}
 */
function name(value, argument) {
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value)
  return value
}

/**
 * A name that is looked up. Text with half a character in it can be nobody's name and has no UTF-8 form: it crosses as the
 * empty name, which is nobody's either.
 *
 * @param {unknown} value
 * @param {string} argument
 * @returns {string}
 */
function lookup(value, argument) {
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value)
  return value.isWellFormed() ? value : ''
}

/**
 * A name that is given to something new.
 *
 * @param {unknown} value
 * @param {string} argument
 * @returns {string}
 */
function newName(value, argument) {
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value)
  if (value.isWellFormed()) return value
  throw new LimitrError(
    'invalid_name',
    `\`${argument}\` contains half a character (a lone surrogate): use well-formed text`
  )
}

/**
 * @param {unknown} value
 * @param {string} argument
 * @returns {string | null}
 */
function optionalName(value, argument) {
  return value === undefined || value === null ? null : newName(value, argument)
}

/**
 * Text that names nothing, such as a label.
 *
 * @param {unknown} value
 * @param {string} argument
 * @returns {string | null}
 */
function optionalText(value, argument) {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value)
  if (value.isWellFormed()) return value
  throw new LimitrError(
    'invalid_argument',
    `\`${argument}\` contains half a character (a lone surrogate): use well-formed text`
  )
}

/**
 * @param {unknown} value
 * @param {string} argument
 * @param {boolean} standard
 * @returns {boolean}
 */
function flag(value, argument, standard) {
  if (value === undefined || value === null) return standard
  if (typeof value !== 'boolean') throw wrongType(argument, 'a boolean', value)
  return value
}

/**
 * A quantity: a finite number, or text for the engine to read.
 *
 * @param {unknown} value
 * @param {string} argument
 * @returns {number | string}
 */
function quantity(value, argument) {
  if (typeof value === 'number') return finite(value, argument)
  if (typeof value === 'string') return measure(value, argument)
  if (typeof value === 'bigint') return value.toString()
  throw wrongType(argument, 'a number, a bigint or a string such as `500MB`', value)
}

/**
 * Text that the engine reads a number from.
 *
 * @param {string} text
 * @param {string} argument
 */
function measure(text, argument) {
  if (text.isWellFormed()) return text
  throw new LimitrError(
    'invalid_value',
    `\`${argument}\` contains half a character (a lone surrogate): use a number or a number with a unit`
  )
}

/**
 * @param {unknown} value
 * @param {string} argument
 * @returns {number | string | null}
 */
function optionalQuantity(value, argument) {
  return value === undefined || value === null ? null : quantity(value, argument)
}

/**
 * @param {unknown} value
 * @param {string} argument
 * @returns {number | null}
 */
function optionalNumber(value, argument) {
  if (value === undefined || value === null) return null
  if (typeof value !== 'number') throw wrongType(argument, 'a number', value)
  return finite(value, argument)
}

/**
 * @param {number} value
 * @param {string} argument
 */
function finite(value, argument) {
  if (Number.isFinite(value)) return value
  throw new LimitrError('invalid_value', `\`${argument}\` is \`${value}\`: use a finite number`)
}

/**
 * A duration: milliseconds, or text with a time unit.
 *
 * @param {unknown} value
 * @param {string} argument
 * @returns {number | string | null}
 */
function optionalDuration(value, argument) {
  if (value === undefined || value === null) return null
  if (typeof value === 'number') return finite(value, argument)
  if (typeof value === 'string') return measure(value, argument)
  throw wrongType(argument, 'a number of milliseconds or a string such as `30days`', value)
}

/**
 * A list of names given to something new.
 *
 * @param {unknown} value
 * @param {string} argument
 * @returns {string[] | null}
 */
function optionalNames(value, argument) {
  if (value === undefined || value === null) return null
  if (!Array.isArray(value)) throw wrongType(argument, 'a list of strings', value)
  return Array.from(value, (name, index) => newName(name, `${argument}[${index}]`))
}

/**
 * Whether a value is an object with fields, and no list.
 *
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * An object of data that crosses as JSON. What JSON can't hold is misuse: nothing of it is dropped in silence.
 *
 * @param {unknown} value
 * @param {string} argument
 * @returns {Record<string, any>}
 */
function data(value, argument) {
  if (!isObject(value)) throw wrongType(argument, 'an object', value)
  const { value: clean, problems } = plain(value, argument)
  if (problems.length === 0) return clean
  const { path, message, help, code } = problems[0]
  throw new LimitrError(
    code === 'bad_quantity' ? 'invalid_value' : 'invalid_argument',
    `\`${path}\`: ${message} (${help})`
  )
}

/**
 * @param {unknown} value
 * @param {string} argument
 * @returns {Record<string, any> | null}
 */
function optionalData(value, argument) {
  return value === undefined || value === null ? null : data(value, argument)
}

/**
 * An object of options, none of them unknown.
 *
 * @param {unknown} value
 * @param {string} argument
 * @param {readonly string[]} known
 * @returns {Record<string, unknown>}
 */
function options(value, argument, known) {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw wrongType(argument, 'an object', value)
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw unknownWord(`field of \`${argument}\``, name, known)
  }
  return value
}

/**
 * One of a few words.
 *
 * @template {string} W
 * @param {unknown} value
 * @param {string} argument
 * @param {readonly W[]} words
 * @param {W} standard
 * @returns {W}
 */
function word(value, argument, words, standard) {
  if (value === undefined || value === null) return standard
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value)
  const known = words.find((one) => one === value)
  if (known === undefined) throw unknownWord(argument, value, words)
  return known
}

module.exports = {
  data,
  flag,
  finite,
  isObject,
  lookup,
  name,
  newName,
  optionalData,
  optionalDuration,
  optionalName,
  optionalNames,
  optionalNumber,
  optionalQuantity,
  optionalText,
  options,
  quantity,
  word
}
