// What happens in an engine that threads share is told to each of them that subscribed: to the one that called before its promise
// resolves, to the others soon after, whether or not they call.

import { Worker } from 'node:worker_threads'
import type { Limitr } from 'limitr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hard, open, plan, ROOT } from './support.js'

const DOCUMENT = plan(
  { chat: hard(1e9) },
  { notifications: { tenth: { when: { event: 'meter-changed', crosses: 100, credit: 't' } } } }
)

let names = 0
let shared = ''
let limitr: Limitr
const threads: Thread[] = []
beforeEach(async () => {
  names += 1
  shared = `events-${names}`
  limitr = await open(DOCUMENT, { shared })
  await limitr.createCustomer('user')
})
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.worker.terminate()))
  await limitr.close()
})

/** A thread with an engine of that name: it tells of what it hears and does what it is told to. */
class Thread {
  readonly heard: string[] = []
  readonly worker: Worker
  #answer: (answer: unknown) => void = () => {}
  readonly #ready: Promise<unknown>

  constructor() {
    threads.push(this)
    this.worker = new Worker(
      `
      const { parentPort, workerData } = require('node:worker_threads')
      const { Limitr } = require(workerData.root)
      Limitr.new(workerData.document, 'json', { shared: workerData.shared }).then((limitr) => {
        const note = (type, event) => parentPort.postMessage({ heard: type + ' ' + (event.meter?.diff ?? event.customer?.id ?? '') })
        parentPort.on('message', async (script) => {
          const answer = await new Function('limitr', 'note', 'return (async () => {' + script + '})()')(limitr, note)
          parentPort.postMessage({ answer })
        })
        parentPort.postMessage({ answer: 'ready' })
      })`,
      { eval: true, workerData: { root: ROOT, document: DOCUMENT, shared } }
    )
    this.#ready = new Promise((resolve) => {
      this.#answer = resolve
    })
    this.worker.on('message', (message) => {
      if ('heard' in message) this.heard.push(message.heard)
      else this.#answer(message.answer)
    })
  }

  /** Runs it in the thread, with \`limitr\`, and \`note\` as a handler; what it answers. */
  async run(script: string): Promise<unknown> {
    await this.#ready
    return new Promise((resolve) => {
      this.#answer = resolve
      this.worker.postMessage(script)
    })
  }

  /** Waits until so many events were heard, and a little, should there come more. */
  async hears(count: number): Promise<string[]> {
    for (let wait = 0; this.heard.length < count && wait < 1_000; wait++) await pause(5)
    await pause(50)
    return this.heard
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const SUBSCRIBE = `limitr.addHandler('note', note)`

describe('an event', () => {
  it('is heard once by each thread that subscribed, without its calling', async () => {
    const [one, two, deaf] = [new Thread(), new Thread(), new Thread()]
    await Promise.all([one.run(SUBSCRIBE), two.run(SUBSCRIBE), deaf.run('')])
    const here: string[] = []
    limitr.addHandler('here', (type) => here.push(type))
    for (let call = 1; call <= 50; call++) {
      await limitr.allow('user', 'chat', call)
      expect(here.filter((type) => type === 'meter-changed')).toHaveLength(call)
    }
    const expected = Array.from({ length: 50 }, (_, at) => `meter-changed ${at + 1}`)
    expected.splice(14, 0, 'tenth 14')
    expect(await one.hears(51)).toEqual(expected)
    expect(await two.hears(51)).toEqual(expected)
    expect(await deaf.hears(0)).toEqual([])
    expect(here).toHaveLength(51)
  })

  it('of whatever kind comes from whichever door', async () => {
    const thread = new Thread()
    await thread.run(SUBSCRIBE)
    const calls: [string, () => unknown][] = [
      ['meter-changed 1', () => limitr.sync.allow('user', 'chat', 1)],
      ['meter-changed 2', () => limitr.allow('user', 'chat', '2')],
      ['meter-changed 3', () => limitr.decide('user', 'chat', 3)],
      ['meter-changed 4', () => limitr.decide('user', 'chat', 4, { id: 'once' })],
      ['meter-changed 1', () => limitr.increment('user', 'chat')],
      ['meter-changed -1', () => limitr.decrement('user', 'chat')],
      ['meter-changed 5', () => limitr.allowAll('user', [{ entitlement: 'chat', value: 5 }])],
      ['meter-changed -10', () => limitr.set('user', 'chat', 5)],
      ['customer-set other', () => limitr.createCustomer('other')],
      ['customer-removed other', () => limitr.removeCustomer('other')],
      ['meter-changed 6', () => limitr.settle('user', 'chat', null, 6)],
      ['customer-cap-added user', () => limitr.addCustomerCap('user', 5)],
      ['policy-updated ', () => limitr.setExchange('eur', 2, 'usd')],
      ['plan-set ', () => limitr.setPlan('more', {})]
    ]
    for (const [at, [event, call]] of calls.entries()) {
      await call()
      for (let wait = 0; thread.heard.length <= at && wait < 400; wait++) await pause(5)
      expect(thread.heard[at]).toBe(event)
    }
    expect(await thread.hears(calls.length)).toHaveLength(calls.length)
  })

  it('of a call in a thread is heard there before its promise resolves, and elsewhere', async () => {
    const thread = new Thread()
    const here: unknown[] = []
    limitr.on('meter-changed', ({ meter, customer, caller }) => here.push([meter.diff, customer.id, caller]))
    const counts = await thread.run(`
      let count = 0
      limitr.on('meter-changed', () => count++)
      const counts = []
      for (let call = 1; call <= 20; call++) {
        if (call % 2) limitr.sync.allow('user', 'chat', call)
        else await limitr.allow('user', 'chat', call)
        counts.push(count)
      }
      return counts`)
    expect(counts).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
    for (let wait = 0; here.length < 20 && wait < 400; wait++) await pause(5)
    expect(here).toEqual(Array.from({ length: 20 }, (_, at) => [at + 1, 'user', 'user']))
  })

  it('carries the data of its own call, and of no other', async () => {
    const thread = new Thread()
    await thread.run('')
    const data: unknown[] = []
    limitr.on('meter-changed', ({ meter, event_data }) => data.push([meter.diff, event_data]))
    thread.run(`await limitr.allow('user', 'chat', 1, { of: 'the thread' })`)
    await null
    // Without giving the message that wakes this thread a chance to come.
    for (const until = Date.now() + 10_000; limitr.sync.value('user', 'chat') !== 1 && Date.now() < until; );
    await limitr.allow('user', 'chat', 2, { of: 'this one' })
    await limitr.allow('user', 'chat', 3)
    expect(data).toEqual([
      [1, null],
      [2, { of: 'this one' }],
      [3, null]
    ])
  })

  it('is not lost where all call at once', async () => {
    const all = Array.from({ length: 4 }, () => new Thread())
    await Promise.all(all.map((thread) => thread.run(SUBSCRIBE)))
    const here: number[] = []
    limitr.on('meter-changed', ({ meter }) => here.push(meter.diff))
    const calls = (from: number) => `for (let n = ${from}; n < ${from} + 200; n++) {
      if (n % 3) await limitr.allow('user', 'chat', n); else limitr.sync.allow('user', 'chat', n)
    }`
    await Promise.all(all.map((thread, at) => thread.run(calls(1_000 * (at + 1)))))
    for (const thread of all) {
      const heard = (await thread.hears(800)).filter((event) => event.startsWith('meter-changed'))
      expect(new Set(heard).size).toBe(800)
      expect(heard).toHaveLength(800)
    }
    for (let wait = 0; here.length < 800 && wait < 400; wait++) await pause(5)
    expect(new Set(here).size).toBe(800)
    expect(here).toHaveLength(800)
    expect(await limitr.value('user', 'chat')).toBe(here.reduce((sum, diff) => sum + diff, 0))
  })

  it('comes only to handlers that are there when it happens', async () => {
    const thread = new Thread()
    await thread.run('')
    await limitr.allow('user', 'chat', 1)
    await thread.run(SUBSCRIBE)
    await limitr.allow('user', 'chat', 2)
    expect(await thread.hears(1)).toEqual(['meter-changed 2'])
    await thread.run(`limitr.removeHandler('note')`)
    await limitr.allow('user', 'chat', 3)
    await thread.run(SUBSCRIBE)
    await limitr.allow('user', 'chat', 4)
    expect(await thread.hears(2)).toEqual(['meter-changed 2', 'meter-changed 4'])
  })

  it('has a customer that reads as it is', async () => {
    const thread = new Thread()
    await thread.run(
      `limitr.on('meter-changed', ({ customer }) => note(customer.meters.chat.value + ' ' + customer.label, {}))`
    )
    await limitr.allow('user', 'chat', 7)
    expect(await thread.hears(1)).toEqual(['7 User '])
  })
})

describe('a thread that ends', () => {
  for (const [way, end] of Object.entries({
    closes: (thread: Thread) => thread.run('await limitr.close()'),
    'is terminated': (thread: Thread) => thread.worker.terminate(),
    exits: (thread: Thread) => {
      const gone = new Promise((resolve) => thread.worker.once('exit', resolve))
      thread.run('process.exit(0)')
      return gone
    }
  })) {
    it(`stops hearing and disturbs nobody, where it ${way}`, async () => {
      const [ends, stays] = [new Thread(), new Thread()]
      await Promise.all([ends.run(SUBSCRIBE), stays.run(SUBSCRIBE)])
      await limitr.allow('user', 'chat', 1)
      expect(await ends.hears(1)).toEqual(['meter-changed 1'])
      await end(ends)
      for (const value of [2, 3]) await limitr.allow('user', 'chat', value)
      expect(await stays.hears(3)).toEqual(['meter-changed 1', 'meter-changed 2', 'meter-changed 3'])
      await stays.run(`await limitr.allow('user', 'chat', 4)`)
      expect(await stays.hears(4)).toHaveLength(4)
      expect(ends.heard).toEqual(['meter-changed 1'])
      expect(await limitr.value('user', 'chat')).toBe(10)
    })
  }

  it('in the middle of calls leaves the others hearing', async () => {
    const stays = new Thread()
    await stays.run(SUBSCRIBE)
    for (let round = 1; round <= 5; round++) {
      const ends = new Thread()
      await ends.run(SUBSCRIBE)
      ends.run(`for (;;) limitr.sync.allow('user', 'chat', 0.5)`)
      await pause(20)
      await ends.worker.terminate()
      const before = await limitr.value('user', 'chat')
      await limitr.allow('user', 'chat', 1_000 * round)
      for (let wait = 0; !stays.heard.includes(`meter-changed ${1_000 * round}`) && wait < 400; wait++)
        await pause(5)
      expect(stays.heard).toContain(`meter-changed ${1_000 * round}`)
      expect(await limitr.value('user', 'chat')).toBe((before ?? 0) + 1_000 * round)
    }
  })
})
