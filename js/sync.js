// @ts-check

// The methods without promises. Each gives its arguments to the part that checks them; those of `Limitr` do the same a
// promise later.

const batches = require('./batches.js')
const customers = require('./customers.js')
const { Core } = require('./core.js')
const { LimitrError } = require('./errors.js')
const estimates = require('./estimates.js')
const holds = require('./holds.js')
const money = require('./money.js')
const policies = require('./policies.js')
const reads = require('./reads.js')
const usage = require('./usage.js')

/** @typedef {import('../index').LimitrSync} Sync */

/** @implements {Sync} */
class LimitrSync {
  #core

  /** @param {Core} core */
  constructor(core) {
    if (!(core instanceof Core))
      throw new LimitrError('invalid_argument', 'use `Limitr.new` to open an engine')
    this.#core = core
  }

  /** @type {Sync['allow']} */
  allow(customer, entitlement, value, event, overhead, force) {
    return usage.allow(this.#core, customer, entitlement, value, event, overhead, force)
  }

  /** @type {Sync['check']} */
  check(customer, entitlement, value, event, overhead, force) {
    return usage.check(this.#core, customer, entitlement, value, event, overhead, force)
  }

  /** @type {Sync['increment']} */
  increment(customer, entitlement, event) {
    return usage.increment(this.#core, customer, entitlement, event)
  }

  /** @type {Sync['decrement']} */
  decrement(customer, entitlement, event) {
    return usage.decrement(this.#core, customer, entitlement, event)
  }

  /** @type {Sync['set']} */
  set(customer, entitlement, value, event, overhead) {
    return usage.set(this.#core, customer, entitlement, value, event, overhead)
  }

  /** @type {Sync['decide']} */
  decide(customer, entitlement, value, options) {
    return usage.decide(this.#core, customer, entitlement, value, options)
  }

  /** @type {Sync['explain']} */
  explain(customer, entitlement, value, options) {
    return usage.explain(this.#core, customer, entitlement, value, options)
  }

  /** @type {Sync['allowAll']} */
  allowAll(customer, items, options) {
    return batches.allowAll(this.#core, customer, items, options)
  }

  /** @type {Sync['decideAll']} */
  decideAll(customer, items, options) {
    return batches.decideAll(this.#core, customer, items, options)
  }

  /** @type {Sync['value']} */
  value(customer, entitlement, percent, grants) {
    return reads.value(this.#core, customer, entitlement, percent, grants)
  }

  /** @type {Sync['remaining']} */
  remaining(customer, entitlement, percent, grants) {
    return reads.remaining(this.#core, customer, entitlement, percent, grants)
  }

  /** @type {Sync['limit']} */
  limit(customerOrPlan, entitlement, grants) {
    return reads.limit(this.#core, customerOrPlan, entitlement, grants)
  }

  /** @type {Sync['allowance']} */
  allowance(customer, entitlement) {
    return reads.number(this.#core, 'allowance', customer, entitlement)
  }

  /** @type {Sync['cost']} */
  cost(customer, entitlement) {
    return reads.number(this.#core, 'cost', customer, entitlement)
  }

  /** @type {Sync['resets']} */
  resets(customer, entitlement) {
    return reads.number(this.#core, 'resets', customer, entitlement)
  }

  /** @type {Sync['rate']} */
  rate(customer, entitlement) {
    return reads.number(this.#core, 'rate', customer, entitlement)
  }

  /** @type {Sync['acceleration']} */
  acceleration(customer, entitlement) {
    return reads.number(this.#core, 'acceleration', customer, entitlement)
  }

  /** @type {Sync['projectedExhaustion']} */
  projectedExhaustion(customer, entitlement) {
    return reads.number(this.#core, 'projectedExhaustion', customer, entitlement)
  }

  /** @type {Sync['createCustomer']} */
  createCustomer(id, plan, type, label, refs, alts, metadata) {
    return (
      customers.create(this.#core, 'createCustomer', [id, plan, type, label, refs, alts, metadata]) ??
      undefined
    )
  }

  /** @type {Sync['ensureCustomer']} */
  ensureCustomer(id, plan, type, label, refs, alts, metadata) {
    return customers.create(this.#core, 'ensureCustomer', [id, plan, type, label, refs, alts, metadata])
  }

  /** @type {Sync['setCustomer']} */
  setCustomer(record) {
    customers.store(this.#core, 'setCustomer', record)
  }

  /** @type {Sync['ensureSetCustomer']} */
  ensureSetCustomer(record) {
    return customers.store(this.#core, 'ensureSetCustomer', record)
  }

  /** @type {Sync['loadCustomers']} */
  loadCustomers(records, options) {
    return customers.loadCustomers(this.#core, records, options)
  }

  /** @type {Sync['customer']} */
  customer(id) {
    return customers.read(this.#core, 'customer', id)
  }

  /** @type {Sync['customers']} */
  customers() {
    return customers.customers(this.#core)
  }

  /** @type {Sync['customerMetadata']} */
  customerMetadata(id) {
    return customers.read(this.#core, 'customerMetadata', id)
  }

  /** @type {Sync['customerRefs']} */
  customerRefs(id) {
    return customers.read(this.#core, 'customerRefs', id)
  }

  /** @type {Sync['removeCustomer']} */
  removeCustomer(id) {
    return customers.removeCustomer(this.#core, id)
  }

  /** @type {Sync['addAltID']} */
  addAltID(id, alt) {
    return customers.addAltID(this.#core, id, alt)
  }

  /** @type {Sync['removeAltID']} */
  removeAltID(alt) {
    return customers.removeAltID(this.#core, alt)
  }

  /** @type {Sync['setCustomerPlan']} */
  setCustomerPlan(id, plan, overwrite_meters) {
    return customers.setCustomerPlan(this.#core, id, plan, overwrite_meters)
  }

  /** @type {Sync['createCustomerOverride']} */
  createCustomerOverride(customer, entitlement, value, ...others) {
    return customers.createCustomerOverride(this.#core, customer, entitlement, value, others)
  }

  /** @type {Sync['removeCustomerOverride']} */
  removeCustomerOverride(customer, entitlement) {
    return customers.removeCustomerOverride(this.#core, customer, entitlement)
  }

  /** @type {Sync['applyCustomerTopup']} */
  applyCustomerTopup(customer, topup) {
    return money.change(this.#core, 'applyCustomerTopup', customer, topup, 'topup')
  }

  /** @type {Sync['ensureCustomerIncludedTopups']} */
  ensureCustomerIncludedTopups(customer) {
    return money.ensureCustomerIncludedTopups(this.#core, customer)
  }

  /** @type {Sync['ensureCustomerPlanQuantity']} */
  ensureCustomerPlanQuantity(customer, plan, quantity) {
    return money.ensureCustomerPlanQuantity(this.#core, customer, plan, quantity)
  }

  /** @type {Sync['remainingCredit']} */
  remainingCredit(customer, credit) {
    return money.remainingCredit(this.#core, customer, credit)
  }

  /** @type {Sync['addCustomerCap']} */
  addCustomerCap(customer, value, options) {
    return money.addCustomerCap(this.#core, customer, value, options)
  }

  /** @type {Sync['customerCap']} */
  customerCap(customer, cap) {
    return money.customerCap(this.#core, customer, cap)
  }

  /** @type {Sync['resetCustomerCap']} */
  resetCustomerCap(customer, cap) {
    return money.change(this.#core, 'resetCustomerCap', customer, cap, 'cap')
  }

  /** @type {Sync['removeCustomerCap']} */
  removeCustomerCap(customer, cap) {
    return money.change(this.#core, 'removeCustomerCap', customer, cap, 'cap')
  }

  /** @type {Sync['creditExchange']} */
  creditExchange(from, to, value) {
    return money.creditExchange(this.#core, from, to, value)
  }

  /** @type {Sync['setExchange']} */
  setExchange(name, value, currency) {
    money.setExchange(this.#core, name, value, currency)
  }

  /** @type {Sync['reserve']} */
  reserve(customer, entitlement, options) {
    return holds.reserve(this.#core, customer, entitlement, options)
  }

  /** @type {Sync['settle']} */
  settle(customer, entitlement, hold, value, event, overhead, basis, segment) {
    return holds.record(
      this.#core,
      'settle',
      customer,
      entitlement,
      hold,
      value,
      event,
      overhead,
      basis,
      segment
    )
  }

  /** @type {Sync['estimate']} */
  estimate(customer, entitlement, options) {
    return estimates.estimate(this.#core, customer, entitlement, options)
  }

  /** @type {Sync['observe']} */
  observe(customer, entitlement, value, options) {
    return estimates.observe(this.#core, customer, entitlement, value, options)
  }

  /** @type {Sync['customerMarginSnapshot']} */
  customerMarginSnapshot(customer) {
    return estimates.customerMarginSnapshot(this.#core, customer)
  }

  /** @type {Sync['marginSnapshot']} */
  marginSnapshot(plan, usage) {
    return estimates.marginSnapshot(this.#core, plan, usage)
  }

  /** @type {Sync['startMarginMeasurement']} */
  startMarginMeasurement(customer) {
    return estimates.startMarginMeasurement(this.#core, customer)
  }

  /** @type {Sync['captureMarginMeasurement']} */
  captureMarginMeasurement(customer, measurement) {
    return estimates.captureMarginMeasurement(this.#core, customer, measurement)
  }

  /** @type {Sync['release']} */
  release(customer, entitlement, hold) {
    return holds.release(this.#core, customer, entitlement, hold)
  }

  /** @type {Sync['held']} */
  held(customer, entitlement) {
    return reads.number(this.#core, 'held', customer, entitlement)
  }

  /** @type {Sync['hold']} */
  hold(customer, entitlement, options) {
    return /** @type {any} */ (holds.hold(this.#core, customer, entitlement, options, true))
  }

  /** @type {Sync['eachCustomer']} */
  eachCustomer() {
    return customers.eachCustomer(this.#core)
  }

  /** @type {Sync['plan']} */
  plan(id, def) {
    return policies.plan(this.#core, id, def)
  }

  /** @type {Sync['defaultPlan']} */
  defaultPlan() {
    return this.#core.ask('defaultPlan', []) ?? null
  }

  /** @type {Sync['setPlan']} */
  setPlan(id, plan) {
    policies.setPlan(this.#core, id, plan)
  }

  /** @type {Sync['deletePlan']} */
  deletePlan(id) {
    return policies.deletePlan(this.#core, id)
  }

  /** @type {Sync['planPeriod']} */
  planPeriod(id) {
    return policies.read(this.#core, 'planPeriod', id)
  }

  /** @type {Sync['planTrialPeriod']} */
  planTrialPeriod(id) {
    return policies.read(this.#core, 'planTrialPeriod', id)
  }

  /** @type {Sync['credit']} */
  credit(id) {
    return policies.read(this.#core, 'credit', id)
  }

  /** @type {Sync['creditFor']} */
  creditFor(customerOrPlan, entitlement) {
    return reads.object(this.#core, 'creditFor', customerOrPlan, entitlement)
  }

  /** @type {Sync['entitlement']} */
  entitlement(customerOrPlan, entitlement) {
    return reads.object(this.#core, 'entitlement', customerOrPlan, entitlement)
  }

  /** @type {Sync['limitObject']} */
  limitObject(customerOrPlan, entitlement) {
    return reads.object(this.#core, 'limitObject', customerOrPlan, entitlement)
  }

  /** @type {Sync['meterObject']} */
  meterObject(customer, entitlement) {
    return reads.object(this.#core, 'meterObject', customer, entitlement)
  }

  /** @type {Sync['updatePolicy']} */
  updatePolicy(policy, format) {
    policies.updatePolicy(this.#core, policy, format)
  }

  /** @type {Sync['setNotifications']} */
  setNotifications(notifications) {
    policies.setNotifications(this.#core, notifications)
  }

  /** @type {Sync['difference']} */
  difference(other, format) {
    return policies.difference(this.#core, other, format)
  }

  /** @type {Sync['policy']} */
  policy(format) {
    return policies.policy(this.#core, format)
  }

  /** @type {Sync['valid']} */
  valid() {
    return this.#core.ask('valid', [])
  }

  /** @type {Sync['version']} */
  version() {
    return this.#core.ask('version', [])
  }

  /** @type {Sync['now']} */
  now() {
    return this.#core.ask('now', [])
  }

  /** @type {Sync['advance']} */
  advance(duration) {
    return policies.advance(this.#core, duration)
  }
}

module.exports = { LimitrSync }
