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
    const binding = requireAtRunTime('../binding.js')
    return { ...judgingDoors(binding), ...holdDoors(binding), ...meterDoors(binding), ...otherDoors(binding) }
  } catch (cause) {
    const host = `${process.platform}-${process.arch}`
    const message = `no native binding of limitr loads on ${host}: ${deepest(cause)} (install with optional dependencies, or let wasm run it: backend \`auto\` or \`wasm\`)`
    throw new LimitrError('not_supported', message, { cause })
  }
}

/** Where numbers stand on the slate that the addon and its facade write to each other on; src/node/raw.rs knows, too. */
const ENGINE = 0
const CUSTOMER = 1
const ENTITLEMENT = 2
const VALUE = 3
const FLAGS = 4
const OVERHEAD = 5
const ANSWER = 6
/** From here on stand the numbers of a whole answer. */
const WHOLE = 8

/** A customer that crosses by name, as an argument. */
const BY_NAME = -1
/** That of a call that names several. */
const NO_ENTITLEMENT = 0

/**
 * Writes what a call is about.
 *
 * @param {Float64Array} slate
 * @param {number} engine
 * @param {number | string} customer
 * @param {number} entitlement
 */
function name(slate, engine, customer, entitlement) {
  slate[ENGINE] = engine
  slate[CUSTOMER] = typeof customer === 'number' ? customer : BY_NAME
  slate[ENTITLEMENT] = entitlement
}

/**
 * Doors that take a value.
 *
 * @param {any} binding
 * @returns {Pick<Doors, 'allow' | 'allowAll' | 'check' | 'allowWith' | 'checkWith' | 'decide' | 'decideWith' | 'decideOnce' | 'explainWith'>}
 */
function judgingDoors(binding) {
  const { slate, allow, allowAll, check, allowWith, checkWith } = binding
  const { decide, decideWith, decideOnce, explainWith } = binding
  return {
    allow(engine, customer, entitlement, value) {
      name(slate, engine, customer, entitlement)
      slate[VALUE] = value
      allow(customer)
      return slate[ANSWER]
    },
    allowAll(engine, customer, count) {
      name(slate, engine, customer, NO_ENTITLEMENT)
      slate[VALUE] = count
      allowAll(customer)
      return slate[ANSWER]
    },
    check(engine, customer, entitlement, value) {
      name(slate, engine, customer, entitlement)
      slate[VALUE] = value
      check(customer)
      return slate[ANSWER]
    },
    allowWith: judgingDoor(slate, allowWith),
    checkWith: judgingDoor(slate, checkWith),
    decide(engine, customer, entitlement, value) {
      name(slate, engine, customer, entitlement)
      slate[VALUE] = value
      decide(customer)
      return slate[ANSWER]
    },
    decideWith: judgingDoor(slate, decideWith),
    decideOnce: judgingDoor(slate, decideOnce),
    explainWith: judgingDoor(slate, explainWith)
  }
}

/**
 * A door that takes all that a call can say.
 *
 * @param {Float64Array} slate
 * @param {(customer: number | string, id?: string) => void} door
 * @returns {(engine: number, customer: number | string, entitlement: number, value: number, flags: number, overhead: number, id?: string) => number}
 */
function judgingDoor(slate, door) {
  return (engine, customer, entitlement, value, flags, overhead, id) => {
    name(slate, engine, customer, entitlement)
    slate[VALUE] = value
    slate[FLAGS] = flags
    slate[OVERHEAD] = overhead
    door(customer, id)
    return slate[ANSWER]
  }
}

/**
 * Doors whose numbers stand where answers do.
 *
 * @param {any} binding
 * @returns {Pick<Doors, 'reserve' | 'withHold'>}
 */
function holdDoors({ slate, reserve, withHold }) {
  return {
    reserve(engine, customer, entitlement) {
      name(slate, engine, customer, entitlement)
      reserve(customer)
      return slate[ANSWER]
    },
    withHold(engine, customer, entitlement) {
      name(slate, engine, customer, entitlement)
      withHold(customer)
      return slate[ANSWER]
    }
  }
}

/**
 * Doors that take a meter and flags.
 *
 * @param {any} binding
 * @returns {Pick<Doors, 'increment' | 'decrement' | 'value' | 'read'>}
 */
function meterDoors({ slate, increment, decrement, value, read }) {
  return {
    increment: meterDoor(slate, increment),
    decrement: meterDoor(slate, decrement),
    value: meterDoor(slate, value),
    read: meterDoor(slate, read)
  }
}

/**
 * @param {Float64Array} slate
 * @param {(customer: number | string) => void} door
 * @returns {Doors['value']}
 */
function meterDoor(slate, door) {
  return (engine, customer, entitlement, flags) => {
    name(slate, engine, customer, entitlement)
    slate[FLAGS] = flags
    door(customer)
    return slate[ANSWER]
  }
}

/**
 * Doors whose arguments cross one by one.
 *
 * @param {any} binding
 * @returns {Omit<Doors, keyof ReturnType<typeof judgingDoors> | keyof ReturnType<typeof holdDoors> | keyof ReturnType<typeof meterDoors>>}
 */
function otherDoors(binding) {
  const { slate, nextEvent, openCloud } = binding
  const whole = slate.subarray(WHOLE)
  const { open, close, listen, customerName, entitlementName, lastError, eventText, names, call } = binding
  const { seq, openRoom, flush, flushNow, history, repairStore } = binding
  return {
    open,
    close,
    listen,
    customerName,
    entitlementName,
    lastError,
    nextEvent(engine) {
      slate[ENGINE] = engine
      nextEvent()
      return slate[ANSWER]
    },
    answer: () => whole,
    eventText,
    names,
    call,
    seq,
    openRoom,
    flush,
    flushNow,
    history,
    repairStore,
    openCloud: (options, roots, tell) => openCloud(options, roots === 'host' ? trustedRoots() : '', tell)
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
