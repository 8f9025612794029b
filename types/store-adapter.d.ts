/**
 * One thing that a call has committed, as plain JSON: an effect, never the call. Amounts are numbers or, where a double can't
 * carry all their digits, text. Further fields vary by type.
 */
export interface Change {
  /** Its number: one more than that of the change before it, of the same instance. */
  readonly seq: number
  /** When it was committed, in milliseconds. */
  readonly at: number
  readonly type: string
  /** The customer that it touches; absent where it touches none, such as a new policy. */
  readonly holder?: string
  readonly entitlement?: string
  readonly [field: string]: unknown
}

/** A change and the instance that numbered it. */
export type StoredChange = Change & { readonly instance: string }

/** Changes that become durable together, or not at all. */
export interface ChangeBatch {
  /** One opening of an engine: a text that no other opening has. */
  readonly instance: string
  readonly changes: readonly Change[]
}

/** A customer's record as a snapshot has it. */
export interface SnapshotCustomer {
  /** The last change of the snapshot's instance that is in the record. */
  readonly seq: number
  /** The customer; `id` is its ID. */
  readonly record: { readonly [field: string]: unknown }
}

/** The state at a moment. */
export interface Snapshot {
  /** The form that the engine wrote it in. A store keeps it as it is. */
  readonly format: number
  /** The instance that wrote it. */
  readonly instance: string
  /** Every change of `instance` up to this one is in it, and every change of an earlier instance. */
  readonly from: number
  /** Changes of `instance` up to this one may be in it or not. It is known once all customers are read. */
  readonly to: number
  readonly policy: { readonly version: number; readonly document: object }
  readonly estimates: object
  /** The engine's time. */
  readonly now: number
  /** Every customer, read once, in order; there may be a million. */
  readonly customers: AsyncIterable<SnapshotCustomer> | Iterable<SnapshotCustomer>
  /**
   * Given by `load`: the changes of `instance` after `from`, and all of later instances, in the order appended. Absent when
   * given to `compact`.
   */
  readonly changes?: AsyncIterable<StoredChange> | Iterable<StoredChange>
}

/** Which changes of a customer are asked for. */
export interface HistoryQuery {
  /** The earliest time, in milliseconds. Default: from the beginning. */
  readonly since?: number
  /** The time that they end before, in milliseconds. Default: to the end. */
  readonly until?: number
  /** Those of one entitlement alone. */
  readonly entitlement?: string
  /** Most changes to give: where there are more, the latest. */
  readonly limit: number
}

/**
 * Keeps what an engine commits, so that the next engine goes on where it stopped. What it rejects with has a `code`.
 *
 * @example
 * const limitr = await Limitr.new(document, 'yaml', { store: adapter });
 */
export interface StoreAdapter {
  /**
   * Called once, before anything else. Null: nothing is stored yet. Else every change in the order appended, or a snapshot
   * with the changes after it.
   *
   * Where several processes can use the store, it becomes this one's: rejects with `store_locked` while it is another's.
   */
  load(): Promise<null | Iterable<StoredChange> | AsyncIterable<StoredChange> | Snapshot>

  /**
   * Resolves once the batch is durable; if it rejects, none of the batch is. It is never called while a call is pending, nor
   * after one rejected.
   */
  append(batch: ChangeBatch): Promise<void>

  /**
   * Puts a snapshot in the place of all that is in it. A `load` finds the old state or the new one, whole. `append` may be
   * called while it runs. Changes that are in the snapshot go, unless they are kept for `history`.
   */
  compact?(snapshot: Snapshot): Promise<void>

  /** A customer's changes, oldest first. */
  history?(customer: string, query: HistoryQuery): Promise<StoredChange[]>

  /** Lets go of the store: another process may open it. What the app passed stays open. */
  close?(): Promise<void>
}
