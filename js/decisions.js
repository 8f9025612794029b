// @ts-check

// Makes the answer of `decide` and `explain` from the numbers that a door leaves. `NaN` stands for null; names come as indexes.
// Most answers are plain: a call within its limit. Of these the engine leaves only what differs from one to the next.

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
  atRisk: 21,
  plain: 22
}

/**
 * The decision that a door left.
 *
 * @param {Core} core
 * @param {boolean} allowed
 * @param {string} entitlement
 * @returns {Decision}
 */
function decisionIn(core, allowed, entitlement) {
  const names = core.namesOf(SLOT.policyVersion, SLOT.names)
  const answer = core.doors.answer()
  return answer[SLOT.plain] === 1
    ? plainDecision(answer, names, entitlement)
    : anyDecision(answer, names, allowed, entitlement)
}

/**
 * A plain one. Its fields stand in the same order as those of any other: all have one shape.
 *
 * @param {Float64Array} answer
 * @param {Pick<import('./core.js').Names, 'plans'>} names
 * @param {string} entitlement
 * @returns {Decision}
 */
function plainDecision(answer, names, entitlement) {
  const price = answer[SLOT.price] === 0 ? 0 : null
  return {
    allowed: true,
    reason: 'ok',
    entitlement,
    plan: names.plans[answer[SLOT.plan]],
    limit: answer[SLOT.limit],
    used: answer[SLOT.used],
    held: 0,
    remaining: numberOf(answer[SLOT.remaining]),
    requested: answer[SLOT.requested],
    resetsAt: numberOf(answer[SLOT.resetsAt]),
    retryAfterMs: null,
    overage: 0,
    overagePrice: price,
    price,
    cost: 0,
    granted: 0,
    mode: MODES[answer[SLOT.mode]],
    boundBy: null,
    policyVersion: answer[SLOT.policyVersion],
    source: 'local',
    exact: true,
    atRisk: null
  }
}

/**
 * @param {Float64Array} answer
 * @param {Pick<import('./core.js').Names, 'plans'>} names
 * @param {boolean} allowed
 * @param {string} entitlement
 * @returns {Decision}
 */
function anyDecision(answer, names, allowed, entitlement) {
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
 * The decision of a call that answers with text, every field of it present.
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

/**
 * A number of an answer, of which `NaN` is null.
 *
 * @param {number} value
 * @returns {number | null}
 */
function numberOf(value) {
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

// V8 learns from the first decisions what a field holds. One that held null and a number takes both from then on, and a small number
// without a box, of which a decision has a dozen.
for (const number of [Number.NaN, 1])
  anyDecision(new Float64Array(SLOT.plain).fill(number), { plans: [] }, true, '')

module.exports = { decisionFrom, decisionIn, numberOf }
