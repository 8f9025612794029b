//! What the benches share: customers, the order they come in, an engine that holds them, the trace.

#![allow(dead_code)] // each bench uses what it needs

use limitr_engine::policy::{Format, LoadOptions, Policy, load};
use limitr_engine::{Ask, Call, Engine, EngineOptions, Profile};

/// Monday, 15 January 2024, 10:30 UTC.
pub(crate) const START: i64 = 1_705_314_600_000;

/// A limit that no bench reaches: a denial is a shorter path.
pub(crate) const POLICY: &str = "
policy:
  credits:
    call: {}
    paid: { price: 0.001 }
  plans:
    base:
      default: true
      entitlements:
        api: { limit: { credit: call, value: 1e15, resets: true, reset_inc: 30days } }
        soft: { limit: { credit: paid, mode: soft, value: 0, resets: true, reset_inc: 30days } }
        drawn: { limit: { credit: paid, value: 0, resets: true, reset_inc: 30days } }
      topups:
        pack: { credit: paid, value: 1e15 }
";

/// The policy that examples/ai-tokens bills its hour of requests by.
const TIERS: &str = include_str!("../../../../examples/ai-tokens/policy.yaml");
const TRACE: &str = include_str!("../../../../examples/quickstart/traces/azure-llm-2023-conversation.csv");

/// Draws that come out the same on every run: Marsaglia's xorshift, as examples/lib/random.mjs has it.
pub(crate) struct Draws(i32);

impl Draws {
    pub(crate) fn new(seed: i32) -> Draws {
        Draws(seed)
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 = ((self.0 as u32) ^ ((self.0 as u32) >> 17)) as i32;
        self.0 ^= self.0 << 5;
        f64::from(self.0 as u32) / 4_294_967_296.0
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.fraction() * count as f64) as usize
    }

    /// As many numbers below `count`, each equally likely.
    pub(crate) fn uniform(&mut self, count: usize, length: usize) -> Vec<u32> {
        (0..length).map(|_| self.below(count) as u32).collect()
    }

    /// As many numbers below `count`, skewed: `k` comes with a weight of 1 ÷ (k + 1)^exponent.
    pub(crate) fn zipf(&mut self, count: usize, exponent: f64, length: usize) -> Vec<u32> {
        let mut sum = 0.0;
        let sums: Vec<f64> = (0..count)
            .map(|index| {
                sum += 1.0 / (index as f64 + 1.0).powf(exponent);
                sum
            })
            .collect();
        (0..length)
            .map(|_| {
                let drawn = self.fraction() * sum;
                sums.partition_point(|&one| one <= drawn) as u32
            })
            .collect()
    }
}

fn policy(text: &str) -> Policy {
    load(text.as_bytes(), Format::Yaml, &LoadOptions { validate: true, ..LoadOptions::default() })
        .unwrap()
        .policy
}

/// An engine for the document.
pub(crate) fn engine(text: &str) -> Engine {
    Engine::new(policy(text), EngineOptions { seed: 7, now: START }).unwrap()
}

pub(crate) fn id(index: usize) -> String {
    format!("customer_{index}")
}

/// Adds customers, each with its meter of `api` started.
pub(crate) fn settle(engine: &mut Engine, count: usize) -> Vec<String> {
    let ids: Vec<String> = (0..count).map(id).collect();
    for id in &ids {
        assert!(engine.create_customer(START, id, &Profile::default()).unwrap());
        assert!(engine.allow(START, id, "api", &Call::new(Ask::by(1.0))).unwrap());
    }
    ids
}

/// One request of the trace: whose, when, and how many tokens.
pub(crate) struct Request {
    pub(crate) customer: u32,
    pub(crate) at: i64,
    pub(crate) tokens: f64,
}

/// An engine under the tiers, its customers, and an hour of real requests assigned to them, the first ones most.
pub(crate) fn trace(customers: usize) -> (Engine, Vec<String>, Vec<Request>) {
    let mut engine = engine(TIERS);
    let ids: Vec<String> = (0..customers).map(id).collect();
    for id in &ids {
        engine.create_customer(START, id, &Profile::default()).unwrap();
    }
    let rows: Vec<&str> = TRACE.lines().skip(1).collect();
    let whose = Draws::new(42).zipf(customers, 0.8, rows.len());
    let requests = rows.iter().zip(whose).map(|(row, customer)| {
        let mut cells = row.split(',');
        let at = milliseconds(cells.next().unwrap());
        let tokens = cells.map(|cell| cell.parse::<f64>().unwrap()).sum();
        Request { customer, at: START + at, tokens }
    });
    let requests = requests.collect();
    (engine, ids, requests)
}

/// The milliseconds since midnight of `2023-11-16 18:15:46.6805900`.
fn milliseconds(timestamp: &str) -> i64 {
    let time: Vec<f64> =
        timestamp.split_once(' ').unwrap().1.split(':').map(|part| part.parse().unwrap()).collect();
    ((time[0] * 60.0 + time[1]) * 60_000.0 + time[2] * 1000.0) as i64
}
