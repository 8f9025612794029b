import type { StoreAdapter } from './store-adapter.js'
import type { PolicyFormat, Timestamp } from './values.js'

/** How a document is read: in one format, or in whichever of them it parses as. */
export type DocumentFormat = 'auto' | PolicyFormat

/** What runs the engine. */
export type Backend = 'native' | 'wasm'

/**
 * How an engine is opened.
 *
 * @example
 * const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2030, 0, 1) });
 */
export interface LimitrOptions {
  /** Refuse a document with errors, listing every one. Default: true. */
  readonly validate?: boolean | null
  /** Take unknown fields for errors, not warnings. Default: false. */
  readonly strict?: boolean | null
  /**
   * A virtual clock: the time it starts at, in milliseconds. It stands still until `advance` moves it. Default: none, the
   * host's clock.
   */
  readonly clock?: Timestamp | null
  /**
   * What runs the engine. `'auto'` takes the native binding if it loads, else wasm, unless the environment variable
   * `LIMITR_BACKEND` says which. One that is asked for and can't load is an error. Default: `'auto'`.
   */
  readonly backend?: 'auto' | Backend | null
  /**
   * Where the engine is kept, so that the next one opened there goes on where this one stopped: a folder (native binding only),
   * which is made if it isn't there, or an adapter, such as that of `limitr/postgres`. The document given at opening counts from
   * then on; customers are as they were. Default: none, the engine lives in memory.
   *
   * @example
   * const limitr = await Limitr.new(text, 'yaml', { store: './limitr.db' });
   */
  readonly store?: string | StoreAdapter | null
  /**
   * When a call's promise resolves. `'relaxed'`: at once; a crash loses what was done in the last 50 ms at the most, a normal
   * exit and `close` lose nothing. `'strict'`: once what it did is on disk, together with whatever else was done meanwhile.
   * Methods of `sync` block until then; with an adapter they are `not_supported`. Default: `'relaxed'`.
   */
  readonly durability?: 'relaxed' | 'strict' | null
  /**
   * How long `history` reaches back in a folder, in milliseconds or with a unit; 0 keeps none. Default: `'30days'`.
   *
   * @example
   * const limitr = await Limitr.new(text, 'yaml', { store: './limitr.db', retention: '52weeks', retentionSize: '20GiB' });
   */
  readonly retention?: number | string | null
  /** How large the history in a folder may grow, in bytes or with a unit: the oldest goes first. Default: `'1GiB'`. */
  readonly retentionSize?: number | string | null
  /**
   * A name under which all worker threads of the process share one engine (native binding only): limits are exact across
   * them. Each opens it with the same document and options. Events are delivered to each thread that subscribed: to the calling
   * one before its promise resolves, to others soon after. Default: none, each opening is an engine of its own.
   */
  readonly shared?: string | null
}
