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
      allowWith,
      checkWith,
      increment,
      decrement,
      decide,
      decideWith,
      explainWith,
      value,
      remaining,
      customerName,
      entitlementName,
      lastError,
      nextEvent,
      eventText,
      names,
      placeOf,
      call,
      seq,
      openRoom,
      flush,
      flushNow,
      history,
      repairStore,
      openCloud
    } = /** @type {any} */ (requireAtRunTime('../binding.js'))
    return {
      open,
      close,
      listen,
      allow,
      check,
      allowWith,
      checkWith,
      increment,
      decrement,
      decide,
      decideWith,
      explainWith,
      value,
      remaining,
      customerName,
      entitlementName,
      lastError,
      nextEvent,
      eventText,
      names,
      placeOf: ({ numbers }) => placeOf(numbers),
      call,
      seq,
      openRoom,
      flush,
      flushNow,
      history,
      repairStore,
      openCloud: (options, roots, tell) => openCloud(options, roots === 'host' ? trustedRoots() : '', tell)
    }
  } catch (cause) {
    const host = `${process.platform}-${process.arch}`
    const message = `no native binding of limitr loads on ${host}: ${deepest(cause)} (install with optional dependencies, or let wasm run it: backend \`auto\` or \`wasm\`)`
    throw new LimitrError('not_supported', message, { cause })
  }
}

/** The certificates that the host itself trusts, in PEM. */
function trustedRoots() {
  const tls = requireAtRunTime('node:tls')
  const roots = tls.getCACertificates?.('default') ?? tls.rootCertificates
  return roots.join('\n')
}

/** How the loader words that there was nothing in a place, and where it looks for the package of a platform. */
const NOTHING_THERE = /^Cannot find module/
const PLATFORM_PACKAGE = /\blimitr-/

/**
 * What the causes of a failed load say. The error itself only says that nothing was found; below it are the places that were
 * tried, the first at the bottom. One where an addon was found and didn't load says most, else the platform's package.
 *
 * @param {unknown} error
 */
function deepest(error) {
  /** @type {string[]} */
  const said = []
  for (let cause = error; cause instanceof Error && said.length < 100; cause = cause.cause)
    said.push(cause.message.split('\n')[0])
  const causes = said.slice(1)
  const broken = causes.findLast((message) => !NOTHING_THERE.test(message))
  return broken ?? causes.findLast((message) => PLATFORM_PACKAGE.test(message)) ?? said[0] ?? String(error)
}

module.exports = { nativeDoors }
