/// <reference lib="esnext.disposable" />

import type { EventChoice } from './decisions.js'
import type { AnyPolicy, EntitlementName } from './names.js'
import type { Duration, Quantity } from './values.js'

/** What to reserve. */
export interface ReserveOptions {
  /** How much. Default: the limit's increment. */
  readonly value?: Quantity | null
  /** How long it stands when nothing is heard of it, 400 days at most. Default: the policy's `hold_ttl`. */
  readonly ttl?: Duration | null
  /** What the call will cost you, in runes, for caps that count it. */
  readonly overhead?: number | null
}

/** What `settle` and `consume` of a hold take beside the value. */
export interface RecordOptions {
  /** Whether events are sent, or the data they carry. Default: true. */
  readonly event?: EventChoice | null
  /** What the call cost you, in runes. */
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
   * Ends a hold and records what happened, past any limit too; a hold that is unknown or over still records. False only
   * where there is nothing to record on.
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
    overhead?: number | null
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
