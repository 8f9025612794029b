// Numbers and sentences, for people.

const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })
const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

/** A number with its digits in groups of three. */
export const grouped = (number) => numbers.format(number)

/** Runes as dollars and cents; whole dollars without the cents where `short`. */
export const money = (runes, short = false) => cents.format(runes).replace(short ? /\.00$/ : /$^/, '')

/** A number with what it counts: `1 seat`, `2,000 tokens`. */
export const counted = (number, unit) => `${grouped(number)} ${unit}${number === 1 ? '' : 's'}`

/** A share in percent. It is rounded down, so that 100% is all. */
export const percent = (part, whole) => (whole > 0 ? `${Math.floor((1000 * part) / whole) / 10}%` : '–')

/** How many of a meter's calls were denied, and since when. */
const denials = ({ refusals, firstDenied }) =>
  `${counted(refusals, 'call')} denied, from day ${firstDenied.day + 1}`

/** Why a meter's calls were denied. */
function because(month, meter, cap) {
  const { limit, unit, entitlement, firstDenied } = meter
  switch (firstDenied.decision.reason) {
    case 'over_limit':
      return `${month.label}’s ${counted(limit, unit)} ${limit === 1 ? 'is' : 'are'} used up`
    case 'capped':
      return `Your cap of ${money(cap, true)} stops ${entitlement}`
    case 'not_in_plan':
    case 'unknown_entitlement':
      return `${month.label} has no ${entitlement}`
    default:
      return `${entitlement}: ${firstDenied.decision.reason}`
  }
}

/** What binds in a month: `kind` is `'denied'`, `'billed'` or `'included'`; `first` is the call where it began. */
export function verdict(month, cap) {
  const meters = Object.values(month.meters)
  const denied = meters.filter(({ refusals }) => refusals > 0).sort((a, b) => b.refusals - a.refusals)
  if (denied.length > 0) {
    const [most, ...others] = denied
    const also = others.map(
      ({ entitlement, firstDenied }) => `${entitlement} from day ${firstDenied.day + 1}`
    )
    const text = `${because(month, most, cap)}: ${denials(most)}.`
    const rest = also.length > 0 ? ` Denied too: ${also.join(', ')}.` : ''
    return { kind: 'denied', text: text + rest, first: most.firstDenied }
  }
  const billed = meters.filter((meter) => meter.billed > 0).sort((a, b) => b.revenue - a.revenue)
  if (billed.length > 0) {
    const [{ limit, unit, firstBilled }] = billed
    const text = `Nothing is denied. ${month.label}’s ${counted(limit, unit)} last until day ${firstBilled.day + 1}; then calls are billed.`
    return { kind: 'billed', text, first: firstBilled }
  }
  return { kind: 'included', text: `Nothing is denied: ${month.label} includes all of it.`, first: null }
}

/** How fast it went. Of a short run only the whole is said: the browser's clock is too coarse for its parts. */
export function speed(decisions, milliseconds) {
  const whole = milliseconds < 1 ? 'in under a millisecond' : `in ${milliseconds.toFixed(1)} ms`
  const each = `${((1_000 * milliseconds) / decisions).toFixed(1)} µs each`
  return `${grouped(decisions)} decisions, ${decisions < 1_000 ? whole : each}`
}

/** A call and its answer, as code. */
export function asCode({ value, decision }) {
  const { plan, entitlement, allowed, reason, boundBy, overagePrice } = decision
  const answer = allowed ? { reason, overagePrice } : { allowed, reason, boundBy }
  const fields = Object.entries(answer).map(
    ([name, field]) => `${name}: ${typeof field === 'string' ? `'${field}'` : field}`
  )
  return `decide('${plan}', '${entitlement}', ${value}) → { ${fields.join(', ')} }`
}

/** The cheapest plan that serves every call, or null. */
export function cheapest(months) {
  const serving = months.filter(({ denied }) => denied === 0)
  return serving.reduce((best, month) => (best && best.price <= month.price ? best : month), null)
}
