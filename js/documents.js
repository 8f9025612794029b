// @ts-check

// Turns a policy document, or any data, into text that crosses to the engine.
//
// 1. Text is passed on as it is; bytes are read as UTF-8.
// 2. An object becomes JSON. It is copied first, field by field, so that what JSON can't hold is found with its path: a
//    number that isn't finite, a function, a Map, a reference to itself. JSON.stringify would drop or change those.
// 3. A number that isn't finite crosses as its name (`NaN`), so that the engine's own diagnostics of the rest of the
//    document still come. A document with such problems never becomes a policy.

const { LimitrError, wrongType } = require('./errors.js')

/** Far beyond the depth that the engine refuses, and far from the end of the stack. */
const DEPTH_LIMIT = 256

/** @typedef {import('../index').Diagnostic} Diagnostic */

/**
 * A document as it crosses.
 *
 * @typedef {object} Document
 * @property {string} text
 * @property {string} format
 * @property {boolean} isObject whether it was an object: places in its text mean nothing to anybody
 * @property {Diagnostic[]} problems what JSON can't hold of it
 * @property {Record<string, number[]>} [places] of Stof, which became this text: where each path stands there
 */

/**
 * A copy of a value that holds only what JSON can, and what had to be left out.
 *
 * @param {unknown} value
 * @param {string} path what the value is called
 * @returns {{ value: any, problems: Diagnostic[] }}
 */
function plain(value, path) {
  /** @type {Diagnostic[]} */
  const problems = []
  /** @type {Set<object>} */
  const within = new Set()
  return { value: copied(value, path, '', within, problems), problems }
}

/**
 * @param {any} value
 * @param {string} path
 * @param {string} key
 * @param {Set<object>} within the objects that this one is inside of
 * @param {Diagnostic[]} problems
 * @returns {any}
 */
function copied(value, path, key, within, problems) {
  if (typeof value === 'object' && value !== null) {
    if (typeof value.toJSON === 'function') return copied(value.toJSON(key), path, key, within, problems)
    if (within.has(value))
      throw new LimitrError('invalid_argument', `\`${path}\` refers back to an object that it is in`)
    if (within.size >= DEPTH_LIMIT) {
      report(problems, path, 'too_large', `nested deeper than ${DEPTH_LIMIT} levels`, 'nest less')
      return null
    }
    within.add(value)
    const copy = Array.isArray(value)
      ? Array.from(
          value,
          (item, index) => copied(item, `${path}[${index}]`, String(index), within, problems) ?? null
        )
      : copiedFields(value, path, within, problems)
    within.delete(value)
    return copy
  }
  switch (typeof value) {
    case 'number':
      if (Number.isFinite(value)) return value
      report(problems, path, 'bad_quantity', `\`${value}\` is no quantity`, 'use a finite number')
      return String(value)
    case 'bigint':
      return value.toString()
    case 'string':
      if (value.isWellFormed()) return value
      report(problems, path, 'syntax', 'half a character (a lone surrogate)', 'use well-formed text')
      return value.toWellFormed()
    case 'function':
      report(
        problems,
        path,
        'wrong_type',
        "a document can't hold a function",
        'write it in Stof, under `policy.functions`'
      )
      return undefined
    case 'symbol':
      report(problems, path, 'wrong_type', "a document can't hold a symbol", 'use text')
      return undefined
    default:
      return value
  }
}

/**
 * @param {Record<string, unknown>} value
 * @param {string} path
 * @param {Set<object>} within
 * @param {Diagnostic[]} problems
 */
function copiedFields(value, path, within, problems) {
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) {
    const help = 'use a plain object or a list'
    report(problems, path, 'wrong_type', `a document can't hold a ${value.constructor.name}`, help)
    return null
  }
  /** @type {[string, unknown][]} */
  const fields = []
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) {
      report(
        problems,
        path,
        'syntax',
        'a key with half a character (a lone surrogate)',
        'use well-formed text'
      )
      continue
    }
    const field = copied(value[key], path === '' ? key : `${path}.${key}`, key, within, problems)
    if (field !== undefined) fields.push([key, field])
  }
  // Not by assignment: a field may be called `__proto__`.
  return Object.fromEntries(fields)
}

/**
 * Reads whatever a document may be given as.
 *
 * @param {unknown} given
 * @param {string} format a known one
 * @param {string} argument
 * @returns {Document}
 */
function documentOf(given, format, argument) {
  if (typeof given === 'string') return textDocument(given, format)
  if (given instanceof Uint8Array) return textDocument(decoded(given), format)
  if (typeof given !== 'object' || given === null || Array.isArray(given) || ArrayBuffer.isView(given)) {
    throw wrongType(argument, 'text, bytes (a Uint8Array) or an object', given)
  }
  if (format !== 'auto' && format !== 'json') {
    throw new LimitrError(
      'invalid_argument',
      `\`${argument}\` is an object, which is JSON: leave \`format\` out instead of \`${format}\``
    )
  }
  const { value, problems } = guarded(() => plain(given, ''), argument)
  const text = guarded(() => JSON.stringify(value) ?? 'null', argument)
  return { text, format: 'json', isObject: true, problems }
}

/**
 * @param {string} text
 * @param {string} format
 * @returns {Document}
 */
function textDocument(text, format) {
  if (text.isWellFormed()) return { text, format, isObject: false, problems: [] }
  const before = text.slice(0, halfCharacter(text)).split('\n')
  const problem = {
    code: 'syntax',
    severity: /** @type {const} */ ('error'),
    message: 'half a character (a lone surrogate)',
    path: '',
    line: before.length,
    column: before[before.length - 1].length + 1,
    help: 'use well-formed text'
  }
  throw refused([problem])
}

/** @param {string} text */
function halfCharacter(text) {
  const fixed = text.toWellFormed()
  let at = 0
  while (text.charCodeAt(at) === fixed.charCodeAt(at)) at++
  return at
}

/** @param {Uint8Array} bytes */
function decoded(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const problem = {
      code: 'syntax',
      severity: /** @type {const} */ ('error'),
      message: 'the bytes are no UTF-8 text',
      path: '',
      line: null,
      column: null,
      help: 'save the document as UTF-8'
    }
    throw refused([problem], { cause })
  }
}

/**
 * Runs code of the user's objects (getters, `toJSON`), whose own failures are misuse.
 *
 * @template T
 * @param {() => T} read
 * @param {string} argument
 * @returns {T}
 */
function guarded(read, argument) {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof LimitrError) throw cause
    throw new LimitrError('invalid_argument', `\`${argument}\` can't be read as JSON`, { cause })
  }
}

/**
 * Adds a problem of an object.
 *
 * @param {Diagnostic[]} problems
 * @param {string} path
 * @param {string} code
 * @param {string} message
 * @param {string} help
 */
function report(problems, path, code, message, help) {
  problems.push({ code, severity: 'error', message, path, line: null, column: null, help })
}

/**
 * The error of a document that can't be used, worded as the engine words its own.
 *
 * @param {readonly Diagnostic[]} diagnostics
 * @param {{ code?: string, what?: string, cause?: unknown }} [about]
 */
function refused(diagnostics, { code = 'invalid_policy', what = 'the policy', ...details } = {}) {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const first = errors[0]
  const where = `${first.line ? ` ${first.line}:${first.column}` : ''}${first.path && ` ${first.path}`}`
  const help = first.help ? ` (${first.help})` : ''
  const message = `${what} was refused: ${first.severity}[${first.code}]${where}: ${first.message}${help}`
  return new LimitrError(/** @type {any} */ (code), message, { ...details, diagnostics })
}

/**
 * Diagnostics of an object, whose text nobody has seen.
 *
 * @param {readonly Diagnostic[]} diagnostics
 * @returns {Diagnostic[]}
 */
function withoutPlaces(diagnostics) {
  return diagnostics.map((diagnostic) => ({
    ...diagnostic,
    line: null,
    column: null,
    ...(diagnostic.related && {
      related: diagnostic.related.map((place) => ({ ...place, line: null, column: null }))
    })
  }))
}

/**
 * Diagnostics with the places that mean something to who wrote the document.
 *
 * @param {Document} document
 * @param {readonly Diagnostic[]} diagnostics
 * @returns {Diagnostic[]}
 */
function placed(document, diagnostics) {
  if (document.places !== undefined) return require('./stof-documents.js').placedIn(document, diagnostics)
  return document.isObject ? withoutPlaces(diagnostics) : [...diagnostics]
}

module.exports = { documentOf, guarded, placed, plain, refused, withoutPlaces }
