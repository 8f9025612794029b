// @ts-check

// Grants, caps and the exchange.

const {
  finite,
  flag,
  lookup,
  newName,
  optionalDuration,
  optionalName,
  optionalNames,
  optionalNumber,
  options,
  quantity
} = require('./arguments.js')
const { wrongType } = require('./errors.js')
const { moved } = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */

/**
 * A call that takes two names.
 *
 * @param {Core} core
 * @param {'applyCustomerTopup' | 'resetCustomerCap' | 'removeCustomerCap'} op
 * @param {unknown} customer
 * @param {unknown} what
 * @param {string} argument
 * @returns {boolean}
 */
function change(core, op, customer, what, argument) {
  const id = lookup(customer, 'customer')
  return moved(core, op, [id, lookup(what, argument)], id, null)
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @returns {boolean}
 */
function ensureCustomerIncludedTopups(core, customer) {
  const id = lookup(customer, 'customer')
  return moved(core, 'ensureCustomerIncludedTopups', [id], id, null)
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} plan
 * @param {unknown} amount
 * @returns {boolean}
 */
function ensureCustomerPlanQuantity(core, customer, plan, amount) {
  const id = lookup(customer, 'customer')
  const args = [id, lookup(plan, 'plan'), quantity(amount, 'quantity')]
  return moved(core, 'ensureCustomerPlanQuantity', args, id, null)
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} credit
 * @returns {number | null}
 */
function remainingCredit(core, customer, credit) {
  return core.ask('remainingCredit', [lookup(customer, 'customer'), lookup(credit, 'credit')]) ?? null
}

const FLAGS = [
  'exchangeable',
  'ignore_grants',
  'overage_only',
  'observe_only',
  'overhead_cost',
  'follow_decrements',
  'hard_trailing',
  'shared',
  'resets',
  'send_events'
]
const CAP_OPTIONS = [
  'cap_id',
  'credit',
  'shared_with',
  'scope',
  'reset_inc',
  'reset_sch',
  'expires_on',
  ...FLAGS
]

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} value
 * @param {unknown} given
 * @returns {string | null}
 */
function addCustomerCap(core, customer, value, given) {
  const id = lookup(customer, 'customer')
  const most = quantity(value, 'value')
  const option = options(given, 'options', CAP_OPTIONS)
  /** @type {Record<string, unknown>} */
  const said = {
    cap_id: optionalName(option.cap_id, 'options.cap_id'),
    credit: optionalName(option.credit, 'options.credit'),
    shared_with: optionalNames(option.shared_with, 'options.shared_with'),
    scope: optionalNames(option.scope, 'options.scope'),
    reset_inc: optionalDuration(option.reset_inc, 'options.reset_inc'),
    reset_sch: optionalName(option.reset_sch, 'options.reset_sch'),
    expires_on: optionalNumber(option.expires_on, 'options.expires_on')
  }
  for (const name of FLAGS) {
    if (option[name] !== undefined && option[name] !== null)
      said[name] = flag(option[name], `options.${name}`, false)
  }
  return moved(core, 'addCustomerCap', [id, most, said], id, null) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} cap
 * @returns {any}
 */
function customerCap(core, customer, cap) {
  return core.ask('customerCap', [lookup(customer, 'customer'), lookup(cap, 'cap')]) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} from
 * @param {unknown} to
 * @param {unknown} value
 * @returns {number | null}
 */
function creditExchange(core, from, to, value) {
  const args = [
    lookup(from, 'from'),
    to === undefined || to === null ? 'rune' : lookup(to, 'to'),
    optionalNumber(value, 'value')
  ]
  return core.ask('creditExchange', args) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} name
 * @param {unknown} value
 * @param {unknown} currency
 */
function setExchange(core, name, value, currency) {
  const pair = newName(name, 'name')
  if (typeof value !== 'number') throw wrongType('value', 'a number', value)
  moved(core, 'setExchange', [pair, finite(value, 'value'), newName(currency, 'currency')], '', null)
}

module.exports = {
  addCustomerCap,
  change,
  creditExchange,
  customerCap,
  ensureCustomerIncludedTopups,
  ensureCustomerPlanQuantity,
  remainingCredit,
  setExchange
}
