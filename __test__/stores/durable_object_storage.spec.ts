// A store in a Durable Object's storage: within its bounds, whole after it broke down, and one engine's at a time.

import { durableObjectStore } from 'limitr/durable-object'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { object, type Storage } from './storage.js'
import { type Adapter, change, changes, customers, DAY, loaded, NOW, of, seqs, snapshot } from './support.js'

const opened = async (storage: Storage, options = {}) => {
  const adapter = durableObjectStore(storage, options) as Adapter
  await loaded(adapter)
  return adapter
}

/** A thousand customers, and longer texts than a value may have. */
const many = [
  ...Array.from({ length: 1_000 }, (_, index) =>
    change(index + 1, { holder: `user_${index}`, note: 'x'.repeat(200) })
  ),
  change(1_001, { holder: 'ada', record: { text: '🙂é'.repeat(150_000) } }),
  change(1_002, { holder: 'ada' })
]

describe('a store in a Durable Object', () => {
  it('keeps within the bounds of a call, a key, and a value, whatever it is given', async () => {
    const { storage } = object()
    const adapter = await opened(storage, { name: 'é'.repeat(64) })
    await adapter.append({ instance: 'a', changes: many })
    await adapter.append({ instance: 'a', changes: changes(1_003, 1_004, { holder: '🙂'.repeat(64) }) })
    await adapter.compact(snapshot('a', 1_000, [...customers(2_000, 100), ...customers(2, 300_000)]))
    const again = await opened(storage, { name: 'é'.repeat(64) })
    expect(await again.history('ada', { limit: 9 })).toEqual(of('a', many.slice(1_000)))
    expect(await seqs(again, '🙂'.repeat(64))).toEqual([1_003, 1_004])
    const found = await loaded(again)
    expect(found?.customers).toHaveLength(2_002)
    expect(found?.changes).toEqual(
      of('a', [...many.slice(1_000), ...changes(1_003, 1_004, { holder: '🙂'.repeat(64) })])
    )
    expect(storage.mostRead).toBeLessThanOrEqual(32)
  })

  it('has a batch whole or not at all, wherever the storage breaks down', async () => {
    for (let writes = 0; ; writes++) {
      const { storage } = object()
      const adapter = await opened(storage)
      await adapter.append({ instance: 'a', changes: [change(0)] })
      storage.writes = writes
      const code = await codeOf(() => adapter.append({ instance: 'a', changes: many }))
      const whole = storage.writes >= 0
      expect(code).toBe(whole ? null : 'store_failed')
      storage.writes = Number.POSITIVE_INFINITY
      const found = await loaded(await opened(storage))
      expect(found?.changes).toHaveLength(whole ? 1 + many.length : 1)
      if (whole) break
    }
  })

  it('has the old state or the new one, wherever the storage breaks down in a compaction', async () => {
    const seen = new Set<number>()
    for (let writes = 0; ; writes++) {
      const { storage } = object()
      const adapter = await opened(storage)
      await adapter.append({ instance: 'a', changes: changes(1, 5) })
      await adapter.compact(snapshot('a', 3, customers(3)))
      await adapter.append({ instance: 'a', changes: changes(6, 8) })
      storage.writes = writes
      const code = await codeOf(() => adapter.compact(snapshot('a', 7, customers(2_000, 200))))
      const whole = storage.writes >= 0
      expect(code).toBe(whole ? null : 'store_failed')
      storage.writes = Number.POSITIVE_INFINITY
      const again = await opened(storage)
      const found = await loaded(again)
      const now = found?.customers.length as number
      seen.add(now)
      expect(found?.changes).toEqual(of('a', changes(now === 3 ? 4 : 8, 8)))
      expect(await seqs(again, 'ada')).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
      await again.compact(snapshot('b', 0, customers(1_000, 200)))
      expect((await loaded(await opened(storage)))?.customers).toHaveLength(1_000)
      if (whole) break
    }
    expect(seen).toEqual(new Set([3, 2_000]))
  })

  it('holds nothing that is needless, once a snapshot is taken', async () => {
    const { storage } = object()
    for (const instance of ['a', 'b', 'c']) {
      const adapter = await opened(storage, { retention: 0 })
      for (let seq = 1; seq <= 9; seq++) await adapter.append({ instance, changes: changes(seq, seq) })
      await adapter.compact(snapshot(instance, 7, customers(10)))
    }
    const keys = [...storage.entries.keys()].map((key) =>
      key.replace('limitr/default/', '').replace(/\b0+(?=\d)/g, '')
    )
    expect(keys.toSorted()).toEqual(['customers/3/1/0', 'head', 'log/3/8/0', 'log/3/9/0', 'snapshot/3/0'])
  })

  it('is refused to an engine that was opened before another one', async () => {
    const { storage } = object()
    const first = await opened(storage)
    await first.append({ instance: 'a', changes: changes(1, 1) })
    const other = await opened(storage, { name: 'other' })
    const second = await opened(storage)
    expect(await codeOf(() => first.append({ instance: 'a', changes: changes(2, 2) }))).toBe('store_failed')
    expect(await codeOf(() => first.compact(snapshot('a', 1, [])))).toBe('store_failed')
    const third = async function* () {
      yield* customers(1)
      await opened(storage)
    }
    expect(await codeOf(() => second.compact(snapshot('b', 0, third())))).toBe('store_failed')
    const last = await opened(storage)
    await last.append({ instance: 'b', changes: changes(1, 1) })
    await other.append({ instance: 'a', changes: changes(1, 1) })
    const all = [...of('a', changes(1, 1)), ...of('b', changes(1, 1))]
    expect((await loaded(await opened(storage)))?.changes).toEqual(all)
  })

  it('of a newer format is refused, and left alone', async () => {
    const { storage } = object()
    await (await opened(storage)).append({ instance: 'a', changes: changes(1, 1) })
    const key = 'limitr/default/head'
    storage.entries.set(key, { ...(storage.entries.get(key) as object), format: 2 })
    storage.writes = 0
    const newer = durableObjectStore(storage)
    expect(await codeOf(() => newer.load())).toBe('store_newer')
    expect(await codeOf(() => newer.append({ instance: 'b', changes: changes(1, 1) }))).toBe('store_failed')
    storage.entries.set(key, {})
    expect(await codeOf(() => durableObjectStore(storage).load())).toBe('store_damaged')
  })

  it('that has lost a part of anything is refused', async () => {
    const { storage } = object()
    const adapter = await opened(storage)
    await adapter.compact(snapshot('a', 0, [...customers(1_000, 200), ...customers(1, 200_000)]))
    await adapter.append({ instance: 'a', changes: many.slice(990) })
    const keys = [...storage.entries.keys()].filter((key) => !/\/(?:head|history\/.*)$/.test(key))
    expect(keys.length).toBeGreaterThan(20)
    const whole = storage.entries
    for (const key of keys) {
      storage.entries = new Map(whole)
      storage.entries.delete(key)
      // A whole list of changes that is gone is the engine's to find: their numbers have a gap.
      if (/log\/\d+\/\d+\/000000$/.test(key) && !whole.has(key.replace(/0$/, '1'))) continue
      expect(await codeOf(() => opened(storage)), key).toBe('store_damaged')
    }
  })

  it('finds what a customer did years apart', async () => {
    const { storage } = object()
    const adapter = await opened(storage, { retention: Number.POSITIVE_INFINITY })
    const times = [-8.64e15, -DAY, -1, 0, 1, NOW, NOW + 400 * DAY, 8.64e15]
    const far = times.map((at, index) => change(index + 1, { at }))
    await adapter.append({ instance: 'a', changes: far })
    expect(await adapter.history('ada', { limit: 99 })).toEqual(of('a', far))
    expect(await seqs(adapter, 'ada', { since: -1, until: NOW + 1 })).toEqual([3, 4, 5, 6])
    expect(await seqs(adapter, 'ada', { until: 0 })).toEqual([1, 2, 3])
    expect(await seqs(adapter, 'ada', { since: 0, until: 2 })).toEqual([4, 5])
  })

  it('must be given a storage', async () => {
    for (const given of [undefined, null, {}, new Map(), 'storage'])
      expect(await codeOf(() => durableObjectStore(given as never))).toBe('invalid_argument')
  })

  it('says what the storage refuses, with the cause', async () => {
    const { storage } = object()
    const adapter = await opened(storage)
    storage.writes = 0
    const error = await adapter.append({ instance: 'a', changes: changes(1, 1) }).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'store_failed', cause: { message: 'it broke down' } })
    storage.list = () => Promise.reject(new Error('no reading'))
    expect(await codeOf(() => adapter.history('ada', { limit: 1 }))).toBe('store_failed')
  })
})
