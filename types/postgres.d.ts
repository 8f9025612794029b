import type { HistoryQuery, Snapshot, StoreAdapter, StoredChange } from './store-adapter.js'
import type { Duration } from './values.js'

export type * from './store-adapter.js'

/** What a query answers, as far as the store reads it. */
export interface PostgresResult {
  readonly rows: readonly unknown[]
  readonly rowCount: number | null
}

/** A connection that a pool has lent. `PoolClient` of `pg` is one. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  release(destroy?: boolean): void
  on?(event: 'error' | 'end', listener: (error?: unknown) => void): unknown
  removeListener?(event: 'error' | 'end', listener: (error?: unknown) => void): unknown
}

/** A pool of connections. `Pool` of `pg` is one. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  query(text: string, values?: unknown[]): Promise<PostgresResult>
}

/** Where the store is in a database. */
export interface PostgresStoreOptions {
  /**
   * The app's own pool, which stays the app's to end. One of its connections is the store's from `load` to `close`, so it
   * needs room for two at least.
   */
  readonly pool: PostgresPool
  /** Which engine's state it is: several live side by side. Up to 128 bytes. Default: `'default'`. */
  readonly name?: string | null
  /** The schema of its tables; it is created if there is none. Default: the first of the connection's `search_path`. */
  readonly schema?: string | null
  /** What the names of its tables begin with. Default: `'limitr_'`. */
  readonly prefix?: string | null
  /** How long changes are kept for `history` once a snapshot has them: 0 keeps none, `Infinity` all. Default: `'30days'`. */
  readonly retention?: Duration | null
  /** How long `load` waits for another process to let go of the store. Default: `'1s'`. */
  readonly wait?: Duration | null
}

/** A store in a PostgreSQL database. */
export interface PostgresStore extends StoreAdapter {
  compact(snapshot: Snapshot): Promise<void>
  history(customer: string, query: HistoryQuery): Promise<StoredChange[]>
  close(): Promise<void>
}

/**
 * A store in a PostgreSQL database, through the `pg` package that the app has.
 *
 * One process at a time has it: an advisory lock on a connection of its own, which writes everything. When that connection is
 * lost, `append` rejects with `store_failed`, since another process may have the store by then.
 *
 * `load` rejects with `store_locked` while another process has it, `store_newer` if a newer limitr made its tables,
 * `store_damaged` if they don't hold together, `store_failed` with a `cause` where the database refuses or isn't there.
 *
 * @throws {LimitrError} `invalid_argument` if an option can't be
 * @example
 * import { Limitr } from 'limitr';
 * import { postgresStore } from 'limitr/postgres';
 * import pg from 'pg';
 *
 * const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
 * const limitr = await Limitr.new(document, 'yaml', { store: postgresStore({ pool }) });
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore
