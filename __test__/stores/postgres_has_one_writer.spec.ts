// A store in PostgreSQL is one process's at a time, and who has lost it writes nothing more.

import { postgresStore } from 'limitr/postgres'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { type Database, database, URL } from './postgres.js'
import { type Adapter, change, changes, customers, loaded, of, snapshot } from './support.js'

const batch = (instance: string, from: number, to = from) => ({ instance, changes: changes(from, to) })

/** Waits until something holds. */
async function until(holds: () => boolean | Promise<boolean>) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe.skipIf(!URL)('a store in PostgreSQL', () => {
  const opened = async (place: Database, options = {}) => {
    const adapter = place.open(options)
    await loaded(adapter)
    return adapter
  }

  it('is refused to a second opener, be it the same adapter, until the first has closed it', async () => {
    const place = database()
    const first = await opened(place)
    const second = postgresStore({ pool: place.pool, schema: place.schema, wait: 0 })
    expect(await codeOf(() => second.load())).toBe('store_locked')
    expect(await codeOf(() => first.load())).toBe('store_locked')
    await (await opened(place, { name: 'another' })).close()
    await first.append(batch('a', 1))
    await first.close()
    expect((await loaded(second as never))?.changes).toEqual(of('a', changes(1, 1)))
    await second.close()
  })

  it('is waited for as long as is asked', async () => {
    const place = database()
    const first = await opened(place)
    const patient = postgresStore({ pool: place.pool, schema: place.schema, wait: '20s' })
    const loading = patient.load()
    await new Promise((resolve) => setTimeout(resolve, 120))
    await first.close()
    expect(await loading).toBe(null)
    await patient.close()
  })

  it('gives every connection back to its pool', async () => {
    const place = database()
    for (let round = 0; round < 20; round++) {
      const adapter = await opened(place)
      const second = postgresStore({ pool: place.pool, schema: place.schema, wait: 0 })
      expect(await codeOf(() => second.load())).toBe('store_locked')
      await adapter.close()
    }
    await until(() => place.pool.idleCount === place.pool.totalCount)
    expect(place.pool.waitingCount).toBe(0)
    await place.pool.end()
  })

  it('is lost with its connection: appends are refused, also where nobody has it yet', async () => {
    const place = database()
    const first = await opened(place)
    await first.append(batch('a', 1))
    await place.cut()
    await until(() => place.pool.idleCount === place.pool.totalCount) // it gave the connection up by itself
    await expect(first.append(batch('a', 2))).rejects.toMatchObject({
      code: 'store_failed',
      message: 'the connection that has the store was lost, and another process may have it now: open it anew'
    })
    const second = await opened(place)
    expect(await codeOf(() => first.append(batch('a', 3)))).toBe('store_failed')
    expect(await codeOf(() => first.compact(snapshot('a', 1, customers(1))))).toBe('store_failed')
    await second.append(batch('b', 1))
    await first.close()
    await second.close()
    const third = place.open()
    expect((await loaded(third))?.changes).toEqual([...of('a', changes(1, 1)), ...of('b', changes(1, 1))])
    await third.close()
    await until(() => place.pool.idleCount === place.pool.totalCount)
  })

  it('is lost in the middle of an append, which then is in it whole or not at all', async () => {
    const place = database()
    const adapter = await opened(place)
    await adapter.append(batch('a', 1))
    const blocker = await place.pool.connect()
    await blocker.query(`BEGIN; LOCK TABLE ${place.schema}.limitr_changes IN EXCLUSIVE MODE`)
    const pending = codeOf(() => adapter.append(batch('a', 2, 50)))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await place.cut()
    expect(await pending).toBe('store_failed')
    await blocker.query('ROLLBACK')
    blocker.release()
    const again = place.open()
    expect((await loaded(again))?.changes).toEqual(of('a', changes(1, 1)))
    await again.close()
  })

  it('takes nothing from an earlier opening, even where the lock was let go of behind its back', async () => {
    const place = database()
    // A pool whose connections are one and the same: what a pooler makes of two processes.
    const client = new pg.Client({ connectionString: URL })
    await client.connect()
    const query = (text: string, values?: unknown[]) => client.query(text, values)
    const pool = { query, connect: async () => ({ query, release: () => {} }) }
    const first = postgresStore({ pool, schema: place.schema })
    await first.load()
    await first.append(batch('a', 1))
    const second = postgresStore({ pool, schema: place.schema })
    await loaded(second as never)
    expect(await codeOf(() => first.append(batch('a', 2)))).toBe('store_failed')
    expect(await codeOf(() => first.compact(snapshot('a', 1, customers(1))))).toBe('store_failed')
    await second.append(batch('b', 1))
    expect(await place.rows('changes')).toHaveLength(2)
    expect(await place.rows('customers')).toEqual([])
    await client.end()
  })

  it('opens no more than one of many processes that come at once, also to an empty database', async () => {
    const place = database()
    const pools = Array.from({ length: 6 }, () => new pg.Pool({ connectionString: URL, max: 2 }))
    const stores = pools.map((pool) => postgresStore({ pool, schema: place.schema, wait: 0 }))
    const codes = await Promise.all(stores.map((store) => codeOf(() => store.load())))
    expect(codes.filter((code) => code === null)).toHaveLength(1)
    expect(codes.filter((code) => code === 'store_locked')).toHaveLength(5)
    for (const store of stores) await store.close()
    for (const pool of pools) await pool.end()
  })

  it('refuses a batch whole of which one change is there already', async () => {
    const place = database()
    const adapter = await opened(place)
    await adapter.append(batch('a', 1, 5))
    expect(await codeOf(() => adapter.append(batch('a', 5, 9)))).toBe('store_failed')
    await adapter.close()
    const again = place.open()
    expect((await loaded(again))?.changes).toEqual(of('a', changes(1, 5)))
    await again.close()
  })

  it('never has two statements on its connection at once', async () => {
    const { pool, schema } = database()
    let [running, most, statements] = [0, 0, 0]
    const watched = {
      query: pool.query.bind(pool),
      connect: async () => {
        const client = await pool.connect()
        const query = async (text: string, values?: unknown[]) => {
          running += 1
          statements += 1
          most = Math.max(most, running)
          return client.query(text, values).finally(() => {
            running -= 1
          })
        }
        return { query, release: client.release.bind(client) }
      }
    }
    const store = postgresStore({ pool: watched, schema }) as Adapter
    await store.load()
    const compaction = store.compact(snapshot('a', 0, customers(3_000)))
    for (let seq = 1; seq <= 20; seq++) await store.append(batch('a', seq))
    await compaction
    await store.close()
    expect(statements).toBeGreaterThan(30)
    expect(most).toBe(1)
  })

  it('closes while a compaction runs, which breaks off', async () => {
    const place = database()
    const adapter = await opened(place)
    await adapter.append(batch('a', 1))
    let given = 0
    const endless = (async function* () {
      for (const customer of customers(100_000)) {
        given += 1
        yield customer
      }
    })()
    const compaction = codeOf(() => adapter.compact(snapshot('a', 1, endless)))
    await until(() => given > 10)
    await adapter.close()
    expect(await compaction).toBe('store_failed')
    const again = place.open()
    expect((await loaded(again))?.changes).toEqual(of('a', changes(1, 1)))
    await again.compact(snapshot('b', 0, customers(2)))
    expect(await place.rows('customers')).toHaveLength(2)
    await again.close()
  })

  it('says why the database refuses, with the cause', async () => {
    const unreachable = postgresStore({ pool: new pg.Pool({ host: '127.0.0.1', port: 1 }) })
    const error = await unreachable.load().catch((caught) => caught)
    expect(error).toMatchObject({ code: 'store_failed', name: 'LimitrError' })
    expect(error.message).toMatch(/^the database can't be reached: /)
    expect(error.cause).toBeInstanceOf(Error)
    const place = database()
    const adapter = await opened(place)
    await place.pool.query(`ALTER TABLE ${place.schema}.limitr_changes ADD CHECK (seq < 100)`)
    const refused = await adapter
      .append({ instance: 'a', changes: [change(1), change(100)] })
      .catch((caught) => caught)
    expect(refused).toMatchObject({ code: 'store_failed', cause: { code: '23514' } })
    await adapter.close()
    expect(await place.rows('changes')).toEqual([])
  })
})
