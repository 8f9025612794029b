import type { AnyPolicy, EntitlementName } from './names.js'
import type { LimitMode, Quantity, Timestamp } from './values.js'

/** Why a decision came out as it did. */
export type Reason =
  | 'ok'
  | 'feature'
  | 'over_limit'
  | 'overage'
  | 'covered_by_grant'
  | 'capped'
  | 'governed'
  | 'unknown_customer'
  | 'unknown_entitlement'
  | 'no_scope_holder'
  | 'not_in_plan'
  | 'forced'
  | 'lease'
  | 'offline'

/** What stood in the way, or came nearest to it. */
export type Bound = 'limit' | 'governor' | 'cap' | 'grant'

/** A whole answer. Every field is always there; what doesn't apply is null. Quantities are in the credit's unit. */
export interface Decision {
  /** Whether the call may go ahead. */
  readonly allowed: boolean
  /** Why. */
  readonly reason: Reason
  /** The entitlement that was asked for. */
  readonly entitlement: string
  /** The caller's plan. */
  readonly plan: string | null
  /** What is included in a period, without grants. */
  readonly limit: number | null
  /** The meter: after the call if it's allowed, unchanged if not. */
  readonly used: number | null
  /** Room reserved by others. */
  readonly held: number | null
  /** What `remaining` answers then. */
  readonly remaining: number | null
  /** What was asked for. */
  readonly requested: number | null
  /** When the period ends. */
  readonly resetsAt: Timestamp | null
  /** How long until the governor or the next period would admit it, in milliseconds; null if never. */
  readonly retryAfterMs: number | null
  /** Units newly past the limit and not covered. */
  readonly overage: number | null
  /** What to bill for the call, in runes; below 0 it is given back. 0 if nothing is, null if the credit has no price. */
  readonly overagePrice: number | null
  /**
   * The list worth of the call's billable units, whoever pays, in runes: what the units past the limit are worth after it,
   * less what they were before. 0 if it has none, null if the credit has no price.
   */
  readonly price: number | null
  /** What the call costs you, in runes. */
  readonly cost: number | null
  /** Units that grants covered. */
  readonly granted: number | null
  /** The limit's mode. */
  readonly mode: LimitMode | null
  /** Which gate decided. */
  readonly boundBy: Bound | null
  /** The version of the policy it was judged by. */
  readonly policyVersion: number | null
  /**
   * What it was decided by: what the engine itself knows; its share of something that engines share out; or the offline rule, which others
   * may have run into, too.
   */
  readonly source: 'local' | 'lease' | 'server' | 'offline'
  /** Whether the numbers are exact: nobody else can have moved them unseen. */
  readonly exact: boolean
  /** The most that others may have used unseen; null where that isn't known, or everything is local. */
  readonly atRisk: number | null
}

/** The events of a call: `false` sends none, an object is handed back in each as `event_data`. */
export type EventChoice = boolean | { readonly [field: string]: unknown }

/** What `decide` and `explain` take beside the value. */
export interface DecideOptions {
  /** Whether events are sent, or the data they carry. `explain` sends none. Default: true. */
  readonly event?: EventChoice | null
  /** What the call costs you, in runes. Default: worked out by the credit. */
  readonly overhead?: number | null
  /** Record usage that already happened, whatever stands in the way. Default: false. */
  readonly force?: boolean | null
  /** Makes the call idempotent for 24 hours: the same ID answers as before and meters once. */
  readonly id?: string | null
  /** The most that this call may be worth, by credit or currency, such as `{ rune: 0.5 }`. */
  readonly cap?: { readonly [credit: string]: Quantity } | null
}

/** One item of `allowAll` and `decideAll`. */
export interface Item<P = AnyPolicy> {
  /** The entitlement. */
  readonly entitlement: EntitlementName<P>
  /** How much. Default: 0. */
  readonly value?: Quantity | null
  /** What the item costs you, in runes. Default: worked out by the credit. */
  readonly overhead?: number | null
}

/** What `allowAll` and `decideAll` take beside the items. */
export interface AllOptions {
  /** Whether events are sent, or the data they carry. Default: true. */
  readonly event?: EventChoice | null
}

/** The answers of `decideAll`. */
export interface AllDecisions {
  /** Whether all of them may go ahead. */
  readonly allowed: boolean
  /** One for each item; null for those after the one that failed. */
  readonly decisions: readonly (Decision | null)[]
}

/** Calls that decide, and meter what they allow. A denial is a value; only misuse rejects. */
export interface Decisions<P = AnyPolicy> {
  /**
   * Decides a call and, if it's allowed, meters it, as one atomic step. False changes nothing.
   *
   * `value` is how much, in the credit's unit or with a unit of its own; 0 for a feature flag. `event` says whether events
   * are sent, or gives data for them. `overhead` is what the call costs you, in runes. `force` records usage that already
   * happened: it passes every gate.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `unknown_unit`, `unit_mismatch`, `amount_out_of_range`
   * @example
   * if (await limitr.allow('user_1', 'chat', 4200)) reply();
   */
  allow(
    customer: string,
    entitlement: EntitlementName<P>,
    value?: Quantity | null,
    event?: EventChoice | null,
    overhead?: number | null,
    force?: boolean | null
  ): Promise<boolean>

  /**
   * What `allow` would answer, without changing anything. It sends no events.
   *
   * @throws {LimitrError} as `allow`
   * @example
   * const canExport = await limitr.check('user_1', 'pdf_export');
   */
  check(
    customer: string,
    entitlement: EntitlementName<P>,
    value?: Quantity | null,
    event?: EventChoice | null,
    overhead?: number | null,
    force?: boolean | null
  ): Promise<boolean>

  /**
   * `allow` by the limit's `increment`.
   *
   * @throws {LimitrError} `invalid_argument`, `amount_out_of_range`
   * @example
   * if (await limitr.increment('org_1', 'seats')) addMember();
   */
  increment(customer: string, entitlement: EntitlementName<P>, event?: EventChoice | null): Promise<boolean>

  /**
   * Lowers the meter by the limit's `increment`, to its `minimum` or 0 at the lowest. It is never denied to a customer that
   * has the entitlement.
   *
   * @throws {LimitrError} `invalid_argument`, `amount_out_of_range`
   * @example
   * await limitr.decrement('org_1', 'seats');
   */
  decrement(customer: string, entitlement: EntitlementName<P>, event?: EventChoice | null): Promise<boolean>

  /**
   * Moves the meter to a value, as one atomic step: `allow` with the difference.
   *
   * @throws {LimitrError} as `allow`; `invalid_argument` also where `value` is not given
   * @example
   * await limitr.set('org_1', 'storage', '12.5GB');
   */
  set(
    customer: string,
    entitlement: EntitlementName<P>,
    value: Quantity,
    event?: EventChoice | null,
    overhead?: number | null
  ): Promise<boolean>

  /**
   * `allow` with the whole answer.
   *
   * @throws {LimitrError} as `allow`; `idempotency_conflict` where `id` was used with other arguments
   * @example
   * const { allowed, reason, retryAfterMs } = await limitr.decide('user_1', 'chat', 4200, { id: request.id });
   */
  decide(
    customer: string,
    entitlement: EntitlementName<P>,
    value?: Quantity | null,
    options?: DecideOptions | null
  ): Promise<Decision>

  /**
   * `check` with the whole answer: what `decide` would give.
   *
   * @throws {LimitrError} as `allow`
   * @example
   * const { remaining, boundBy } = await limitr.explain('user_1', 'chat', 4200);
   */
  explain(
    customer: string,
    entitlement: EntitlementName<P>,
    value?: Quantity | null,
    options?: DecideOptions | null
  ): Promise<Decision>

  /**
   * Allows all of the items or none, judged in sequence as one step. Denied, it sends the failing item's events only.
   *
   * @throws {LimitrError} as `allow`
   * @example
   * await limitr.allowAll('user_1', [{ entitlement: 'input', value: 900 }, { entitlement: 'output', value: 300 }]);
   */
  allowAll(customer: string, items: readonly Item<P>[], options?: AllOptions | null): Promise<boolean>

  /**
   * `allowAll` with the whole answer of each item.
   *
   * @throws {LimitrError} as `allow`
   * @example
   * const { allowed, decisions } = await limitr.decideAll('user_1', [{ entitlement: 'input', value: 900 }]);
   */
  decideAll(customer: string, items: readonly Item<P>[], options?: AllOptions | null): Promise<AllDecisions>
}
