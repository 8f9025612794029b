// @ts-check

// Reads of meters and limits. Those of the two hot ones go straight to their door, as decisions do.

const { flag, lookup, name } = require('./arguments.js')

/** @typedef {import('./core.js').Core} Core */

/** Flags of the reading doors. */
const PERCENT = 1
const WITHOUT_GRANTS = 2

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
  const id = core.customers.of(name(customer, 'customer'))
  const feature = core.entitlements.of(name(entitlement, 'entitlement'))
  return readNumber(core, core.doors.remaining(core.engine, id, feature, reading(percent, grants)))
}

/**
 * A read that has no door of its own.
 *
 * @param {Core} core
 * @param {string} op
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @returns {any}
 */
function read(core, op, customer, entitlement) {
  return core.ask(op, [lookup(customer, 'customer'), lookup(entitlement, 'entitlement')]) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} grants
 * @returns {number | null}
 */
function limit(core, customer, entitlement, grants) {
  const args = [
    lookup(customer, 'customer'),
    lookup(entitlement, 'entitlement'),
    flag(grants, 'grants', true)
  ]
  return core.ask('limit', args) ?? null
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

module.exports = { limit, read, remaining, value }
