import type { AnyPolicy, CreditName, EntitlementName, PlanName } from './names.js'
import type { DocumentFormat } from './options.js'
import type { Credit, Entitlement, Limit, Notification, Plan, PlanPeriod, PolicyDocument } from './policy.js'
import type { MeterRecord, PolicyDifference } from './records.js'
import type { Duration, PolicyFormat, Timestamp } from './values.js'

/** A definition together with its own name, which is its key in the document. */
export type WithName<T> = T & { readonly name: string }

/** Something that holds a policy to compare with. */
export interface PolicyHolder {
  /** Its policy as text. */
  policy(format: PolicyFormat): Promise<string> | string
}

/** Calls about the policy itself, and the clock. */
export interface Policies<P = AnyPolicy> {
  /**
   * The plan of that name, or of that customer; with `def`, the default plan where there is none. Null if there is none.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { label } = (await limitr.plan('user_1')) ?? {};
   */
  plan(id: PlanName<P> | (string & {}), def?: boolean | null): Promise<WithName<Plan> | null>

  /**
   * The plan of customers that are given none; null if there is none.
   *
   * @example
   * const plan = await limitr.defaultPlan();
   */
  defaultPlan(): Promise<WithName<Plan> | null>

  /**
   * Adds or replaces a plan, an object or the inside of one as Stof text. One with problems changes nothing.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_name`; the code of the first problem, with diagnostics
   * @example
   * await limitr.setPlan('team', { label: 'Team', entitlements: { sso: {} } });
   */
  setPlan(id: string, plan: Plan | object | string): Promise<void>

  /**
   * Removes a plan: true if there was one.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * await limitr.deletePlan('legacy');
   */
  deletePlan(id: PlanName<P> | (string & {})): Promise<boolean>

  /**
   * The period of a plan, or of a customer's plan; null if there is no plan.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const yearly = (await limitr.planPeriod('pro')) === 'yearly';
   */
  planPeriod(id: PlanName<P> | (string & {})): Promise<PlanPeriod | null>

  /**
   * How long a plan, or a customer's plan, may be tried, in milliseconds; null if it has no trial.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const trial = await limitr.planTrialPeriod('pro');
   */
  planTrialPeriod(id: PlanName<P> | (string & {})): Promise<number | null>

  /**
   * The credit of that name; null if there is none.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { label } = (await limitr.credit('token')) ?? {};
   */
  credit(id: CreditName<P>): Promise<WithName<Credit> | null>

  /**
   * The credit that an entitlement is metered in, for a customer or a plan; null if there is none.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { unit } = (await limitr.creditFor('user_1', 'chat')) ?? {};
   */
  creditFor(customerOrPlan: string, entitlement: EntitlementName<P>): Promise<WithName<Credit> | null>

  /**
   * An entitlement as a customer's plan, or a plan, defines it; null if it doesn't have it.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { description } = (await limitr.entitlement('user_1', 'chat')) ?? {};
   */
  entitlement(customerOrPlan: string, entitlement: EntitlementName<P>): Promise<WithName<Entitlement> | null>

  /**
   * The limit that binds a customer, with its override, or that of a plan; null if there is none.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { mode } = (await limitr.limitObject('user_1', 'chat')) ?? {};
   */
  limitObject(customerOrPlan: string, entitlement: EntitlementName<P>): Promise<Limit | null>

  /**
   * The meter of a customer as it is stored; null if there is none.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const meter = await limitr.meterObject('user_1', 'chat');
   */
  meterObject(customer: string, entitlement: EntitlementName<P>): Promise<MeterRecord | null>

  /**
   * Replaces the policy, as one atomic step: a document with errors changes nothing. Customers and meters stay.
   * `diagnostics` becomes that of the new document.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_policy` with diagnostics, `not_supported` if the sandbox of Stof isn't there
   * @example
   * await limitr.updatePolicy(await readFile('policy.yaml', 'utf8'), 'yaml');
   */
  updatePolicy(policy: string | Uint8Array | object, format?: DocumentFormat | null): Promise<void>

  /**
   * Replaces the policy's notifications, whole or not at all. As Stof text (`low: { fn matches(…) … }`) they may have functions.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_policy` with diagnostics, `not_supported` if the sandbox of Stof isn't there
   * @example
   * await limitr.setNotifications({ low: { when: { event: 'meter-changed', crosses: '90%' } } });
   */
  setNotifications(notifications: { readonly [name: string]: Notification } | string): Promise<void>

  /**
   * What differs between this policy (before) and another (after): a document, or the policy of another engine.
   *
   * @throws {LimitrError} as `updatePolicy`
   * @example
   * for (const { path, before, after } of await limitr.difference(next)) console.log(path, before, after);
   */
  difference(
    other: PolicyHolder | string | Uint8Array | object,
    format?: DocumentFormat | null
  ): Promise<PolicyDifference[]>

  /**
   * The policy: as text in a format, or as an object where none is given.
   *
   * @throws {LimitrError} `invalid_argument`, `not_supported`
   * @example
   * await writeFile('policy.yaml', await limitr.policy('yaml'));
   */
  policy<F extends PolicyFormat | null = null>(
    format?: F
  ): Promise<F extends PolicyFormat ? string : PolicyDocument>

  /**
   * Whether the policy is without errors; only one opened with `validate: false` may not be.
   *
   * @example
   * if (!(await limitr.valid())) console.error(limitr.diagnostics);
   */
  valid(): Promise<boolean>

  /**
   * The version of the policy: 1 as it was opened, one more with every change. Decisions carry it.
   *
   * @example
   * const changed = (await limitr.version()) > 1;
   */
  version(): Promise<number>

  /**
   * The engine's time, in milliseconds.
   *
   * @example
   * const now = await limitr.now();
   */
  now(): Promise<Timestamp>

  /**
   * Moves a virtual clock forward. Answers with the new time.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`; `not_supported` where the clock is the host's
   * @example
   * await limitr.advance('1day');
   */
  advance(duration: Duration): Promise<Timestamp>
}
