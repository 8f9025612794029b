import type { StoredChange } from './store-adapter.js'
import type { Timestamp } from './values.js'

export type { StoredChange }

/**
 * Which of a customer's changes `history` gives.
 *
 * @example
 * const lastDay = await limitr.history('user_1', { since: Date.now() - 86_400_000, entitlement: 'chat' });
 */
export interface HistoryOptions {
  /** The earliest time. Default: as far back as the store reaches. */
  readonly since?: Timestamp | Date | null
  /** The time that they end before. Default: now. */
  readonly until?: Timestamp | Date | null
  /** Those about one entitlement alone. Default: all. */
  readonly entitlement?: string | null
  /** Most changes to give, 1 to 100,000: the newest. Default: 1,000. */
  readonly limit?: number | null
}

/** What `Limitr.repairStore` kept of a damaged store. */
export interface RepairedStore {
  /** Customers that are there now. */
  readonly customers: number
  /** Changes that were applied to the last state that could be read. */
  readonly changes: number
  /** What couldn't be read, or made no sense (`bytes` is 0 then). */
  readonly lost: readonly { readonly file: string; readonly at: number; readonly bytes: number }[]
}
