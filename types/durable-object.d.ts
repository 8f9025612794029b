import type { HistoryQuery, Snapshot, StoreAdapter, StoredChange } from './store-adapter.js'
import type { Duration } from './values.js'

export type * from './store-adapter.js'

/** What of a Durable Object's storage the store uses. `DurableObjectStorage` is one, whatever keeps it. */
export interface DurableObjectStorageLike extends DurableObjectWrites {
  get(key: string): Promise<unknown>
  list(options: {
    start?: string
    end?: string
    reverse?: boolean
    limit?: number
    allowConcurrency?: boolean
  }): Promise<Map<string, unknown>>
  delete(keys: string[], options?: { allowConcurrency?: boolean }): Promise<number>
  transaction(work: (transaction: DurableObjectWrites) => Promise<void>): Promise<void>
  sync?(): Promise<void>
}

/** What writes, in a transaction or outside. */
export interface DurableObjectWrites {
  put(entries: Record<string, unknown>, options?: { allowConcurrency?: boolean }): Promise<void>
}

/** Which part of the storage is the store's. */
export interface DurableObjectStoreOptions {
  /** Which engine's state it is: several live side by side. Up to 128 bytes. Default: `'default'`. */
  readonly name?: string | null
  /**
   * How long changes are kept for `history`, to the day: 0 keeps none and writes half as much, `Infinity` keeps all.
   * Default: `'30days'`.
   */
  readonly retention?: Duration | null
}

/** A store in a Durable Object. */
export interface DurableObjectStore extends StoreAdapter {
  compact(snapshot: Snapshot): Promise<void>
  history(customer: string, query: HistoryQuery): Promise<StoredChange[]>
  close(): Promise<void>
}

/**
 * A store in the storage of a Durable Object. There is one object of an ID in the world, so nothing is locked; where two
 * engines are opened on one storage by mistake, `append` of the first rejects with `store_failed`.
 *
 * `load` rejects with `store_newer` if a newer limitr wrote there, `store_damaged` if what is there doesn't hold together,
 * `store_failed` with a `cause` where the storage refuses.
 *
 * @throws {LimitrError} `invalid_argument` if the storage is none, or an option can't be
 * @example
 * import { DurableObject } from 'cloudflare:workers';
 * import { Limitr } from 'limitr';
 * import { durableObjectStore } from 'limitr/durable-object';
 *
 * export class Gate extends DurableObject {
 *   constructor(ctx, env) {
 *     super(ctx, env);
 *     ctx.blockConcurrencyWhile(async () => {
 *       this.limitr = await Limitr.new(document, 'yaml', { store: durableObjectStore(ctx.storage) });
 *     });
 *   }
 * }
 */
export function durableObjectStore(
  storage: DurableObjectStorageLike,
  options?: DurableObjectStoreOptions | null
): DurableObjectStore
