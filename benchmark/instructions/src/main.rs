//! Runs one path of the engine a given number of times: `limitr-instructions <path> <calls>`, or lists the paths without
//! arguments. callgrind counts two runs of different lengths, and their difference is what the calls cost, with nothing of the
//! start. Each run checks what the calls did, so that a path that goes astray isn't counted.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a tool: it speaks, and it may panic

use std::hint::black_box;

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call, Engine, EngineOptions, Given, Likeness, Profile, Reserve, Settle, What};

/// Monday, 15 January 2024, 10:30 UTC.
const START: i64 = 1_705_314_600_000;
const CUSTOMERS: usize = 100;

const POLICY: &str = "
policy:
  credits:
    call: {}
    paid: { price: 0.001 }
  plans:
    base:
      default: true
      entitlements:
        api: { limit: { credit: call, value: 1e15, resets: true, reset_inc: 30days } }
        full: { limit: { credit: call, value: 0 } }
        soft: { limit: { credit: paid, mode: soft, value: 0, resets: true, reset_inc: 30days } }
        drawn: { limit: { credit: paid, value: 0 } }
        burst: { limit: { credit: call, value: 1e15, governor_enabled: true, governor_capacity: 1e12, governor_refill_rate: 1 } }
        seats: { scope: org, limit: { credit: call, value: 1e15 } }
        flag: {}
      topups:
        pack: { credit: paid, value: 1e15 }
";

/// A path: what one call does; whether it went as it should.
type Path = fn(&mut Engine, &str) -> bool;

const PATHS: [(&str, Path); 13] = [
    ("feature flag", |engine, id| allowed(engine, id, "flag")),
    ("hard limit", |engine, id| allowed(engine, id, "api")),
    ("hard limit, recorded", |engine, id| {
        engine.record_changes(true);
        let mut bytes = Vec::with_capacity(256);
        let allowed = allowed(engine, id, "api");
        engine.swap_changes(&mut bytes).count == 1 && allowed
    }),
    ("hard limit, leased", |engine, id| allowed(engine, id, "api")),
    ("hard limit, denied", |engine, id| !allowed(engine, id, "full")),
    ("governor", |engine, id| allowed(engine, id, "burst")),
    ("org scope, two refs away", |engine, id| allowed(engine, id, "seats")),
    ("soft limit, overage", |engine, id| allowed(engine, id, "soft")),
    ("soft limit, overage, event", |engine, id| {
        engine.listen(true);
        let allowed = allowed(engine, id, "soft");
        let Some(event) = black_box(engine.next_event()) else { return false };
        engine.reuse(event); // as hosts do once they have read it
        allowed
    }),
    ("grant burndown", |engine, id| allowed(engine, id, "drawn")),
    ("check", |engine, id| engine.check(START, id, "api", &call()).unwrap()),
    ("decide", |engine, id| black_box(engine.decide(START, id, "api", &call()).unwrap()).allowed),
    ("reserve and settle", |engine, id| {
        let likeness = Likeness { basis: None, segment: None, quantile: 0.9, context: None };
        let reserve = Reserve { value: Some(Given::Number(5.0)), overhead: None, ttl: None, likeness };
        let settle = Settle::new(Given::Number(3.0));
        let hold = engine.reserve(START, id, "api", &reserve).unwrap();
        engine.settle(START, id, "api", hold, &settle).unwrap()
    }),
];

fn call() -> Call<'static> {
    black_box(Call::new(Ask::by(1.0)))
}

fn allowed(engine: &mut Engine, id: &str, entitlement: &str) -> bool {
    engine.allow(START, black_box(id), black_box(entitlement), &call()).unwrap()
}

/// An engine with customers; those `in_team` belong to an organization through a team.
fn engine(in_team: bool) -> (Engine, Vec<String>) {
    let policy = load(POLICY.as_bytes(), Format::Yaml, &LoadOptions::default()).unwrap().policy;
    let mut engine = Engine::new(policy, EngineOptions { seed: 7, now: START }).unwrap();
    let refs = |id: &str| Some(vec![id.to_string()]);
    let org = Profile { kind: Some("org"), plan: "base", ..Profile::default() };
    assert!(engine.create_customer(START, "org", &org).unwrap());
    let team = Profile { kind: Some("team"), refs: refs("org"), ..Profile::default() };
    assert!(engine.create_customer(START, "team", &team).unwrap());
    let ids: Vec<String> = (0..CUSTOMERS).map(|index| format!("customer_{index}")).collect();
    for id in &ids {
        let refs = in_team.then(|| vec!["team".to_string()]);
        assert!(engine.create_customer(START, id, &Profile { refs, ..Profile::default() }).unwrap());
    }
    (engine, ids)
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(wanted), Some(calls)) = (args.next(), args.next()) else {
        for (name, _) in PATHS {
            println!("{name}");
        }
        return;
    };
    let calls: usize = calls.parse().unwrap();
    let (name, path) = PATHS.into_iter().find(|(name, _)| *name == wanted).unwrap();
    let (mut engine, ids) = engine(name == "org scope, two refs away");
    for id in ids.iter().filter(|_| name == "grant burndown") {
        assert!(engine.apply_topup(START, id, "pack").unwrap());
    }
    if name == "hard limit, leased" {
        engine.share(1 << 32);
        for id in &ids {
            engine.set_lease(id, &What::Limit("api".into()), START, Amount::from_int(1 << 40), i64::MAX);
        }
    }
    for id in ids.iter().cycle().take(calls) {
        assert!(path(&mut engine, id), "{name}: a call went another way");
    }
}
