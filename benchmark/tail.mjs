// The tail of `sync.allow`: every call timed, while customers are added. `tail.mjs <binding> [calls] [customers]`, in a process of its own;
// prints JSON.
//
//  1. The same loop is run with nothing in it (what the clock, the collector and the machine do), with the floor, and with the engine;
//     each begins with 100,000 customers and adds one every so many calls until there are twice as many. Adding is timed apart.
//     Last, with a call that counts for as long as the engine's takes at the median and touches no memory: what interrupts
//     any call of that length.
//  2. A call's time is the difference of two readings of `performance.now()`, into an array that is there before. The clock's own cost
//     is in every figure, and is what the empty loop shows.
//  3. A pause longer than `PAUSE_MS` is looked into at once: if the process was off the processor for most of it (the scheduler took it
//     away, or it was stopped), by what processor time it used since the last look, or got new pages from the kernel. The
//     collector tells its own times (perf_hooks), which are laid over the pauses afterwards. What is left is the engine's, or the
//     machine's under it; the empty loop shows how much of that there is.

import { constants, PerformanceObserver } from 'node:perf_hooks'
import { Limitr } from 'limitr'
import { Floor } from './floor.mjs'
import { idsOf, orderOf } from './lib/order.mjs'
import { HARD, LIMIT } from './workloads/shared.mjs'

const CALLS = Number(process.argv[3] ?? 10_000_000)
const CUSTOMERS = Number(process.argv[4] ?? 100_000)
const PAUSE_MS = 0.02
const PAUSES = 10
const MANY_FAULTS = 64 // a quarter of a megabyte of new pages
const KINDS = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak callbacks'
}

const collected = []
const observer = new PerformanceObserver((list) => collected.push(...list.getEntries()))
observer.observe({ entryTypes: ['gc'] })

/** What the kernel has done to this process until now; `busy` is the processor time of all its threads, in ms. */
function lookAt() {
  const usage = process.resourceUsage()
  const busy = (usage.userCPUTime + usage.systemCPUTime) / 1000
  const { involuntaryContextSwitches: switches, minorPageFault: faults } = usage
  return { at: performance.now(), busy, switches, faults }
}

/** The times of one kind of call, and its long ones. */
class Times {
  count = 0
  pauses = []

  constructor(calls) {
    this.ms = new Float32Array(calls).fill(1) // written, so that its pages are there
  }

  /** Looks into a long call. */
  pause(began, ended, customers, kernel) {
    const found = lookAt()
    const off = ended - kernel.at - (found.busy - kernel.busy)
    this.pauses.push({
      began,
      ended,
      customers,
      switches: found.switches - kernel.switches,
      faults: found.faults - kernel.faults,
      off: off > (ended - began) / 2
    })
    Object.assign(kernel, lookAt())
  }
}

/** Compiles a loop of its own, as lib/measure.mjs does: `call` and `add` are code that sees `on` and `id`. */
const compile = (name, call, add) =>
  new Function(
    'on',
    'ids',
    'order',
    'from',
    'every',
    'allowed',
    'added',
    'kernel',
    `// ${name}
    const calls = allowed.ms.length
    let customers = from
    let right = 0
    for (let made = 0; made < calls; made += 1) {
      if (made % every === 0 && customers < ids.length) {
        const id = ids[customers]
        const began = performance.now()
        ${add}
        const ended = performance.now()
        added.ms[added.count++] = ended - began
        if (ended - began > ${PAUSE_MS}) added.pause(began, ended, customers, kernel)
        customers += 1
      }
      const id = ids[Math.floor((order[made % order.length] * customers) / from)]
      const began = performance.now()
      const answer = ${call}
      const ended = performance.now()
      allowed.ms[made] = ended - began
      if (ended - began > ${PAUSE_MS}) allowed.pause(began, ended, customers, kernel)
      if (answer === true) right += 1
    }
    allowed.count = calls
    return right`
  )

const causeOf = ({ began, ended, switches, faults, off }) => {
  const gc = collected.find((entry) => entry.startTime < ended && entry.startTime + entry.duration > began)
  if (gc) return `collector, ${KINDS[gc.detail.kind] ?? 'other'}`
  if (switches > 0 || off) return 'off the processor'
  return faults >= MANY_FAULTS ? 'new pages' : 'the engine or the machine'
}

const ns = (ms) => Math.round(ms * 1e6)

/** What a kind of call took: the percentiles, the longest pauses with their causes, and the curve that is drawn. */
function summed(name, times) {
  const sorted = times.ms.subarray(0, times.count).sort()
  const at = (share) => ns(sorted[Math.min(times.count - 1, Math.floor(times.count * share))])
  const pauses = times.pauses
    .map((pause) => ({
      ns: ns(pause.ended - pause.began),
      customers: pause.customers,
      cause: causeOf(pause),
      switches: pause.switches,
      faults: pause.faults
    }))
    .sort((one, other) => other.ns - one.ns)
  const shares = Array.from({ length: 71 }, (_, step) => 1 - 10 ** (-step / 10))
  return {
    name,
    calls: times.count,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    p9999: at(0.9999),
    max: at(1),
    longestOwn: pauses.find(({ cause }) => cause === 'the engine or the machine')?.ns ?? 0,
    pauses: pauses.slice(0, PAUSES),
    curve: shares.map((share) => [share, at(share)])
  }
}

const order = orderOf('uniform', CUSTOMERS)
const every = Math.max(1, Math.floor(CALLS / CUSTOMERS))
const ids = idsOf(CUSTOMERS + Math.floor(CALLS / every))

/** Runs one loop and answers what its calls took. */
async function run(name, { on, call, add }) {
  const [allowed, added] = [new Times(CALLS), new Times(ids.length)]
  const kernel = lookAt()
  const loop = compile(name, call, add)
  const warm = [new Times(20_000), new Times(ids.length)]
  loop(on, ids, order, CUSTOMERS, CALLS, ...warm, kernel)
  globalThis.gc()
  Object.assign(kernel, lookAt())
  const right = loop(on, ids, order, CUSTOMERS, every, allowed, added, kernel)
  await new Promise((resolve) => setTimeout(resolve, 50)) // the collector's times are told in between
  if (right !== CALLS) throw new Error(`${name}: ${right} of ${CALLS} calls were allowed`)
  return [summed(name, allowed), summed(`${name}: customers added`, added)]
}

/** Counts for a fixed while. */
class Spinner {
  turns = 1

  spin() {
    let odd = 1
    for (let turn = 0; turn < this.turns; turn += 1) odd = (Math.imul(odd, 1_664_525) + 1_013_904_223) | 1
    return odd !== 0
  }

  /** Finds how many turns take so many nanoseconds. */
  take(wanted) {
    for (this.turns = 1_000; this.turns < 1e9; this.turns *= 2) {
      const began = performance.now()
      this.spin()
      const took = (performance.now() - began) * 1e6
      if (took > 1e8) {
        this.turns = Math.max(1, Math.round((this.turns / took) * wanted))
        return this
      }
    }
    return this
  }
}

async function runAll() {
  const nothing = await run('nothing', { on: null, call: 'true', add: '' })
  const floor = new Floor()
  for (const id of ids.slice(0, CUSTOMERS)) floor.createCustomer(id, 'api', LIMIT)
  const byHand = await run('floor', {
    on: floor,
    call: "on.allow(id, 'api', 1)",
    add: `on.createCustomer(id, 'api', ${LIMIT})`
  })
  const limitr = await Limitr.new({ policy: HARD })
  for (const id of ids.slice(0, CUSTOMERS)) limitr.sync.createCustomer(id)
  const engine = await run(limitr.backend, {
    on: limitr.sync,
    call: "on.allow(id, 'api', 1)",
    add: 'on.createCustomer(id)'
  })
  await limitr.close()
  const spinning = await run('counting, as long', {
    on: new Spinner().take(engine[0].p50),
    call: 'on.spin()',
    add: ''
  })
  return [nothing[0], ...byHand, ...engine, spinning[0]]
}

console.log(JSON.stringify({ calls: CALLS, customers: CUSTOMERS, loops: await runAll() }))
process.exit(0)
