// What workloads have in common.

/** Never reached: a denial is a shorter path. Below 2^53, so that every count stands in a double. */
export const LIMIT = 1e15

export const MONTH = { resets: true, reset_inc: '30days' }

/** A policy with one plan, which everybody is on. */
export const policyOf = (entitlements, { credits = { call: {} }, topups } = {}) => ({
  credits,
  plans: { base: { default: true, entitlements, ...(topups && { topups }) } }
})

/** The plain hard limit with a 30-day period: what the floor does, too. */
export const HARD = policyOf({ api: { limit: { credit: 'call', mode: 'hard', value: LIMIT, ...MONTH } } })

export const createAll = ({ sync }, ids) => {
  for (const id of ids) sync.createCustomer(id)
}

/** Throws unless two numbers are the same, but for the last digits of a double. */
export function same(actual, expected, what) {
  const close = Math.abs(actual - expected) <= 1e-9 * Math.abs(expected)
  if (!close) throw new Error(`${what}: ${actual}, but ${expected} is right`)
}

/** What all customers have used of an entitlement. */
export const totalOf = (sync, ids, entitlement) =>
  ids.reduce((sum, id) => sum + (sync.value(id, entitlement) ?? 0), 0)

/** Checks that the meters of an entitlement sum to what the calls should have metered. */
export const metersSum =
  (entitlement, perCall = 1) =>
  ({ sync, ids, calls }) =>
    same(totalOf(sync, ids, entitlement), calls * perCall, `the meters of \`${entitlement}\` sum to`)
