import type { LimitrError } from '../index.js'
import type { CustomerCap } from './money.js'
import type { AnyPolicy, NotificationName } from './names.js'
import type { CustomerRecord } from './records.js'
import type { Diagnostic } from './values.js'

/** The numbers of a meter in an event, in the credit's unit; money is in runes. */
export interface MeterNumbers {
  /** The meter before the call. */
  readonly old?: number
  /** The meter after the call; of a denied call, the meter as it is. */
  readonly value: number
  /** What is included in the period. */
  readonly limit?: number
  /** How far the meter moved; of a denied call, how far it was asked to. */
  readonly diff: number
  /** Your cost in this period. */
  readonly overhead?: number
  /** What this call cost you. */
  readonly overhead_diff?: number
  /** The list worth of the call's billable units, below 0 where it lowers their total; absent if there are none. */
  readonly price_diff?: number
}

/** What every event about a meter carries. */
export interface MeterEventBase {
  /** The holder of the meter. `id` is there at once; the rest of the record is read when it is first touched. */
  readonly customer: CustomerRecord
  /** The ID of the customer that made the call. */
  readonly caller: string
  /** The entitlement. */
  readonly entitlement: string
  /** The caller's plan. */
  readonly plan: string
  /** The credit that the meter is in. */
  readonly credit: string
  /** What `remaining` answers after the call; null where there is none. */
  readonly remaining: number | null
  /** The object that was given to the call as `event`; null if none was. */
  readonly event_data: unknown
}

/** The meter moved, and nothing of it is newly past the limit. */
export interface MeterChangedEvent extends MeterEventBase {
  readonly type: 'meter-changed'
  /** The meter. */
  readonly meter: MeterNumbers
  /** Units that grants covered, where they did. */
  readonly grant_value_applied?: number
  /** What a decrease takes off the bill, as a number below 0 (above, where it leaves a cheaper volume band), in runes. */
  readonly overage_price?: number
}

/** The meter moved past its limit (soft, forced, or crossing a trailing one), and grants didn't cover all of it. */
export interface MeterOverageEvent extends MeterEventBase {
  readonly type: 'meter-overage'
  /** The meter. */
  readonly meter: MeterNumbers
  /** Units that are newly past the limit and not covered. */
  readonly overage: number
  /** What to bill for the call, in runes; below 0 where it enters a cheaper volume band. Absent if the credit has no price. */
  readonly overage_price?: number
  /** Units that grants covered, where they did. */
  readonly grant_value_applied?: number
}

/** The call was denied by its limit. */
export interface MeterLimitEvent extends MeterEventBase {
  readonly type: 'meter-limit'
  /** The meter, unmoved; `diff` is what was asked. */
  readonly meter: MeterNumbers & { readonly invalid: true }
  /** What the meter would have come to. */
  readonly invalid_value: number
  /** How far that is past what is allowed. */
  readonly overage: number
}

/** The call was denied by the governor: it came too fast. */
export interface MeterGovernedEvent extends MeterEventBase {
  readonly type: 'meter-governed'
  /** The meter, unmoved. */
  readonly meter: MeterNumbers
  /** The bucket: the tokens it holds, the most it can hold, and what the call needs. */
  readonly governor: { readonly tokens: number; readonly capacity: number; readonly requested: number }
}

/** The call began a new period; comes before the call's own event. */
export interface MeterResetEvent extends MeterEventBase {
  readonly type: 'meter-reset'
  /** The meter. */
  readonly meter: MeterNumbers
}

/** What every event about a cap carries. */
export interface CapEventBase {
  /** The holder of the cap. `id` is there at once; the rest of the record is read when it is first touched. */
  readonly customer: CustomerRecord
  /** The ID of the customer that made the call; the holder's where it was no call. */
  readonly caller: string
}

/** The call was denied by a cap. */
export interface CapLimitEvent extends CapEventBase {
  readonly type: 'cap-limit'
  /** The entitlement that was asked for. */
  readonly entitlement: string
  /** The cap as it stands; of a cap of the call alone, only what it says. */
  readonly cap: Partial<CustomerCap>
  /** The object that was given to the call as `event`; null if none was. */
  readonly event_data: unknown
}

/** A cap's value was reached for the first time in its period. */
export interface CapThresholdCrossedEvent extends CapEventBase {
  readonly type: 'cap-threshold-crossed'
  /** The entitlement whose call reached it. */
  readonly entitlement: string
  /** The cap after the call. */
  readonly cap: CustomerCap
  /** The object that was given to the call as `event`; null if none was. */
  readonly event_data: unknown
}

/** A cap was added, or one of its ID was said anew. */
export interface CustomerCapAddedEvent extends CapEventBase {
  readonly type: 'customer-cap-added'
  /** The cap. */
  readonly cap: CustomerCap
}

/** A cap was reset by hand: it counts from 0 again. */
export interface CustomerCapResetEvent extends CapEventBase {
  readonly type: 'customer-cap-reset'
  /** The cap. */
  readonly cap: CustomerCap
}

/** A cap was removed. */
export interface CustomerCapRemovedEvent extends CapEventBase {
  readonly type: 'customer-cap-removed'
  /** The cap as it was. */
  readonly cap: CustomerCap
}

/** A topup was granted by `applyCustomerTopup`. */
export interface CustomerTopupGrantedEvent {
  readonly type: 'customer-topup-granted'
  /** The customer. */
  readonly customer: CustomerRecord
  /** The topup. */
  readonly topup: string
  /** The ID of the grant in the customer's record. */
  readonly grant: string
}

/** A customer was created, or its record replaced. */
export interface CustomerSetEvent {
  readonly type: 'customer-set'
  /** The customer. */
  readonly customer: CustomerRecord
}

/** A customer was removed. */
export interface CustomerRemovedEvent {
  readonly type: 'customer-removed'
  /** The customer as it was. */
  readonly customer: CustomerRecord
}

/** A customer's plan is another one now. */
export interface CustomerPlanChangedEvent {
  readonly type: 'customer-plan-changed'
  /** The plan before. */
  readonly previous_plan: string
  /** The plan now. */
  readonly new_plan: string
  /** The customer. */
  readonly customer: CustomerRecord
}

/** A plan was added or replaced by `setPlan`. */
export interface PlanSetEvent {
  readonly type: 'plan-set'
  readonly [field: string]: unknown
}

/** A plan was removed by `deletePlan`. */
export interface PlanRemovedEvent {
  readonly type: 'plan-removed'
  readonly [field: string]: unknown
}

/** The policy was replaced by `updatePolicy`. */
export interface PolicyUpdatedEvent {
  readonly type: 'policy-updated'
  readonly [field: string]: unknown
}

/** Something in the policy could not be applied, and a fallback was taken. */
export interface PolicyErrorEvent {
  readonly type: 'policy-error'
  /** `policy_function_failed`: a function threw, was stopped, or returned what it shouldn't. */
  readonly code?: string
  /** Which: `credits.tokens.overhead`. */
  readonly function?: string
  /** What happened, for people. */
  readonly message?: string
  /** Warnings or errors that belong to it. */
  readonly diagnostics?: readonly Diagnostic[]
  readonly [field: string]: unknown
}

/**
 * The store is given up: nothing is saved any more. A relaxed engine goes on deciding; what it did since the last write is lost
 * when it ends. Told once. Without a handler for it, it is a process warning.
 */
export interface StoreErrorEvent {
  readonly type: 'store-error'
  /** `store_failed`, or what else the store failed with. */
  readonly error: LimitrError
}

/** A handler threw or rejected. Its own failures aren't reported to it, and failures on this event aren't reported. */
export interface HandlerErrorEvent {
  readonly type: 'handler-error'
  /** The name it was added under; null if it was added by `on`. */
  readonly handler: string | null
  /** The type of event it failed on. */
  readonly event_type: EventType
  /** What it threw. */
  readonly error: unknown
}

/**
 * Everything that can happen, told apart by `type`.
 *
 * @example
 * limitr.addHandler('log', (type, event) => {
 *   if (type === 'meter-limit') console.log(event.customer.id, 'asked for', event.meter.diff);
 * });
 */
export type LimitrEvent =
  | MeterChangedEvent
  | MeterOverageEvent
  | MeterLimitEvent
  | MeterGovernedEvent
  | MeterResetEvent
  | CapLimitEvent
  | CapThresholdCrossedEvent
  | CustomerCapAddedEvent
  | CustomerCapResetEvent
  | CustomerCapRemovedEvent
  | CustomerTopupGrantedEvent
  | CustomerSetEvent
  | CustomerRemovedEvent
  | CustomerPlanChangedEvent
  | PlanSetEvent
  | PlanRemovedEvent
  | PolicyUpdatedEvent
  | PolicyErrorEvent
  | StoreErrorEvent
  | HandlerErrorEvent

/**
 * A notification of the policy, under its own name: all fields of the event that caused it, whose type is `cause`, and the
 * cap that crossed a mark, if one did.
 *
 * @example
 * limitr.on<'low'>('low', ({ customer, entitlement, remaining }) => warn(customer.id, entitlement, remaining));
 */
export interface NotificationEvent<Name extends string = string> {
  readonly type: Name
  /** The type of the event that caused it. */
  readonly cause: EventType
  /** The holder of the meter or the cap, where the cause has one. */
  readonly customer?: CustomerRecord
  /** The ID of the customer that called, where the cause has one. */
  readonly caller?: string
  /** The entitlement, where the cause has one. */
  readonly entitlement?: string
  /** The cap that crossed the mark, where one did. */
  readonly cap?: CustomerCap
  readonly [field: string]: unknown
}

/** The type of an event. */
export type EventType = LimitrEvent['type']

/** The event of a type. */
export type EventOf<T extends EventType> = Extract<LimitrEvent, { readonly type: T }>

/** Hears every event. What it returns is ignored, except that a promise's rejection is reported. */
export type EventHandler = (...args: { [T in EventType]: [type: T, event: EventOf<T>] }[EventType]) => unknown

/** What hears events, and how it stops. */
export interface Handlers<P = AnyPolicy> {
  /**
   * Adds a handler of every event, in place of the one of that name if there is one.
   *
   * Handlers are called in the order they were added, after the engine has committed and before the call's promise
   * resolves; they are not awaited. Asynchronous calls made inside a handler run after the delivery. A handler that throws
   * or rejects breaks nothing: the other handlers hear `handler-error`.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * limitr.addHandler('log', (type, event) => console.log(type, event));
   */
  addHandler(name: string, handler: EventHandler): void
  addHandler(name: string, handler: (type: EventType) => unknown): void

  /**
   * Removes the handler of that name: true if there was one.
   *
   * @throws {LimitrError} `invalid_argument`
   * @example
   * limitr.removeHandler('log');
   */
  removeHandler(name: string): boolean

  /**
   * Removes every handler, those of `on` too. From then on no event is built.
   *
   * @example
   * limitr.clearHandlers();
   */
  clearHandlers(): void

  /**
   * Hears the events of one type. Returns a function that stops it: true if it was still listening.
   *
   * @throws {LimitrError} `invalid_argument`, also for a type that doesn't exist
   * @example
   * const stop = limitr.on('meter-overage', (event) => note(event.customer.id, event.overage));
   * stop();
   */
  on<T extends EventType>(type: T, handler: (event: EventOf<T>) => unknown): () => boolean
  on<Name extends NotificationName<P>>(
    notification: Name,
    handler: (event: NotificationEvent<Name>) => unknown
  ): () => boolean
}
