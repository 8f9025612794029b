// @ts-check

const { LimitrError } = require('./errors.js')

/** @typedef {import('./core.js').Doors} Doors */

/** The doors of the native binding, once it is loaded. @type {Doors | null} */
let loaded = null

/**
 * The doors of the native binding. Loaded when the first engine is opened, so that a host without one gets an error from
 * `Limitr.new` and not from importing the package.
 *
 * @returns {Doors}
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
      // @ts-ignore: written by the build, which this check doesn't wait for
    } = /** @type {Doors} */ (require('../binding.js'))
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
    const message = `no native binding of limitr loads on ${host}: ${deepest(cause)} (reinstall without omitting optional dependencies)`
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
