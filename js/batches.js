// @ts-check

// Several calls as one. Plain ones, as most are, cross as numbers; any others as JSON, which says the same.

const { isObject, lookup, optionalNumber, options, quantity } = require('./arguments.js')
const { costedAll } = require('./costing.js')
const { decisionFrom } = require('./decisions.js')
const { wrongType } = require('./errors.js')
const { dataOf, moved, sending, settled } = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../index').Decision} Decision */

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} items
 * @param {unknown} given
 * @returns {boolean}
 */
function allowAll(core, customer, items, given) {
  if (given === undefined && core.carried === null && typeof customer === 'string' && Array.isArray(items)) {
    const handle = core.customers.of(customer)
    if (placed(core, items)) {
      const answer = core.doors.allowAll(core.engine, handle, items.length)
      return answer === 1 || (answer !== 0 && settled(core, answer, customer, null))
    }
  }
  return together(core, 'allowAll', customer, items, given)
}

/** How many items a call of `allowAll` can have to cross as numbers. */
const PLACED_MAX = 16

/**
 * Puts items where the door reads them, if all are plain: an entitlement that is known already and a finite number each, nothing else.
 *
 * @param {Core} core
 * @param {readonly any[]} items
 */
function placed(core, items) {
  if (items.length > PLACED_MAX) return false
  const { entitlements } = core
  const { told } = entitlements
  let place = 0
  for (const item of items) {
    if (!isPlainItem(item)) return false
    const entitlement = entitlements.of(item.entitlement)
    // Taken anew for each: where a name is told, memory may move.
    const answer = core.doors.answer()
    answer[place++] = entitlement
    answer[place++] = item.value
  }
  // A name that is told may take the number of one before it.
  return told === entitlements.told
}

/** @param {any} item */
function isPlainItem(item) {
  if (!isObject(item)) return false
  for (const field in item) if (field !== 'entitlement' && field !== 'value') return false
  return typeof item.entitlement === 'string' && typeof item.value === 'number' && Number.isFinite(item.value)
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} items
 * @param {unknown} given
 * @returns {import('../index').AllDecisions}
 */
function decideAll(core, customer, items, given) {
  const { allowed, decisions } = together(core, 'decideAll', customer, items, given)
  /** @type {(decision: Decision | null, index: number) => Decision | null} */
  const whole = (decision, index) =>
    decision && decisionFrom(decision, /** @type {any} */ (items)[index].entitlement)
  return { allowed, decisions: decisions.map(whole) }
}

const ITEM_FIELDS = ['entitlement', 'value', 'overhead']
const ALL_OPTIONS = ['event']

/**
 * @param {Core} core
 * @param {'allowAll' | 'decideAll'} op
 * @param {unknown} customer
 * @param {unknown} items
 * @param {unknown} given
 * @returns {any}
 */
function together(core, op, customer, items, given) {
  const id = lookup(customer, 'customer')
  if (!Array.isArray(items)) throw wrongType('items', 'a list of `{ entitlement, value }`', items)
  const wanted = Array.from(items, itemOf)
  const { event } = options(given, 'options', ALL_OPTIONS)
  const [send, data] = [sending(event), dataOf(event)]
  const asking = wanted.map(({ overhead, ...item }) =>
    overhead === null ? { ...item, way: /** @type {const} */ ('by') } : null
  )
  return costedAll(core, id, asking, data, (found) => {
    const all = wanted.map((item, at) => ({ ...item, overhead: item.overhead ?? found[at]?.cost }))
    return moved(core, op, [id, all, send], id, data)
  })
}

/**
 * @param {unknown} item
 * @param {number} index
 */
function itemOf(item, index) {
  const argument = `items[${index}]`
  if (!isObject(item)) throw wrongType(argument, 'an object `{ entitlement, value }`', item)
  const { entitlement, value, overhead } = options(item, argument, ITEM_FIELDS)
  return {
    entitlement: lookup(entitlement, `${argument}.entitlement`),
    value: value === undefined || value === null ? 0 : quantity(value, `${argument}.value`),
    overhead: optionalNumber(overhead, `${argument}.overhead`)
  }
}

module.exports = { allowAll, decideAll }
