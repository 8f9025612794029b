// The three plots: `allow` on every host, its cost against the number of customers, and its tail.

import { HOSTS } from '../hosts/index.mjs'
import { COUNTS, scaleName } from '../workloads/scale.mjs'
import { rowOf } from './summary.mjs'
import { line, logScale, picture, text, timeLabel } from './svg.mjs'
import { shownNs } from './table.mjs'

const WIDTH = 860

/** `allow` on a hard limit with 1,000 customers: a bar for each host, and for the floors. */
function hosts(rows) {
  const name = 'hard limit'
  const bars = Object.entries(HOSTS)
    .map(([host, { name: title, backend }]) => ({
      title,
      series: backend ? 1 : 2,
      row: rowOf(rows, name, host)
    }))
    .filter(({ row }) => row)
    .map(({ title, series, row }) => ({ title, series: title.startsWith('Rust') ? 4 : series, ns: row.ns }))
  for (const [title, host] of [
    ['floor, awaited', 'native-await'],
    ['floor, sync', 'native-sync']
  ]) {
    const floor = rowOf(rows, name, host)?.floor
    if (floor) bars.unshift({ title, series: 0, ns: floor })
  }
  if (bars.length === 0) return null
  bars.sort((one, other) => one.ns - other.ns)
  const bottom = 60 + bars.length * 28
  const { place, ticks } = logScale(
    bars.map(({ ns }) => ns),
    190,
    WIDTH - 90
  )
  const parts = ticks.flatMap((tick) => [
    line(place(tick), 48, place(tick), bottom),
    text(place(tick), bottom + 18, timeLabel(tick), { kind: 'soft', anchor: 'middle' })
  ])
  for (const [index, { title, series, ns }] of bars.entries()) {
    const y = 56 + index * 28
    parts.push(
      text(182, y + 15, title, { anchor: 'end' }),
      `<rect x="190" y="${y}" width="${Math.max(1, place(ns) - 190).toFixed(1)}" height="20" class="s${series} fill"/>`,
      text(place(ns) + 6, y + 15, ns < 10_000 ? `${shownNs(ns)} ns` : shownNs(ns), { kind: 'soft' })
    )
  }
  return picture(
    WIDTH,
    bottom + 34,
    'allow on a hard limit, 1,000 customers (shorter is better; logarithmic)',
    parts
  )
}

/** Lines over two axes: `series` are `{ title, series, dashed, points: [[x, ns]] }`. */
function lines(title, series, { x, xLabel }) {
  const [left, right, top, bottom] = [80, WIDTH - 200, 56, 380]
  const y = logScale(
    series.flatMap(({ points }) => points.map(([, ns]) => Math.max(1, ns))),
    bottom,
    top
  )
  const parts = y.ticks.flatMap((tick) => [
    line(left, y.place(tick), right, y.place(tick)),
    text(left - 8, y.place(tick) + 4, timeLabel(tick), { kind: 'soft', anchor: 'end' })
  ])
  const across = x(left, right)
  for (const [value, label] of across.ticks)
    parts.push(
      line(across.place(value), top, across.place(value), bottom),
      text(across.place(value), bottom + 18, label, { kind: 'soft', anchor: 'middle' })
    )
  parts.push(text((left + right) / 2, bottom + 40, xLabel, { kind: 'soft', anchor: 'middle' }))
  for (const [index, one] of series.entries()) {
    const points = one.points.map(
      ([value, ns]) => `${across.place(value).toFixed(1)},${y.place(Math.max(1, ns)).toFixed(1)}`
    )
    const kind = `s${one.series} line${one.dashed ? ' dashed' : ''}`
    const row = top + 12 + index * 22
    parts.push(
      `<polyline points="${points.join(' ')}" class="${kind}"/>`,
      `<line x1="${right + 16}" x2="${right + 44}" y1="${row}" y2="${row}" class="${kind}"/>`,
      text(right + 52, row + 4, one.title)
    )
  }
  return picture(WIDTH, bottom + 56, title, parts)
}

/** The cost of a call against the number of customers, each as likely as another. */
function scale(rows) {
  const pointsOf = (host, value) =>
    COUNTS.map((count) => [count, rowOf(rows, scaleName(count, 'uniform'), host)])
      .filter(([, row]) => row)
      .map(([count, row]) => [count, value(row)])
  const chosen = [
    { title: 'floor, sync', series: 0, points: pointsOf('native-sync', (row) => row.floor) },
    { title: 'native, sync', series: 1, points: pointsOf('native-sync', (row) => row.ns) },
    { title: 'wasm, sync', series: 3, points: pointsOf('wasm-sync', (row) => row.ns) },
    {
      title: 'floor, awaited',
      series: 0,
      dashed: true,
      points: pointsOf('native-await', (row) => row.floor)
    },
    { title: 'native, awaited', series: 1, dashed: true, points: pointsOf('native-await', (row) => row.ns) },
    { title: 'wasm, awaited', series: 3, dashed: true, points: pointsOf('wasm-await', (row) => row.ns) }
  ].filter(({ points }) => points.length > 1)
  if (chosen.length === 0) return null
  return lines('allow on a hard limit, customers at random', chosen, {
    xLabel: 'customers',
    x: (left, right) => {
      const { place } = logScale(COUNTS, left, right)
      return { place, ticks: COUNTS.map((count) => [count, count.toLocaleString('en')]) }
    }
  })
}

/** The tail: how long the slowest one in so many calls takes. */
function tail(tails) {
  const series = Object.entries(tails).flatMap(([where, { loops }], index) =>
    loops
      .filter(({ name }) => !/added|createCustomer/.test(name) && (index === 0 || name !== 'floor'))
      .filter(({ name }) => where === 'rust' || index === 0 || name !== 'nothing')
      .map(({ name, curve }) => ({
        title: where === 'rust' ? `Rust, ${name}` : name,
        series: { floor: 2, nothing: 0, native: 1, wasm: 3 }[name] ?? { nothing: 0, allow: 4 }[name] ?? 5,
        dashed: where === 'rust' && name === 'nothing',
        points: curve.map(([share, ns]) => [1 - share, ns])
      }))
  )
  if (series.length === 0) return null
  const shares = [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7]
  const labels = ['all', 'p90', 'p99', 'p99.9', 'p99.99', '10⁻⁵', '10⁻⁶', '10⁻⁷']
  return lines('allow while customers are added, each call timed', series, {
    xLabel: 'the share of calls that take at least so long',
    x: (left, right) => ({
      place: (share) => left + ((right - left) * -Math.log10(Math.max(1e-7, share))) / 7,
      ticks: shares.map((share, index) => [share, labels[index]])
    })
  })
}

/** The plots that there are figures for, by file name. */
export function plotsOf({ rows, tails }) {
  const drawn = { 'hosts.svg': hosts(rows), 'customers.svg': scale(rows), 'tail.svg': tail(tails) }
  return Object.fromEntries(Object.entries(drawn).filter(([, svg]) => svg))
}
