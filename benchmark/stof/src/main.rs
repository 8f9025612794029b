//! Times the check of a hard limit as one small Stof function, in its fastest way of use: parsed once, found once, called with
//! whole numbers. The meters are the host's, in a map by ID; the function judges. In turn with it Limitr's engine makes the same calls, from
//! Rust as well, so that whatever the machine does befalls both. Prints one object of JSON.
//!
//! `limitr-bench-stof [milliseconds to measure]`

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::{Ask, Call, Engine, EngineOptions};
use stof::model::{Func, Graph, Profile};
use stof::runtime::{Runtime, Val};

const CUSTOMERS: usize = 1_000;
const LIMIT: i64 = 1_000_000_000_000_000;
const SOURCE: &str = "fn allows(used: int, value: int, limit: int) -> bool { used + value <= limit }";
const POLICY: &str = "
policy:
  credits: { call: {} }
  plans:
    base:
      default: true
      entitlements:
        api: { limit: { credit: call, value: 1e15, resets: true, reset_inc: 30days } }
";

/// Within a period that doesn't end.
const NOW: i64 = 1_705_314_600_000;

fn main() {
    let measured = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(300);
    let ids: Vec<String> = (0..CUSTOMERS).map(|index| format!("customer_{index}")).collect();

    let mut graph = Graph::default();
    graph.parse_stof_src(SOURCE, None, Profile::default()).expect("the function parses");
    let allows = Func::func_from_path(&graph, "root.allows", None).expect("the function is there");
    let mut meters: HashMap<&str, i64> = ids.iter().map(|id| (id.as_str(), 0)).collect();
    let mut by_stof = |id: &str, limit: i64| {
        let Some(used) = meters.get_mut(id) else { return false };
        let args = vec![Val::from(*used), Val::from(1), Val::from(limit)];
        let allowed = Runtime::call_func(&mut graph, &allows, args).expect("the function runs").truthy();
        if allowed {
            *used += 1;
        }
        allowed
    };
    assert!(!by_stof("customer_0", 0), "past the limit is denied");

    let policy =
        load(POLICY.as_bytes(), Format::Yaml, &LoadOptions::default()).expect("the policy is valid").policy;
    let mut engine = Engine::new(policy, EngineOptions { seed: 7, now: NOW }).expect("the engine opens");
    for id in &ids {
        engine.create_customer(NOW, id, &limitr_engine::Profile::default()).expect("the customer is new");
    }
    let call = Call::new(Ask::by(1.0));
    let mut by_limitr = |id: &str| engine.allow(NOW, id, "api", &call).expect("the call is well-formed");

    let (mut stof, mut limitr) = (Samples::default(), Samples::default());
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(measured) || stof.ns.len() < 5 {
        stof.batch(&ids, 2_000, |id| by_stof(id, LIMIT));
        limitr.batch(&ids, 50_000, &mut by_limitr);
    }
    assert_eq!(meters.values().sum::<i64>(), stof.made as i64, "the meters sum to the calls");
    let metered: f64 =
        ids.iter().filter_map(|id| engine.value(NOW, id, "api")).map(|used| used.to_f64()).sum();
    assert_eq!(metered, limitr.made as f64, "the engine's meters sum to the calls");
    println!("{{\"ns\":{},\"limitr\":{},\"calls\":{}}}", stof.median(), limitr.median(), stof.made);
}

/// What one of the two took, batch by batch.
#[derive(Default)]
struct Samples {
    ns: Vec<f64>,
    made: usize,
}

impl Samples {
    /// Times calls of customers in turn, all of which must be allowed.
    fn batch(&mut self, ids: &[String], calls: usize, mut allow: impl FnMut(&str) -> bool) {
        let began = Instant::now();
        for _ in 0..calls {
            assert!(black_box(allow(black_box(&ids[self.made % CUSTOMERS]))), "all are allowed");
            self.made += 1;
        }
        self.ns.push(began.elapsed().as_nanos() as f64 / calls as f64);
    }

    fn median(&mut self) -> f64 {
        self.ns.sort_by(f64::total_cmp);
        self.ns[self.ns.len() / 2]
    }
}
