// @ts-check

// Estimates of what calls use, and margins.

const {
  isObject,
  lookup,
  newName,
  optionalData,
  optionalName,
  optionalNumber,
  optionalQuantity,
  options,
  quantity
} = require('./arguments.js')
const { costed } = require('./costing.js')
const { guarded } = require('./documents.js')
const { wrongType } = require('./errors.js')
const { moved } = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */

/** Options that tell calls apart. */
const LIKENESS = /** @type {const} */ (['basis', 'segment', 'quantile', 'context'])

/**
 * What tells a call apart, of options that were checked for unknown ones.
 *
 * @param {Record<string, unknown>} option
 */
function likenessOf(option) {
  return {
    basis: optionalNumber(option.basis, 'options.basis'),
    segment: optionalName(option.segment, 'options.segment'),
    quantile: optionalNumber(option.quantile, 'options.quantile'),
    context: guarded(() => optionalData(option.context, 'options.context'), 'options.context')
  }
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} given
 * @returns {any}
 */
function estimate(core, customer, entitlement, given) {
  const names = [lookup(customer, 'customer'), lookup(entitlement, 'entitlement')]
  return core.ask('estimate', [...names, likenessOf(options(given, 'options', LIKENESS))]) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value
 * @param {unknown} given
 * @returns {boolean}
 */
function observe(core, customer, entitlement, value, given) {
  const names = [lookup(customer, 'customer'), lookup(entitlement, 'entitlement')]
  const option = options(given, 'options', ['overhead', 'basis', 'segment', 'context'])
  const said = optionalNumber(option.overhead, 'options.overhead')
  const [used, like] = [quantity(value, 'value'), likenessOf(option)]
  const asking = { entitlement: names[1], way: /** @type {const} */ ('by'), value: used }
  return costed(core, said, names[0], asking, like.context, (overhead) =>
    core.ask('observe', [...names, used, { ...like, overhead }])
  )
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @returns {any}
 */
function customerMarginSnapshot(core, customer) {
  return core.ask('customerMarginSnapshot', [lookup(customer, 'customer')]) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} plan
 * @param {unknown} usage
 * @returns {any}
 */
function marginSnapshot(core, plan, usage) {
  const name = lookup(plan, 'plan')
  if (!isObject(usage)) throw wrongType('usage', 'an object of quantities by entitlement', usage)
  const uses = Object.entries(usage).map(([entitlement, used]) => [
    newName(entitlement, 'usage'),
    isObject(used) ? usedOf(used, `usage.${entitlement}`) : { meter: quantity(used, `usage.${entitlement}`) }
  ])
  return core.ask('marginSnapshot', [name, uses]) ?? null
}

/**
 * @param {Record<string, unknown>} used
 * @param {string} argument
 */
function usedOf(used, argument) {
  const { meter, limit, overhead } = options(used, argument, ['meter', 'limit', 'overhead'])
  return {
    meter: quantity(meter, `${argument}.meter`),
    limit: optionalQuantity(limit, `${argument}.limit`),
    overhead: optionalNumber(overhead, `${argument}.overhead`)
  }
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @returns {string | null}
 */
function startMarginMeasurement(core, customer) {
  const id = lookup(customer, 'customer')
  return moved(core, 'startMarginMeasurement', [id], id, null) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} measurement
 * @returns {any}
 */
function captureMarginMeasurement(core, customer, measurement) {
  const id = lookup(customer, 'customer')
  const args = [id, lookup(measurement, 'measurement')]
  return moved(core, 'captureMarginMeasurement', args, id, null) ?? null
}

module.exports = {
  LIKENESS,
  captureMarginMeasurement,
  customerMarginSnapshot,
  estimate,
  likenessOf,
  marginSnapshot,
  observe,
  startMarginMeasurement
}
