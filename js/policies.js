// @ts-check

// The policy itself: its plans and credits, replacing and comparing it, and the clock.

const { flag, isObject, lookup, newName, optionalDuration } = require('./arguments.js')
const { documentError } = require('./core.js')
const { documentOf, guarded, plain, refused, withoutPlaces } = require('./documents.js')
const { LimitrError, wrongType } = require('./errors.js')
const { documentFormat, textFormat } = require('./options.js')
const { moved } = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */

/**
 * A read by one name.
 *
 * @param {Core} core
 * @param {'planPeriod' | 'planTrialPeriod' | 'credit'} op
 * @param {unknown} id
 * @returns {any}
 */
function read(core, op, id) {
  return core.ask(op, [lookup(id, 'id')]) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} id
 * @param {unknown} def
 * @returns {any}
 */
function plan(core, id, def) {
  return core.ask('plan', [lookup(id, 'id'), flag(def, 'def', true)]) ?? null
}

/**
 * @param {Core} core
 * @param {unknown} id
 * @param {unknown} document
 */
function setPlan(core, id, document) {
  const name = newName(id, 'id')
  if (!isObject(document)) throw wrongType('plan', 'an object', document)
  const { value, problems } = guarded(() => plain(document, `policy.plans.${name}`), 'plan')
  if (problems.length > 0) throw refused(problems, { code: problems[0].code, what: 'the plan' })
  moved(core, 'setPlan', [name, value], '', null)
}

/**
 * @param {Core} core
 * @param {unknown} id
 * @returns {boolean}
 */
function deletePlan(core, id) {
  return moved(core, 'deletePlan', [lookup(id, 'id')], '', null)
}

/**
 * @param {Core} core
 * @param {unknown} document
 * @param {unknown} format
 */
function updatePolicy(core, document, format) {
  const given = documentOf(document, documentFormat(format), 'policy')
  core.assertReadable(given)
  const { diagnostics } = ofDocument(given, () =>
    moved(core, 'updatePolicy', [given.text, given.format], '', null)
  )
  core.diagnostics = Object.freeze(given.isObject ? withoutPlaces(diagnostics) : diagnostics)
}

/**
 * @param {Core} core
 * @param {unknown} other a document, or an engine
 * @param {unknown} format
 * @returns {import('../index').PolicyDifference[]}
 */
function difference(core, other, format) {
  const text = policyText(other)
  const given = documentOf(text ?? other, text === null ? documentFormat(format) : 'json', 'other')
  core.assertReadable(given)
  return ofDocument(given, () => core.ask('difference', [given.text, given.format]))
}

/**
 * @param {Core} core
 * @param {unknown} notifications
 */
function setNotifications(core, notifications) {
  if (!isObject(notifications))
    throw wrongType('notifications', 'an object of notifications by name', notifications)
  const { value, problems } = guarded(() => plain(notifications, 'policy.notifications'), 'notifications')
  if (problems.length > 0) throw refused(problems, { code: problems[0].code, what: 'the notifications' })
  moved(core, 'setNotifications', [value], '', null)
}

/**
 * Asks about a document; a refusal of an object names no places.
 *
 * @template T
 * @param {import('./documents.js').Document} document
 * @param {() => T} ask
 * @returns {T}
 */
function ofDocument(document, ask) {
  try {
    return ask()
  } catch (error) {
    throw error instanceof LimitrError ? documentError(document, error) : error
  }
}

/**
 * The policy of an engine, of this or another copy of the package; null if that is not what was given.
 *
 * @param {unknown} other
 * @returns {string | null}
 */
function policyText(other) {
  if (!isObject(other) || typeof other.policy !== 'function') return null
  const holder = isObject(other.sync) && typeof other.sync.policy === 'function' ? other.sync : other
  const text = /** @type {{ policy: Function }} */ (holder).policy('json')
  if (typeof text !== 'string') throw wrongType('other', 'a document or an engine of this package', other)
  return text
}

/**
 * @param {Core} core
 * @param {unknown} format none: as an object
 * @returns {any}
 */
function policy(core, format) {
  return core.ask('policy', [textFormat(format)])
}

/**
 * @param {Core} core
 * @param {unknown} duration
 * @returns {number}
 */
function advance(core, duration) {
  const by = optionalDuration(duration, 'duration')
  if (by === null)
    throw wrongType('duration', 'a number of milliseconds or a string such as `30days`', duration)
  return moved(core, 'advance', [by], '', null)
}

module.exports = {
  advance,
  deletePlan,
  difference,
  plan,
  policy,
  read,
  setNotifications,
  setPlan,
  updatePolicy
}
