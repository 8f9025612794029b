// @ts-check

// Reads of meters and limits. Numbers go straight to a door, as decisions do.

const { flag, lookup, name } = require('./arguments.js')

/** @typedef {import('./core.js').Core} Core */

/** Flags of the reading doors. */
const PERCENT = 1
const WITHOUT_GRANTS = 2

/** What the door of all but `value` reads, above its flags; src/wire/reads.rs knows, too. */
const READ = {
  remaining: 0 << 2,
  limit: 1 << 2,
  allowance: 2 << 2,
  cost: 3 << 2,
  held: 4 << 2,
  resets: 5 << 2,
  rate: 6 << 2,
  acceleration: 7 << 2,
  projectedExhaustion: 8 << 2
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} percent
 * @param {unknown} grants
 * @returns {number | null}
 */
function value(core, customer, entitlement, percent, grants) {
  const id = core.customers.of(name(customer, 'customer'))
  const feature = core.entitlements.of(name(entitlement, 'entitlement'))
  return readNumber(core, core.doors.value(core.engine, id, feature, reading(percent, grants)))
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} percent
 * @param {unknown} grants
 * @returns {number | null}
 */
function remaining(core, customer, entitlement, percent, grants) {
  return number(core, 'remaining', customer, entitlement, reading(percent, grants))
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} grants
 * @returns {number | null}
 */
function limit(core, customer, entitlement, grants) {
  return number(core, 'limit', customer, entitlement, reading(undefined, grants))
}

/**
 * Any number of a meter or a limit.
 *
 * @param {Core} core
 * @param {keyof typeof READ} what
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {number} [flags]
 * @returns {number | null}
 */
function number(core, what, customer, entitlement, flags = 0) {
  const id = core.customers.of(name(customer, 'customer'))
  const feature = core.entitlements.of(name(entitlement, 'entitlement'))
  return readNumber(core, core.doors.read(core.engine, id, feature, READ[what] | flags))
}

/**
 * An object, which has no door.
 *
 * @param {Core} core
 * @param {string} op
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @returns {any}
 */
function object(core, op, customer, entitlement) {
  return core.ask(op, [lookup(customer, 'customer'), lookup(entitlement, 'entitlement')]) ?? null
}

/**
 * @param {Core} core
 * @param {number} number what a reading door answered
 * @returns {number | null}
 */
function readNumber(core, number) {
  if (Number.isNaN(number)) return null
  if (number === -Infinity) throw core.failure()
  return number
}

/**
 * @param {unknown} percent
 * @param {unknown} grants
 */
function reading(percent, grants) {
  if (percent === undefined && grants === undefined) return 0
  return (flag(percent, 'percent', false) ? PERCENT : 0) | (flag(grants, 'grants', true) ? 0 : WITHOUT_GRANTS)
}

module.exports = { limit, number, object, remaining, value }
