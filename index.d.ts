/// <reference lib="esnext.disposable" />

import type { Capabilities } from './types/capabilities.js'
import type { CloudStatus, LimitrCloudOptions } from './types/cloud.js'
import type { Customers } from './types/customers.js'
import type { Decisions } from './types/decisions.js'
import type { Handlers } from './types/events.js'
import type { Hold, HoldSync, Holds, ReserveOptions } from './types/holds.js'
import type { Money } from './types/money.js'
import type { AnyPolicy, EntitlementName } from './types/names.js'
import type { Backend, DocumentFormat, LimitrOptions } from './types/options.js'
import type { Policies } from './types/policies.js'
import type { PolicyDocument } from './types/policy.js'
import type { Reads } from './types/reads.js'
import type { CustomerRecord } from './types/records.js'
import type { HistoryOptions, RepairedStore, StoredChange } from './types/store.js'
import type { Diagnostic, ErrorCode } from './types/values.js'

export type * from './types/capabilities.js'
export type * from './types/cloud.js'
export type * from './types/customers.js'
export type * from './types/decisions.js'
export type * from './types/events.js'
export type * from './types/holds.js'
export type * from './types/money.js'
export type * from './types/names.js'
export type * from './types/options.js'
export type * from './types/policies.js'
export type * from './types/policy.js'
export type * from './types/reads.js'
export type * from './types/records.js'
export type * from './types/store.js'
export type * from './types/store-adapter.js'
export type * from './types/values.js'

/** The same methods without promises: what they would reject with, they throw. */
export type Synchronous<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never
}

/**
 * The methods of a {@link Limitr}, without promises. Events are delivered before they return; a call made inside a handler
 * runs at once, and its events come after those being delivered.
 *
 * @example
 * if (limitr.sync.allow('user_1', 'chat', 4200)) reply();
 */
export interface LimitrSync<P = AnyPolicy>
  extends Synchronous<Decisions<P>>,
    Synchronous<Reads<P>>,
    Synchronous<Customers<P>>,
    Synchronous<Money<P>>,
    Synchronous<Holds<P>>,
    Synchronous<Policies<P>> {
  /**
   * Every customer's record, read a page at a time.
   *
   * @example
   * for (const record of limitr.sync.eachCustomer()) console.log(record.id);
   */
  eachCustomer(): IterableIterator<CustomerRecord>

  /**
   * Reserves room and gives the hold as an object, for `using`. Null where `reserve` answers null.
   *
   * @example
   * using hold = limitr.sync.hold('user_1', 'chat', { value: 500 });
   */
  hold(customer: string, entitlement: EntitlementName<P>, options?: ReserveOptions | null): HoldSync | null
}

export interface Limitr<P = AnyPolicy>
  extends Decisions<P>,
    Reads<P>,
    Customers<P>,
    Money<P>,
    Holds<P>,
    Policies<P>,
    Capabilities,
    Handlers<P> {}

/**
 * An engine with one policy and its customers. `Limitr.new` opens one; `close` ends it.
 *
 * A denial is a value. Misuse (a wrong type, `NaN`, a plan that doesn't exist) rejects with a {@link LimitrError}. `null`
 * and `undefined` both stand for an argument that isn't given.
 *
 * @example
 * import { Limitr } from 'limitr';
 *
 * const limitr = await Limitr.new(await readFile('policy.yaml'));
 * await limitr.ensureCustomer('user_1', 'free');
 * if (await limitr.allow('user_1', 'chat', 4200)) reply();
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its methods are declared by subject, in types/
export class Limitr<P = AnyPolicy> {
  private constructor()

  /**
   * Opens an engine. An object written `as const` types the names that later calls may use.
   *
   * `format` defaults to `'auto'`: an object is JSON, text is tried as JSON, YAML, TOML and Stof. A boolean in the place of the
   * options is `validate`.
   *
   * @throws {LimitrError} `invalid_policy` with every diagnostic, `invalid_argument`, `invalid_value`;
   * `not_supported` if the backend that is asked for doesn't load, `too_many` if there is no memory for another engine;
   * with a store `store_locked`, `store_damaged`, `store_newer`, `store_failed`; `shared_conflict`
   * @example
   * const limitr = await Limitr.new({ policy: { plans: { free: { default: true, entitlements: { chat: {} } } } } });
   */
  static new<const P extends PolicyDocument>(
    policy: P,
    format?: DocumentFormat | null,
    options?: boolean | LimitrOptions | null
  ): Promise<Limitr<P>>
  static new(
    policy: string | Uint8Array | object,
    format?: DocumentFormat | null,
    options?: boolean | LimitrOptions | null
  ): Promise<Limitr>

  /**
   * Opens an engine that is connected to a Limitr Cloud server, by a token alone or by options with one. It resolves once the policy that is
   * published runs. Every call is the same; what only the server may change is `not_supported` (`updatePolicy`, `setPlan`, `deletePlan`,
   * `setExchange`, `setNotifications`, `setCapabilities`, `setCustomer`, `ensureSetCustomer`, `loadCustomers`).
   *
   * An awaited call loads a customer that isn't here yet, and waits up to `leaseTimeout` where this engine's share of a hard limit, cap or
   * grant is used up. One of `sync` answers with what is here (`unknown_customer`, `lease`) and has the rest asked for.
   *
   * @throws {LimitrError} `unauthorized`, `revoked`, `connect_timeout`, `version_unsupported`, `policy_invalid`, `invalid_argument`,
   * `invalid_value`; `not_supported` where wasm finds no WebSocket
   * @example
   * const limitr = await Limitr.cloud({ token: process.env.LIMITR_TOKEN, url: 'https://limits.example.com' });
   */
  static cloud<P = AnyPolicy>(options: string | LimitrCloudOptions): Promise<Limitr<P>>

  /**
   * Keeps everything that is readable of a store in a folder that is refused with `store_damaged`, and says what it had to
   * leave out. Afterwards the store opens. Files that it had to replace stay in the folder, with `damaged-` before their
   * names.
   *
   * @throws {LimitrError} `store_locked`, `store_newer`, `store_failed`; `not_supported` without the native binding
   * @example
   * const { customers, lost } = await Limitr.repairStore('./limitr.db');
   */
  static repairStore(path: string): Promise<RepairedStore>

  /** The same methods without promises. */
  readonly sync: LimitrSync<P>

  /** What runs the engine: the native binding, or wasm where that doesn't load. */
  readonly backend: Backend

  /** How it stands with its Limitr Cloud server; null for an engine that isn't connected. */
  readonly status: CloudStatus | null

  /** The remarks on the policy document: what `Limitr.new` or the last `updatePolicy` warned of. */
  readonly diagnostics: readonly Diagnostic[]

  /**
   * Every customer's record, read a page at a time, in no particular order. Customers that are added or removed meanwhile may
   * or may not be seen; every other one is seen once.
   *
   * @example
   * for await (const record of limitr.eachCustomer()) await save(record);
   */
  eachCustomer(): AsyncIterableIterator<CustomerRecord>

  /**
   * Reserves room and gives the hold as an object, for `await using`: what isn't settled is released. Null where `reserve`
   * answers null.
   *
   * @throws {LimitrError} as `reserve`
   * @example
   * await using hold = await limitr.hold('user_1', 'chat', { value: 500 });
   */
  hold(
    customer: string,
    entitlement: EntitlementName<P>,
    options?: ReserveOptions | null
  ): Promise<Hold | null>

  /**
   * Resolves once everything that the engine did by now is in its store, and what functions of the policy began is done; of a connected
   * engine, once its server has it.
   *
   * @throws {LimitrError} `store_failed` once the store is given up; `unreachable` while its server can't be reached
   * @example
   * await limitr.flush();
   */
  flush(): Promise<void>

  /**
   * What was done to a customer: every change that the store still has, oldest first. A `metered` one says when, what was used,
   * why it could be, the list price, what was billed and what it cost you. Of more than `limit`, the newest are given.
   *
   * @throws {LimitrError} `not_supported` without a store, `store_failed`, `store_damaged`, `invalid_value`
   * @example
   * for (const change of await limitr.history('user_1', { since: Date.now() - 86_400_000, entitlement: 'chat' }))
   *   console.log(change.at, change.type, change.units, change.reason);
   */
  history(customer: string, options?: HistoryOptions | null): Promise<StoredChange[]>

  /**
   * Ends the engine and frees what it holds; every later call rejects with `closed`. Closing twice does nothing. What isn't in
   * the store yet is written first, and what its server hasn't yet is sent, for five seconds at the most.
   *
   * @throws {LimitrError} `store_failed` where that can't be; the engine is closed all the same
   * @example
   * await limitr.close();
   */
  close(): Promise<void>

  /**
   * `close`, for `await using`.
   *
   * @example
   * await using limitr = await Limitr.new(document);
   */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * What every rejected call rejects with.
 *
 * `instanceof` goes by the mark `Symbol.for('limitr.error')`, not by the class, so it holds across copies of the package.
 *
 * @example
 * try {
 *   await Limitr.new(text);
 * } catch (error) {
 *   if (error instanceof LimitrError && error.code === 'invalid_policy') console.error(error.diagnostics);
 * }
 */
export class LimitrError extends Error {
  constructor(
    code: ErrorCode,
    message: string,
    details?: { diagnostics?: readonly Diagnostic[]; cause?: unknown }
  )
  readonly name: 'LimitrError'
  /** What went wrong: a stable name to test for. */
  readonly code: ErrorCode
  /** The problems of a policy document, where that is what was refused. */
  readonly diagnostics?: readonly Diagnostic[]
}
