// @ts-check

// Makes event objects from what the engine hands out: the numbers of a meter event stand in a buffer, any other event is
// JSON. The customer of a meter event is a record that is only read once something beside its `id` is touched.

const { numberOf } = require('./decisions.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../index').LimitrEvent} LimitrEvent */
/** @typedef {import('../index').CustomerRecord} CustomerRecord */

/** Types of the events that come as numbers, by their kind. */
const METER_TYPES = /** @type {const} */ ([
  '',
  'meter-changed',
  'meter-overage',
  'meter-limit',
  'meter-governed',
  'meter-reset'
])

/** Every type of event that exists. */
const EVENT_TYPES = /** @type {const} */ ([
  'meter-changed',
  'meter-overage',
  'meter-limit',
  'meter-governed',
  'meter-reset',
  'cap-limit',
  'cap-threshold-crossed',
  'customer-cap-added',
  'customer-cap-reset',
  'customer-cap-removed',
  'customer-topup-granted',
  'customer-set',
  'customer-removed',
  'customer-plan-changed',
  'plan-set',
  'plan-removed',
  'policy-updated',
  'policy-error',
  'store-error',
  'handler-error'
])

/** The kind of an event that comes as JSON. */
const TEXT_KIND = 9

/** Where each number stands. */
const SLOT = {
  entitlement: 1,
  plan: 2,
  credit: 3,
  old: 4,
  value: 5,
  limit: 6,
  diff: 7,
  overhead: 8,
  overheadDiff: 9,
  priceDiff: 10,
  remaining: 11,
  overage: 12,
  overagePrice: 13,
  grantValueApplied: 14,
  tokens: 15,
  capacity: 16,
  requested: 17,
  invalidValue: 18,
  policyVersion: 19,
  holderIsCaller: 20,
  names: 21
}

/** The kind of an event of overage: beside a change, what busy apps hear most. */
const OVERAGE = METER_TYPES.indexOf('meter-overage')

/**
 * The event whose numbers `nextEvent` left.
 *
 * @param {Core} core
 * @param {number} kind
 * @param {string} named the ID that the call was made with
 * @param {object | null} event_data
 * @returns {LimitrEvent}
 */
function meterEvent(core, kind, named, event_data) {
  const names = core.namesOf(SLOT.policyVersion, SLOT.names)
  let holder = named
  let caller = named
  if (core.doors.answer()[SLOT.holderIsCaller] === 0)
    ({ holder, caller } = JSON.parse(core.doors.eventText(core.engine)))
  const answer = core.doors.answer()

  const type = METER_TYPES[kind]
  const meter = meterNumbers(answer)
  const customer = lazyCustomer(core, holder)
  const entitlement = names.entitlements[answer[SLOT.entitlement]]
  const plan = names.plans[answer[SLOT.plan]]
  const credit = names.credits[answer[SLOT.credit]]
  const remaining = numberOf(answer[SLOT.remaining])
  const overage = answer[SLOT.overage]
  const overage_price = answer[SLOT.overagePrice]

  /** @type {any} */
  let event
  if (kind === OVERAGE && isGiven(overage_price)) {
    // In one literal: a field that is added is far dearer.
    event = {
      type,
      meter,
      customer,
      caller,
      entitlement,
      plan,
      credit,
      remaining,
      event_data,
      overage,
      overage_price
    }
  } else {
    event = { type, meter, customer, caller, entitlement, plan, credit, remaining, event_data }
    if (isGiven(overage)) event.overage = overage
    if (isGiven(overage_price)) event.overage_price = overage_price
  }
  addRare(event, answer)
  return event
}

/**
 * Adds what few events have.
 *
 * @param {any} event
 * @param {Float64Array} answer
 */
function addRare(event, answer) {
  if (isGiven(answer[SLOT.grantValueApplied])) event.grant_value_applied = answer[SLOT.grantValueApplied]
  if (event.type === 'meter-limit') {
    event.meter.invalid = true
    event.invalid_value = answer[SLOT.invalidValue]
  }
  if (event.type === 'meter-governed') {
    event.governor = {
      tokens: answer[SLOT.tokens],
      capacity: answer[SLOT.capacity],
      requested: answer[SLOT.requested]
    }
  }
}

/**
 * Where a price is told, it stands in the same literal, too.
 *
 * @param {Float64Array} answer
 */
function meterNumbers(answer) {
  const old = answer[SLOT.old]
  const value = answer[SLOT.value]
  const limit = answer[SLOT.limit]
  const diff = answer[SLOT.diff]
  const overhead = answer[SLOT.overhead]
  const overhead_diff = answer[SLOT.overheadDiff]
  const price_diff = answer[SLOT.priceDiff]
  /** @type {any} */
  const meter = isGiven(price_diff)
    ? { old, value, limit, diff, overhead, overhead_diff, price_diff }
    : { old, value, limit, diff, overhead, overhead_diff }
  return meter
}

/** @param {number} value `NaN`: there is none */
function isGiven(value) {
  return !Number.isNaN(value)
}

/**
 * A customer's record that is read when it is first touched. A customer that was removed meanwhile has only its `id`.
 *
 * @param {Core} core
 * @param {string} id
 * @returns {CustomerRecord}
 */
function lazyCustomer(core, id) {
  return /** @type {any} */ (new Proxy(new UnreadRecord(id, core), RECORD_READER))
}

/** What a record is before it is read. Its class shows only in `console.log`, which looks behind the proxy. */
class UnreadRecord {
  /** @type {Core | null} */
  #core

  /**
   * @param {string} id
   * @param {Core} core
   */
  constructor(id, core) {
    this.id = id
    this.#core = core
  }

  /** Fills in the rest of the record, once. */
  read() {
    const core = this.#core
    if (core === null) return
    this.#core = null
    const record = core.closed ? null : core.ask('customer', [this.id])
    for (const [field, value] of Object.entries(record ?? {})) {
      Object.defineProperty(this, field, { value, writable: true, enumerable: true, configurable: true })
    }
  }

  /** What `console.log` shows. `this` is the proxy, so this reads the record. */
  [Symbol.for('nodejs.util.inspect.custom')]() {
    return { ...this }
  }
}

/**
 * Reads the record before anything but its `id` is seen.
 *
 * @type {ProxyHandler<UnreadRecord>}
 */
const RECORD_READER = {
  get(target, field) {
    if (field === 'id') return target.id
    target.read()
    return Object.hasOwn(target, field) ? Reflect.get(target, field) : Reflect.get(Object.prototype, field)
  },
  has(target, field) {
    target.read()
    return Object.hasOwn(target, field) || field in Object.prototype
  },
  ownKeys(target) {
    target.read()
    return Reflect.ownKeys(target)
  },
  getOwnPropertyDescriptor(target, field) {
    target.read()
    return Reflect.getOwnPropertyDescriptor(target, field)
  },
  set(target, field, value) {
    target.read()
    return Reflect.set(target, field, value)
  },
  deleteProperty(target, field) {
    target.read()
    return Reflect.deleteProperty(target, field)
  },
  defineProperty(target, field, descriptor) {
    target.read()
    return Reflect.defineProperty(target, field, descriptor)
  },
  getPrototypeOf: () => Object.prototype
}

/** Events of a cap that a call causes: they carry the call's data. */
const CAP_CALL_TYPES = ['cap-limit', 'cap-threshold-crossed']
const CAP_TYPES = [...CAP_CALL_TYPES, 'customer-cap-added', 'customer-cap-reset', 'customer-cap-removed']

/**
 * An event that came as JSON.
 *
 * @param {Core} core
 * @param {any} event
 * @param {object | null} eventData
 * @returns {LimitrEvent}
 */
function recordEvent(core, event, eventData) {
  // A notification has the fields of the event that caused it, whose type is its `cause`.
  const type = event.cause ?? event.type
  const ofMeter = METER_TYPES.includes(type)
  if (ofMeter || CAP_TYPES.includes(type)) event.customer = lazyCustomer(core, event.customer.id)
  if (ofMeter || CAP_CALL_TYPES.includes(type)) event.event_data = eventData
  return event
}

module.exports = { EVENT_TYPES, METER_TYPES, TEXT_KIND, meterEvent, recordEvent }
