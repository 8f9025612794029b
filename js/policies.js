// @ts-check

// The policy itself: its plans and credits, replacing and comparing it, and the clock.

const { flag, isObject, lookup, newName, optionalDuration } = require('./arguments.js')
const { setPart } = require('./capabilities.js')
const { carryingAfter, functionsOf, understood } = require('./carrying.js')
const { documentError } = require('./core.js')
const { documentOf, guarded, placed, plain, refused } = require('./documents.js')
const { LimitrError, wrongType } = require('./errors.js')
const { documentFormat, textFormat } = require('./options.js')
const { stofModuleNow } = require('./stof.js')
const { stofPart } = require('./stof-documents.js')
const { stofText } = require('./stof-text.js')
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
  if (typeof document === 'string') {
    const { value } = stofPart(stofModuleNow(), ['plans', name], document, core.ask('now', []), 'the plan')
    moved(core, 'setPlan', [name, value], '', null)
    return
  }
  if (!isObject(document)) throw wrongType('plan', 'an object, or Stof text', document)
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
  understood(core, given, (readable) => {
    const replace = () => {
      const { diagnostics } = ofDocument(readable, () =>
        moved(core, 'updatePolicy', [readable.text, readable.format], '', null)
      )
      core.diagnostics = Object.freeze(placed(readable, diagnostics))
    }
    const functions = functionsOf(core, readable)
    if (functions === null && core.carried === null) return replace()
    carryingAfter(core, functions, replace)
  })
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
  return understood(core, given, (readable) =>
    ofDocument(readable, () => core.ask('difference', [readable.text, readable.format]))
  )
}

/**
 * @param {Core} core
 * @param {unknown} notifications
 */
function setNotifications(core, notifications) {
  setPart(core, 'notifications', notifications)
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
  const written = textFormat(format)
  return written === 'stof' ? stofText(core.ask('policy', [null])) : core.ask('policy', [written])
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
