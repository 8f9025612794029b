// Times calls in loops of their own.
//
//  1. Each subject gets a loop compiled from its source, so that V8 sees one kind of call at each place: a loop shared by all subjects
//     would make every call megamorphic and hide what is measured. The loop draws the next customer from an array, makes one call,
//     and counts the answers that are right, which also keeps the call from being optimised away.
//  2. A loop is warmed up, and the size of its batch is found: some milliseconds, so that reading the clock twice costs nothing.
//  3. Batches of a workload and of its floor alternate, so that whatever the machine does meanwhile befalls both. The median
//     of the batches is the figure.

const AsyncFunction = (async () => {}).constructor

/** How long is measured; `QUICK` only makes sure that everything runs and answers right. */
export const THOROUGH = { warmMs: 60, batchMs: 6, rounds: 31 }
export const QUICK = { warmMs: 1, batchMs: 0.3, rounds: 3 }

/** A subject's loop: `(on, ids, order, data, start, count)` → how many answers were right. */
function compile({ name, call, right }, awaited) {
  const body = `// ${name}
    let right = 0
    let at = start
    for (let made = 0; made < count; made += 1) {
      const id = ids[order[at]]
      ${awaited ? call : call.replaceAll('await ', '')}
      if (${right}) right += 1
      at = at + 1 === order.length ? 0 : at + 1
    }
    return right`
  const Compiled = awaited ? AsyncFunction : Function
  return new Compiled('on', 'ids', 'order', 'data', 'start', 'count', body)
}

/** Something to time: its loop, and how far it has come. */
class Subject {
  calls = 0
  rightAnswers = 0
  samples = []

  /**
   * @param {{ name: string, call: string, right: string, on: object, data: unknown }} what
   * @param {{ ids: string[], order: Uint32Array, awaited: boolean }} where
   */
  constructor(what, { ids, order, awaited }) {
    Object.assign(this, { ...what, ids, order, awaited })
    this.loop = compile(what, awaited)
  }

  /** Makes so many calls; answers how many nanoseconds they took in all. */
  async run(count) {
    const start = this.calls % this.order.length
    const began = performance.now()
    const answer = this.loop(this.on, this.ids, this.order, this.data, start, count)
    this.rightAnswers += this.awaited ? await answer : answer
    const took = performance.now() - began
    this.calls += count
    return took * 1e6
  }

  /** Warms up and answers how many calls make a batch. */
  async warmUp({ warmMs, batchMs }) {
    let [count, spent, took] = [16, 0, 0]
    while (spent < warmMs * 1e6) {
      took = await this.run(count)
      spent += took
      if (took < batchMs * 1e6) count *= 2
    }
    return Math.max(16, Math.round((count * batchMs * 1e6) / (took || 1)))
  }
}

export const median = (numbers) => {
  const sorted = [...numbers].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** A second await at the end of a batch costs the loop nothing that shows. */
async function batchOf(subject, effort, { batch, once }) {
  if (!batch) return subject.warmUp(effort)
  // One pass and a collector's run: passes are long enough to be compiled in the first.
  const count = once ? Math.min(batch, Math.floor(subject.order.length / (effort.rounds + 4))) : batch
  for (let warm = 0; warm < (effort === QUICK ? 1 : 3); warm += 1) await subject.run(count)
  return count
}

/**
 * Times subjects in turn: answers the median nanoseconds a call of each, and how many calls each made. Throws where a subject's right
 * answers aren't as many as `expected(calls, data)`.
 */
export async function measure(subjects, where, effort) {
  const timed = subjects.map((what) => new Subject(what, where))
  const counts = []
  for (const subject of timed) counts.push(await batchOf(subject, effort, where))
  for (let round = 0; round < effort.rounds; round += 1)
    for (const [index, subject] of timed.entries())
      subject.samples.push((await subject.run(counts[index])) / counts[index])
  return timed.map(({ name, calls, rightAnswers, samples, data }, index) => {
    const expected = subjects[index].expected(calls, data)
    if (rightAnswers !== expected)
      throw new Error(`${name}: ${rightAnswers} of ${calls} answers were right, but ${expected} should be`)
    return { name, calls, right: rightAnswers, ns: median(samples) }
  })
}
