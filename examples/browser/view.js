// Draws a run into the page.

import { asCode, cheapest, grouped, money, percent, speed, verdict } from './words.js'

export const byId = (id) => document.getElementById(id)
const byTestId = (id) => document.querySelector(`[data-testid="${id}"]`)

/** An element with its class and what is in it. */
function element(tag, className, ...inside) {
  const made = document.createElement(tag)
  if (className) made.className = className
  made.append(...inside)
  return made
}

/** A piece of a bar or a column, as wide or as high as its share. */
function piece(kind, side, share) {
  const made = element('i', kind)
  made.style[side] = `${100 * share}%`
  return made
}

const KINDS = ['included', 'billed', 'denied']

/** The radio buttons of the plans, made anew where the plans are others than before. */
export function drawPlans(months, chosen) {
  const plans = byId('plans')
  const names = months.map(({ name, label, fee }) => [name, label, money(fee, true)])
  if (plans.dataset.drawn === JSON.stringify(names)) return
  plans.dataset.drawn = JSON.stringify(names)
  const labels = names.map(([name, text, fee]) => {
    const radio = Object.assign(element('input'), {
      type: 'radio',
      name: 'plan',
      value: name,
      id: `plan-${name}`
    })
    radio.checked = name === chosen
    return element('label', '', radio, element('span', '', element('b', '', text), ' ', fee))
  })
  plans.replaceChildren(...labels)
}

/** What a plan has of an entitlement. */
function included({ limit, denied }) {
  if (limit !== null) return `${grouped(limit)} included`
  return denied > 0 ? 'not in this plan' : 'no limit'
}

/** One entitlement: what was used, what is included, what was billed for it and what was denied. */
function bar(meter) {
  const { entitlement, limit, billed, denied, revenue } = meter
  const used = meter.included + billed
  const all = Math.max(used + denied, limit ?? 0) || 1
  const track = element('div', 'track', ...KINDS.map((kind) => piece(kind, 'width', meter[kind] / all)))
  if (limit !== null) {
    const mark = element('i', 'mark')
    mark.style.left = `${(100 * limit) / all}%`
    track.append(mark)
  }
  const line = (className, ...texts) =>
    element('p', className, ...texts.map((text) => element('span', '', text)))
  return element(
    'div',
    'bar',
    line('name', entitlement, `${grouped(used)} used`),
    track,
    line('note', included(meter), billed > 0 ? `+${money(revenue)}` : ''),
    line(denied > 0 ? 'note loss' : 'note', denied > 0 ? `${grouped(denied)} denied` : 'none denied')
  )
}

/** The month as a column for each day. */
function drawDays({ days }) {
  const sums = days.map((day) => KINDS.reduce((sum, kind) => sum + day[kind], 0))
  const most = Math.max(1, ...sums)
  const columns = days.map((day, at) => {
    const column = element('span', '', ...KINDS.map((kind) => piece(kind, 'height', day[kind] / most)))
    column.title = `Day ${at + 1}: ${KINDS.map((kind) => `${day[kind]} ${kind}`).join(', ')}`
    return column
  })
  const totals = KINDS.map((kind) => `${grouped(days.reduce((sum, day) => sum + day[kind], 0))} ${kind}`)
  byId('days').replaceChildren(...columns)
  byId('days').ariaLabel = `Calls over ${days.length} days: ${totals.join(', ')}`
}

/** All plans beside each other. */
function drawTable(months, chosen) {
  const best = cheapest(months)
  const rows = months.map((month) => {
    const { name, label, fee, extra, price, cost, margin, calls, denied } = month
    const head = element('th', '', label, ...(month === best ? [element('span', 'badge', 'cheapest')] : []))
    head.scope = 'row'
    const cells = [
      ['wide', money(fee)],
      ['wide', money(extra)],
      ['strong', money(price)],
      ['wide', money(cost)],
      [margin < 0 ? 'loss' : '', money(margin)],
      [denied > 0 ? 'loss' : '', percent(calls - denied, calls)]
    ].map(([kind, text]) => element('td', kind, text))
    return element('tr', name === chosen ? 'chosen' : '', head, ...cells)
  })
  byId('table').replaceChildren(...rows)
  byId('cheapest').textContent = best
    ? `${best.label} is the cheapest that serves every call.`
    : 'No plan serves every call under this cap.'
}

/** Draws a run of `runMonth`, with `chosen` as the plan that is looked at. */
export function drawRun({ backend, months, decisions, milliseconds }, chosen, cap) {
  const month = months.find(({ name }) => name === chosen)
  byTestId('backend').textContent = backend
  byTestId('price').textContent = money(month.price)
  byTestId('cost').textContent = money(month.cost)
  byTestId('margin').textContent = money(month.margin)
  byId('parts').textContent = `${money(month.fee)} plan + ${money(month.extra)} of usage past it`
  byId('share').textContent =
    month.price > 0 ? `${((100 * month.margin) / month.price).toFixed(1)}% of the price` : 'nothing is paid'

  const { kind, text, first } = verdict(month, cap)
  byId('verdict').dataset.kind = kind
  byTestId('binds').textContent = text
  byId('decision').textContent = first ? asCode(first) : ''

  byId('bars').replaceChildren(...Object.values(month.meters).map(bar))
  drawDays(month)
  drawTable(months, chosen)
  byTestId('speed').replaceChildren(
    'Decided here, in your browser: ',
    element('b', '', speed(decisions, milliseconds)),
    '.'
  )
}

/** Says what went wrong, or that all is well: a policy's problems are listed beside it, all else is said at the top. */
export function drawError(error) {
  const problems = error?.diagnostics
  const lines = problems?.map(
    ({ line, column, message, help }) => `${line}:${column}  ${message}${help ? `\n  ${help}` : ''}`
  )
  byId('error').hidden = !error || Boolean(problems)
  byId('error').textContent = error?.message ?? ''
  byId('problems').textContent = lines?.join('\n') ?? 'No problems: the page is priced by this policy.'
  byId('problems').classList.toggle('loss', Boolean(problems))
  if (problems) byId('behind').open = true
  if (error && byTestId('price').textContent === '–') {
    byTestId('backend').textContent = 'none'
    byTestId('binds').textContent = 'Nothing was decided.'
  }
  document.body.classList.toggle('stale', Boolean(error))
}
