//! What a policy says, typed. Field names are the document's own.
//!
//! The structs are made by [`object!`](super::define): one line a field. What a field means, what it defaults to
//! and an example of it stand there and nowhere else; the JSON Schema and `docs/policy.md` repeat them by machine.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::define::{choices, object};
use super::kind::Mark;
use crate::order::sort_by_key;
use crate::quantity::{Amount, Duration, Quantity, Schedule, Unit};

object! {
    /// Everything under the root key `policy`.
    pub struct Policy, "policy" {
        /// What can be consumed, by name.
        credits: IndexMap<String, Credit> = [IndexMap::new()], r#"{"tokens": {"price": 0.002}}"#;
        /// What customers can be on, by name.
        plans: IndexMap<String, Plan> = [IndexMap::new()], r#"{"free": {"default": true}}"#;
        /// How credits and currencies convert into each other, and which grant is drawn first.
        exchange: Exchange = [Exchange::default()], r#"{"grant_strategy": "cheapest_first"}"#;
        /// Events of your own, by name: sent when something happens or a mark is crossed.
        notifications: IndexMap<String, Notification> = [IndexMap::new()], r#"{"low": {"when": {"event": "meter-changed", "crosses": "90%"}}}"#;
        /// What customers and AI tools may run, by name. Each has a function `run` in `functions`.
        capabilities: IndexMap<String, Capability> = [IndexMap::new()], r#"{"refund": {"description": "Gives tokens back"}}"#;
        /// The functions that the policy carries, as Stof: what stands inside of the policy, or a document with a `policy`.
        functions: String = [String::new()], r#""credits: { tokens: { fn overhead(units: float) -> float { units * 0.001 } } }""#;
        /// How long room that was reserved for a call stays reserved.
        hold_ttl: Duration = [Duration::from_millis(600_000)], r#""10min""#;
        /// How many calls of a customer are seen before its own estimate is used in place of everybody's.
        estimate_min_samples: u32 = [5], "5";
        /// Customers to begin with, as records by ID. State, not rules: they are handed on as they are given.
        customers: Map<String, Value> = [Map::new()], r#"{"user_1": {"plan": "free"}}"#;
    }
}

object! {
    /// A unit of something that can be consumed: a seat, a token, a megabyte.
    pub struct Credit, "credit" {
        /// What one of it is called.
        unit: String = ["credit".to_owned()], r#""token""#;
        /// What it is called in a price table.
        label: String = ["Credit".to_owned()], r#""Input tokens""#;
        /// What it is, for people.
        description: String = [String::new()], r#""Tokens read by the model""#;
        /// What one of it costs you, in runes (1 rune is 1 USD unless the exchange says otherwise). At least 0.
        overhead_cost: Amount = [Amount::ZERO], "0.0000005";
        /// How the price of many follows from the price of one.
        pricing_model: PricingModel = [PricingModel::Flat], r#""tiered""#;
        /// What one of it is sold for. Only in the flat model; the others take `tiers`.
        price: Option<Price> = [None], "0.002";
        /// What it is sold for by quantity, in the models other than flat. Exactly one tier has no `up_to`: the last.
        tiers: Vec<Tier> = [Vec::new()], r#"[{"up_to": 1000, "price": 0.02}, {"price": 0.01}]"#;
        /// The unit that meters of this credit are kept in. Without one, they count plain numbers.
        stof_units | units: Option<Unit> = [None], r#""MB""#;
        /// Whether it is used up and comes back, for price tables. Limits say themselves whether they reset.
        resets: bool = [false], "true";
        .. extra: Map<String, Value>, "Fields not listed here are kept as they are, for the credit's own functions.";
    }
}

object! {
    /// An amount of money. A bare number is short for its `amount`.
    pub struct Price, "price", short amount {
        /// How much, in runes. At least 0.
        amount: Amount = [required], "9.99";
        /// What your billing system calls it.
        id: Option<String> = [None], r#""price_1Pro""#;
        /// What stands before the amount in a price table.
        prefix: Option<String> = [None], r#""$""#;
        /// What stands after the amount in a price table.
        suffix: Option<String> = [None], r#"" / month""#;
    }
}

object! {
    /// A band of quantities with a price of its own, from the band before to `up_to` inclusive.
    pub struct Tier, "tier" {
        /// The last quantity of the band, in the credit's unit. None: the band has no end.
        up_to: Option<Quantity> = [None], "1000";
        /// The price of one unit in the band; in the stairstep model, of the whole band.
        price: Price = [required], "0.02";
    }
}

object! {
    /// How credits and currencies convert. Fields other than `grant_strategy` are pairs: a name, and what one of
    /// it is worth.
    pub struct Exchange, "exchange" {
        /// Which of a customer's grants is drawn first.
        grant_strategy: GrantStrategy = [GrantStrategy::ExpiresFirst], r#""cheapest_first""#;
        .. pairs: IndexMap<String, Pair>, "What one of a name is worth in another.";
    }
}

object! {
    /// What one of something is worth.
    pub struct Pair, "pair" {
        /// How much of `currency` one of it is worth. More than 0.
        value: Amount = [required], "1.1";
        /// What it is worth that much of: `rune`, `usd`, a credit, or the name of another pair.
        currency: String = [required], r#""usd""#;
    }
}

object! {
    /// A named set of entitlements and topups. A customer has one effective plan.
    pub struct Plan, "plan" {
        /// What it is called in a price table.
        label: String = [String::new()], r#""Pro""#;
        /// What it is, for people.
        description: String = [String::new()], r#""For teams""#;
        /// How often its price falls due. Scales margins only.
        period: PlanPeriod = [PlanPeriod::Monthly], r#""yearly""#;
        /// A flat fee, shown in price tables.
        price: Option<Price> = [None], "20";
        /// The entitlement that counts how many of the plan a customer has.
        subscription: String = ["subscription".to_owned()], r#""seats""#;
        /// How long it can be tried without paying. Needs the `subscription` entitlement.
        trial_period: Option<Duration> = [None], r#""14days""#;
        /// Whether customers without a plan are on this one. At most one plan is.
        default: bool = [false], "true";
        /// Whether price tables leave it out.
        hidden: bool = [false], "true";
        /// What the plan allows, by name.
        entitlements: IndexMap<String, Entitlement> = [IndexMap::new()], r#"{"export": {}}"#;
        /// Packages of credit that the plan offers or includes, by name.
        topups: IndexMap<String, Topup> = [IndexMap::new()], r#"{"pack": {"credit": "tokens", "value": 1000}}"#;
    }
}

object! {
    /// Something that a plan allows. Without a limit it is a feature flag; with one it is metered.
    pub struct Entitlement, "entitlement" {
        /// What it is, for people.
        description: String = [String::new()], r#""Chat with the model""#;
        /// Whether price tables leave it out.
        hidden: bool = [false], "true";
        /// The type of the customer that holds the meter: the caller if it has it, else the nearest ref that has.
        scope: Option<String> = [None], r#""org""#;
        /// How much of it. None: it is a feature flag.
        limit: Option<Limit> = [None], r#"{"credit": "tokens", "value": 100000}"#;
        /// What the size of a call goes by when it is estimated, where the call doesn't say.
        estimate_basis: Option<String> = [None], r#""prompt_tokens""#;
        /// Which calls are estimated together, where the call doesn't say.
        estimate_segment: Option<String> = [None], r#""model""#;
    }
}

object! {
    /// How much of a credit, what happens past it, when it starts anew and how fast it may go.
    pub struct Limit, "limit" {
        /// The credit that the meter counts. Declared under `credits`.
        credit: String = [required], r#""tokens""#;
        /// What happens past the limit.
        mode: Mode = [Mode::Hard], r#""soft""#;
        /// How much, in the credit's unit unless it names one. At least 0.
        value: Quantity = [Quantity::from_amount(Amount::ZERO)], "100000";
        /// What `increment` and `decrement` move the meter by. More than 0.
        increment: Quantity = [Quantity::from_amount(Amount::ONE)], r#""512KiB""#;
        /// What decreases stop at. None: 0.
        minimum: Option<Quantity> = [None], "1";
        /// Judge the meter before the call, so that one call may cross the limit. Hard mode only.
        hard_trailing: bool = [false], "true";
        /// Whether the customer's grants cover what passes the limit.
        grants_apply: bool = [true], "false";
        /// Whether the meter starts anew each period.
        resets: bool = [false], "true";
        /// How long a period is, counted from the meter's start. 30 days if it resets and has no schedule.
        reset_inc: Option<Duration> = [None], r#""1day""#;
        /// When periods begin by the calendar, at midnight UTC. In place of `reset_inc`.
        reset_sch: Option<Schedule> = [None], r#""monthly:1""#;
        /// Whether calls are held to a rate as well. Hard mode only.
        governor_enabled: bool = [false], "true";
        /// How much may go at once: the bucket's size. More than 0.
        governor_capacity: Option<Quantity> = [None], "1000";
        /// How much flows back into the bucket, in the credit's unit per millisecond. More than 0.
        governor_refill_rate: Option<Amount> = [None], "0.5";
        /// The weight of the newest movement in the moving average of the rate. More than 0, at most 1.
        ewma_alpha: f64 = [0.2], "0.5";
    }
}

object! {
    /// A package of credit that a plan offers or includes.
    pub struct Topup, "topup" {
        /// What it is, for people.
        description: String = [String::new()], r#""Another 10,000 tokens""#;
        /// The credit that it grants. Declared under `credits`.
        credit: String = [required], r#""tokens""#;
        /// How much it grants, in the credit's unit unless it names one. At least 0.
        value: Quantity = [Quantity::from_amount(Amount::ZERO)], "10000";
        /// What it is sold for.
        price: Option<Price> = [None], "5";
        /// Whether it comes with the plan.
        included: bool = [false], "true";
        /// The types of customer that it comes with the plan for. None: all.
        included_scopes: Vec<String> = [Vec::new()], r#"["org"]"#;
        /// Whether it is granted anew each period.
        resets: bool = [false], "true";
        /// How long a period is, counted from the grant's start. 30 days if it resets and has no schedule.
        reset_inc: Option<Duration> = [None], r#""30days""#;
        /// When periods begin by the calendar, at midnight UTC. In place of `reset_inc`.
        reset_sch: Option<Schedule> = [None], r#""monthly:1""#;
        /// What a new period does to the balance.
        reset_mode: ResetMode = [ResetMode::Hard], r#""rollover""#;
        /// The fraction of the balance that a rollover carries, once for each period missed. From 0 to 1.
        rollover_pct: Amount = [Amount::ONE], "0.5";
        /// The least that a rollover carries.
        rollover_min: Option<Quantity> = [None], "100";
        /// The most that a rollover carries.
        rollover_max: Option<Quantity> = [None], "5000";
        /// The largest balance it may come to.
        max_balance: Option<Quantity> = [None], "50000";
        /// How long after it was granted it ends.
        expires_after: Option<Duration> = [None], r#""90days""#;
        /// The most periods that are added at once after a pause. None: all of them. At least 1.
        reset_catchup_cap: Option<u32> = [None], "3";
    }
}

object! {
    /// An event of your own: it is sent under its name when what it watches happens.
    pub struct Notification, "notification" {
        /// What it is for, for people.
        description: String = [String::new()], r#""Nine tenths are used""#;
        /// When it is sent. None: where its function `matches` says so.
        when: Option<When> = [None], r#"{"event": "meter-changed", "crosses": "90%"}"#;
    }
}

object! {
    /// Something that customers and AI tools may run: its function is `run` in the policy's `functions`.
    pub struct Capability, "capability" {
        /// What it is called, for people. None: its key.
        name: String = [String::new()], r#""Refund""#;
        /// What it does, for people and for AI tools.
        description: String = [String::new()], r#""Gives tokens back""#;
        /// Its version.
        version: String = [String::new()], r#""1.0.0""#;
        /// What it takes, in order.
        parameters: Vec<Parameter> = [Vec::new()], r#"[{"name": "tokens", "schema_type": "number"}]"#;
        /// The plans whose customers may run it. None: all.
        plans: Vec<String> = [Vec::new()], r#"["pro"]"#;
        /// The customers who may run it, by ID. None: all.
        customers: Vec<String> = [Vec::new()], r#"["acme"]"#;
    }
}

object! {
    /// What a capability takes.
    pub struct Parameter, "parameter" {
        /// What it is called.
        name: String = [required], r#""tokens""#;
        /// What it is for.
        description: String = [String::new()], r#""How many to give back""#;
        /// Its type, in the words of JSON Schema.
        schema_type: String = ["string".to_owned()], r#""number""#;
        /// Whether it must be given.
        required: bool = [true], "false";
    }
}

object! {
    /// What a notification watches. All that is given must hold.
    pub struct When, "condition" {
        /// The type of event. With `crosses`, `meter-changed` stands for any movement of a meter.
        event: Watched = [required], r#""meter-changed""#;
        /// The customer: the holder of the meter or the cap, by ID.
        customer: Option<String> = [None], r#""acme""#;
        /// The caller's plan.
        plan: Option<String> = [None], r#""pro""#;
        /// The entitlement.
        entitlement: Option<String> = [None], r#""chat""#;
        /// The credit of the meter, or of the cap.
        credit: Option<String> = [None], r#""tokens""#;
        /// A mark that is crossed, once a period: a share of the limit or cap, or a quantity.
        crosses: Option<Mark> = [None], r#""90%""#;
        /// What crosses it: what is used of the limit, what remains (falling), or what a cap has counted.
        of: MarkOf = [MarkOf::Limit], r#""remaining""#;
    }
}

choices! {
    /// A type of event that a notification may watch.
    pub enum Watched, "event", UNKNOWN_WORD {
        MeterChanged = "meter-changed", "A meter moved, with no overage.";
        MeterOverage = "meter-overage", "A meter moved past its limit.";
        MeterLimit = "meter-limit", "A limit denied a call.";
        MeterGoverned = "meter-governed", "A governor denied a call.";
        MeterReset = "meter-reset", "A call began a new period.";
        CapLimit = "cap-limit", "A cap denied a call.";
        CapCrossed = "cap-threshold-crossed", "A cap's value was reached.";
        CapAdded = "customer-cap-added", "A cap was added.";
        CapReset = "customer-cap-reset", "A cap was reset by hand.";
        CapRemoved = "customer-cap-removed", "A cap was removed.";
        TopupGranted = "customer-topup-granted", "A topup was granted.";
        CustomerSet = "customer-set", "A customer was created or set.";
        CustomerRemoved = "customer-removed", "A customer was removed.";
        PlanChanged = "customer-plan-changed", "A customer's plan is another.";
        PlanSet = "plan-set", "A plan was added or replaced.";
        PlanRemoved = "plan-removed", "A plan was removed.";
        PolicyUpdated = "policy-updated", "The policy was replaced, or a rate set.";
    }
}

choices! {
    /// What crosses a mark.
    pub enum MarkOf, "mark", UNKNOWN_WORD {
        Limit = "limit", "What is used reaches it.";
        Remaining = "remaining", "What remains falls to it.";
        Cap = "cap", "What a cap has counted reaches it.";
    }
}

choices! {
    /// What happens past a limit.
    pub enum Mode, "mode", UNKNOWN_MODE {
        Hard = "hard", "Deny.";
        Soft = "soft", "Allow; the part past the limit is overage.";
        Observe = "observe", "Count, and never deny.";
    }
}

choices! {
    /// How the price of many units follows from the price of one.
    pub enum PricingModel, "pricing model", UNKNOWN_PRICING_MODEL {
        Flat = "flat", "Every unit at one price.";
        Tiered = "tiered", "The units of each band at that band's price.";
        Volume = "volume", "Every unit at the price of the band that the total falls in.";
        Stairstep = "stairstep", "The price of the band that the total falls in, once.";
    }
}

choices! {
    /// Which of a customer's grants is drawn first.
    pub enum GrantStrategy, "grant strategy", UNKNOWN_GRANT_STRATEGY {
        ExpiresFirst = "expires_first", "The one that ends soonest.";
        CheapestFirst = "cheapest_first", "The one worth least.";
        ValuableFirst = "valuable_first", "The one worth most.";
    }
}

choices! {
    /// How often a plan's price falls due.
    pub enum PlanPeriod, "period", UNKNOWN_PERIOD {
        Monthly = "monthly", "Every 30 days.";
        Yearly = "yearly", "Every 365 days.";
        Weekly = "weekly", "Every 7 days.";
        Daily = "daily", "Every day.";
    }
}

choices! {
    /// What a new period does to a grant's balance.
    pub enum ResetMode, "reset mode", BAD_RESET_MODE {
        Hard = "hard", "It goes back to the topup's value.";
        Add = "add", "The topup's value is added.";
        Rollover = "rollover", "A part of it is carried, and the topup's value is added.";
    }
}

impl PlanPeriod {
    /// How long it is.
    pub fn duration(self) -> Duration {
        const DAY_MS: i64 = 86_400_000;
        Duration::from_millis(match self {
            Self::Monthly => 30 * DAY_MS,
            Self::Yearly => 365 * DAY_MS,
            Self::Weekly => 7 * DAY_MS,
            Self::Daily => DAY_MS,
        })
    }
}

impl Policy {
    /// Puts every credit's tiers in the order of their ends, the open one last.
    pub(super) fn sort_tiers(&mut self) {
        for credit in self.credits.values_mut() {
            let unit = credit.stof_units;
            sort_by_key(&mut credit.tiers, |tier| {
                let end = tier.up_to.as_ref().map(|up_to| up_to.in_unit(unit).unwrap_or_default());
                (end.is_none(), end)
            });
        }
    }
}
