//! Times the check of a hard limit as one small Stof function, in its fastest way of use: parsed once, found once, called with
//! whole numbers. The meters are the host's, in a map by ID; the function judges. Prints one object of JSON.
//!
//! `limitr-bench-stof [milliseconds to measure]`

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use stof::model::{Func, Graph, Profile};
use stof::runtime::{Runtime, Val};

const CUSTOMERS: usize = 1_000;
const LIMIT: i64 = 1_000_000_000_000_000;
const BATCH: usize = 2_000;
const SOURCE: &str = "fn allows(used: int, value: int, limit: int) -> bool { used + value <= limit }";

fn main() {
    let measured = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(300);
    let mut graph = Graph::default();
    graph.parse_stof_src(SOURCE, None, Profile::default()).expect("the function parses");
    let allows = Func::func_from_path(&graph, "root.allows", None).expect("the function is there");
    let ids: Vec<String> = (0..CUSTOMERS).map(|index| format!("customer_{index}")).collect();
    let mut meters: HashMap<&str, i64> = ids.iter().map(|id| (id.as_str(), 0)).collect();

    let mut allow = |graph: &mut Graph, id: &str, value: i64, limit: i64| {
        let Some(used) = meters.get_mut(id) else { return false };
        let args = vec![Val::from(*used), Val::from(value), Val::from(limit)];
        let allowed = Runtime::call_func(graph, &allows, args).expect("the function runs").truthy();
        if allowed {
            *used += value;
        }
        allowed
    };
    assert!(!allow(&mut graph, "customer_0", 2, 1), "past the limit is denied");

    let (mut samples, mut made) = (Vec::new(), 0);
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(measured) || samples.len() < 5 {
        let batch = Instant::now();
        for _ in 0..BATCH {
            assert!(allow(&mut graph, black_box(&ids[made % CUSTOMERS]), 1, LIMIT), "all are allowed");
            made += 1;
        }
        samples.push(batch.elapsed().as_nanos() as f64 / BATCH as f64);
    }
    samples.sort_by(f64::total_cmp);
    let used: i64 = meters.values().sum();
    assert_eq!(used, made as i64, "the meters sum to the calls");
    println!("{{\"ns\":{},\"calls\":{made}}}", samples[samples.len() / 2]);
}
