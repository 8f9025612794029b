// @ts-check

/** @typedef {import('../index').ErrorCode} ErrorCode */
/** @typedef {import('../index').Diagnostic} Diagnostic */

const BRAND = Symbol.for('limitr.error')

/** The one error of this package; see index.d.ts. */
class LimitrError extends Error {
  /**
   * @param {ErrorCode} code
   * @param {string} message
   * @param {{ diagnostics?: readonly Diagnostic[], cause?: unknown }} [details]
   */
  constructor(code, message, details = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    /** @type {ErrorCode} */
    this.code = code
    if (details.diagnostics) {
      /** @type {readonly Diagnostic[] | undefined} */
      this.diagnostics = details.diagnostics
    }
  }

  /** @returns {'LimitrError'} */
  get name() {
    return 'LimitrError'
  }

  get [BRAND]() {
    return true
  }
}

Object.defineProperty(LimitrError, Symbol.hasInstance, {
  /**
   * By the mark, so across copies of the package; what extends the class goes by the class.
   *
   * @this {Function}
   * @param {any} value
   */
  value(value) {
    if (this !== LimitrError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && value[BRAND] === true
  }
})

/**
 * The error that the binding describes.
 *
 * @param {{ code: ErrorCode, message: string, diagnostics?: Diagnostic[] }} described
 */
function errorFrom(described) {
  return new LimitrError(described.code, described.message, { diagnostics: described.diagnostics })
}

/**
 * What was given, for a message: its type, and its value where that is short.
 *
 * @param {unknown} value
 * @returns {string}
 */
function shown(value) {
  if (value === undefined || value === null) return 'nothing'
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'bigint':
      return `the ${typeof value} \`${clipped(String(value))}\``
    case 'string':
      return `the string \`${clipped(value)}\``
    case 'object':
      if (Array.isArray(value)) return 'a list'
      return value instanceof Promise ? 'a promise (is an `await` missing?)' : 'an object'
    default:
      return `a ${typeof value}`
  }
}

/**
 * The start of a text, on one line.
 *
 * @param {string} text
 */
function clipped(text) {
  const line = text.slice(0, 41).replace(/\s+/g, ' ')
  return line.length > 40 ? `${line.slice(0, 40)}…` : line
}

/**
 * An argument of the wrong type.
 *
 * @param {string} argument
 * @param {string} accepted
 * @param {unknown} given
 */
function wrongType(argument, accepted, given) {
  return new LimitrError(
    'invalid_argument',
    `\`${argument}\` must be ${accepted}, but ${shown(given)} was given`
  )
}

/**
 * A word that is none of those known.
 *
 * @param {string} what
 * @param {string} given
 * @param {readonly string[]} known
 */
function unknownWord(what, given, known) {
  const near = nearest(given, known)
  const hint =
    near === null
      ? `use one of ${known.map((word) => `\`${word}\``).join(', ')}`
      : `did you mean \`${near}\`?`
  return new LimitrError('invalid_argument', `unknown ${what} \`${clipped(given)}\`: ${hint}`)
}

/**
 * The known word that differs least from what was given, if it is near enough to have been meant.
 *
 * @param {string} given
 * @param {readonly string[]} known
 * @returns {string | null}
 */
function nearest(given, known) {
  if (given.length > 64) return null
  let best = null
  let least = Math.max(1, Math.floor(given.length / 3)) + 1
  for (const word of known) {
    const apart = distance(given.toLowerCase(), word.toLowerCase())
    if (apart < least) {
      least = apart
      best = word
    }
  }
  return best
}

/**
 * How many letters must be added, dropped, changed or swapped with their neighbour to turn one word into another.
 *
 * @param {string} from
 * @param {string} to
 */
function distance(from, to) {
  let before = /** @type {number[]} */ ([])
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const next = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let cost = Math.min(last[column] + 1, next[column - 1] + 1, last[column - 1] + (same ? 0 : 1))
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, before[column - 2] + 1)
      }
      next.push(cost)
    }
    before = last
    last = next
  }
  return last[to.length]
}

module.exports = { LimitrError, errorFrom, nearest, shown, unknownWord, wrongType }
