/// <reference lib="esnext.disposable" />

import type { EventChoice } from './decisions.js'
import type { AnyPolicy, EntitlementName } from './names.js'
import type { Duration, Quantity } from './values.js'

/** What tells calls apart that are estimated. */
export interface Likeness {
  /** What the size of a call goes by, such as its prompt's tokens: more than 0. What is learnt is then per unit of it. */
  readonly basis?: number | null
  /** Which calls are estimated together, such as those of one model. */
  readonly segment?: string | null
  /**
   * The call's data: where basis or segment aren't given, its fields that the entitlement's `estimate_basis` and `estimate_segment` name are taken.
   * A credit's function `overhead` gets it, too, and so do later calls of a hold object whose event has no data.
   */
  readonly context?: { readonly [field: string]: unknown } | null
}

/** What `estimate` takes beside the names. */
export interface EstimateOptions extends Likeness {
  /** The part of such calls that stay within the estimate, within 0.0001 and 0.9999. Default: 0.9. */
  readonly quantile?: number | null
}

/** What `observe` takes beside the value. */
export interface ObserveOptions extends Likeness {
  /** What the call cost you, in runes. Default: worked out by the credit. */
  readonly overhead?: number | null
}

/** What a call is estimated to use. */
export interface Estimate {
  /** How much, in the credit's unit. */
  readonly value: number
  /** What it costs you, in runes. */
  readonly overhead: number
  /** How many calls it was learnt from. */
  readonly samples: number
  /** Where it was learnt. */
  readonly source: 'local'
  /** Whose calls they were: the customer's own, once there are `estimate_min_samples`, else everybody's. */
  readonly scope: 'customer' | 'policy'
}

/** What to reserve. */
export interface ReserveOptions extends EstimateOptions {
  /** How much. Default: what such calls are estimated to use, else the limit's increment. */
  readonly value?: Quantity | null
  /** How long it stands when nothing is heard of it, 400 days at most. Default: the policy's `hold_ttl`. */
  readonly ttl?: Duration | null
  /** What the call will cost you, in runes, for caps that count it. Default: worked out by the credit. */
  readonly overhead?: number | null
}

/** What `settle` and `consume` of a hold take beside the value. */
export interface RecordOptions {
  /** Whether events are sent, or the data they carry. Default: true. */
  readonly event?: EventChoice | null
  /** What the call cost you, in runes. Default: worked out by the credit. */
  readonly overhead?: number | null
}

/** Calls that reserve room for work whose size isn't known yet. */
export interface Holds<P = AnyPolicy> {
  /**
   * Reserves room on the limit and on every cap that the call would move; answers the hold's ID. Null where `check` would
   * deny it, where there is no limit, or for a value of 0 or less. It moves no meter, takes no governor tokens and sends no
   * events.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `unknown_unit`, `unit_mismatch`, `bad_duration`, `too_many`
   * @example
   * const hold = await limitr.reserve('user_1', 'chat', { value: 4000, ttl: '2min' });
   */
  reserve(
    customer: string,
    entitlement: EntitlementName<P>,
    options?: ReserveOptions | null
  ): Promise<string | null>

  /**
   * Ends a hold, records what happened, past any limit too, and learns from it; a hold that is unknown or over still
   * records. False only where there is nothing to record on. Basis and segment are those of the reservation unless given.
   *
   * @throws {LimitrError} as `allow`; then the hold stands
   * @example
   * await limitr.settle('user_1', 'chat', hold, reply.tokens);
   */
  settle(
    customer: string,
    entitlement: EntitlementName<P>,
    hold: string | null | undefined,
    value: Quantity,
    event?: EventChoice | null,
    overhead?: number | null,
    basis?: number | null,
    segment?: string | null
  ): Promise<boolean>

  /**
   * Ends a hold that isn't needed: false if there was none on this entitlement.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * await limitr.release('user_1', 'chat', hold);
   */
  release(customer: string, entitlement: EntitlementName<P>, hold: string): Promise<boolean>

  /**
   * What such a call is estimated to use: the value that 9 of 10 stay within, unless `quantile` says otherwise. Null while
   * nothing was learnt.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `invalid_name`
   * @example
   * const estimate = await limitr.estimate('user_1', 'chat', { basis: prompt.tokens, segment: 'large' });
   */
  estimate(
    customer: string,
    entitlement: EntitlementName<P>,
    options?: EstimateOptions | null
  ): Promise<Estimate | null>

  /**
   * Learns what a call used, without a hold: true if there is something to learn for. `settle` learns by itself.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `invalid_name`, `unknown_unit`, `unit_mismatch`, `too_many`
   * @example
   * await limitr.observe('user_1', 'chat', reply.tokens, { basis: prompt.tokens });
   */
  observe(
    customer: string,
    entitlement: EntitlementName<P>,
    value: Quantity,
    options?: ObserveOptions | null
  ): Promise<boolean>

  /**
   * What live holds reserve; null where there is no limit.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const reserved = await limitr.held('user_1', 'chat');
   */
  held(customer: string, entitlement: EntitlementName<P>): Promise<number | null>
}

/**
 * Room reserved for one call. It ends by `settle` or `release`, when it is disposed of, or when nothing was heard of it for
 * its `ttl`.
 *
 * @example
 * await using hold = await limitr.hold('user_1', 'chat', { value: 500 });
 * if (!hold) return tooMuch();
 * for await (const chunk of stream) await hold.consume(chunk.tokens);
 */
export interface Hold {
  /** Its ID, as `reserve` gives it. */
  readonly id: string
  readonly customer: string
  readonly entitlement: string

  /**
   * Records a part, by force, and lets the hold shrink by it. Past what was reserved it still records.
   *
   * @throws {LimitrError} as `settle`; `hold_ended` after the end
   * @example
   * await hold.consume(chunk.tokens);
   */
  consume(value: Quantity, options?: RecordOptions | null): Promise<boolean>

  /**
   * Asks for more room: true if there was some. A hold whose `ttl` is over gets none.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`; `hold_ended` after the end
   * @example
   * if (!(await hold.extend(500))) stop();
   */
  extend(value: Quantity): Promise<boolean>

  /**
   * Ends the hold and records `value` more on top of what was consumed. Default: 0.
   *
   * @throws {LimitrError} as `allow`; `hold_ended` after the end
   * @example
   * await hold.settle(reply.tokens);
   */
  settle(value?: Quantity | null, options?: RecordOptions | null): Promise<boolean>

  /**
   * Ends the hold: false if it had ended.
   *
   * @example
   * await hold.release();
   */
  release(): Promise<boolean>

  /** `release`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** A {@link Hold} without promises. */
export interface HoldSync {
  readonly id: string
  readonly customer: string
  readonly entitlement: string
  /** See {@link Hold.consume}. */
  consume(value: Quantity, options?: RecordOptions | null): boolean
  /** See {@link Hold.extend}. */
  extend(value: Quantity): boolean
  /** See {@link Hold.settle}. */
  settle(value?: Quantity | null, options?: RecordOptions | null): boolean
  /** See {@link Hold.release}. */
  release(): boolean
  /** `release`, for `using`. */
  [Symbol.dispose](): void
}
