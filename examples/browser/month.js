// A month of usage, through the engine. This is all of the page that knows limitr.

import { Limitr } from 'limitr'

const START = Date.UTC(2030, 0, 1)
const DAY = 86_400_000
const DAYS = 31
const TOKENS_A_CALL = 5_000

/** Which part of the month's calls has come by the end of each day: a weekend's day has fewer. */
const progress = (() => {
  const weights = Array.from({ length: DAYS }, (_, day) => {
    const weekday = new Date(START + day * DAY).getUTCDay()
    return weekday === 0 || weekday === 6 ? 2 : 5
  })
  const whole = weights.reduce((sum, weight) => sum + weight, 0)
  let come = 0
  return weights.map((weight) => {
    come += weight
    return come / whole
  })
})()

/** What is asked for on a day, as `[entitlement, calls, value of one]`: seats on the first, the rest day by day. */
function asked({ tokens, images, seats }, day) {
  const part = (calls) =>
    Math.round(calls * progress[day]) - (day === 0 ? 0 : Math.round(calls * progress[day - 1]))
  return [
    ['tokens', part(tokens / TOKENS_A_CALL), TOKENS_A_CALL],
    ['images', part(images), 1],
    ['seats', day === 0 ? seats : 0, 1]
  ]
}

/** An engine of its own for each run, on a virtual clock that begins with the month; a customer for each plan. */
async function open(document, cap) {
  const limitr = await Limitr.new(document, 'yaml', { clock: START })
  const { plans = {} } = limitr.sync.policy().policy
  for (const plan of Object.keys(plans)) {
    limitr.sync.createCustomer(plan, plan)
    if (cap === null) continue
    const monthly = { resets: true, reset_sch: 'monthly:1' }
    limitr.sync.addCustomerCap(plan, cap, { cap_id: 'budget', overage_only: true, ...monthly })
  }
  return { limitr, plans }
}

/** What is counted of one plan's month. */
const blank = (name, plan) => ({
  name,
  label: plan.label || name,
  days: Array.from({ length: DAYS }, () => ({ included: 0, billed: 0, denied: 0 })),
  meters: {},
  calls: 0,
  denied: 0
})

/** Counts the decision on a call for `value` into the plan's month. */
function count(month, day, value, decision) {
  const { entitlement, allowed } = decision
  month.meters[entitlement] ??= { entitlement, included: 0, billed: 0, denied: 0, refusals: 0 }
  const meter = month.meters[entitlement]
  month.calls++
  if (!allowed) {
    month.denied++
    month.days[day].denied++
    meter.denied += value
    meter.refusals++
    meter.firstDenied ??= { day, value, decision }
    return
  }
  const overage = decision.overage ?? 0 // null where there is no limit
  month.days[day][overage > 0 ? 'billed' : 'included']++
  meter.included += value - overage
  meter.billed += overage
  if (overage > 0) meter.firstBilled ??= { day, value, decision }
}

/** What the plan's month comes to, as the engine has it. */
function settle(limitr, month) {
  const { revenue, cost, margin, entitlements } = limitr.sync.customerMarginSnapshot(month.name)
  for (const meter of Object.values(month.meters)) {
    meter.limit = limitr.sync.limit(month.name, meter.entitlement)
    meter.unit = limitr.sync.creditFor(month.name, meter.entitlement)?.unit ?? 'unit'
    meter.revenue = entitlements[meter.entitlement]?.revenue ?? 0
  }
  const extra = Object.values(entitlements).reduce((sum, { revenue }) => sum + revenue, 0)
  return { ...month, price: revenue, extra, fee: revenue - extra, cost, margin }
}

/**
 * Runs the month on every plan of the policy. `usage` has `tokens`, `images` and `seats`, and a `cap` in runes on what
 * passes a limit, or null. Gives each plan's month, how many decisions that was and how many milliseconds they took.
 *
 * @throws {LimitrError} if the policy is refused or the engine can't be loaded
 */
export async function runMonth(document, usage) {
  const { limitr, plans } = await open(document, usage.cap)
  try {
    const months = Object.entries(plans).map(([name, plan]) => blank(name, plan))
    const began = performance.now()
    for (let day = 0; day < DAYS; day++) {
      for (const [entitlement, calls, value] of asked(usage, day)) {
        for (const month of months) {
          for (let call = 0; call < calls; call++) {
            count(month, day, value, limitr.sync.decide(month.name, entitlement, value))
          }
        }
      }
      if (day < DAYS - 1) limitr.sync.advance('1day')
    }
    const milliseconds = performance.now() - began
    const decisions = months.reduce((sum, { calls }) => sum + calls, 0)
    const settled = months.map((month) => settle(limitr, month))
    return { backend: limitr.backend, months: settled, decisions, milliseconds }
  } finally {
    await limitr.close()
  }
}
