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
  /** How hard a write is pressed to disk. Only `'relaxed'` exists without a store. Default: `'relaxed'`. */
  readonly durability?: 'relaxed' | null
}
