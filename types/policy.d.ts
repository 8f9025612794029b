import type { Duration, LimitMode, Quantity } from './values.js'

/** Entries keyed by name; the key is the name. */
export type Named<T> = { readonly [name: string]: T }

/**
 * A policy document as an object. Write it `as const` (or `as const satisfies PolicyDocument` to have it checked) and the
 * names of its plans, entitlements and credits become types: a call with a name that isn't there doesn't compile.
 *
 * @example
 * const document = {
 *   policy: {
 *     credits: { token: { unit: 'token', price: 0.00001 } },
 *     plans: { free: { default: true, entitlements: { chat: { limit: { credit: 'token', mode: 'hard', value: 1000 } } } } },
 *   },
 * } as const satisfies PolicyDocument;
 * const limitr = await Limitr.new(document);
 */
export interface PolicyDocument {
  /** The policy. Everything else in the document is ignored. */
  readonly policy: Policy
}

/** What stands under the root key `policy`. */
export interface Policy {
  /** The units of something consumable, by name. Default: none. */
  readonly credits?: Named<Credit>
  /** The plans, by name. Default: none. */
  readonly plans?: Named<Plan>
  /** How credits and currencies convert. */
  readonly exchange?: Exchange
  /** Events of your own, sent when a condition is met. */
  readonly notifications?: Named<Notification>
  /** What customers and AI tools may run, by name. */
  readonly capabilities?: Named<Capability>
  /** The functions that the policy carries, as Stof text. */
  readonly functions?: string
  /** How long room stays reserved for a call that never settles. Default: 10 minutes. */
  readonly hold_ttl?: Duration
  /** How many of a customer's own calls must be known before they are what an estimate goes by. Default: 5. */
  readonly estimate_min_samples?: number
  /** Customer records to start with, by ID, as `customers()` gives them. Default: none. */
  readonly customers?: Named<object>
}

/** How a credit's price follows the billable units of a period. */
export type PricingModel = 'flat' | 'tiered' | 'volume' | 'stairstep'

/** A unit of something consumable: a seat, a token, a megabyte. Further fields are kept for the credit's own functions. */
export interface Credit {
  /** What one of it is called. Default: `'credit'`. */
  readonly unit?: string
  /** The name to show. Default: `'Credit'`. */
  readonly label?: string
  /** What it is, for people. Default: empty. */
  readonly description?: string
  /** What one unit costs you, in runes (1 rune = 1 USD), at least 0. Default: 0. */
  readonly overhead_cost?: Quantity
  /** How the price follows the units. Default: `'flat'`. */
  readonly pricing_model?: PricingModel
  /** What you charge a unit (flat only): a price, or just its amount. */
  readonly price?: Price | Quantity
  /** The bands of the other pricing models: exactly one has no `up_to`. */
  readonly tiers?: readonly Tier[]
  /** The unit that its meters keep (`'MB'`, `'min'`); every value is converted into it. Default: none. */
  readonly stof_units?: string
  /** Another name of `stof_units`. */
  readonly units?: string
  /** Whether it renews; only informs. Default: false. */
  readonly resets?: boolean
  readonly [field: string]: unknown
}

/** What something costs, in runes. */
export interface Price {
  /** The amount, at least 0. */
  readonly amount: Quantity
  /** Your own reference, such as the ID of a price at a payment provider. */
  readonly id?: string
  /** Text shown before the amount. */
  readonly prefix?: string
  /** Text shown after the amount. */
  readonly suffix?: string
}

/** One band of a tiered, volume or stairstep price. */
export interface Tier {
  /** The last unit of the band. Left out on the last band only. */
  readonly up_to?: Quantity | null
  /** What a unit (stairstep: the band) costs. */
  readonly price: Price | Quantity
}

/** Which grant is drawn first. */
export type GrantStrategy = 'expires_first' | 'cheapest_first' | 'valuable_first'

/** One `name` is `value` of `currency`. */
export interface ExchangePair {
  /** How much. */
  readonly value: Quantity
  /** Of what: a credit, a currency of the exchange, `'rune'` or `'usd'`. */
  readonly currency: string
}

/** How credits and currencies convert into one another; `rune` and `usd` are built in. */
export interface Exchange {
  /** Which grant is drawn first. Default: `'expires_first'`. */
  readonly grant_strategy?: GrantStrategy
  readonly [name: string]: ExchangePair | GrantStrategy | undefined
}

/** What a plan's price scales to in margins. */
export type PlanPeriod = 'monthly' | 'yearly' | 'weekly' | 'daily'

/** A named set of entitlements and topups. A customer has one effective plan. */
export interface Plan {
  /** The name to show. Default: empty. */
  readonly label?: string
  /** What it is, for people. Default: empty. */
  readonly description?: string
  /** The period that margins are scaled to; it resets no meter. Default: `'monthly'`. */
  readonly period?: PlanPeriod
  /** A flat fee, shown on price tables. */
  readonly price?: Price | Quantity
  /** The entitlement whose meter counts how many of the plan are taken. Default: `'subscription'`. */
  readonly subscription?: string
  /** How long it may be tried. Needs a `subscription`. */
  readonly trial_period?: Duration
  /** The plan of customers that are given none. At most one. Default: false. */
  readonly default?: boolean
  /** Not shown on price tables. Default: false. */
  readonly hidden?: boolean
  /** What it allows, by name. Default: nothing. */
  readonly entitlements?: Named<Entitlement>
  /** Packages of credit that it offers or includes, by name. Default: none. */
  readonly topups?: Named<Topup>
}

/** Something a plan allows. Without a limit it is a feature flag; with one it is metered. */
export interface Entitlement {
  /** What it is, for people. Default: empty. */
  readonly description?: string
  /** Not shown on price tables. Default: false. */
  readonly hidden?: boolean
  /** The type of customer that holds the meter (`'org'`): the caller itself, or the nearest ref of that type. */
  readonly scope?: string
  /** How much. None: a feature flag. */
  readonly limit?: Limit
  /** What estimates are per unit of, unless a call says otherwise. */
  readonly estimate_basis?: string
  /** Which segment estimates learn in, unless a call says otherwise. */
  readonly estimate_segment?: string
}

/** How much of a credit, in which mode, when it resets, at which rate. */
export interface Limit {
  /** The credit it is metered in. */
  readonly credit: string
  /** What happens past it. Default: `'hard'`. */
  readonly mode?: LimitMode
  /** How much is included in a period. Default: 0. */
  readonly value?: Quantity
  /** What `increment` and `decrement` move by. Default: 1. */
  readonly increment?: Quantity
  /** The lowest that decreases bring the meter to. Default: none, which is 0. */
  readonly minimum?: Quantity | null
  /** Hard only: judge the meter before the call, so that one call may cross. Default: false. */
  readonly hard_trailing?: boolean
  /** Whether grants cover what passes it. Default: true. */
  readonly grants_apply?: boolean
  /** Whether the meter starts anew each period. Default: false. */
  readonly resets?: boolean
  /** How long a period is, from the meter's start. Default: 30 days where `resets` and no schedule is given. */
  readonly reset_inc?: Duration
  /** Calendar periods, UTC: `'monthly:1'`, `'monthly:last'`, `'weekly:mon'`, `'quarterly:1'`. Excludes `reset_inc`. */
  readonly reset_sch?: string
  /** Whether a token bucket bounds the rate. Default: false. */
  readonly governor_enabled?: boolean
  /** The bucket's size: the largest burst. */
  readonly governor_capacity?: Quantity
  /** How fast it refills, in units a millisecond. */
  readonly governor_refill_rate?: Quantity
  /** The weight of the newest movement in `rate`, over 0 and at most 1. Default: 0.2. */
  readonly ewma_alpha?: number | string
}

/** A package of credit that a plan offers or includes. */
export interface Topup {
  /** What it is, for people. Default: empty. */
  readonly description?: string
  /** The credit. */
  readonly credit: string
  /** How much of it. */
  readonly value: Quantity
  /** What it costs. */
  readonly price?: Price | Quantity
  /** Granted with the plan. Default: false. */
  readonly included?: boolean
  /** The types of customer it is granted to. Default: all. */
  readonly included_scopes?: readonly string[]
  /** Whether it renews. Default: false. */
  readonly resets?: boolean
  /** How often, from when it was granted. */
  readonly reset_inc?: Duration
  /** When, by calendar. Excludes `reset_inc`. */
  readonly reset_sch?: string
  /** Back to `value`, add `value`, or carry a part over. */
  readonly reset_mode?: 'hard' | 'add' | 'rollover'
  /** The fraction of the balance that is carried over, 0 to 1. */
  readonly rollover_pct?: Quantity
  /** The least that is carried over. */
  readonly rollover_min?: Quantity
  /** The most that is carried over. */
  readonly rollover_max?: Quantity
  /** The most that it may hold. */
  readonly max_balance?: Quantity
  /** How long it lasts. */
  readonly expires_after?: Duration
  /** The most periods that are added at once after a pause. Default: no bound. */
  readonly reset_catchup_cap?: number
}

/** An event of your own: it is sent under its name, with the fields of the event that causes it. */
export interface Notification {
  /** What it is, for people. */
  readonly description?: string
  /** When it is sent. None: where its function `matches` says so. */
  readonly when?: NotificationCondition
}

/** When a {@link Notification} is sent. */
export interface NotificationCondition {
  /** The type of event that it watches. With `crosses`, `meter-changed` stands for any movement of a meter. */
  readonly event: string
  /** Only this customer. */
  readonly customer?: string
  /** Only this plan. */
  readonly plan?: string
  /** Only this entitlement. */
  readonly entitlement?: string
  /** Only this credit. */
  readonly credit?: string
  /** The mark that must be crossed, once a period: `'90%'`, `100`, `'5GB'`. */
  readonly crosses?: Quantity
  /** What the mark is of: what is used of the limit (default), what remains, or what a cap has counted. */
  readonly of?: 'limit' | 'remaining' | 'cap'
}

/** What customers and AI tools may run: its function is `run` in the policy's `functions`. */
export interface Capability {
  /** The name to show. */
  readonly name?: string
  /** What it does. */
  readonly description?: string
  /** Its version. */
  readonly version?: string
  /** What it is called with. */
  readonly parameters?: readonly CapabilityParameter[]
  /** The plans that have it. Default: all. */
  readonly plans?: readonly string[]
  /** The customers that have it. Default: all. */
  readonly customers?: readonly string[]
}

/** One parameter of a {@link Capability}. */
export interface CapabilityParameter {
  /** Its name. */
  readonly name: string
  /** What it is. */
  readonly description?: string
  /** Its JSON Schema type. Default: `'string'`. */
  readonly schema_type?: string
  /** Whether it must be given. Default: true. */
  readonly required?: boolean
}
