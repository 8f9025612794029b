// An engine whose changes an adapter keeps goes on where it stopped, on either binding.

import { type ChangeBatch, Limitr, type LimitrOptions, type StoreAdapter, type StoredChange } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from './support/open.js'
import { POLICY, START } from './support/policies.js'

/** What an adapter has put away, as text, as a database would. */
class Memory {
  changes: StoredChange[] = []
  snapshot: { head: object; instance: string; from: number; to: number; customers: unknown[] } | null = null
  closed = 0
  batches: number[] = []
  pending = 0
  /** What appending waits for. */
  gate: Promise<unknown> = Promise.resolve()
  /** How many batches are taken until one fails. */
  takes = Number.POSITIVE_INFINITY

  adapter(): Required<StoreAdapter> {
    return {
      load: async () => this.#load(),
      append: (batch) => this.#append(batch),
      compact: async (snapshot) => {
        const customers: unknown[] = []
        for await (const customer of snapshot.customers) {
          customers.push(JSON.parse(JSON.stringify(customer)))
          if (customers.length % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        }
        const { customers: _, changes: __, ...head } = snapshot
        const { instance, from, to } = snapshot
        this.snapshot = { head: JSON.parse(JSON.stringify(head)), instance, from, to, customers }
        // Changes of earlier openings are in it, and those of this one up to where it began.
        this.changes = this.changes.filter((change) => change.instance === instance && change.seq > from)
      },
      history: async (customer, { entitlement, limit }) =>
        this.changes
          .filter(
            (change) => change.holder === customer && (!entitlement || change.entitlement === entitlement)
          )
          .slice(-limit),
      close: async () => {
        this.closed += 1
      }
    }
  }

  async #load() {
    const changes = JSON.parse(JSON.stringify(this.changes)) as StoredChange[]
    if (this.snapshot === null) return changes.length === 0 ? null : changes
    const { head, customers } = JSON.parse(JSON.stringify(this.snapshot))
    return { ...head, customers, changes }
  }

  async #append({ instance, changes }: ChangeBatch): Promise<void> {
    this.pending += 1
    if (this.pending > 1) throw new Error('a batch came while another was pending')
    await this.gate
    await new Promise((resolve) => setTimeout(resolve, 1))
    this.pending -= 1
    if (this.batches.length >= this.takes) throw new Error('the disk is full')
    this.batches.push(changes.length)
    for (const change of changes) this.changes.push({ ...JSON.parse(JSON.stringify(change)), instance })
  }
}

const open = (memory: Memory | StoreAdapter, options: LimitrOptions = {}): Promise<Limitr> =>
  Limitr.new(POLICY as object, 'json', {
    store: memory instanceof Memory ? memory.adapter() : memory,
    clock: START,
    ...options
  })

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Closes an engine and opens the next, which must be equal. */
async function reopened(limitr: Limitr, memory: Memory, options: LimitrOptions = {}): Promise<Limitr> {
  const clock = await limitr.now()
  const before = [await limitr.customers(), await limitr.policy(), await limitr.version()]
  await limitr.close()
  const next = await open(memory, { clock, ...options })
  expect([await next.customers(), await next.policy(), await next.version()]).toEqual(before)
  return next
}

for (const durability of ['relaxed', 'strict'] as const) {
  describe(`a ${durability} engine that an adapter keeps`, () => {
    it('is the same when it is opened again', async () => {
      const memory = new Memory()
      let limitr = await open(memory, { durability })
      await limitr.createCustomer('org', 'free', 'org', 'Org')
      await limitr.createCustomer('user', 'free', 'user', 'User', ['org'], ['alias'], { a: [1] })
      for (let opening = 0; opening < 3; opening++) {
        await limitr.allow('alias', 'chat', 3)
        await limitr.allow('user', 'files', '1.5MB')
        await limitr.allow('user', 'seats', 1)
        await limitr.reserve('user', 'chat', { value: 5 })
        await limitr.addCustomerCap('user', 50 + opening, { cap_id: 'budget' })
        await limitr.observe('user', 'soft', 4)
        await limitr.createCustomerOverride('user', 'daily', 7 + opening)
        const decided = await limitr.decide('user', 'chat', 2, { id: 'once' })
        const estimate = await limitr.estimate('user', 'soft')
        await limitr.advance('1hr')
        limitr = await reopened(limitr, memory, { durability })
        expect(await limitr.decide('user', 'chat', 2, { id: 'once' })).toEqual(decided)
        expect(await limitr.estimate('user', 'soft')).toEqual(estimate)
      }
      expect(await limitr.value('user', 'chat')).toBe(11)
      await limitr.close()
      expect(memory.closed).toBe(4)
      const pairs = memory.changes.map(({ instance, seq }) => `${instance} ${seq}`)
      expect(new Set(pairs).size).toBe(pairs.length)
      expect(new Set(memory.changes.map(({ instance }) => instance)).size).toBe(3)
    })

    it('has one batch under way at a time, of all that was done meanwhile', async () => {
      const memory = new Memory()
      const limitr = await open(memory, { durability })
      await limitr.createCustomer('user')
      await Promise.all(Array.from({ length: 100 }, () => limitr.allow('user', 'chat', 1)))
      await limitr.flush()
      expect(await limitr.value('user', 'chat')).toBe(100)
      expect(memory.changes.filter(({ type }) => type === 'metered')).toHaveLength(100)
      expect(memory.batches.length).toBeLessThan(10)
      await limitr.close()
    })

    it('gives the history that the adapter has', async () => {
      const memory = new Memory()
      const limitr = await open(memory, { durability })
      await limitr.createCustomer('user', 'free', 'user', 'User', [], ['alias'])
      for (const value of [1, 2, 3]) await limitr.allow('user', 'chat', value)
      const changes = await limitr.history('alias', { entitlement: 'chat', limit: 2 })
      expect(changes.map(({ units }) => units)).toEqual([2, 3])
      await limitr.close()
      const { load, append } = memory.adapter()
      const without = await open({ load, append }, { durability })
      expect(await codeOf(() => without.history('user'))).toBe('not_supported')
      await without.close()
    })

    it('is not opened with what makes no sense, and lets go of the adapter', async () => {
      const memory = new Memory()
      const limitr = await open(memory, { durability })
      await limitr.createCustomer('user')
      await limitr.close()
      const good = memory.changes
      for (const bad of [[{ seq: 1 }], [...good, { ...good[0], type: 'nothing' }], [5]]) {
        memory.changes = bad as StoredChange[]
        memory.closed = 0
        expect(await codeOf(() => open(memory, { durability }))).toBe('store_damaged')
        expect(memory.closed).toBe(1)
      }
      const refuses = { ...memory.adapter(), load: () => Promise.reject(new Error('no such table')) }
      const error = await open(refuses, { durability }).catch((caught) => caught)
      expect([error.code, error.message]).toEqual(['store_failed', 'the store failed: no such table'])
    })
  })
}

describe('a relaxed engine', () => {
  it('answers at once, and is kept soon after and when it is closed', async () => {
    const memory = new Memory()
    const limitr = await open(memory)
    await limitr.createCustomer('user')
    let let_go = (_: unknown) => {}
    memory.gate = new Promise((resolve) => {
      let_go = resolve
    })
    const before = memory.changes.length
    expect(await limitr.allow('user', 'chat', 1)).toBe(true)
    expect(limitr.sync.allow('user', 'chat', 1)).toBe(true)
    expect(memory.changes).toHaveLength(before)
    let_go(null)
    for (let wait = 0; memory.changes.at(-1)?.type !== 'metered' && wait < 400; wait++) await pause(5)
    expect(memory.changes.filter(({ type }) => type === 'metered')).toHaveLength(2)
    limitr.sync.allow('user', 'chat', 1)
    await limitr.close()
    expect(memory.changes.filter(({ type }) => type === 'metered')).toHaveLength(3)
  })

  it('goes on where appending fails, says it once, and pretends nothing', async () => {
    const memory = new Memory()
    const limitr = await open(memory)
    await limitr.createCustomer('user')
    await limitr.flush()
    const events: unknown[] = []
    limitr.on('store-error', ({ error }) => events.push([error.code, error.message]))
    memory.takes = memory.batches.length
    for (let call = 0; call < 5; call++) {
      expect(await limitr.allow('user', 'chat', 1)).toBe(true)
      await pause(30)
    }
    for (let wait = 0; events.length === 0 && wait < 400; wait++) await pause(5)
    expect(events).toEqual([['store_failed', 'the store failed: the disk is full']])
    expect(await limitr.value('user', 'chat')).toBe(5)
    expect(await codeOf(() => limitr.flush())).toBe('store_failed')
    expect(await codeOf(() => limitr.history('user'))).toBe('store_failed')
    expect(await codeOf(() => limitr.close())).toBe('store_failed')
    expect(await codeOf(() => limitr.allow('user', 'chat', 1))).toBe('closed')
    expect(memory.closed).toBe(1)
    memory.takes = Number.POSITIVE_INFINITY
    const next = await open(memory)
    expect(await next.value('user', 'chat')).toBe(0)
    await next.close()
  })
})

describe('a strict engine', () => {
  it('answers once the batch is kept', async () => {
    const memory = new Memory()
    const limitr = await open(memory, { durability: 'strict' })
    await limitr.createCustomer('user')
    let let_go = (_: unknown) => {}
    memory.gate = new Promise((resolve) => {
      let_go = resolve
    })
    let answered = false
    const call = limitr.allow('user', 'chat', 1).then((answer) => {
      answered = true
      return answer
    })
    await pause(60)
    expect(answered).toBe(false)
    let_go(null)
    expect(await call).toBe(true)
    expect(memory.changes.at(-1)).toMatchObject({ type: 'metered', units: 1 })
    await limitr.close()
  })

  it('can only be awaited', async () => {
    const limitr = await open(new Memory(), { durability: 'strict' })
    await limitr.createCustomer('user')
    for (const call of [
      () => limitr.sync.allow('user', 'chat', 1),
      () => limitr.sync.value('user', 'chat'),
      () => limitr.sync.hold('user', 'chat', { value: 1 })
    ])
      expect(await codeOf(call)).toBe('not_supported')
    expect([await limitr.value('user', 'chat'), await limitr.held('user', 'chat')]).toEqual([0, 0])
    await limitr.close()
  })

  it('refuses what could not be kept, and all that follows', async () => {
    const memory = new Memory()
    const limitr = await open(memory, { durability: 'strict' })
    await limitr.createCustomer('user')
    memory.takes = memory.batches.length + 2
    expect(await limitr.allow('user', 'chat', 1)).toBe(true)
    const codes = await Promise.all(
      [1, 2, 3].map((value) => codeOf(() => limitr.allow('user', 'chat', value)))
    )
    codes.push(
      await codeOf(() => limitr.allow('user', 'chat', 1)),
      await codeOf(() => limitr.value('user', 'chat'))
    )
    expect(codes).toEqual([null, null, null, 'store_failed', 'store_failed'])
    expect(await codeOf(() => limitr.close())).toBe('store_failed')
    memory.takes = Number.POSITIVE_INFINITY
    const next = await open(memory)
    expect(await next.value('user', 'chat')).toBe(7)
    await next.close()
  })
})

describe('an adapter that compacts', () => {
  it('is given a snapshot while calls go on, from which the engine is the same', async () => {
    const memory = new Memory()
    let limitr = await open(memory)
    const ids = Array.from({ length: 600 }, (_, at) => `user_${at}`)
    await limitr.loadCustomers(ids.map((id) => ({ id, plan: 'free' }) as never))
    let calls = 0
    for (let wait = 0; (memory.snapshot === null || calls < 52_000) && wait < 3_000; wait++) {
      for (let call = 0; call < 200; call++) limitr.sync.allow(ids[(calls++ * 7) % 600], 'watched', 1)
      if (wait === 150) limitr.sync.removeCustomer('user_5')
      if (wait === 200) limitr.sync.createCustomer('late')
      await pause(0)
    }
    expect(memory.snapshot).not.toBe(null)
    for (let call = 0; call < 500; call++) limitr.sync.allow(ids[call], 'watched', 2)
    limitr = await reopened(limitr, memory)
    expect(memory.snapshot!.to).toBeGreaterThanOrEqual(memory.snapshot!.from)
    await limitr.allow('user_1', 'watched', 1)
    limitr = await reopened(limitr, memory)
    await limitr.close()
  }, 60_000)
})
