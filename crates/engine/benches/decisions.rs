//! What a decision costs without any host: `cargo bench -p limitr-engine --bench decisions`.
//!
//! The benches bear the names of the workloads in benchmark/workloads, so that `npm run bench` can put the figures beside those of
//! the bindings. Each counts what was allowed and compares meters with the calls made: a bench that decides wrongly fails.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::unwrap_used
)] // a bench may panic, and reads a clock

mod world;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use limitr_engine::{Ask, Call, Engine, Given, Likeness, Profile, Reserve, Settle};
use world::{Draws, POLICY, START, engine, settle, trace};

const ORDER: usize = 1 << 20;
const CUSTOMERS: usize = 1_000;

/// Customers in a given order, without end.
struct Round<'a> {
    ids: &'a [String],
    order: Vec<u32>,
    next: usize,
}

impl<'a> Round<'a> {
    fn new(ids: &'a [String]) -> Round<'a> {
        Round { ids, order: Draws::new(42).uniform(ids.len(), ORDER), next: 0 }
    }

    #[inline]
    fn next(&mut self) -> &'a str {
        self.next = (self.next + 1) & (ORDER - 1);
        &self.ids[self.order[self.next] as usize]
    }
}

/// Measures `call`, which says whether its one call was allowed; all must be. Answers how many were made.
fn measure<'a>(
    criterion: &mut Criterion,
    name: &str,
    ids: &'a [String],
    mut call: impl FnMut(&'a str) -> bool,
) -> u64 {
    let mut round = Round::new(ids);
    let mut made = 0;
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|calls| {
            let mut allowed = 0;
            let began = Instant::now();
            for _ in 0..calls {
                allowed += u64::from(black_box(call(black_box(round.next()))));
            }
            let took = began.elapsed();
            assert_eq!(allowed, calls, "{name}: not all were allowed");
            made += calls;
            took
        });
    });
    made
}

/// What all customers have used of an entitlement.
fn used(engine: &Engine, ids: &[String], entitlement: &str) -> f64 {
    ids.iter().filter_map(|id| engine.value(START, id, entitlement)).map(|value| value.to_f64()).sum()
}

fn hard_limits(criterion: &mut Criterion, quick: bool) {
    for (count, name) in [
        (1_000, "hard limit"),
        (100_000, "hard limit, 100,000 customers, uniform"),
        (1_000_000, "hard limit, 1,000,000 customers, uniform"),
    ] {
        if quick && count > 1_000 {
            continue; // takes longer to set up than all the rest
        }
        let mut engine = engine(POLICY);
        let ids = settle(&mut engine, count);
        let call = Call::new(Ask::by(1.0));
        let made =
            measure(criterion, name, &ids, |id| engine.allow(START, id, "api", black_box(&call)).unwrap());
        assert_eq!(used(&engine, &ids, "api"), made as f64 + count as f64, "{name}");
    }
}

/// `check`, `decide`, and `allow` while changes are recorded, as they are for a store.
fn whole_answers(criterion: &mut Criterion) {
    let mut engine = engine(POLICY);
    let ids = settle(&mut engine, CUSTOMERS);
    let call = Call::new(Ask::by(1.0));
    measure(criterion, "check", &ids, |id| engine.check(START, id, "api", black_box(&call)).unwrap());
    let mut made = measure(criterion, "decide", &ids, |id| {
        black_box(engine.decide(START, id, "api", &call)).unwrap().allowed
    });
    engine.record_changes(true);
    let mut bytes = Vec::new();
    made += measure(criterion, "hard limit, recorded", &ids, |id| {
        let allowed = engine.allow(START, id, "api", black_box(&call)).unwrap();
        // As a store's thread takes them: many at a time, with the room given back.
        if engine.seq().is_multiple_of(1_024) {
            engine.swap_changes(&mut bytes);
            bytes.clear();
        }
        allowed
    });
    assert_eq!(used(&engine, &ids, "api"), (made as usize + CUSTOMERS) as f64);
}

fn money(criterion: &mut Criterion) {
    let mut engine = engine(POLICY);
    let ids = settle(&mut engine, CUSTOMERS);
    let call = Call::new(Ask::by(1.0));
    engine.listen(true);
    let mut told = 0;
    let made = measure(criterion, "soft limit, overage", &ids, |id| {
        let allowed = engine.allow(START, id, "soft", black_box(&call)).unwrap();
        while let Some(event) = engine.next_event() {
            told += 1;
            engine.reuse(black_box(event));
        }
        allowed
    });
    assert_eq!((used(&engine, &ids, "soft"), told), (made as f64, made));
    engine.listen(false);
    for id in &ids {
        assert!(engine.apply_topup(START, id, "pack").unwrap());
    }
    let made = measure(criterion, "grant burndown", &ids, |id| {
        engine.allow(START, id, "drawn", black_box(&call)).unwrap()
    });
    assert_eq!(used(&engine, &ids, "drawn"), made as f64);
}

fn holds(criterion: &mut Criterion) {
    let mut engine = engine(POLICY);
    let ids = settle(&mut engine, CUSTOMERS);
    let likeness = Likeness { basis: None, segment: None, quantile: 0.9, context: None };
    let reserve = Reserve { value: Some(Given::Number(5.0)), overhead: None, ttl: None, likeness };
    let settled = Settle::new(Given::Number(3.0));
    let made = measure(criterion, "reserve and settle", &ids, |id| {
        let hold = engine.reserve(START, id, "api", &reserve).unwrap();
        engine.settle(START, id, "api", hold, &settled).unwrap()
    });
    assert_eq!(used(&engine, &ids, "api"), 3.0 * made as f64 + CUSTOMERS as f64);
}

fn created(criterion: &mut Criterion) {
    let mut next = 0;
    let mut engine = engine(POLICY);
    criterion.bench_function("customer created per call", |bencher| {
        bencher.iter_custom(|calls| {
            let ids: Vec<String> = (next..next + calls as usize).map(world::id).collect();
            next += calls as usize;
            let began = Instant::now();
            for id in &ids {
                engine.create_customer(START, id, &Profile::default()).unwrap();
                assert!(engine.allow(START, id, "api", &Call::new(Ask::by(1.0))).unwrap());
            }
            began.elapsed()
        });
    });
    assert_eq!(engine.customer_count(), next);
}

/// The time of one decision, over whole passes through the trace; a pass is an hour long.
fn traces(criterion: &mut Criterion) {
    let (mut engine, ids, requests) = trace(CUSTOMERS);
    let per_pass: f64 = requests.iter().map(|request| request.tokens).sum();
    let mut passes = 0_u32;
    criterion.bench_function("conversation trace", |bencher| {
        bencher.iter_custom(|wanted| {
            let began = Instant::now();
            let mut decided = 0_u64;
            // Whole passes only, at least as many decisions as wanted; scaled to what was wanted.
            while decided < wanted {
                for request in &requests {
                    let id = ids[request.customer as usize].as_str();
                    let call = Call::new(Ask::by(request.tokens));
                    assert!(engine.allow(request.at, black_box(id), "chat", black_box(&call)).unwrap());
                }
                passes += 1;
                decided += requests.len() as u64;
            }
            Duration::from_secs_f64(began.elapsed().as_secs_f64() * wanted as f64 / decided as f64)
        });
    });
    assert_eq!(used(&engine, &ids, "chat"), per_pass * f64::from(passes));
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30)
        .configure_from_args();
    hard_limits(&mut criterion, std::env::args().any(|one| one == "--quick"));
    whole_answers(&mut criterion);
    money(&mut criterion);
    holds(&mut criterion);
    created(&mut criterion);
    traces(&mut criterion);
    criterion.final_summary();
}
