// The names that a policy document defines, as types. Text, bytes and objects without literal keys define none: any string
// is then accepted.

/** A policy of which nothing is known: every name is accepted, and any engine fits. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` stands for every policy both ways
export type AnyPolicy = any

type IsAny<T> = 0 extends 1 & T ? true : false

type Keys<T> = IsAny<T> extends true ? string : T extends object ? Extract<keyof T, string> : string

/** The policy of a document: `unknown` where its fields aren't known. */
type PolicyOf<P> =
  IsAny<P> extends true
    ? unknown
    : P extends { readonly policy: infer R }
      ? [keyof R] extends [never]
        ? unknown
        : R
      : unknown

/** A part of the policy: `unknown` where nothing is known, without keys where it is known not to be there. */
type Part<R, K extends string> =
  IsAny<R> extends true
    ? unknown
    : unknown extends R
      ? unknown
      : K extends keyof R
        ? NonNullable<R[K]>
        : Record<never, never>

type EntitlementKeys<L> =
  IsAny<L> extends true
    ? string
    : unknown extends L
      ? string
      : string extends keyof L
        ? string
        : { [K in keyof L]: Keys<Part<L[K], 'entitlements'>> }[keyof L]

/**
 * A plan that the document defines.
 *
 * @example
 * type Plans = PlanName<typeof document>; // 'free' | 'pro'
 */
export type PlanName<P> = Keys<Part<PolicyOf<P>, 'plans'>>

/**
 * An entitlement that some plan of the document has.
 *
 * @example
 * type Entitlements = EntitlementName<typeof document>; // 'chat' | 'seats'
 */
export type EntitlementName<P> = EntitlementKeys<Part<PolicyOf<P>, 'plans'>>

/**
 * A credit that the document defines.
 *
 * @example
 * type Credits = CreditName<typeof document>; // 'token'
 */
export type CreditName<P> = Keys<Part<PolicyOf<P>, 'credits'>>

/**
 * A notification that the document defines.
 *
 * @example
 * type Notifications = NotificationName<typeof document>; // 'almost-out'
 */
export type NotificationName<P> = Keys<Part<PolicyOf<P>, 'notifications'>>
