// What every adapter must do, on each that the package brings.

import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { database, URL } from './postgres.js'
import { object } from './storage.js'
import { change, changes, customers, DAY, loaded, NOW, of, type Place, seqs, snapshot } from './support.js'

function keeps(at: () => Place) {
  const appended = async (place: Place, instance: string, ...batches: ReturnType<typeof changes>[]) => {
    const adapter = place.open()
    await loaded(adapter)
    for (const batch of batches) await adapter.append({ instance, changes: batch })
    return adapter
  }

  describe('changes', () => {
    it('of a store that was never written: null', async () => {
      const place = at()
      const adapter = place.open()
      expect(await adapter.load()).toBe(null)
      await adapter.close()
      expect(await place.open().load()).toBe(null)
    })

    it('come back in the order appended, whatever the instances are called', async () => {
      const place = at()
      for (const instance of ['b', 'a', 'c']) {
        const adapter = await appended(place, instance, changes(1, 4), [], changes(5, 11))
        await adapter.close()
      }
      const all = ['b', 'a', 'c'].flatMap((instance) => of(instance, changes(1, 11)))
      expect(await loaded(place.open())).toEqual({ head: null, customers: [], changes: all })
    })

    it('come back though the process died', async () => {
      const place = at()
      await place.drop(await appended(place, 'a', changes(1, 2)))
      expect((await loaded(place.open()))?.changes).toEqual(of('a', changes(1, 2)))
    })

    it('keep every field as it was', async () => {
      const place = at()
      const odd = [
        change(1, {
          at: -5,
          holder: 'nul \u0000, quote ", slash \\ and /, `\'`; DROP TABLE x',
          entitlement: '__proto__'
        }),
        change(2, {
          holder: '🙂'.repeat(64),
          amount: '0.123456789012345678901234567890',
          n: [1e300, null, { a: true }]
        }),
        { seq: 3, at: NOW, type: 'policy-set', document: { text: `${'é🙂'.repeat(40_000)}\u0000` } }
      ]
      await (await appended(place, 'a', odd)).close()
      const adapter = place.open()
      expect((await loaded(adapter))?.changes).toEqual(of('a', odd))
      for (const { holder, seq } of odd.slice(0, 2))
        expect(await seqs(adapter, holder as string)).toEqual([seq])
    })

    it('of a large batch come back whole', async () => {
      const place = at()
      const many = Array.from({ length: 400 }, (_, index) =>
        change(index + 1, { holder: `user_${index}`, note: 'x'.repeat(300) })
      )
      await (await appended(place, 'a', many)).close()
      expect((await loaded(place.open()))?.changes).toEqual(of('a', many))
    })

    it('of engines with other names stay apart', async () => {
      const place = at()
      const names = ['default', "a'; DROP TABLE limitr_stores; --", 'ä/b%', 'a', '%']
      for (const [index, name] of names.entries()) {
        const adapter = place.open({ name })
        expect(await adapter.load()).toBe(null)
        await adapter.append({ instance: 'same', changes: changes(1, index + 1) })
        await adapter.close()
      }
      for (const [index, name] of names.entries())
        expect((await loaded(place.open({ name })))?.changes).toHaveLength(index + 1)
    })
  })

  describe('a snapshot', () => {
    it('takes the place of what is in it', async () => {
      const place = at()
      await (await appended(place, 'a', changes(1, 7))).close()
      const adapter = await appended(place, 'b', changes(1, 5), changes(6, 9))
      await adapter.compact(snapshot('b', 6, customers(10)))
      await adapter.append({ instance: 'b', changes: changes(10, 12) })
      await adapter.close()
      await (await appended(place, 'c', changes(1, 2))).close()
      const { policy, estimates, now } = snapshot('b', 6, [])
      expect(await loaded(place.open())).toEqual({
        head: { format: 1, instance: 'b', from: 6, to: 8, policy, estimates, now },
        customers: customers(10),
        changes: [...of('b', changes(7, 12)), ...of('c', changes(1, 2))]
      })
    })

    it('of an instance that has appended nothing takes the place of all before it', async () => {
      const place = at()
      await (await appended(place, 'z', changes(1, 7))).close()
      const adapter = await appended(place, 'a')
      await adapter.compact(snapshot('a', 0, customers(1)))
      await adapter.append({ instance: 'a', changes: changes(1, 1) })
      await adapter.close()
      const found = await loaded(place.open())
      expect(found?.changes).toEqual(of('a', changes(1, 1)))
      expect(found?.customers).toEqual(customers(1))
    })

    it('of no customers, and one of long records', async () => {
      const place = at()
      const adapter = await appended(place, 'a', changes(1, 1))
      await adapter.compact(snapshot('a', 1, []))
      await adapter.close()
      expect((await loaded(place.open()))?.customers).toEqual([])
      const other = place.open({ name: 'other' })
      await other.load()
      const long = [...customers(2), ...customers(3, 120_000), ...customers(2)]
      await other.compact(snapshot('a', 0, long))
      await other.close()
      expect((await loaded(place.open({ name: 'other' })))?.customers).toEqual(long)
    })

    it('follows on another, and nothing of the old one stays', async () => {
      const place = at()
      const adapter = await appended(place, 'a', changes(1, 3))
      await adapter.compact(snapshot('a', 3, customers(20)))
      await adapter.append({ instance: 'a', changes: changes(4, 5) })
      await adapter.compact(snapshot('a', 5, customers(4)))
      await adapter.close()
      const found = await loaded(place.open())
      expect(found?.customers).toEqual(customers(4))
      expect(found?.changes).toEqual([])
      expect(found?.head?.from).toBe(5)
    })

    it('that breaks off leaves what was there, and the next one is whole', async () => {
      const place = at()
      const adapter = await appended(place, 'a', changes(1, 3))
      await adapter.compact(snapshot('a', 2, customers(5)))
      const broken = async function* () {
        yield* customers(30)
        throw new Error('no more')
      }
      await expect(adapter.compact(snapshot('a', 3, broken()))).rejects.toThrow('no more')
      await adapter.append({ instance: 'a', changes: changes(4, 4) })
      await adapter.close()
      const again = place.open()
      expect(await loaded(again)).toMatchObject({ customers: customers(5), changes: of('a', changes(3, 4)) })
      await again.compact(snapshot('b', 0, customers(2)))
      await again.close()
      expect(await loaded(place.open())).toMatchObject({ customers: customers(2), changes: [] })
    })

    it('may be taken while changes are appended', async () => {
      const place = at()
      const adapter = await appended(place, 'a', changes(1, 3))
      let seq = 3
      let over = false
      const slowly = async function* () {
        for (const customer of customers(60)) {
          await new Promise((resolve) => setImmediate(resolve))
          yield customer
        }
      }
      const compaction = adapter.compact(snapshot('a', 3, slowly())).finally(() => {
        over = true
      })
      while (!over) {
        await adapter.append({ instance: 'a', changes: changes(seq + 1, seq + 2) })
        seq += 2
      }
      await compaction
      expect(seq).toBeGreaterThan(5)
      await adapter.close()
      const found = await loaded(place.open())
      expect(found?.customers).toEqual(customers(60))
      expect(found?.changes).toEqual(of('a', changes(4, seq)))
    })
  })

  describe('history', () => {
    const filled = async (place: Place) => {
      const adapter = place.open()
      await adapter.load()
      const mixed = changes(1, 40).map((one) => ({
        ...one,
        at: NOW + Math.floor(one.seq / 4) * 500,
        holder: one.seq % 2 ? 'ada' : 'ben',
        entitlement: one.seq % 3 ? 'chat' : 'files'
      }))
      await adapter.append({ instance: 'a', changes: mixed.slice(0, 25) })
      await adapter.append({ instance: 'a', changes: mixed.slice(25) })
      await adapter.append({ instance: 'a', changes: [{ seq: 41, at: NOW + 9e3, type: 'policy-set' }] })
      await adapter.close()
      const other = place.open()
      await loaded(other)
      const later = changes(1, 6).map((one) => ({ ...one, at: NOW + 3 * DAY + one.seq }))
      await other.append({ instance: 'b', changes: later })
      const all = [...of('a', mixed), ...of('b', later)]
      return { adapter: other, all }
    }

    it('is what a customer has, oldest first, as much as is asked for', async () => {
      const { adapter, all } = await filled(at())
      const queries = [
        { limit: 100 },
        { limit: 7 },
        { limit: 1 },
        { limit: 100, since: NOW + 1_000 },
        { limit: 100, since: NOW + 2_500 },
        { limit: 100, since: NOW + 4_500 },
        { limit: 100, until: NOW + 2_000 },
        { limit: 3, until: NOW + 2_000 },
        { limit: 100, since: NOW + 1_000, until: NOW + 3_500 },
        { limit: 100, since: NOW + DAY },
        { limit: 100, since: NOW + 9 * DAY },
        { limit: 100, since: NOW + 3 * DAY + 2, until: NOW + 3 * DAY + 5 },
        { limit: 5, entitlement: 'files' },
        { limit: 5, entitlement: 'none' }
      ]
      for (const holder of ['ada', 'ben', 'nobody', 'ad', 'ada/']) {
        for (const query of queries) {
          const { since = -1e18, until = 1e18, entitlement, limit } = query
          const wanted = all.filter(
            (one) =>
              one.holder === holder &&
              one.at >= since &&
              one.at < until &&
              (!entitlement || one.entitlement === entitlement)
          )
          expect(await adapter.history(holder, query), JSON.stringify({ holder, query })).toEqual(
            wanted.slice(-limit)
          )
        }
      }
    })

    it('outlasts a snapshot for as long as it is kept', async () => {
      const place = at()
      const adapter = place.open({ retention: '2days' })
      await adapter.load()
      const days = Array.from({ length: 9 }, (_, day) => change(day + 1, { at: NOW + day * DAY }))
      await adapter.append({ instance: 'a', changes: days })
      await adapter.compact(snapshot('a', 8, customers(1), NOW + 8 * DAY))
      expect(await seqs(adapter, 'ada')).toEqual([7, 8, 9])
      await adapter.close()
      const again = place.open({ retention: '2days' })
      expect((await loaded(again))?.changes.map(({ seq }) => seq)).toEqual([9])
      await again.append({ instance: 'b', changes: [change(1, { at: NOW + 20 * DAY })] })
      await again.compact(snapshot('b', 1, customers(1), NOW + 21 * DAY))
      expect(await again.history('ada', { limit: 9 })).toMatchObject([{ seq: 1, instance: 'b' }])
    })

    it('is kept for ever, or not at all, where that is asked for', async () => {
      for (const [retention, kept] of [
        [Number.POSITIVE_INFINITY, 9],
        [0, 0]
      ] as const) {
        const place = at()
        const adapter = place.open({ retention })
        await adapter.load()
        await adapter.append({ instance: 'a', changes: changes(1, 9) })
        await adapter.compact(snapshot('a', 9, customers(1), NOW + 1e15))
        expect(await seqs(adapter, 'ada')).toHaveLength(kept)
        await adapter.close()
        expect((await loaded(place.open()))?.changes).toEqual([])
      }
    })
  })

  describe('misuse', () => {
    it('of an adapter that is not open, or closed, is refused', async () => {
      const adapter = at().open()
      const uses = [
        () => adapter.append({ instance: 'a', changes: changes(1, 1) }),
        () => adapter.compact(snapshot('a', 1, [])),
        () => adapter.history('ada', { limit: 1 })
      ]
      for (const use of uses) expect(await codeOf(use)).toBe('store_failed')
      await adapter.close()
      await adapter.load()
      await adapter.close()
      await adapter.close()
      for (const use of uses) expect(await codeOf(use)).toBe('store_failed')
      expect(await adapter.load()).toBe(null)
      await adapter.append({ instance: 'a', changes: changes(1, 1) })
    })

    it('of an option is refused', async () => {
      const place = at()
      const given: object[] = [
        { name: '' },
        { name: 'a\u0000b' },
        { name: '\ud800' },
        { name: 'é'.repeat(65) },
        { name: 7 },
        { retention: -1 },
        { retention: 'long' },
        { retention: '5m' },
        { retention: Number.NaN },
        { retention: {} },
        { retentoin: 5 }
      ]
      for (const options of given)
        expect(await codeOf(() => place.open(options)), JSON.stringify(options)).toBe('invalid_argument')
      for (const retention of [0, 5, '0', '1.5 hr', '3weeks', Number.POSITIVE_INFINITY])
        place.open({ retention })
    })
  })
}

describe.skipIf(!URL)('postgres', () => keeps(database))
describe('durable object', () => keeps(object))
