// @ts-check

// Makes the answer of `decide` and `explain` from the numbers that the engine leaves in the answer buffer. `NaN` stands
// for null; names come as indexes.

/** @typedef {import('../index').Decision} Decision */
/** @typedef {import('./core.js').Core} Core */

const REASONS = /** @type {const} */ ([
  'ok',
  'feature',
  'over_limit',
  'overage',
  'covered_by_grant',
  'capped',
  'governed',
  'unknown_customer',
  'unknown_entitlement',
  'no_scope_holder',
  'not_in_plan',
  'forced',
  'lease',
  'offline'
])
const MODES = /** @type {const} */ (['hard', 'soft', 'observe'])
const SOURCES = /** @type {const} */ (['local', 'lease', 'server', 'offline'])
const BOUNDS = /** @type {const} */ (['limit', 'governor', 'cap', 'grant'])

/** Where each number stands. */
const SLOT = {
  reason: 0,
  plan: 2,
  limit: 3,
  used: 4,
  held: 5,
  remaining: 6,
  requested: 7,
  resetsAt: 8,
  retryAfterMs: 9,
  overage: 10,
  overagePrice: 11,
  price: 12,
  cost: 13,
  granted: 14,
  mode: 15,
  boundBy: 16,
  policyVersion: 17,
  names: 18,
  source: 19,
  exact: 20,
  atRisk: 21
}

/**
 * The decision in the core's answer buffer.
 *
 * @param {Core} core
 * @param {boolean} allowed
 * @param {string} entitlement
 * @returns {Decision}
 */
function decisionIn(core, allowed, entitlement) {
  const answer = core.answer.numbers
  const names = core.namesAt(answer[SLOT.policyVersion], answer[SLOT.names])
  return {
    allowed,
    reason: REASONS[answer[SLOT.reason]],
    entitlement,
    plan: wordAt(names.plans, answer[SLOT.plan]),
    limit: numberOf(answer[SLOT.limit]),
    used: numberOf(answer[SLOT.used]),
    held: numberOf(answer[SLOT.held]),
    remaining: numberOf(answer[SLOT.remaining]),
    requested: numberOf(answer[SLOT.requested]),
    resetsAt: numberOf(answer[SLOT.resetsAt]),
    retryAfterMs: numberOf(answer[SLOT.retryAfterMs]),
    overage: numberOf(answer[SLOT.overage]),
    overagePrice: numberOf(answer[SLOT.overagePrice]),
    price: numberOf(answer[SLOT.price]),
    cost: numberOf(answer[SLOT.cost]),
    granted: numberOf(answer[SLOT.granted]),
    mode: wordAt(MODES, answer[SLOT.mode]),
    boundBy: wordAt(BOUNDS, answer[SLOT.boundBy]),
    policyVersion: numberOf(answer[SLOT.policyVersion]),
    source: SOURCES[answer[SLOT.source]],
    exact: answer[SLOT.exact] === 1,
    atRisk: numberOf(answer[SLOT.atRisk])
  }
}

/**
 * The decision that a call without a buffer answers with, every field of it present.
 *
 * @param {Partial<Decision> & Pick<Decision, 'allowed' | 'reason'>} given
 * @param {string} entitlement
 * @returns {Decision}
 */
function decisionFrom(given, entitlement) {
  return {
    allowed: given.allowed,
    reason: given.reason,
    entitlement,
    plan: given.plan ?? null,
    limit: given.limit ?? null,
    used: given.used ?? null,
    held: given.held ?? null,
    remaining: given.remaining ?? null,
    requested: given.requested ?? null,
    resetsAt: given.resetsAt ?? null,
    retryAfterMs: given.retryAfterMs ?? null,
    overage: given.overage ?? null,
    overagePrice: given.overagePrice ?? null,
    price: given.price ?? null,
    cost: given.cost ?? null,
    granted: given.granted ?? null,
    mode: given.mode ?? null,
    boundBy: given.boundBy ?? null,
    policyVersion: given.policyVersion ?? null,
    source: given.source ?? 'local',
    exact: given.exact ?? true,
    atRisk: given.atRisk ?? null
  }
}

/** V8 keeps whole numbers up to here in a field without a box of their own. */
const SMALL = 2 ** 31

/**
 * A number of the answer buffer, of which `NaN` is null. A small whole one comes without a box: a decision has a dozen of them.
 *
 * @param {number} value
 * @returns {number | null}
 */
function numberOf(value) {
  if (value < SMALL && value > -SMALL) {
    const small = value | 0
    return small === value ? small : value
  }
  return Number.isNaN(value) ? null : value
}

/**
 * @template {string} W
 * @param {readonly W[]} words
 * @param {number} index
 * @returns {W | null}
 */
function wordAt(words, index) {
  return Number.isNaN(index) ? null : (words[index] ?? null)
}

module.exports = { decisionFrom, decisionIn, numberOf, wordAt }
