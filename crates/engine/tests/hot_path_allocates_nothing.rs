//! Deciding and reading with a meter that has started allocates nothing, nor does telling who listens and gives the event back.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)] // a test may panic

mod support;

use std::hint::black_box;

use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, BatchItem, Call, Engine, EngineOptions, Given, Profile};
use support::{DAY, START, policy};

const POLICY: &str = r"
policy:
  credits:
    token: { overhead_cost: 0.003 }
    mb: { stof_units: MB }
    image: { price: 0.02 }
    page: { pricing_model: tiered, tiers: &tiers [{ up_to: 10, price: 0.3 }, { up_to: 1000, price: 0.01 }, { price: 0.001 }] }
    seat: { pricing_model: volume, tiers: *tiers }
    step: { pricing_model: stairstep, tiers: *tiers }
  plans:
    free:
      default: true
      entitlements:
        chat: { limit: { credit: token, value: 1000, resets: true, reset_inc: 1day } }
        soft: { limit: { credit: token, mode: soft, value: 5 } }
        burst: { limit: { credit: token, value: 1000, governor_enabled: true, governor_capacity: 50, governor_refill_rate: 0.001 } }
        storage: { limit: { credit: mb, value: 1GiB, resets: true, reset_sch: 'monthly:1' } }
        seats: { scope: org, limit: { credit: token, value: 1000 } }
        priced: { limit: { credit: image, mode: soft, value: 5 } }
        priced_hard: { limit: { credit: image, value: 1000 } }
        tiered: { limit: { credit: page, mode: soft, value: 5 } }
        volume: { limit: { credit: seat, mode: soft } }
        stairstep: { limit: { credit: step, mode: soft } }
        flag: {}
      topups:
        images: { credit: image, value: 100000 }
        pages: { credit: page, value: 100000 }
";

const ENTITLEMENTS: [&str; 12] = [
    "chat",
    "soft",
    "burst",
    "storage",
    "seats",
    "priced",
    "priced_hard",
    "tiered",
    "volume",
    "stairstep",
    "flag",
    "unheard_of",
];

fn engine() -> Engine {
    let mut engine = Engine::new(policy(POLICY), EngineOptions { seed: 7, now: START }).unwrap();
    let org = Profile { kind: Some("org"), plan: "free", ..Profile::default() };
    engine.create_customer(START, "org", &org).unwrap();
    let refs = |id: &str| Some(vec![id.to_string()]);
    engine.create_customer(START, "team", &Profile { refs: refs("org"), ..Profile::default() }).unwrap();
    // ann has the plan and the seats of the org two references away.
    engine.create_customer(START, "ann", &Profile { refs: refs("team"), ..Profile::default() }).unwrap();
    engine
}

/// How often the work allocates, once what it starts has started: a meter's first overhead or overage takes memory once.
fn allocations(mut work: impl FnMut()) -> u64 {
    (0..30).for_each(|_| work());
    allocation_counter::measure(|| (0..100).for_each(|_| work())).count_total
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1)))), 100);
}

#[test]
fn allow_and_check_allocate_nothing() {
    let mut engine = engine();
    let overhead = Some(Amount::from_int(1));
    let calls = [
        Call::new(Ask::by(0.25)),
        Call::new(Ask::by(-0.5)),
        Call::new(Ask::by(5_000.0)), // denied where the limit is hard
        Call::new(Ask::Increment),
        Call::new(Ask::Decrement),
        Call::new(Ask::To(Given::Number(3.0))),
        Call { overhead, force: true, events: false, ..Call::new(Ask::by(1.0)) },
    ];
    for customer in ["ann", "org", "nobody"] {
        for entitlement in ENTITLEMENTS {
            for call in &calls {
                let counted = allocations(|| {
                    black_box(engine.check(START, customer, entitlement, call).unwrap());
                    black_box(engine.allow(START, customer, entitlement, call).unwrap());
                });
                assert_eq!(counted, 0, "{customer} {entitlement} {call:?}");
            }
        }
    }
}

#[test]
fn plain_calls_that_are_made_together_allocate_nothing() {
    let mut engine = engine();
    let items = ["priced", "priced_hard", "storage", "priced"]
        .map(|entitlement| BatchItem::new(entitlement, Given::Number(0.001)));
    for events in [true, false] {
        let counted = allocations(|| assert!(engine.allow_all(START, "org", &items, events).unwrap()));
        assert_eq!(counted, 0, "{events}");
    }
}

/// Grants drawn at each call, in two credits, under a cap of one's own and one that the org shares.
#[test]
fn grants_and_caps_allocate_nothing() {
    let mut engine = engine();
    for _ in 0..3 {
        for topup in ["images", "pages"] {
            assert!(engine.apply_topup(START, "ann", topup).unwrap());
        }
    }
    let shared = serde_json::json!({ "shared": true, "resets": true, "reset_sch": "monthly:1" });
    let far = Given::Number(1e20);
    engine.add_cap(START, "org", far, shared.as_object().unwrap()).unwrap();
    engine.add_cap(START, "ann", far, &serde_json::Map::new()).unwrap();
    for entitlement in ["priced", "priced_hard", "tiered", "chat", "seats"] {
        let counted = allocations(|| {
            for value in [0.25, 40.0, -1.0, 1e9] {
                let call = Call::new(Ask::by(value));
                black_box(engine.check(START, "ann", entitlement, &call).unwrap());
                black_box(engine.allow(START, "ann", entitlement, &call).unwrap());
            }
        });
        assert_eq!(counted, 0, "{entitlement}");
    }
}

#[test]
fn a_new_period_allocates_nothing() {
    let mut engine = engine();
    let mut now = START;
    let counted = allocations(|| {
        now += 40 * DAY;
        for entitlement in ["chat", "storage"] {
            assert!(engine.allow(now, "ann", entitlement, &Call::new(Ask::by(900.0))).unwrap());
        }
    });
    assert_eq!(counted, 0);
}

/// Moved, past the limit, denied: each event is read, and given back.
#[test]
fn events_that_are_given_back_allocate_nothing() {
    let mut engine = engine();
    engine.listen(true);
    for (entitlement, value) in
        [("priced", 1.0), ("tiered", 1.0), ("chat", 0.25), ("chat", 5_000.0), ("burst", 900.0)]
    {
        let counted = allocations(|| {
            black_box(engine.allow(START, "ann", entitlement, &Call::new(Ask::by(value))).unwrap());
            let event = engine.next_event().unwrap();
            engine.reuse(black_box(event));
            assert!(!engine.has_events());
        });
        assert_eq!(counted, 0, "{entitlement} {value}");
    }
}

#[test]
fn reads_allocate_nothing() {
    let engine = engine();
    for entitlement in ENTITLEMENTS {
        let counted = allocations(|| {
            black_box(engine.value(START, "ann", entitlement));
            black_box(engine.remaining(START, "ann", entitlement, true));
            black_box(engine.value_percent(START, "ann", entitlement));
            black_box(engine.allowance(START, "ann", entitlement));
            black_box(engine.resets(START, "ann", entitlement));
        });
        assert_eq!(counted, 0, "{entitlement}");
    }
}
