// @ts-check

const { createRequire } = require('node:module')
const { LimitrError } = require('./errors.js')

// Not seen by bundlers: a bundle can't hold an addon, and one that tries doesn't build.
const requireAtRunTime = createRequire(__filename)

/** @typedef {import('./core.js').Doors} Doors */

/** The doors of the native binding, once it is loaded. @type {Doors | null} */
let loaded = null

/**
 * The doors of the native binding. Loaded when the first engine is opened, so that importing the package never fails.
 *
 * @returns {Doors}
 * @throws {LimitrError} `not_supported`, with what the deepest of the causes says
 */
function nativeDoors() {
  loaded ??= load()
  return loaded
}

/** @returns {Doors} */
function load() {
  try {
    // Copied into an object of this one shape, which calls of its functions are compiled for.
    const {
      open,
      close,
      listen,
      allow,
      check,
      increment,
      decrement,
      decide,
      explain,
      value,
      remaining,
      lastError,
      nextEvent,
      eventText,
      names,
      call
    } = /** @type {Doors} */ (requireAtRunTime('../binding.js'))
    return {
      open,
      close,
      listen,
      allow,
      check,
      increment,
      decrement,
      decide,
      explain,
      value,
      remaining,
      lastError,
      nextEvent,
      eventText,
      names,
      call
    }
  } catch (cause) {
    const host = `${process.platform}-${process.arch}`
    const message = `no native binding of limitr loads on ${host}: ${deepest(cause)} (install with optional dependencies, or let wasm run it: backend \`auto\` or \`wasm\`)`
    throw new LimitrError('not_supported', message, { cause })
  }
}

/**
 * What the last of the nested causes says: the first of them only says that nothing was found.
 *
 * @param {unknown} error
 */
function deepest(error) {
  let last = error
  while (last instanceof Error && last.cause !== undefined) last = last.cause
  return last instanceof Error ? last.message.split('\n')[0] : String(last)
}

module.exports = { nativeDoors }
