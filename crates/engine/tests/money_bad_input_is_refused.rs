//! Grants, caps, holds and rates that can't be are refused with a documented code and change nothing; what has a bound stops
//! there, in bounded time.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // a test may panic

mod support;

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::quantity::{Amount, Duration};
use limitr_engine::{Ask, Call, CallCap, EngineError, Given, Likeness, Profile, Reserve, Settle, limits};
use serde_json::{Map, Value, json};
use support::{DAY, World, amount};

const POLICY: &str = r"
policy:
  credits: { token: { price: 0.5 }, gold: { price: 1_000_000_000_000 }, free: {}, mb: { stof_units: MB } }
  exchange: { eur: { value: 1.1, currency: usd } }
  plans:
    pro:
      default: true
      entitlements:
        chat: { limit: { credit: token, mode: soft, value: 10 } }
        code: { limit: { credit: token, value: 10 } }
        gold: { limit: { credit: gold, mode: soft, value: 0 } }
      topups:
        pack: { credit: token, value: 5 }
        drip: { credit: token, value: 1, resets: true, reset_inc: 1ms, reset_mode: add }
        slow: { credit: token, value: 1, resets: true, reset_inc: 1ms, reset_mode: rollover, rollover_pct: 0.999999999999 }
";

fn world() -> World {
    let mut world = World::with_ann(POLICY);
    world.engine.listen(false);
    world.engine.record_changes(false);
    world
}

fn options(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn refused<T: std::fmt::Debug>(result: Result<T, EngineError>, code: &str) {
    assert_eq!(result.unwrap_err().code(), code);
}

#[test]
fn a_document_that_names_what_is_not_there_or_leads_nowhere() {
    for (document, code) in [
        ("policy: { plans: { p: { topups: { t: { credit: nothing } } } } }", "unknown_credit"),
        ("policy: { credits: { a: { price: -1 } } }", "negative_price"),
        (
            "policy: { exchange: { a: { value: 1, currency: b }, b: { value: 1, currency: a } } }",
            "exchange_cycle",
        ),
        ("policy: { exchange: { a: { value: 1, currency: a } } }", "exchange_cycle"),
        ("policy: { exchange: { a: { value: 1, currency: nothing } } }", "exchange_unreachable"),
        ("policy: { exchange: { rune: { value: 1, currency: usd } } }", "exchange_cycle"),
        (
            "policy: { credits: { a: { pricing_model: tiered, tiers: [{ price: 1 }, { price: 2 }] } } }",
            "bad_tiers",
        ),
        (
            "policy: { credits: { a: { pricing_model: tiered, tiers: [{ up_to: 5, price: 1 }, { up_to: 5, price: 2 }, { price: 1 }] } } }",
            "bad_tiers",
        ),
    ] {
        let diagnostics =
            load(document.as_bytes(), Format::Yaml, &LoadOptions { validate: true, strict: false });
        let diagnostics = diagnostics.unwrap_err();
        assert!(diagnostics.iter().any(|found| found.code == code), "{document}: {diagnostics:?}");
        assert!(diagnostics.iter().all(|found| found.line.is_some()));
    }
    let chain: String =
        (0..50).map(|at| format!("c{at}: {{ value: 1.000000000001, currency: c{} }}, ", at + 1)).collect();
    let document = format!("policy: {{ exchange: {{ {chain} c50: {{ value: 1, currency: usd }} }} }}");
    let diagnostics = load(document.as_bytes(), Format::Yaml, &LoadOptions { validate: true, strict: false });
    assert!(diagnostics.unwrap_err().iter().any(|found| found.code == "bad_quantity"), "too many digits");
}

#[test]
fn caps_that_can_not_be() {
    let mut world = world();
    let before = world.state();
    for (value, said, code) in [
        (Given::Number(1.0), json!({ "credit": "nothing" }), "unknown_credit"),
        (Given::Number(-1.0), json!({}), "invalid_value"),
        (Given::Number(f64::NAN), json!({}), "invalid_value"),
        (Given::Text("5kg"), json!({ "credit": "mb" }), "unit_mismatch"),
        (Given::Text("5XB"), json!({ "credit": "mb" }), "unknown_unit"),
        (Given::Number(1.0), json!({ "shared": 1 }), "invalid_argument"),
        (Given::Number(1.0), json!({ "sharde": true }), "invalid_argument"),
        (Given::Number(1.0), json!({ "scope": "chat" }), "invalid_argument"),
        (Given::Number(1.0), json!({ "scope": [""] }), "invalid_name"),
        (Given::Number(1.0), json!({ "cap_id": "" }), "invalid_name"),
        (Given::Number(1.0), json!({ "reset_inc": 5 }), "invalid_argument"),
        (Given::Number(1.0), json!({ "resets": true, "reset_inc": "soon" }), "bad_duration"),
        (Given::Number(1.0), json!({ "resets": true, "reset_inc": 0 }), "bad_duration"),
        (Given::Number(1.0), json!({ "resets": true, "reset_sch": "monthly:40" }), "bad_schedule"),
        (
            Given::Number(1.0),
            json!({ "resets": true, "reset_inc": 5, "reset_sch": "monthly:1" }),
            "two_reset_kinds",
        ),
    ] {
        refused(world.engine.add_cap(world.now, "ann", value, &options(&said)), code);
    }
    let call = |caps| Call { caps, ..Call::new(Ask::by(1.0)) };
    let nothing = [CallCap { credit: "nothing", value: Given::Number(1.0) }];
    refused(world.engine.decide(world.now, "ann", "chat", &call(&nothing)), "unknown_credit");
    let negative = [CallCap { credit: "rune", value: Given::Number(-1.0) }];
    refused(world.engine.decide(world.now, "ann", "chat", &call(&negative)), "invalid_value");
    let many = [CallCap { credit: "rune", value: Given::Number(1.0) }; limits::CALL_CAPS_MAX + 1];
    refused(world.engine.decide(world.now, "ann", "chat", &call(&many)), "too_many");
    assert_eq!(world.state(), before);
    assert_eq!(world.engine.add_cap(world.now, "nobody", Given::Number(1.0), &Map::new()), Ok(None));
    for _ in 0..limits::CAPS_MAX {
        world.engine.add_cap(world.now, "ann", Given::Number(1.0), &Map::new()).unwrap();
    }
    refused(world.engine.add_cap(world.now, "ann", Given::Number(1.0), &Map::new()), "too_many");
}

#[test]
fn amounts_that_overflow_when_they_are_multiplied() {
    let mut world = world();
    let before = world.state();
    let call = Call::new(Ask::by(1e15));
    refused(world.engine.allow(world.now, "ann", "gold", &call), "amount_out_of_range");
    assert_eq!(world.state(), before);
    world.engine.add_cap(world.now, "ann", Given::Number(5.0), &options(&json!({ "cap_id": "c" }))).unwrap();
    let before = world.state();
    refused(world.engine.allow(world.now, "ann", "gold", &call), "amount_out_of_range");
    let denied = world.engine.decide(world.now, "ann", "code", &Call::new(Ask::by(1e24))).unwrap();
    assert_eq!(
        (denied.allowed, denied.reason.as_str()),
        (false, "capped"),
        "a denial, where it can be counted"
    );
    assert_eq!(world.state(), before);
    refused(world.engine.credit_exchange("gold", "token", amount("1e24")), "amount_out_of_range");
}

#[test]
fn rates_that_can_not_be() {
    let mut world = world();
    let version = world.engine.policy_version();
    for (name, value, currency, code) in [
        ("eur", "0", "usd", "invalid_value"),
        ("eur", "-1", "usd", "invalid_value"),
        ("rune", "1", "usd", "exchange_cycle"),
        ("usd", "1", "eur", "exchange_cycle"),
        ("x", "1", "free", "exchange_unreachable"),
        ("x", "1", "nothing", "exchange_unreachable"),
        ("", "1", "usd", "invalid_name"),
    ] {
        refused(world.engine.set_exchange(world.now, name, amount(value), currency), code);
        assert_eq!(world.engine.policy_version(), version);
        assert_eq!(world.engine.credit_exchange("eur", "rune", amount("1")).unwrap(), Some(amount("1.1")));
    }
}

#[test]
fn a_rate_that_would_take_another_name_out_of_the_exchange() {
    let chain = "a: { value: 1, currency: usd }, b: { value: 0.123456789123, currency: a }, \
        c: { value: 0.123456789127, currency: b }, d: { value: 0.123456789129, currency: c }";
    let mut world = World::new(&format!("policy: {{ exchange: {{ {chain} }} }}"));
    let worth = |world: &World, name| world.engine.credit_exchange(name, "rune", amount("1000")).unwrap();
    let (version, before) = (world.engine.policy_version(), worth(&world, "d"));
    assert!(before.is_some());
    let error =
        world.engine.set_exchange(world.now, "a", amount("0.123456789131"), "usd").expect_err("d is lost");
    assert_eq!(error.code(), "amount_out_of_range");
    assert!(error.message().contains("`d`"), "{}", error.message());
    assert_eq!((world.engine.policy_version(), worth(&world, "d")), (version, before));
    assert_eq!(worth(&world, "a"), Some(amount("1000")));
    world.engine.set_exchange(world.now, "a", amount("2"), "usd").unwrap();
    assert_eq!(worth(&world, "a"), Some(amount("2000")));
}

#[test]
fn the_longest_chain_is_followed_once() {
    let last = limits::PAIRS_MAX - 1;
    let chain: String =
        (0..last).map(|at| format!("\"c{at}\": {{ value: 1, currency: c{} }}, ", at + 1)).collect();
    let document =
        |end| format!("policy: {{ exchange: {{ {chain} c{last}: {{ value: 2, currency: {end} }} }} }}");
    let mut world = World::new(&document("usd"));
    for value in ["3", "4", "5"] {
        world.engine.set_exchange(world.now, &format!("c{last}"), amount(value), "rune").unwrap();
        assert_eq!(
            world.engine.credit_exchange("c0", "rune", Amount::ONE).unwrap(),
            Some(amount(value)),
            "through {last} pairs"
        );
    }
    refused(world.engine.set_exchange(world.now, &format!("c{last}"), amount("3"), "c0"), "exchange_cycle");
    let options = LoadOptions { validate: true, strict: false };
    let cycle = load(document("c0").as_bytes(), Format::Yaml, &options).unwrap_err();
    assert_eq!(cycle.iter().map(|found| found.code).collect::<Vec<_>>(), ["exchange_cycle"], "told once");
    assert!(cycle[0].message.len() < 200, "{}", cycle[0].message);
}

#[test]
fn holds_that_can_not_be() {
    let mut world = world();
    let reserve = |value: f64| Reserve { value: Some(Given::Number(value)), ..Reserve::default() };
    let settle = |value: f64| Settle::new(Given::Number(value));
    let hold = world.engine.reserve(world.now, "ann", "code", &reserve(4.0)).unwrap().unwrap();
    assert!(!world.engine.release(world.now, "ann", "chat", hold).unwrap(), "it is another entitlement's");
    assert!(!world.engine.release(world.now, "ann", "code", "hold_99".into()).unwrap());
    assert!(!world.engine.release(world.now, "ann", "code", "hold_+1".into()).unwrap() || hold.number() == 1);
    let before = world.state();
    refused(world.engine.settle(world.now, "ann", "code", Some(hold), &settle(f64::NAN)), "invalid_value");
    refused(world.engine.settle(world.now, "ann", "code", Some(hold), &settle(1e25)), "invalid_value");
    refused(world.engine.consume_hold(world.now, "ann", "code", hold, &settle(-1.0)), "invalid_value");
    refused(
        world.engine.extend_hold(world.now, "ann", "code", hold, Given::Number(-1.0), None),
        "invalid_value",
    );
    let forever = Reserve { ttl: Some(Duration::from_millis(i64::MAX)), ..reserve(1.0) };
    refused(world.engine.reserve(world.now, "ann", "code", &forever), "bad_duration");
    assert!(!world.engine.extend_hold(world.now, "ann", "code", hold, Given::Number(7.0), None).unwrap());
    assert_eq!(world.state(), before, "what is refused or denied leaves the hold as it was");
    assert!(world.engine.settle(world.now, "ann", "code", Some(hold), &settle(4.0)).unwrap());
    assert!(
        world.engine.settle(world.now, "ann", "code", Some(hold), &settle(4.0)).unwrap(),
        "usage isn't lost"
    );
    assert_eq!(world.value("code"), 8.0);
    for _ in 0..limits::HOLDS_MAX {
        assert!(world.engine.reserve(world.now, "ann", "chat", &reserve(0.001)).unwrap().is_some());
    }
    refused(world.engine.reserve(world.now, "ann", "chat", &reserve(0.001)), "too_many");
    world.advance(DAY);
    assert!(
        world.engine.reserve(world.now, "ann", "chat", &reserve(0.001)).unwrap().is_some(),
        "those are over"
    );
}

#[test]
fn a_hundred_thousand_grants_on_one_customer() {
    let mut world = world();
    let granted =
        (0..100_000).filter(|_| world.engine.apply_topup(world.now, "ann", "pack") == Ok(true)).count();
    assert_eq!(granted, limits::GRANTS_MAX);
    refused(world.engine.apply_topup(world.now, "ann", "pack"), "too_many");
    assert_eq!(world.remaining("code"), 5_010.0);
    assert!(world.allow("code", 5_010.0), "none is lost");
    assert!(!world.allow("code", 0.1));
    assert!(world.engine.apply_topup(world.now, "ann", "pack").unwrap(), "spent ones make room");
}

#[test]
fn an_absence_of_a_thousand_million_periods() {
    let mut world = world();
    for topup in ["drip", "slow"] {
        world.engine.apply_topup(world.now, "ann", topup).unwrap();
    }
    world.advance(1_000_000_000);
    let most = f64::from(limits::RENEWALS_MAX);
    let left = world.engine.remaining_credit(world.now, "ann", "token").unwrap().to_f64();
    assert!(left > 2.0 * most - 1.0 && left <= 2.0 * (most + 1.0), "{left}");
    assert!(world.allow("code", left));
}

#[test]
fn segments_without_end() {
    let mut world = world();
    let learn = |world: &mut World, id: &str, segment: &str| {
        let likeness = Likeness { segment: Some(segment), ..Likeness::default() };
        world.engine.learn_call(world.now, id, "chat", Given::Number(1.0), None, &likeness)
    };
    for at in 0..limits::ESTIMATE_SEGMENTS_OF_CUSTOMER_MAX {
        assert!(learn(&mut world, "ann", &format!("s{at}")).unwrap());
    }
    refused(learn(&mut world, "ann", "one more"), "too_many");
    assert!(learn(&mut world, "ann", "s0").unwrap());
    let mut at = 0;
    while let Ok(learnt) = {
        let id = format!("user_{at}");
        world.engine.create_customer(world.now, &id, &Profile::default()).unwrap();
        learn(&mut world, &id, &format!("of everybody {at}"))
    } {
        assert!(learnt);
        at += 1;
    }
    assert_eq!(at, limits::ESTIMATE_SEGMENTS_MAX - limits::ESTIMATE_SEGMENTS_OF_CUSTOMER_MAX);
    for basis in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let likeness = Likeness { basis: Some(basis), ..Likeness::default() };
        refused(world.engine.estimate(world.now, "ann", "chat", &likeness), "invalid_value");
    }
}

#[test]
fn records_that_were_tampered_with() {
    let mut world = world();
    world.engine.apply_topup(world.now, "ann", "pack").unwrap();
    world.engine.add_cap(world.now, "ann", Given::Number(5.0), &options(&json!({ "cap_id": "c" }))).unwrap();
    let reserve = Reserve { value: Some(Given::Number(1.0)), ..Reserve::default() };
    world.engine.reserve(world.now, "ann", "chat", &reserve).unwrap().unwrap();
    let before = world.state();
    let good = world.engine.customer_record("ann").unwrap();
    for (path, value, code) in [
        ("/grants/grant_1/balance", json!(-1), "invalid_record"),
        ("/grants/grant_1/credit", json!(5), "invalid_record"),
        ("/grants/grant_1/start", json!("now"), "invalid_record"),
        ("/grants", json!({ "g1": {} }), "invalid_record"),
        ("/caps/c/credit", json!(null), "invalid_record"),
        ("/caps/c/meter_value", json!("many"), "invalid_record"),
        ("/caps/c/shared", json!("yes"), "invalid_record"),
        ("/caps/c/holds", json!({}), "invalid_record"),
        ("/holds/hold_3/units", json!([]), "invalid_record"),
        ("/holds", json!([1]), "invalid_record"),
        ("/issued", json!(-1), "invalid_record"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        refused(world.engine.set_customer(world.now, &bad, true), code);
        assert_eq!(world.state(), before, "{path}");
    }
    world.engine.set_customer(world.now, &good, false).unwrap();
    assert_eq!(world.state(), before);
}
