import type { Duration, LimitMode, Quantity, Timestamp } from './values.js'

/**
 * A customer with all its state, as plain JSON: what `customer` gives and `setCustomer` takes. Saving and loading records
 * keeps everything.
 *
 * @example
 * await store.put(JSON.stringify(await limitr.customer('user_1')));
 */
export interface CustomerRecord {
  /** Its ID. */
  readonly id: string
  /** Its own plan; empty where it follows its refs. */
  readonly plan: string
  /** What kind of customer: `'user'`, `'org'`, `'team'`. */
  readonly type: string
  /** The name to show. */
  readonly label: string
  /** Other IDs it is known by. */
  readonly alt_ids: readonly string[]
  /** The customers it belongs to, nearest first. */
  readonly refs: readonly string[]
  /** Usage, by entitlement. */
  readonly meters: { readonly [entitlement: string]: MeterRecord }
  /** Limits of its own, by entitlement. */
  readonly overrides: { readonly [entitlement: string]: OverrideRecord }
  /** Balances of credit, by ID. */
  readonly grants: { readonly [id: string]: object }
  /** Ceilings on spend, by ID. */
  readonly caps: { readonly [id: string]: object }
  /** Room reserved on its meters, by ID, where there is any. */
  readonly holds?: { readonly [id: string]: object }
  /** Your own data. */
  readonly metadata: { readonly [field: string]: unknown } | null
}

/** One customer's usage of one entitlement. Further fields belong to the engine and round-trip unchanged. */
export interface MeterRecord {
  /** What is used in the period that the record was last written in, in the credit's unit. */
  readonly value: number
  /** What was billed in that period for units past the limit, in runes. Default: 0. */
  readonly billed?: number
  readonly [field: string]: unknown
}

/** A limit of a customer's own, as it is stored. */
export interface OverrideRecord {
  readonly [field: string]: unknown
}

/**
 * A limit of a customer's own: any field of a limit. What isn't given is inherited from the limit it replaces; giving one
 * kind of reset clears the other.
 *
 * @example
 * await limitr.createCustomerOverride('org_1', 'seats', { value: 50, expires_on: Date.parse('2030-01-01') });
 */
export interface LimitOverride {
  /** How much is included in a period. */
  readonly value?: Quantity | null
  /** When the override ends by itself. */
  readonly expires_on?: Timestamp | null
  /** The credit it is metered in. */
  readonly credit?: string | null
  /** What happens past it. */
  readonly mode?: LimitMode | null
  /** What `increment` and `decrement` move by. */
  readonly increment?: Quantity | null
  /** The lowest that decreases bring the meter to. */
  readonly minimum?: Quantity | null
  /** Hard only: judge the meter before the call. */
  readonly hard_trailing?: boolean | null
  /** Whether grants cover what passes it. */
  readonly grants_apply?: boolean | null
  /** Whether the meter starts anew each period. */
  readonly resets?: boolean | null
  /** How long a period is. Clears `reset_sch`. */
  readonly reset_inc?: Duration | null
  /** Calendar periods. Clears `reset_inc`. */
  readonly reset_sch?: string | null
  /** Whether a token bucket bounds the rate. */
  readonly governor_enabled?: boolean | null
  /** The bucket's size. */
  readonly governor_capacity?: Quantity | null
  /** How fast it refills, in units a millisecond. */
  readonly governor_refill_rate?: Quantity | null
  /** The weight of the newest movement in `rate`. */
  readonly ewma_alpha?: number | string | null
}

/** One change between two policies. */
export interface PolicyDifference {
  /** Where, as names: `policy.plans.pro.label`. */
  readonly path: string
  /** What stands there in this policy; null if nothing. */
  readonly before: unknown
  /** What stands there in the other; null if nothing. */
  readonly after: unknown
}
