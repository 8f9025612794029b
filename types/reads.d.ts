import type { AnyPolicy, EntitlementName } from './names.js'
import type { Timestamp } from './values.js'

/**
 * Calls that only read. They show the current period even before the next call begins it, answer in the credit's unit, and
 * give null for what is missing or has no limit.
 */
export interface Reads<P = AnyPolicy> {
  /**
   * What is used. With `percent`, of the configured limit, which may pass 100 (null for limit 0). `grants = false` leaves
   * out what grants covered.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const used = await limitr.value('user_1', 'chat');
   */
  value(
    customer: string,
    entitlement: EntitlementName<P>,
    percent?: boolean | null,
    grants?: boolean | null
  ): Promise<number | null>

  /**
   * What can still be used without denial or overage; negative past a limit. With `percent`, of the configured limit and 0
   * at the lowest. `grants = false` is limit − used − held. Null for mode `observe`.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const left = await limitr.remaining('user_1', 'chat');
   */
  remaining(
    customer: string,
    entitlement: EntitlementName<P>,
    percent?: boolean | null,
    grants?: boolean | null
  ): Promise<number | null>

  /**
   * What is included in a period, for a customer or for a plan. With `grants`, and with what its grants hold.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const included = await limitr.limit('pro', 'chat');
   */
  limit(
    customerOrPlan: string,
    entitlement: EntitlementName<P>,
    grants?: boolean | null
  ): Promise<number | null>

  /**
   * What can run this instant: `remaining`, bounded by what the governor admits.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const burst = await limitr.allowance('user_1', 'api');
   */
  allowance(customer: string, entitlement: EntitlementName<P>): Promise<number | null>

  /**
   * What `increment` moves by.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const step = await limitr.cost('user_1', 'seats');
   */
  cost(customer: string, entitlement: EntitlementName<P>): Promise<number | null>

  /**
   * When the current period ends; null where the meter doesn't reset.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const when = new Date((await limitr.resets('user_1', 'chat')) ?? Infinity);
   */
  resets(customer: string, entitlement: EntitlementName<P>): Promise<Timestamp | null>

  /**
   * The moving average of the meter's movement, in units a millisecond.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const perSecond = 1000 * ((await limitr.rate('user_1', 'chat')) ?? 0);
   */
  rate(customer: string, entitlement: EntitlementName<P>): Promise<number | null>

  /**
   * The change of `rate`, a millisecond.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const speedingUp = ((await limitr.acceleration('user_1', 'chat')) ?? 0) > 0;
   */
  acceleration(customer: string, entitlement: EntitlementName<P>): Promise<number | null>

  /**
   * When the limit will be reached at the present rate; null if it isn't coming.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const runsOut = await limitr.projectedExhaustion('user_1', 'chat');
   */
  projectedExhaustion(customer: string, entitlement: EntitlementName<P>): Promise<Timestamp | null>
}
