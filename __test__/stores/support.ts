// What the tests of adapters share: changes and snapshots as an engine would give them.

import type {
  Change,
  HistoryQuery,
  Snapshot,
  SnapshotCustomer,
  StoreAdapter,
  StoredChange
} from 'limitr/postgres'

/** An adapter that does everything. */
export type Adapter = Required<StoreAdapter>

export const DAY = 86_400_000
export const NOW = Date.UTC(2030, 0, 1)

/** A place that adapters are opened on, one after the other. */
export interface Place {
  open(options?: { name?: string; retention?: number | string }): Adapter
  /** What an adapter had is let go of without its doing, as when its process dies. */
  drop(adapter: Adapter): Promise<void>
}

/** A change of a customer, a millisecond after the one before it. */
export function change(seq: number, more: Partial<Change> = {}): Change {
  return { seq, at: NOW + seq, type: 'metered', holder: 'ada', entitlement: 'chat', value: seq / 10, ...more }
}

/** Changes from one number to another. */
export function changes(from: number, to: number, more: Partial<Change> = {}): Change[] {
  return Array.from({ length: to - from + 1 }, (_, index) => change(from + index, more))
}

/** The same as they come back. */
export function of(instance: string, all: readonly Change[]): StoredChange[] {
  return all.map((one) => ({ ...one, instance }))
}

/** A snapshot whose `to` is known when its customers are read, as an engine's is. */
export function snapshot(
  instance: string,
  from: number,
  customers: AsyncIterable<SnapshotCustomer> | Iterable<SnapshotCustomer>,
  now = NOW + DAY
): Snapshot {
  let to = -1
  return {
    format: 1,
    instance,
    from,
    get to() {
      return to
    },
    policy: { version: 3, document: { policy: { credits: { token: {} } } } },
    estimates: { chat: [1, 'x'] },
    now,
    customers: (async function* () {
      yield* customers
      to = from + 2
    })()
  }
}

export function customers(count: number, size = 10): SnapshotCustomer[] {
  return Array.from({ length: count }, (_, index) => ({
    seq: index,
    record: { id: `user_${index}`, plan: 'free', label: 'é'.repeat(size) }
  }))
}

export interface Loaded {
  head: Partial<Snapshot> | null
  customers: SnapshotCustomer[]
  changes: StoredChange[]
}

/** Everything that `load` gives, read to its end; null if that is nothing. */
export async function loaded(adapter: Adapter): Promise<Loaded | null> {
  const found = await adapter.load()
  if (found === null) return null
  if (!('format' in found)) return { head: null, customers: [], changes: await listOf(found) }
  const { customers, changes, ...head } = found
  return { head, customers: await listOf(customers), changes: await listOf(changes ?? []) }
}

export async function listOf<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** The numbers of a customer's changes. */
export async function seqs(adapter: Adapter, customer: string, query: Partial<HistoryQuery> = {}) {
  const found = await adapter.history(customer, { limit: 1_000, ...query })
  return found.map(({ seq }) => seq)
}
