import type { AnyPolicy, CreditName, EntitlementName, PlanName } from './names.js'
import type { CustomerRecord, LimitOverride } from './records.js'
import type { Duration, LimitMode, Quantity, Timestamp } from './values.js'

/** Your own data about a customer: plain JSON. */
export type Metadata = { readonly [field: string]: unknown }

/** What `loadCustomers` takes beside the records. */
export interface LoadOptions {
  /** Send `customer-set` for each. Default: false. */
  readonly event?: boolean | null
}

/** Calls about customers. Wherever an ID is asked for, an alternative ID does as well. */
export interface Customers<P = AnyPolicy> {
  /**
   * Creates a customer, or updates the one of that ID, which keeps its meters. The plan is the one named; else that of the
   * nearest ref with one; else the default plan; else nothing is created and the answer is undefined.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_name`, `unknown_plan`, `id_taken`, `too_many`, `too_large`
   * @example
   * await limitr.createCustomer('user_1', 'pro', 'user', 'Ada', ['org_1'], ['ada@example.com']);
   */
  createCustomer(
    id: string,
    plan?: PlanName<P> | '' | null,
    type?: string | null,
    label?: string | null,
    refs?: readonly string[] | null,
    alts?: readonly string[] | null,
    metadata?: Metadata | null
  ): Promise<CustomerRecord | undefined>

  /**
   * Creates the customer if there is none: true only if it created one.
   *
   * @throws {LimitrError} as `createCustomer`
   * @example
   * await limitr.ensureCustomer('user_1');
   */
  ensureCustomer(
    id: string,
    plan?: PlanName<P> | '' | null,
    type?: string | null,
    label?: string | null,
    refs?: readonly string[] | null,
    alts?: readonly string[] | null,
    metadata?: Metadata | null
  ): Promise<boolean>

  /**
   * Stores a record as it is, in place of the customer's state.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_record`, `invalid_name`, `id_taken`, `too_many`, `too_large`
   * @example
   * await limitr.setCustomer(JSON.parse(saved));
   */
  setCustomer(record: CustomerRecord | object): Promise<void>

  /**
   * Stores a record if there is no such customer: true only if it stored it.
   *
   * @throws {LimitrError} as `setCustomer`
   * @example
   * await limitr.ensureSetCustomer(JSON.parse(saved));
   */
  ensureSetCustomer(record: CustomerRecord | object): Promise<boolean>

  /**
   * Stores many records: a list, anything that can be iterated, or what `customers()` gives. Answers how many. Sends no
   * events unless asked.
   *
   * @throws {LimitrError} as `setCustomer`; `too_large` where they don't fit into one call
   * @example
   * await limitr.loadCustomers(await other.customers());
   */
  loadCustomers(
    records: Iterable<CustomerRecord | object> | { readonly [id: string]: CustomerRecord | object },
    options?: LoadOptions | null
  ): Promise<number>

  /**
   * A customer's record; null if there is none.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { plan } = (await limitr.customer('user_1')) ?? {};
   */
  customer(id: string): Promise<CustomerRecord | null>

  /**
   * Every customer's record, by ID. For many customers, `eachCustomer` holds less at a time.
   *
   * @example
   * await save(JSON.stringify(await limitr.customers()));
   */
  customers(): Promise<Record<string, CustomerRecord>>

  /**
   * The customer's metadata; null if there is none.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const { email } = (await limitr.customerMetadata('user_1')) ?? {};
   */
  customerMetadata(id: string): Promise<Metadata | null>

  /**
   * The IDs that a customer's refs name; null if there is no such customer.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * const [org] = (await limitr.customerRefs('user_1')) ?? [];
   */
  customerRefs(id: string): Promise<string[] | null>

  /**
   * Removes a customer and its state: true if there was one.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * await limitr.removeCustomer('user_1');
   */
  removeCustomer(id: string): Promise<boolean>

  /**
   * Gives a customer another ID to answer to: false if there is no such customer.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_name`, `id_taken`, `too_many`
   * @example
   * await limitr.addAltID('user_1', 'ada@example.com');
   */
  addAltID(id: string, alt: string): Promise<boolean>

  /**
   * Takes an alternative ID away: true if it was one.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * await limitr.removeAltID('ada@example.com');
   */
  removeAltID(alt: string): Promise<boolean>

  /**
   * Changes a customer's plan: true if its stored plan changed. An empty one follows the refs. With `overwrite_meters`, the
   * meters of the new plan start anew and those of the old one end.
   *
   * @throws {LimitrError} `invalid_argument`, `unknown_plan`
   * @example
   * await limitr.setCustomerPlan('user_1', 'pro', false);
   */
  setCustomerPlan(id: string, plan: PlanName<P> | '', overwrite_meters?: boolean | null): Promise<boolean>

  /**
   * Replaces a limit for one customer, field by field or by an object with any field of a limit. It builds on an override
   * that is there (and ends with it, unless it says when), survives plan changes and ends by itself at `expires_on`. False
   * if there is no such customer.
   *
   * @throws {LimitrError} `invalid_argument`, `invalid_value`, `unknown_entitlement`, `missing_field` where there is no limit to inherit a credit from; that of the first problem, with diagnostics, where the limit can't be used
   * @example
   * await limitr.createCustomerOverride('org_1', 'seats', { value: 50, mode: 'soft' });
   */
  createCustomerOverride(
    customer: string,
    entitlement: EntitlementName<P>,
    value?: Quantity | LimitOverride | null,
    expires_on?: Timestamp | null,
    credit?: CreditName<P> | null,
    mode?: LimitMode | null,
    increment?: Quantity | null,
    resets?: boolean | null,
    reset_inc?: Duration | null,
    reset_sch?: string | null
  ): Promise<boolean>

  /**
   * Ends an override: true if there was one.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * await limitr.removeCustomerOverride('org_1', 'seats');
   */
  removeCustomerOverride(customer: string, entitlement: EntitlementName<P>): Promise<boolean>
}
