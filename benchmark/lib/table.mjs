// The figures as Markdown, which a terminal shows as well: what each call costs, and how many times the floor that is.

import { HOSTS } from '../hosts/index.mjs'
import { COUNTS, scaleName } from '../workloads/scale.mjs'
import { machineLine } from './machine.mjs'
import { rowOf } from './summary.mjs'

/** Nanoseconds as people read them: `84`, `1,240`, `95 µs`, `2.1 ms`. */
export function shownNs(ns) {
  if (ns < 10_000) return Math.round(ns).toLocaleString('en')
  return ns < 1e6 ? `${(ns / 1e3).toFixed(0)} µs` : `${(ns / 1e6).toFixed(1)} ms`
}

const shownRatio = (ratio) => {
  if (ratio === null) return ''
  return ` (${ratio < 100 ? ratio.toFixed(2) : Math.round(ratio).toLocaleString('en')}×)`
}

const cell = (row) => (row ? `${shownNs(row.ns)}${shownRatio(row.ratio)}` : '')

/** A table whose columns are as wide as what is in them. */
function aligned(lines) {
  const widths = lines[0].map((_, at) => Math.max(3, ...lines.map((line) => line[at].length)))
  const text = (line) =>
    `| ${line.map((one, at) => (at === 0 ? one.padEnd(widths[at]) : one.padStart(widths[at]))).join(' | ')} |`
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [text(lines[0]), rule, ...lines.slice(1).map(text)].join('\n')
}

const COLUMNS = ['native-sync', 'native-await', 'wasm-sync', 'wasm-await', 'rust']

function workloads(rows) {
  const hosts = COLUMNS.filter((host) => rows.some((row) => row.host === host))
  const names = [...new Set(rows.filter(({ host }) => hosts.includes(host)).map(({ workload }) => workload))]
  const head = [
    'ns a call (times the floor)',
    'floor, sync',
    'floor, awaited',
    ...hosts.map((host) => HOSTS[host].name)
  ]
  const lines = names.map((name) => [
    name,
    ...['native-sync', 'native-await'].map((host) => {
      const floor = rowOf(rows, name, host)?.floor
      return floor ? shownNs(floor) : ''
    }),
    ...hosts.map((host) => {
      const row = rowOf(rows, name, host)
      return host === 'rust' && row ? shownNs(row.ns) : cell(row)
    })
  ])
  return aligned([head, ...lines])
}

/**
 * How many times as much as Limitr a host costs: by what its own process measured, else by how many times the floor both are, since each
 * was measured beside its own.
 */
function timesLimitr(rows, row, awaits) {
  if (row.times !== null) return row.times
  const own = rowOf(rows, row.workload, awaits ? 'native-await' : 'native-sync')
  return own && row.ratio !== null ? row.ratio / own.ratio : null
}

/** The plain hard limit on every host; how many times Limitr's own figure an incumbent's is, like with like. */
function incumbents(rows, missing) {
  const name = 'hard limit'
  const lines = []
  for (const [host, { name: title, incumbent, awaited }] of Object.entries(HOSTS)) {
    const row = rowOf(rows, name, host)
    if (missing[host]) lines.push([title, 'not run here', missing[host], '', ''])
    if (!row || host === 'rust') continue
    const awaits = awaited ?? ['rate-limiter-flexible', 'zen'].includes(host)
    const times = incumbent || host === 'stof' ? timesLimitr(rows, row, awaits) : null
    const range = `${shownNs(row.min)} – ${shownNs(row.max)}`
    const shown = [row.ratio?.toFixed(2), times?.toFixed(1)].map((ratio) => (ratio ? `${ratio}×` : ''))
    lines.push([title, shownNs(row.ns), range, ...shown])
  }
  return aligned([
    ['hard limit, 1,000 customers', 'ns a call', 'least – most', 'times the floor', 'times Limitr'],
    ...lines
  ])
}

function memory(found) {
  const lines = Object.entries(found).map(([backend, { customers, engine, facade, floor }]) => [
    backend,
    customers.toLocaleString('en'),
    String(engine),
    String(facade),
    String(floor)
  ])
  return aligned([
    ['one meter each', 'customers', 'bytes a customer', 'of these in JavaScript', 'floor, bytes'],
    ...lines
  ])
}

function tail(tails) {
  const lines = Object.entries(tails).flatMap(([where, { loops }]) =>
    loops.map((one) => [
      `${where}: ${one.name}`,
      one.calls.toLocaleString('en'),
      ...[one.p50, one.p99, one.p999, one.p9999, one.max, one.longestOwn].map(shownNs)
    ])
  )
  const head = [
    'each call timed, ns',
    'calls',
    'p50',
    'p99',
    'p99.9',
    'p99.99',
    'longest',
    'longest with no other cause'
  ]
  const pauses = Object.entries(tails).flatMap(([where, { loops }]) =>
    loops
      .filter(({ name }) => name === where || name.startsWith('allow, growing'))
      .flatMap(({ pauses: longest }) =>
        longest.map(({ ns, customers, cause }) => [where, shownNs(ns), customers.toLocaleString('en'), cause])
      )
  )
  return `${aligned([head, ...lines])}\n\nThe ten longest pauses of \`allow\`, and what they were:\n\n${aligned(
    [['where', 'pause, ns', 'customers then', 'cause'], ...pauses]
  )}`
}

/** Decisions a second on the conversation trace. */
function replay(rows) {
  const found = ['rust', 'native-sync', 'native-await', 'wasm-sync', 'wasm-await']
    .map((host) => [host, rowOf(rows, 'conversation trace', host)])
    .filter(([, row]) => row)
    .map(([host, row]) => `${HOSTS[host].name} ${(1000 / row.ns).toFixed(2)} million`)
  return found.length > 0 ? `Conversation trace, decisions a second on one core: ${found.join(', ')}.` : ''
}

/** How a cost grows with customers, from 1,000 to a million: the engine's beside the floor's. */
function growth(rows) {
  const [few, many] = [COUNTS[1], COUNTS.at(-1)].map((count) => scaleName(count, 'uniform'))
  return ['native-sync', 'native-await', 'wasm-sync', 'wasm-await']
    .map((host) => [host, rowOf(rows, few, host), rowOf(rows, many, host)])
    .filter(([, one, other]) => one && other)
    .map(
      ([host, one, other]) =>
        `${HOSTS[host].name}: ${(other.ns / one.ns).toFixed(1)}× what it is at 1,000 customers (the floor: ${(other.floor / one.floor).toFixed(1)}×)`
    )
    .join('; ')
}

/** Everything as Markdown. */
export function tableOf({ machine, runs, rows, missing, memory: bytes, tails }) {
  const grown = growth(rows)
  const few = runs < 5 ? ' Fewer than five runs are a first look: not to be quoted.' : ''
  const parts = [
    `${machineLine(machine)}; ${runs} ${runs === 1 ? 'run' : 'runs'}, medians.${few}`,
    workloads(rows)
  ]
  if (rows.some(({ workload }) => workload === 'hard limit')) parts.push(incumbents(rows, missing))
  parts.push(replay(rows), grown && `A call at a million customers, ${grown}.`)
  if (Object.keys(bytes).length > 0) parts.push(memory(bytes))
  if (Object.keys(tails).length > 0) parts.push(tail(tails))
  return `${parts.filter(Boolean).join('\n\n')}\n`
}
