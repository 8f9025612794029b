import type { AnyPolicy, CreditName, EntitlementName, PlanName } from './names.js'
import type { Duration, Quantity, Timestamp } from './values.js'

/** What a cap says beside its value. */
export interface CapOptions<P = AnyPolicy> {
  /** Its ID. Default: a generated one. A cap of that ID is said anew and keeps what it has counted in the same credit. */
  readonly cap_id?: string | null
  /** What it counts in: a credit, `'rune'`, `'usd'` or the name of an exchange pair. Default: `'rune'`. */
  readonly credit?: CreditName<P> | 'rune' | 'usd' | (string & {}) | null
  /** Count all that converts into its credit, not only calls in that very credit. Default: true for runes and currencies. */
  readonly exchangeable?: boolean | null
  /** Count only what grants didn't cover. Default: false. */
  readonly ignore_grants?: boolean | null
  /** Count only what passes the limit. Default: false. */
  readonly overage_only?: boolean | null
  /** Count, and never deny. Default: false. */
  readonly observe_only?: boolean | null
  /** Count your cost (overhead) instead of the customer's spend. Default: false. */
  readonly overhead_cost?: boolean | null
  /** Let decreases lower it, to 0 at the lowest. Default: false. */
  readonly follow_decrements?: boolean | null
  /** Judge it before the call, so that one call may cross it. Default: false. */
  readonly hard_trailing?: boolean | null
  /** Bind every customer whose refs lead to the holder, too. Default: false. */
  readonly shared?: boolean | null
  /** The customer types that it is shared with. Default: all. */
  readonly shared_with?: readonly string[] | null
  /** The entitlements that it counts. Default: all. */
  readonly scope?: readonly EntitlementName<P>[] | null
  /** Start anew each period. Default: false. */
  readonly resets?: boolean | null
  /** How long a period is, counted from when the cap was added. Needs `resets`. */
  readonly reset_inc?: Duration | null
  /** When periods begin by the calendar, such as `'monthly:1'`. Needs `resets`; in place of `reset_inc`. */
  readonly reset_sch?: string | null
  /** When it ends by itself. */
  readonly expires_on?: Timestamp | null
  /** Send its events. Default: true. */
  readonly send_events?: boolean | null
}

/** A cap as it stands now. */
export interface CustomerCap {
  readonly id: string
  /** What it counts in. */
  readonly credit: string
  /** The most that it counts in a period. */
  readonly value: number
  /** What it has counted in the period. */
  readonly meter_value: number
  /** What live holds would move it by. */
  readonly held: number
  readonly exchangeable: boolean
  readonly ignore_grants: boolean
  readonly overage_only: boolean
  readonly observe_only: boolean
  readonly overhead_cost: boolean
  readonly follow_decrements: boolean
  readonly hard_trailing: boolean
  readonly shared: boolean
  readonly shared_with: readonly string[]
  readonly scope: readonly string[]
  readonly resets: boolean
  /** The length of a period in milliseconds. */
  readonly reset_inc: number | null
  readonly reset_sch: string | null
  readonly expires_on: Timestamp | null
  readonly send_events: boolean
  /** When it was added. */
  readonly start: Timestamp
  /** When the period began. */
  readonly period_start: Timestamp
  /** When the next one begins. */
  readonly resets_at: Timestamp | null
}

/** Revenue, cost and what is between them, in runes. */
export interface Margin {
  readonly revenue: number
  readonly cost: number
  /** Revenue less cost. */
  readonly margin: number
}

/** A margin with that of each entitlement. */
export interface MarginSnapshot extends Margin {
  readonly entitlements: { readonly [entitlement: string]: Margin }
}

/** How much of an entitlement a period is modelled with. */
export interface ModelledUse {
  /** What is used. */
  readonly meter: Quantity
  /** What is included, in place of the plan's limit. */
  readonly limit?: Quantity | null
  /** What it costs you, in runes, in place of the credit's overhead cost. */
  readonly overhead?: number | null
}

/** Calls about grants, caps and the exchange. */
export interface Money<P = AnyPolicy> {
  /**
   * Grants a topup of the customer's plan: true if there is such a customer and such a topup. Event
   * `customer-topup-granted`.
   *
   * @throws {LimitrError} `invalid_argument`, `too_many`
   * @example
   * if (await paid(invoice)) await limitr.applyCustomerTopup('user_1', 'tokens_10k');
   */
  applyCustomerTopup(customer: string, topup: string): Promise<boolean>

  /**
   * Grants what comes with the customer's plan and wasn't granted yet: true if anything was. It is done by itself when a
   * customer is created or moved; a customer whose plan came to change through its refs needs it by hand.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * await limitr.ensureCustomerIncludedTopups('user_1');
   */
  ensureCustomerIncludedTopups(customer: string): Promise<boolean>

  /**
   * Sees to it that the customer is on the plan in that quantity: moves it there with its meters kept, and sets the meter of
   * the entitlement that the plan's `subscription` names, by force. True if anything changed.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `unknown_plan`; `unknown_entitlement` where the plan doesn't
   * limit what its `subscription` names
   * @example
   * await limitr.ensureCustomerPlanQuantity('org_1', 'team', 12); // 12 seats bought
   */
  ensureCustomerPlanQuantity(customer: string, plan: PlanName<P>, quantity: Quantity): Promise<boolean>

  /**
   * What the customer's grants hold in a credit, in its unit: those in that very credit. Null for a customer or a credit
   * that isn't there.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const left = await limitr.remainingCredit('user_1', 'tokens');
   */
  remainingCredit(customer: string, credit: CreditName<P>): Promise<number | null>

  /**
   * Gives a customer a ceiling on what its calls are worth, across entitlements; answers the cap's ID, null without such a
   * customer. Event `customer-cap-added`.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `invalid_name`, `unknown_credit`, `unknown_unit`,
   * `unit_mismatch`, `bad_duration`, `bad_schedule`, `two_reset_kinds`, `too_many`
   * @example
   * await limitr.addCustomerCap('org_1', 500, { cap_id: 'budget', shared: true, resets: true, reset_sch: 'monthly:1' });
   */
  addCustomerCap(customer: string, value: Quantity, options?: CapOptions<P> | null): Promise<string | null>

  /**
   * A cap as it stands now; null if there is none.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { meter_value, value } = await limitr.customerCap('org_1', 'budget');
   */
  customerCap(customer: string, cap: string): Promise<CustomerCap | null>

  /**
   * Lets a cap count from 0 again: true if there is one. Event `customer-cap-reset`.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * await limitr.resetCustomerCap('org_1', 'budget');
   */
  resetCustomerCap(customer: string, cap: string): Promise<boolean>

  /**
   * Removes a cap: true if there was one. Event `customer-cap-removed`.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * await limitr.removeCustomerCap('org_1', 'budget');
   */
  removeCustomerCap(customer: string, cap: string): Promise<boolean>

  /**
   * An amount of one name in another: credits, `rune`, `usd`, names of pairs. Null where one of them isn't there or reaches
   * no runes. `to` defaults to `'rune'`, `value` to 1.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `amount_out_of_range`
   * @example
   * const runes = await limitr.creditExchange('tokens', 'rune', 5000);
   */
  creditExchange(from: string, to?: string | null, value?: number | null): Promise<number | null>

  /**
   * Says what one of a name is worth from now on, as the next version of the policy: a live rate. Event `policy-updated`.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `invalid_name`, `exchange_cycle`, `exchange_unreachable`,
   * `amount_out_of_range`, `too_many`
   * @example
   * await limitr.setExchange('eur', 1.08, 'usd');
   */
  setExchange(name: string, value: number, currency: string): Promise<void>

  /**
   * What a customer brings in and costs in the current periods of the meters that it holds: the price of what is past its
   * limits and the plan's price, less the overhead of its calls. Null without such a customer.
   *
   * @throws {LimitrError} `invalid_argument`, `amount_out_of_range`
   * @example
   * const { revenue, cost, margin } = await limitr.customerMarginSnapshot('user_1');
   */
  customerMarginSnapshot(customer: string): Promise<MarginSnapshot | null>

  /**
   * What one period of a plan would bring in and cost with that usage, before any customer exists. Null without such a plan.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `unknown_unit`, `unit_mismatch`, `amount_out_of_range`
   * @example
   * const { margin } = await limitr.marginSnapshot('pro', { chat: 250_000, storage: { meter: '80GB', limit: '50GB' } });
   */
  marginSnapshot(
    plan: PlanName<P>,
    usage: { readonly [entitlement: string]: Quantity | ModelledUse }
  ): Promise<MarginSnapshot | null>

  /**
   * Begins to measure what the customer's calls bring in and cost, and answers the measurement's ID. Null without such a
   * customer.
   *
   * @throws {LimitrError} `invalid_argument`, `too_many`
   * @example
   * const measurement = await limitr.startMarginMeasurement('user_1');
   */
  startMarginMeasurement(customer: string): Promise<string | null>

  /**
   * Ends a measurement and answers what was counted since. Null if there is none of that ID.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { margin } = await limitr.captureMarginMeasurement('user_1', measurement);
   */
  captureMarginMeasurement(customer: string, measurement: string): Promise<Margin | null>
}
