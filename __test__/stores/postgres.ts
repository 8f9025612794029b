// A PostgreSQL for the tests, where the suite has started one: each test has a schema of its own.

import pg from 'pg'
// The class, not the entry: only it can be told how long its pages are.
import { PostgresStore } from '../../js/stores/postgres-store.js'
import type { Adapter, Place } from './support.js'

export const URL = process.env.LIMITR_TEST_POSTGRES

let schemas = 0

export interface Database extends Place {
  pool: pg.Pool
  schema: string
  /** Rows of a table of the store. */
  rows(table: string): Promise<Record<string, unknown>[]>
  /** Ends the connection that has a lock, as an administrator or a broken network would. */
  cut(): Promise<void>
}

/** A schema that isn't there yet, and adapters on it, which read and write three rows at a time unless told otherwise. */
export function database(page = { rows: 3, characters: 1_000 }): Database {
  const pool = new pg.Pool({ connectionString: URL, max: 8 })
  pool.on('error', () => {}) // a connection that a test has cut
  const schema = `t${process.pid}_${++schemas}`
  const cut = async () => {
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) >> 32 = ($1::regclass::oid::bigint << 32) >> 32`,
      [`${schema}.limitr_stores`]
    )
  }
  return {
    pool,
    schema,
    open: (options = {}) => new PostgresStore({ pool, schema, ...options }, page) as Adapter,
    drop: cut,
    rows: async (table) => (await pool.query(`SELECT * FROM ${schema}.limitr_${table} ORDER BY 1, 2`)).rows,
    cut
  }
}
