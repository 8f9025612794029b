//! What is written reads back as the same policy, in every format; and what is generated from the model is current.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // a test fails by panicking

use indexmap::IndexMap;
use limitr_engine::policy::{
    Credit, Entitlement, Format, GrantStrategy, Limit, LoadOptions, Mark, MarkOf, Mode, Notification, Pair,
    Plan, PlanPeriod, Policy, Price, PricingModel, ResetMode, Tier, Topup, Watched, When, field_reference,
    json_schema, load,
};
use limitr_engine::quantity::{Amount, Duration, Quantity, Schedule, Unit};
use proptest::prelude::*;
use serde_json::{Map, Value};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z_]{1,8}",
        proptest::sample::select(
            &["true", "null", "1", "-", "~", " a ", "a: b", "<<", "#", "é\u{85}\n", "'", "\u{feff}"][..]
        )
        .prop_map(str::to_owned),
    ]
}

fn name() -> impl Strategy<Value = String> {
    text().prop_filter("a name", |name| !name.is_empty() && name.len() <= 256 && name != "grant_strategy")
}

fn by_name<T: std::fmt::Debug>(
    values: impl Strategy<Value = T>,
) -> impl Strategy<Value = IndexMap<String, T>> {
    proptest::collection::vec((name(), values), 0..4).prop_map(|entries| entries.into_iter().collect())
}

fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        (-1_000_000_i64..1_000_000).prop_map(Amount::from_int),
        (-Amount::LIMIT.atoms()..=Amount::LIMIT.atoms()).prop_map(Amount::from_atoms),
        (-10_000_i128..10_000).prop_map(|n| Amount::from_atoms(n * 100_000_000)),
    ]
}

fn not_negative() -> impl Strategy<Value = Amount> {
    amount().prop_map(|amount| Amount::from_atoms(amount.atoms().abs()))
}

fn unit() -> impl Strategy<Value = Option<Unit>> {
    proptest::sample::select(&[None, Some("MB"), Some("bytes"), Some("GiB")][..])
        .prop_map(|unit| unit.map(|unit| Unit::parse(unit).expect(unit)))
}

/// A quantity of a credit that keeps this unit.
fn quantity(amount: Amount, unit: Option<Unit>) -> Quantity {
    Quantity::new(amount, unit)
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![1_i64..=1_000_000, (1_i64..400).prop_map(|days| days * 86_400_000)]
        .prop_map(Duration::from_millis)
}

fn schedule() -> impl Strategy<Value = Schedule> {
    proptest::sample::select(
        &["monthly:31", "monthly:last", "weekly:sun", "nth_weekday:2:tue", "yearly:2-29", "quarterly:1"][..],
    )
    .prop_map(|text| Schedule::parse(text).expect(text))
}

fn price() -> impl Strategy<Value = Price> {
    (not_negative(), proptest::option::of(text()), proptest::option::of(text()))
        .prop_map(|(amount, id, prefix)| Price { amount, id, prefix, suffix: None })
}

/// Further data, as it is once read: no number that a double doesn't hold.
fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| Value::from(if n == 0.0 {
            0.0
        } else {
            n
        })),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((text(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn extra() -> impl Strategy<Value = Map<String, Value>> {
    let key = "x_[a-z]{1,5}";
    proptest::collection::vec((key, data()), 0..3).prop_map(|fields| fields.into_iter().collect())
}

fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    (proptest::collection::btree_set(1_i64..1_000, 0..4), price()).prop_map(|(ends, price)| {
        let ends =
            ends.into_iter().map(|end| Some(Quantity::from_amount(Amount::from_int(end)))).chain([None]);
        ends.map(|up_to| Tier { up_to, price: price.clone() }).collect()
    })
}

fn credit() -> impl Strategy<Value = Credit> {
    let model = proptest::sample::select(
        &[PricingModel::Flat, PricingModel::Tiered, PricingModel::Volume, PricingModel::Stairstep][..],
    );
    let pricing = (model, proptest::option::of(price()), tiers());
    ((text(), text(), not_negative(), any::<bool>()), pricing, unit(), extra()).prop_map(
        |((label, description, overhead_cost, resets), (pricing_model, price, tiers), stof_units, extra)| {
            let flat = pricing_model == PricingModel::Flat;
            let (price, tiers) = if flat { (price, Vec::new()) } else { (None, tiers) };
            let unit = label.clone();
            Credit {
                unit,
                label,
                description,
                overhead_cost,
                pricing_model,
                price,
                tiers,
                stof_units,
                resets,
                extra,
            }
        },
    )
}

fn resets() -> impl Strategy<Value = (bool, Option<Duration>, Option<Schedule>)> {
    (any::<bool>(), proptest::option::of(duration()), proptest::option::of(schedule()))
        .prop_map(|(resets, inc, sch)| if inc.is_some() { (resets, inc, None) } else { (resets, inc, sch) })
}

/// A limit of the credit `mb`, which keeps megabytes.
fn limit() -> impl Strategy<Value = Limit> {
    let mode = proptest::sample::select(&[Mode::Hard, Mode::Soft, Mode::Observe][..]);
    let governor = proptest::option::of((1_i64..1_000, 1_i128..1_000_000_000));
    let flags = (any::<bool>(), any::<bool>());
    let numbers = (not_negative(), 1_i64..100, proptest::option::of(amount()), unit(), 0.001..=1.0_f64);
    (mode, flags, numbers, resets(), governor).prop_map(
        |(
            mode,
            (hard_trailing, grants_apply),
            (value, step, minimum, unit, ewma_alpha),
            resets,
            governor,
        )| Limit {
            credit: "mb".to_owned(),
            mode,
            // A value in another unit may pass what an amount holds once converted.
            value: quantity(
                Amount::from_atoms(value.atoms() % Amount::SCALE.pow(1).saturating_mul(1_000)),
                unit,
            ),
            increment: quantity(Amount::from_int(step), unit),
            minimum: minimum.map(Quantity::from_amount),
            hard_trailing,
            grants_apply,
            resets: resets.0,
            reset_inc: resets.1,
            reset_sch: resets.2,
            governor_enabled: governor.is_some(),
            governor_capacity: governor.map(|(capacity, _)| quantity(Amount::from_int(capacity), unit)),
            governor_refill_rate: governor.map(|(_, rate)| Amount::from_atoms(rate)),
            ewma_alpha,
        },
    )
}

fn entitlement() -> impl Strategy<Value = Entitlement> {
    (text(), any::<bool>(), proptest::option::of(text()), proptest::option::of(limit())).prop_map(
        |(description, hidden, scope, limit)| {
            let (estimate_basis, estimate_segment) = (scope.clone(), None);
            Entitlement { description, hidden, scope, limit, estimate_basis, estimate_segment }
        },
    )
}

fn topup() -> impl Strategy<Value = Topup> {
    let mode = proptest::sample::select(&[ResetMode::Hard, ResetMode::Add, ResetMode::Rollover][..]);
    let scopes = proptest::collection::vec(text(), 0..3);
    (
        mode,
        resets(),
        not_negative(),
        0..=100_i128,
        scopes,
        proptest::option::of(duration()),
        proptest::option::of(1_u32..5),
    )
        .prop_map(
            |(reset_mode, resets, value, percent, included_scopes, expires_after, reset_catchup_cap)| Topup {
                credit: "mb".to_owned(),
                value: Quantity::from_amount(value),
                included: resets.0,
                included_scopes,
                resets: resets.0,
                reset_inc: resets.1,
                reset_sch: resets.2,
                reset_mode,
                rollover_pct: Amount::from_atoms(percent * Amount::SCALE / 100),
                rollover_min: Some(Quantity::from_amount(Amount::ZERO)),
                rollover_max: Some(Quantity::from_amount(value)),
                expires_after,
                reset_catchup_cap,
                ..Topup::default()
            },
        )
}

fn plan() -> impl Strategy<Value = Plan> {
    let period = proptest::sample::select(
        &[PlanPeriod::Monthly, PlanPeriod::Yearly, PlanPeriod::Weekly, PlanPeriod::Daily][..],
    );
    (text(), period, proptest::option::of(price()), any::<bool>(), by_name(entitlement()), by_name(topup()))
        .prop_map(|(label, period, price, hidden, entitlements, topups)| Plan {
            description: label.clone(),
            label,
            period,
            price,
            hidden,
            entitlements,
            topups,
            ..Plan::default()
        })
}

fn mark() -> impl Strategy<Value = Option<Mark>> {
    proptest::option::of(prop_oneof![
        not_negative().prop_map(Mark::Percent),
        (not_negative(), unit()).prop_map(|(amount, unit)| {
            Mark::Quantity(quantity(Amount::from_atoms(amount.atoms() % (1_000 * Amount::SCALE)), unit))
        }),
    ])
}

fn notification() -> impl Strategy<Value = Notification> {
    let of = proptest::sample::select(&[MarkOf::Limit, MarkOf::Remaining, MarkOf::Cap][..]);
    let event = proptest::sample::select(&[Watched::MeterChanged, Watched::MeterOverage][..]);
    let filters = proptest::collection::vec(proptest::option::of(text()), 3);
    (text(), event, of, mark(), filters).prop_map(|(description, event, of, crosses, filters)| {
        let [customer, plan, entitlement] = filters.try_into().expect("three");
        let credit = Some("mb".to_owned());
        let when = When { event, customer, plan, entitlement, credit, crosses, of };
        Notification { description, when: Some(when) }
    })
}

/// A pair worth runes, so that whatever its name, it leads somewhere.
fn pair() -> impl Strategy<Value = Pair> {
    (1_i64..1_000_000).prop_map(|value| Pair { value: Amount::from_int(value), currency: "rune".to_owned() })
}

fn policy() -> impl Strategy<Value = Policy> {
    let strategy = proptest::sample::select(
        &[GrantStrategy::ExpiresFirst, GrantStrategy::CheapestFirst, GrantStrategy::ValuableFirst][..],
    );
    let own = (by_name(pair()), by_name(notification()));
    (by_name(credit()), by_name(plan()), strategy, duration(), 0..50_u32, extra(), own).prop_map(
        |(mut credits, plans, grant_strategy, hold_ttl, estimate_min_samples, record, own)| {
            let stof_units = Unit::parse("MB").ok();
            credits.insert("mb".to_owned(), Credit { stof_units, ..Credit::default() });
            let mut policy = Policy { credits, plans, hold_ttl, estimate_min_samples, ..Policy::default() };
            policy.exchange.grant_strategy = grant_strategy;
            (policy.exchange.pairs, policy.notifications) = own;
            policy.customers.insert("u".to_owned(), Value::Object(record));
            policy
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_the_same(policy in policy()) {
        for format in [Format::Json, Format::Yaml, Format::Toml] {
            let text = policy.render(format).expect("no null");
            for read_as in [format, Format::Auto] {
                let loaded = load(text.as_bytes(), read_as, &LoadOptions { strict: true, validate: true });
                let loaded = loaded.map_err(|problems| TestCaseError::fail(format!("{problems:#?}\n{text}")))?;
                prop_assert_eq!(&loaded.policy, &policy, "{}", &text);
                prop_assert_eq!(loaded.format, format);
                prop_assert!(loaded.policy.difference(&policy).is_empty());
                if format != Format::Toml {
                    let names = |policy: &Policy| policy.credits.keys().cloned().collect::<Vec<_>>();
                    prop_assert_eq!(names(&loaded.policy), names(&policy));
                }
            }
        }
    }
}

/// Of two shortest forms equally near, TOML's library would write `…531.3`, which is another number.
#[test]
fn a_tied_double_keeps_its_digits_in_every_format() {
    let text =
        r#"{"policy": {"credits": {"a": {"price": 941992438377531.2, "x_a": [941992438377531.2, -0.5]}}}}"#;
    let policy = load(text.as_bytes(), Format::Json, &LoadOptions::default()).unwrap().policy;
    for format in [Format::Json, Format::Yaml, Format::Toml] {
        let text = policy.render(format).unwrap();
        assert!(
            text.contains("941992438377531.2") && !text.contains('"') | (format == Format::Json),
            "{text}"
        );
        assert_eq!(load(text.as_bytes(), format, &LoadOptions::default()).unwrap().policy, policy);
    }
}

#[test]
fn a_name_that_needs_thousands_of_characters_reads_back_in_every_format() {
    let name = "\u{17}".repeat(256);
    for value in ["1", "{}", r#"{ "deeper": [1, { "a": 2 }] }"#] {
        let document = format!(
            r#"{{ "policy": {{ "credits": {{ {n}: {{ {n}: {value}, "list": [{{ {n}: {value} }}] }} }} }} }}"#,
            n = Value::from(name.as_str()),
        );
        let options = LoadOptions { strict: false, validate: true };
        let policy = load(document.as_bytes(), Format::Json, &options).expect("the document loads").policy;
        for format in [Format::Yaml, Format::Json, Format::Toml] {
            let text = policy.render(format).expect("it can be written");
            let again = load(text.as_bytes(), format, &options).expect("what is written loads").policy;
            assert_eq!(again, policy, "{text}");
        }
    }
}

#[test]
fn the_schema_in_the_repository_is_current() {
    let file = include_str!("../../../schema/policy.schema.json");
    let current = format!("{:#}\n", json_schema());
    assert!(file == current, "run `cargo run -p limitr-engine --example schema > schema/policy.schema.json`");
}

#[test]
fn the_field_tables_of_the_manual_are_current() {
    let manual = include_str!("../../../docs/policy.md");
    let tables = field_reference();
    assert!(manual.contains(&tables), "run `cargo run -p limitr-engine --example field_reference`");
}

#[test]
fn the_example_of_the_manual_loads_without_a_word() {
    let manual = include_str!("../../../docs/policy.md");
    let example =
        manual.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let loaded = load(example.as_bytes(), Format::Auto, &LoadOptions { strict: true, validate: true });
    assert_eq!(loaded.expect("it loads").warnings, []);
}

#[test]
fn every_example_of_a_field_is_one() {
    // The examples of the schema, put into a document field by field, must read.
    let schema = json_schema();
    let example = |object: &str, field: &str| {
        let examples = &schema["$defs"][object]["properties"][field]["examples"];
        examples[0].clone()
    };
    for field in
        ["value", "increment", "minimum", "reset_inc", "reset_sch", "governor_capacity", "ewma_alpha", "mode"]
    {
        let value = example("limit", field);
        assert!(!value.is_null(), "{field}");
        let document = serde_json::json!({ "policy": {
            "credits": { "t": { "units": "MB" } },
            "plans": { "p": { "entitlements": { "a": { "limit": { "credit": "t", field: value } } } } },
        } });
        let loaded = load(document.to_string().as_bytes(), Format::Json, &LoadOptions::default());
        assert!(loaded.is_ok(), "{field}: {loaded:?}");
    }
}
