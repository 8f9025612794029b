// The tables of a store in PostgreSQL: where they are made, what they are called, and which are refused.

import { type PostgresStoreOptions, postgresStore } from 'limitr/postgres'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { database, URL } from './postgres.js'
import { type Adapter, changes, customers, loaded, NOW, of, seqs, snapshot } from './support.js'

describe('options', () => {
  const pool = { connect: () => {}, query: () => {} } as never

  it('that can only be a mistake are refused before anything is asked of the database', async () => {
    const given: unknown[] = [
      undefined,
      null,
      7,
      [],
      {},
      { pool: {} },
      { pool: 'postgres://localhost' },
      { pool: new pg.Pool({ max: 1 }) },
      { pool, host: 'localhost' },
      { pool, wait: 'soon' },
      ...['', '"', 'a"b', 'a b', 'a;b', "a'b", '1a', 'a-b', 'é', 'a\u0000', `a${'b'.repeat(40)}`, 7].map(
        (prefix) => ({
          pool,
          prefix
        })
      ),
      ...['', 'public"; DROP SCHEMA public; --', 'a.b', 'a'.repeat(64), {}].map((schema) => ({
        pool,
        schema
      }))
    ]
    for (const options of given) {
      expect(
        await codeOf(() => postgresStore(options as PostgresStoreOptions)),
        JSON.stringify(options)
      ).toBe('invalid_argument')
    }
    expect(() => postgresStore({ pool, prefix: 'a"b' })).toThrow(
      '`options.prefix` is the string `a"b`: use letters, digits and `_`, 40 at most, no digit first'
    )
  })
})

describe.skipIf(!URL)('tables', () => {
  it('are made in the schema, with the prefix that is asked for', async () => {
    const { pool, schema } = database()
    for (const prefix of ['limitr_', 'SELECT', '_9', 'a'.repeat(40)]) {
      const store = postgresStore({ pool, schema, prefix }) as Adapter
      expect(await store.load()).toBe(null)
      await store.append({ instance: 'a', changes: changes(1, 2) })
      await store.compact(snapshot('a', 1, customers(2)))
      expect(await seqs(store, 'ada')).toEqual([1, 2])
      await store.close()
      const { rows } = await pool.query(
        'SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename LIKE $2',
        [schema, `${prefix.replaceAll('_', '\\_')}%`]
      )
      const names = ['changes', 'customers', 'format', 'instances', 'stores'].map((table) => prefix + table)
      expect(rows.map(({ tablename }) => tablename).toSorted()).toEqual(names)
    }
    await pool.end()
  })

  it('are in the first schema of the search path where none is asked for, whatever it is called', async () => {
    const { schema, pool: admin } = database()
    await admin.query(`CREATE SCHEMA "${schema} ""odd"""`)
    const pool = new pg.Pool({ connectionString: URL, max: 2 })
    pool.on('connect', (client) => void client.query(`SET search_path TO "${schema} ""odd""", public`))
    const store = postgresStore({ pool }) as Adapter
    await store.load()
    await store.append({ instance: 'a', changes: changes(1, 1) })
    await store.close()
    const { rows } = await admin.query(`SELECT seq FROM "${schema} ""odd""".limitr_changes`)
    expect(rows).toEqual([{ seq: '1' }])
    await pool.end()
    await admin.end()
  })

  it('need no right to make any where they are there', async () => {
    const { pool: admin, schema, open } = database()
    const store = open()
    await store.load()
    await store.close()
    const role = `r_${schema}`
    await admin.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
    const url = new globalThis.URL(URL as string)
    url.username = role
    const pool = new pg.Pool({ connectionString: url.href, max: 2 })
    const poor = postgresStore({ pool, schema }) as Adapter
    expect(await poor.load()).toBe(null)
    await poor.append({ instance: 'a', changes: changes(1, 3) })
    await poor.compact(snapshot('a', 3, customers(3)))
    await poor.close()
    const other = postgresStore({ pool, schema: `${schema}_other` })
    expect(await codeOf(() => other.load())).toBe('store_failed')
    await pool.end()
    await admin.end()
  })

  it('of a newer format are refused, and left alone', async () => {
    const { pool, schema, open } = database()
    await open().load()
    await pool.query(
      `UPDATE ${schema}.limitr_format SET format = 2; UPDATE ${schema}.limitr_stores SET opened = 7`
    )
    const store = open()
    await expect(store.load()).rejects.toMatchObject({
      code: 'store_newer',
      message: expect.stringMatching(/format 2/)
    })
    expect((await pool.query(`SELECT opened FROM ${schema}.limitr_stores`)).rows).toEqual([{ opened: '7' }])
    await pool.query(`DELETE FROM ${schema}.limitr_format`)
    expect(await codeOf(() => open().load())).toBe('store_damaged')
  })

  it.each([
    ['lost customers', 'DELETE FROM SCHEMA.limitr_customers WHERE place = 2'],
    ['lost their instance', "DELETE FROM SCHEMA.limitr_instances WHERE instance = 'a'"],
    ['lost their head', "UPDATE SCHEMA.limitr_stores SET head = '{}'"]
  ])('that have %s are refused', async (_, sql) => {
    const { pool, schema, open } = database()
    const store = open()
    await store.load()
    await store.append({ instance: 'a', changes: changes(1, 2) })
    await store.compact(snapshot('a', 1, customers(5)))
    await store.close()
    await pool.query(sql.replace('SCHEMA', schema))
    expect(await codeOf(() => loaded(open()))).toBe('store_damaged')
  })

  it('are read the same where the app reads numbers and JSON in its own way', async () => {
    const { schema, open } = database()
    const store = open()
    await store.load()
    await store.append({ instance: 'a', changes: changes(1, 5) })
    await store.compact(snapshot('a', 2, customers(5)))
    await store.close()
    const parsers: Record<number, (text: string) => unknown> = {
      16: (text) => text === 't',
      20: BigInt,
      114: (text) => `json ${text}`,
      701: () => 'a double'
    }
    const types = { getTypeParser: (oid: number) => parsers[oid] ?? ((text: string) => text) }
    const pool = new pg.Pool({ connectionString: URL, max: 2, types: types as never })
    const odd = postgresStore({ pool, schema }) as Adapter
    const found = await loaded(odd)
    expect(found?.changes).toEqual(of('a', changes(3, 5)))
    expect(found?.customers).toEqual(customers(5))
    await odd.compact(snapshot('b', 0, customers(7), NOW))
    expect(await seqs(odd, 'ada')).toEqual([1, 2, 3, 4, 5])
    await odd.close()
    await pool.end()
  })

  it('hold nothing that no load would read, once a snapshot is taken', async () => {
    const place = database()
    for (const instance of ['a', 'b', 'c']) {
      const store = place.open({ retention: 0 })
      await loaded(store)
      await store.append({ instance, changes: changes(1, 10) })
      await store.compact(snapshot(instance, 8, customers(10)))
      await store.close()
    }
    expect((await place.rows('changes')).map(({ instance, seq }) => `${instance}${seq}`)).toEqual([
      'c9',
      'c10'
    ])
    expect((await place.rows('instances')).map(({ instance }) => instance)).toEqual(['c'])
    expect(await place.rows('customers')).toHaveLength(10)
  })

  it('hold what one compaction that broke off left, and no more', async () => {
    const place = database()
    const store = place.open()
    await store.load()
    const broken = async function* () {
      yield* customers(7)
      throw new Error('no more')
    }
    for (let round = 0; round < 3; round++) {
      await expect(store.compact(snapshot('a', 0, broken()))).rejects.toThrow('no more')
      expect(await place.rows('customers')).toHaveLength(6)
    }
    await store.compact(snapshot('a', 0, customers(2)))
    expect(await place.rows('customers')).toHaveLength(2)
    await store.close()
  })

  it('are read in bounded pages', async () => {
    const { pool, schema, open } = database()
    const store = open()
    await store.load()
    await store.append({ instance: 'a', changes: changes(1, 40) })
    await store.close()
    const sizes: number[] = []
    const counting = {
      query: pool.query.bind(pool),
      connect: async () => {
        const client = await pool.connect()
        const query = async (text: string, values?: unknown[]) => {
          const result = await client.query(text, values)
          sizes.push(result.rows.length)
          return result
        }
        return { query, release: client.release.bind(client) }
      }
    }
    const { PostgresStore } = await import('../../js/stores/postgres-store.js')
    const paged = new PostgresStore({ pool: counting, schema }, { rows: 7, characters: 200 }) as Adapter
    expect((await loaded(paged))?.changes).toEqual(of('a', changes(1, 40)))
    expect(Math.max(...sizes)).toBeLessThan(7) // by their length
    expect(sizes.length).toBeGreaterThan(10)
    await paged.close()
  })
})
