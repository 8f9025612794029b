/**
 * An amount of a credit, or of money where a field says so.
 *
 * * a `number` is taken in the credit's own unit, through its shortest decimal form (`0.1` is exactly 0.1);
 * * a `string` may be any decimal (`'0.000000000001'`, `'1_000'`, `'1e6'`) with an optional unit directly after it
 *   (`'500MB'`, `'1.5GiB'`, `'30min'`), which is converted into the credit's unit;
 * * a `bigint` is a whole number of the credit's unit.
 *
 * Quantities are exact decimals with 12 places. `NaN`, infinities and magnitudes over 10²⁴ are `invalid_value`.
 *
 * @example
 * await limitr.allow('user_1', 'storage', '500MB');
 */
export type Quantity = number | string | bigint

/**
 * A length of time: milliseconds, or text with a time unit (`'30days'`, `'10min'`, `'500ms'`).
 *
 * @example
 * await limitr.advance('1day');
 */
export type Duration = number | string

/** A moment: milliseconds since the epoch, UTC. */
export type Timestamp = number

/**
 * What happens to a call that passes its limit.
 *
 * * `hard`: it is denied;
 * * `soft`: it is allowed, and the part past the limit is overage;
 * * `observe`: it is counted and never denied.
 */
export type LimitMode = 'hard' | 'soft' | 'observe'

/** The text formats of a policy document. */
export type PolicyFormat = 'yaml' | 'json' | 'toml' | 'stof'

/** A code of a problem in a policy document that makes it unusable. */
export type ProblemCode =
  | 'syntax'
  | 'missing_policy'
  | 'wrong_type'
  | 'missing_field'
  | 'invalid_name'
  | 'unknown_credit'
  | 'unknown_word'
  | 'unknown_mode'
  | 'unknown_pricing_model'
  | 'unknown_period'
  | 'bad_tiers'
  | 'price_with_tiers'
  | 'negative_price'
  | 'negative_overhead'
  | 'bad_quantity'
  | 'unknown_unit'
  | 'unit_mismatch'
  | 'bad_duration'
  | 'bad_schedule'
  | 'two_reset_kinds'
  | 'governor_incomplete'
  | 'bad_alpha'
  | 'bad_reset_mode'
  | 'bad_rollover'
  | 'unknown_grant_strategy'
  | 'exchange_cycle'
  | 'exchange_unreachable'
  | 'several_defaults'
  | 'trial_without_subscription'
  | 'duplicate_key'
  | 'too_large'

/**
 * A code of a remark on a policy document that loads all the same. `unknown_field` is an error under `strict`,
 * `more_problems` where errors are among those that aren't shown.
 */
export type WarningCode =
  | 'unknown_field'
  | 'unused_credit'
  | 'unreachable_plan'
  | 'overlapping_reset'
  | 'ignored_field'
  | 'more_problems'

/**
 * One problem of a policy document, or one remark on it.
 *
 * @example
 * for (const { line, column, message, help } of limitr.diagnostics) {
 *   console.warn(`${line}:${column} ${message}${help ? ` (${help})` : ''}`);
 * }
 */
export interface Diagnostic {
  /** Which rule: a stable name to test for. */
  readonly code: ProblemCode | WarningCode | (string & {})
  /** Errors refuse the document; warnings don't. */
  readonly severity: 'error' | 'warning'
  /** What is wrong, for people. */
  readonly message: string
  /** Where, as names: `policy.plans.pro.entitlements.chat.limit.credit`. */
  readonly path: string
  /** The line in the source text, from 1. Null where the document was an object. */
  readonly line: number | null
  /** The column in the source text, from 1. Null where the document was an object. */
  readonly column: number | null
  /** What to do about it. */
  readonly help?: string | null
  /** Other places that belong to the problem (the first of two defaults, the other use of a key). */
  readonly related?: readonly RelatedPlace[]
}

/** A further place that a {@link Diagnostic} speaks of. */
export interface RelatedPlace {
  /** What is to be seen there. */
  readonly message?: string
  /** Where, as names. */
  readonly path?: string
  /** The line in the source text, from 1. */
  readonly line?: number | null
  /** The column in the source text, from 1. */
  readonly column?: number | null
}

/**
 * Why a call was refused as misuse; docs/errors.md says more of each. The list is complete for this version; later
 * versions may add to it, which the open tail allows for.
 *
 * * `invalid_argument`: an argument of the wrong type, or an unknown option;
 * * `invalid_value`: a quantity that is no number, not finite, or out of bounds;
 * * `invalid_name`: a name that can't exist (empty, over 256 bytes, half a character) where one is created;
 * * `invalid_record`: a customer record with an unknown field, a wrong type or no ID;
 * * `invalid_policy`: a document with errors; `diagnostics` lists them all;
 * * `unknown_unit`, `unit_mismatch`, `amount_out_of_range`: quantities;
 * * `unknown_plan`, `unknown_entitlement`, `id_taken`, `idempotency_conflict`: names and IDs;
 * * `too_large`, `too_many`: something beyond a documented bound;
 * * `not_supported`: what this host, or this version, can't do;
 * * `policy_function_failed`: a function of the policy threw, was stopped, or isn't there;
 * * `unknown_capability`, `not_allowed`: a capability that the policy hasn't, or that the customer may not run;
 * * `unknown_credit`, `exchange_cycle`, `exchange_unreachable`: caps and live rates;
 * * `unauthorized`, `revoked`, `policy_invalid`, `unknown_policy`, `connect_timeout`, `version_unsupported`, `refused`, `unreachable`: Limitr Cloud;
 * * `hold_ended`: a hold that was settled or released already;
 * * `closed`: the engine was closed;
 * * `internal`: a defect, which ends the engine;
 * * `engine_poisoned`: the engine ended by a defect before;
 * * a {@link ProblemCode}: that of the first problem of an override or a plan that was refused.
 */
export type ErrorCode =
  | 'invalid_argument'
  | 'invalid_value'
  | 'invalid_name'
  | 'invalid_record'
  | 'invalid_policy'
  | 'unknown_unit'
  | 'unit_mismatch'
  | 'amount_out_of_range'
  | 'unknown_plan'
  | 'unknown_entitlement'
  | 'id_taken'
  | 'idempotency_conflict'
  | 'too_large'
  | 'too_many'
  | 'hold_ended'
  | 'not_supported'
  | 'policy_function_failed'
  | 'unknown_capability'
  | 'not_allowed'
  | 'closed'
  | 'internal'
  | 'engine_poisoned'
  | 'unauthorized'
  | 'revoked'
  | 'policy_invalid'
  | 'unknown_policy'
  | 'connect_timeout'
  | 'version_unsupported'
  | 'refused'
  | 'unreachable'
  | 'outbox_full'
  | 'shared_conflict'
  | 'store_failed'
  | 'store_locked'
  | 'store_newer'
  | 'store_mismatch'
  | 'store_damaged'
  | ProblemCode
  | (string & {})
