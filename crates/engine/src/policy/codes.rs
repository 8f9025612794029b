//! Every code that a diagnostic of a policy can carry, with what it means.

/// A code and its meaning, for the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeInfo {
    /// The code.
    pub code: &'static str,
    /// When a document gets it.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($( $constant:ident = $code:literal, $meaning:literal; )*) => {
        $( #[doc = $meaning] pub(super) const $constant: &str = $code; )*

        /// Every code, in the order of the manual.
        pub const CODES: &[CodeInfo] = &[ $( CodeInfo { code: $code, meaning: $meaning }, )* ];
    };
}

codes! {
    SYNTAX = "syntax", "The text can't be read in its format.";
    TOO_LARGE = "too_large", "The document passes a bound: its size, its depth, or what its YAML aliases expand to.";
    DUPLICATE_KEY = "duplicate_key", "A map has the same key twice.";
    MISSING_POLICY = "missing_policy", "The document has no root key `policy`.";
    WRONG_TYPE = "wrong_type", "A value is of another type than its field takes.";
    MISSING_FIELD = "missing_field", "A field that must be given isn't.";
    INVALID_NAME = "invalid_name", "A name is empty or over 256 bytes.";
    UNKNOWN_CREDIT = "unknown_credit", "A limit or topup names a credit that isn't declared.";
    UNKNOWN_WORD = "unknown_word", "A notification's `event` or `of` isn't one of the words that it takes.";
    UNKNOWN_MODE = "unknown_mode", "A limit's mode isn't `hard`, `soft` or `observe`.";
    UNKNOWN_PRICING_MODEL = "unknown_pricing_model", "A credit's pricing model isn't one of the four.";
    UNKNOWN_PERIOD = "unknown_period", "A plan's period isn't `monthly`, `yearly`, `weekly` or `daily`.";
    UNKNOWN_GRANT_STRATEGY = "unknown_grant_strategy", "The exchange's grant strategy isn't one of the three.";
    BAD_RESET_MODE = "bad_reset_mode", "A topup's reset mode isn't `hard`, `add` or `rollover`.";
    BAD_TIERS = "bad_tiers", "Tiers don't make one list of bands with exactly one open end, or stand where none belong.";
    PRICE_WITH_TIERS = "price_with_tiers", "A credit has a price although its pricing model takes tiers.";
    NEGATIVE_PRICE = "negative_price", "A price is below 0.";
    NEGATIVE_OVERHEAD = "negative_overhead", "An overhead cost is below 0.";
    BAD_QUANTITY = "bad_quantity", "A number can't be read, or isn't in the range that its field takes.";
    UNKNOWN_UNIT = "unknown_unit", "A unit isn't known.";
    UNIT_MISMATCH = "unit_mismatch", "A unit doesn't convert into the unit of the credit.";
    BAD_DURATION = "bad_duration", "A duration can't be read, or isn't more than 0.";
    BAD_SCHEDULE = "bad_schedule", "A schedule can't be read.";
    TWO_RESET_KINDS = "two_reset_kinds", "Both `reset_inc` and `reset_sch` are given.";
    GOVERNOR_INCOMPLETE = "governor_incomplete", "A governor is enabled without its capacity or refill rate.";
    BAD_ALPHA = "bad_alpha", "`ewma_alpha` isn't more than 0 and at most 1.";
    BAD_ROLLOVER = "bad_rollover", "A rollover's fraction isn't within 0 and 1, or its bounds are below 0 or crossed.";
    EXCHANGE_CYCLE = "exchange_cycle", "Exchange pairs lead back to themselves.";
    EXCHANGE_UNREACHABLE = "exchange_unreachable", "An exchange pair leads neither to `rune` nor to a priced credit.";
    SEVERAL_DEFAULTS = "several_defaults", "More than one plan is the default.";
    TRIAL_WITHOUT_SUBSCRIPTION = "trial_without_subscription", "A plan has a trial but not its subscription entitlement.";
    UNKNOWN_FIELD = "unknown_field", "A field isn't known. A warning; an error when strict.";
    UNUSED_CREDIT = "unused_credit", "A credit that no limit, topup or exchange pair uses. A warning.";
    UNREACHABLE_PLAN = "unreachable_plan", "A hidden plan without price that isn't the default: nobody comes to it unless code names it. A warning.";
    OVERLAPPING_RESET = "overlapping_reset", "`reset_inc` or `reset_sch` is given although `resets` is false. A warning.";
    IGNORED_FIELD = "ignored_field", "A field that has no effect beside the others given. A warning.";
    MORE_PROBLEMS = "more_problems", "There are more problems than are shown.";
}
