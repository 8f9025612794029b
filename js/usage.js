// @ts-check

// Decisions. The hot ones go straight to their door: a few `typeof`s, one call, one comparison;
// nothing is allocated unless events wait or something is wrong.

const { flag, isObject, lookup, name, newName, optionalNumber, options, quantity } = require('./arguments.js')
const { costed } = require('./costing.js')
const { decisionFrom, decisionIn } = require('./decisions.js')
const { wrongType } = require('./errors.js')
const { takeEvents } = require('./events.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../index').Decision} Decision */

/** Flags of the deciding doors. */
const SEND = 1
const FORCE = 2
const OVERHEAD = 4
const TO = 8

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value
 * @param {unknown} event
 * @param {unknown} overhead
 * @param {unknown} force
 * @returns {boolean}
 */
function allow(core, customer, entitlement, value, event, overhead, force) {
  if (
    typeof value === 'number' &&
    event === undefined &&
    overhead === undefined &&
    force === undefined &&
    typeof customer === 'string' &&
    typeof entitlement === 'string' &&
    Number.isFinite(value)
  ) {
    const answer = core.doors.allow(
      core.engine,
      core.customers.of(customer),
      core.entitlements.of(entitlement),
      value
    )
    return answer === 1 || (answer !== 0 && settled(core, answer, customer, null))
  }
  return judged(core, 'allow', core.doors.allowWith, customer, entitlement, value, event, overhead, force)
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value
 * @param {unknown} event
 * @param {unknown} overhead
 * @param {unknown} force
 * @returns {boolean}
 */
function check(core, customer, entitlement, value, event, overhead, force) {
  if (
    typeof value === 'number' &&
    event === undefined &&
    overhead === undefined &&
    force === undefined &&
    typeof customer === 'string' &&
    typeof entitlement === 'string' &&
    Number.isFinite(value)
  ) {
    const answer = core.doors.check(
      core.engine,
      core.customers.of(customer),
      core.entitlements.of(entitlement),
      value
    )
    return answer === 1 || (answer !== 0 && settled(core, answer, customer, null))
  }
  return judged(core, 'check', core.doors.checkWith, customer, entitlement, value, event, overhead, force)
}

/**
 * `allow` and `check` with whatever arguments.
 *
 * @param {Core} core
 * @param {'allow' | 'check'} op
 * @param {Core['doors']['allowWith']} door
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value
 * @param {unknown} event
 * @param {unknown} overhead
 * @param {unknown} force
 * @returns {boolean}
 */
function judged(core, op, door, customer, entitlement, value, event, overhead, force) {
  const id = name(customer, 'customer')
  const feature = name(entitlement, 'entitlement')
  const amount = value === undefined || value === null ? 0 : quantity(value, 'value')
  const cost = optionalNumber(overhead, 'overhead')
  const send = sending(event)
  const flags =
    (op === 'allow' ? send : 0) | (flag(force, 'force', false) ? FORCE : 0) | (cost === null ? 0 : OVERHEAD)
  const eventData = dataOf(event)
  if (typeof amount === 'number') {
    const answer = door(
      core.engine,
      core.customers.of(id),
      core.entitlements.of(feature),
      amount,
      flags,
      cost ?? 0
    )
    return settled(core, answer, id, eventData)
  }
  const args = [lookup(id, 'customer'), lookup(feature, 'entitlement'), amount, flags, cost]
  return moved(core, op, args, id, eventData)
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} event
 * @returns {boolean}
 */
function increment(core, customer, entitlement, event) {
  if (event === undefined && typeof customer === 'string' && typeof entitlement === 'string') {
    const answer = core.doors.increment(
      core.engine,
      core.customers.of(customer),
      core.entitlements.of(entitlement),
      SEND
    )
    return answer === 1 || (answer !== 0 && settled(core, answer, customer, null))
  }
  const id = name(customer, 'customer')
  const feature = name(entitlement, 'entitlement')
  const answer = core.doors.increment(
    core.engine,
    core.customers.of(id),
    core.entitlements.of(feature),
    sending(event)
  )
  return answer === 1 || (answer !== 0 && settled(core, answer, id, dataOf(event)))
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} event
 * @returns {boolean}
 */
function decrement(core, customer, entitlement, event) {
  if (event === undefined && typeof customer === 'string' && typeof entitlement === 'string') {
    const answer = core.doors.decrement(
      core.engine,
      core.customers.of(customer),
      core.entitlements.of(entitlement),
      SEND
    )
    return answer === 1 || (answer !== 0 && settled(core, answer, customer, null))
  }
  const id = name(customer, 'customer')
  const feature = name(entitlement, 'entitlement')
  const answer = core.doors.decrement(
    core.engine,
    core.customers.of(id),
    core.entitlements.of(feature),
    sending(event)
  )
  return answer === 1 || (answer !== 0 && settled(core, answer, id, dataOf(event)))
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value
 * @param {unknown} event
 * @param {unknown} overhead
 * @returns {boolean}
 */
function set(core, customer, entitlement, value, event, overhead) {
  const id = lookup(name(customer, 'customer'), 'customer')
  const feature = lookup(name(entitlement, 'entitlement'), 'entitlement')
  const to = quantity(value, 'value')
  const [send, data] = [sending(event), dataOf(event)]
  const given = optionalNumber(overhead, 'overhead')
  return costed(core, given, id, { entitlement: feature, way: 'to', value: to }, data, (cost) => {
    const flags = TO | send | (cost === null ? 0 : OVERHEAD)
    if (typeof to !== 'number') return moved(core, 'allow', [id, feature, to, flags, cost], id, data)
    const [who, what] = [core.customers.of(id), core.entitlements.of(feature)]
    return settled(core, core.doors.allowWith(core.engine, who, what, to, flags, cost ?? 0), id, data)
  })
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value
 * @param {unknown} given
 * @returns {Decision}
 */
function decide(core, customer, entitlement, value, given) {
  if (
    typeof value === 'number' &&
    given === undefined &&
    typeof customer === 'string' &&
    typeof entitlement === 'string' &&
    Number.isFinite(value)
  ) {
    const answer = core.doors.decide(
      core.engine,
      core.customers.of(customer),
      core.entitlements.of(entitlement),
      value
    )
    return decided(core, answer, customer, entitlement, null)
  }
  return answered(core, 'decide', core.doors.decideWith, customer, entitlement, value, given)
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value
 * @param {unknown} given
 * @returns {Decision}
 */
function explain(core, customer, entitlement, value, given) {
  return answered(core, 'explain', core.doors.explainWith, customer, entitlement, value, given)
}

/** An option of our own: `overhead` is what a function of the policy answered. */
const ASKED = Symbol('asked')
/** Most UTF-16 units of an ID that crosses beside numbers: a longer one is refused, which the engine words. */
const ID_LENGTH_MAX = 256
const DECIDE_OPTIONS = ['event', 'overhead', 'force', 'id', 'cap']

/**
 * `decide` and `explain`.
 *
 * @param {Core} core
 * @param {'decide' | 'explain'} op
 * @param {Core['doors']['decideWith']} door
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} value
 * @param {unknown} given
 * @returns {Decision}
 */
function answered(core, op, door, customer, entitlement, value, given) {
  const id = name(customer, 'customer')
  const feature = name(entitlement, 'entitlement')
  const amount = value === undefined || value === null ? 0 : quantity(value, 'value')
  const option = options(given, 'options', DECIDE_OPTIONS)
  const { event, overhead, force, id: key, cap } = option
  const caps = capsOfCall(cap, 'options.cap')
  const cost = optionalNumber(overhead, 'options.overhead')
  const call = key === undefined || key === null ? null : newName(key, 'options.id')
  const send = sending(event)
  const flags =
    (op === 'decide' ? send : 0) |
    (flag(force, 'options.force', false) ? FORCE : 0) |
    (cost === null ? 0 : OVERHEAD)
  const eventData = dataOf(event)

  const asked = Object.hasOwn(option, ASKED)
  const crosses = call === null || (op === 'decide' && call.length <= ID_LENGTH_MAX && !asked)
  if (typeof amount === 'number' && caps === null && crosses) {
    const [who, what] = [core.customers.of(id), core.entitlements.of(feature)]
    const answer =
      call === null
        ? door(core.engine, who, what, amount, flags, cost ?? 0)
        : core.doors.decideOnce(core.engine, who, what, amount, flags, cost ?? 0, call)
    return decided(core, answer, id, feature, eventData)
  }
  const args = [
    lookup(id, 'customer'),
    lookup(feature, 'entitlement'),
    amount,
    { flags, overhead: cost, asked, id: call, caps }
  ]
  return decisionFrom(moved(core, op, args, id, eventData), feature)
}

/**
 * The whole answer that a deciding door left, once its events are delivered.
 *
 * @param {Core} core
 * @param {number} answer
 * @param {string} customer
 * @param {string} entitlement
 * @param {object | null} eventData
 * @returns {Decision}
 */
function decided(core, answer, customer, entitlement, eventData) {
  if (answer < 0) throw core.failure()
  const decision = decisionIn(core, (answer & 1) === 1, entitlement)
  if (answer > 1) tell(core, answer, customer, eventData)
  return decision
}

/**
 * What a deciding door answered, once its events are delivered.
 *
 * @param {Core} core
 * @param {number} answer
 * @param {string} customer
 * @param {object | null} eventData
 * @returns {boolean}
 */
function settled(core, answer, customer, eventData) {
  if (answer < 0) throw core.failure()
  if (answer > 1) tell(core, answer, customer, eventData)
  return (answer & 1) === 1
}

/** What a deciding door adds to its answer when other threads are to take events. */
const OTHERS = 4
/** From this bit on it says of the first event what `nextEvent` would. One that leaves an answer takes none. */
const FIRST = 4
/** What it adds when it lacked units that the server of Limitr Cloud may have. */
const DRY = 8

/**
 * Delivers what a call left for this thread, and wakes the others.
 *
 * @param {Core} core
 * @param {number} answer
 * @param {string} customer
 * @param {object | null} eventData
 */
function tell(core, answer, customer, eventData) {
  if (answer & DRY) core.isDry = true
  if (answer & OTHERS) core.audience?.wake()
  takeEvents(core, customer, eventData, answer >> FIRST)
}

/**
 * Asks for something that may send events, and delivers them, also where it fails.
 *
 * @param {Core} core
 * @param {string} op
 * @param {readonly unknown[]} args
 * @param {string} customer
 * @param {object | null} eventData
 * @returns {any}
 */
function moved(core, op, args, customer, eventData) {
  try {
    return core.ask(op, args)
  } finally {
    if (core.listening) takeEvents(core, customer, eventData, 0)
  }
}

/** @param {unknown} event */
function sending(event) {
  if (event === undefined || event === null || event === true) return SEND
  if (event === false) return 0
  if (isObject(event)) return SEND
  throw wrongType('event', 'a boolean, or an object of data for the events', event)
}

/**
 * @param {unknown} event
 * @returns {object | null}
 */
function dataOf(event) {
  return typeof event === 'object' ? event : null
}

/**
 * Caps of one call, as they cross: a list of `[credit, value]`.
 *
 * @param {unknown} caps
 * @param {string} argument
 * @returns {[string, number | string][] | null}
 */
function capsOfCall(caps, argument) {
  if (caps === undefined || caps === null) return null
  if (!isObject(caps)) throw wrongType(argument, 'an object such as `{ rune: 0.5 }`', caps)
  return Object.entries(caps).map(([credit, value]) => [
    newName(credit, argument),
    quantity(value, `${argument}.${credit}`)
  ])
}

module.exports = {
  ASKED,
  allow,
  check,
  dataOf,
  decide,
  decrement,
  explain,
  increment,
  moved,
  sending,
  set,
  settled
}
