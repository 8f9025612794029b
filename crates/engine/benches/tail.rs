//! The tail of `allow` without any host: every call timed while customers are added. `cargo bench -p limitr-engine --bench tail`
//! prints one object of JSON; `-- <calls> <customers>` after it for others than 10,000,000 and 100,000.
//!
//! The same loop is run three times: with nothing in it (what the clock and the machine do), with `allow` on 100,000
//! customers, and with a customer added every so many calls until there are twice as many. A pause of more than `PAUSE_NS` is looked
//! into at once: if the thread was off the processor for most of it, or the kernel brought in pages, it says so; what is left is the engine's, or
//! the machine's under it. Looking costs some 20 µs, which lie between calls and are in no time.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used
)] // a bench may panic, prints, and reads a clock

mod world;

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use limitr_engine::{Ask, Call, Profile};
use serde_json::{Value, json};
use world::{Draws, POLICY, START, engine, id, settle};

const ORDER: usize = 1 << 20;
const PAUSE_NS: u64 = 20_000;
const PAUSES: usize = 10;

/// How often the kernel took the processor away from this thread, for how long it has run, and how many pages it brought in.
#[derive(Clone, Copy, Default)]
struct Kernel {
    at: Option<Instant>,
    busy_ns: u64,
    switches: u64,
    faults: u64,
}

impl Kernel {
    /// As it is now; zeros where there is no /proc.
    fn look() -> Kernel {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        let switches = status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
        // The program's name, which may hold spaces, ends with `)`; the 8th field after it counts minor faults.
        let faults = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(7));
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let sched = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        Kernel {
            at: Some(Instant::now()),
            busy_ns: number(sched.split_whitespace().next()),
            switches: number(switches),
            faults: number(faults),
        }
    }
}

/// The times of one kind of call, and the long ones looked into.
struct Times {
    ns: Vec<u32>,
    pauses: Vec<Value>,
}

impl Times {
    fn new(calls: usize) -> Times {
        let mut ns = vec![1; calls]; // written, so that its pages are there
        ns.clear();
        Times { ns, pauses: Vec::with_capacity(4_096) }
    }

    fn add(&mut self, ns: u64, kernel: &mut Kernel, customers: usize) {
        self.ns.push(u32::try_from(ns).unwrap_or(u32::MAX));
        if ns < PAUSE_NS || self.pauses.len() == self.pauses.capacity() {
            return;
        }
        let now = Kernel::look();
        let (switches, faults) = (now.switches - kernel.switches, now.faults - kernel.faults);
        let passed = kernel.at.map_or(0, |at| at.elapsed().as_nanos() as u64);
        let off = passed.saturating_sub(now.busy_ns - kernel.busy_ns) > ns / 2;
        let cause = match (switches > 0 || off, faults) {
            (true, _) => "off the processor",
            (false, 64..) => "new pages",
            _ => "the engine or the machine",
        };
        self.pauses.push(json!({ "ns": ns, "customers": customers, "cause": cause, "switches": switches, "faults": faults }));
        *kernel = Kernel::look();
    }

    fn summed(mut self, name: &str) -> Value {
        self.ns.sort_unstable();
        let calls = self.ns.len();
        let at = |share: f64| self.ns[((calls as f64 * share) as usize).min(calls - 1)];
        let rows = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("p9999", 0.9999), ("max", 1.0)];
        let mut summed: serde_json::Map<String, Value> =
            rows.iter().map(|(name, share)| ((*name).to_string(), json!(at(*share)))).collect();
        self.pauses.sort_by_key(|pause| std::cmp::Reverse(pause["ns"].as_u64()));
        let own = self.pauses.iter().find(|pause| pause["cause"] == "the engine or the machine");
        summed.insert("longestOwn".into(), json!(own.map_or(0, |pause| pause["ns"].as_u64().unwrap())));
        self.pauses.truncate(PAUSES);
        let curve: Vec<Value> = (0..=70)
            .map(|step| 1.0 - 10_f64.powf(-f64::from(step) / 10.0))
            .map(|share| json!([share, at(share)]))
            .collect();
        summed.extend([
            ("name".into(), json!(name)),
            ("calls".into(), json!(calls)),
            ("pauses".into(), json!(self.pauses)),
            ("curve".into(), json!(curve)),
        ]);
        Value::Object(summed)
    }
}

/// Times `calls` calls of `call`.
fn steady(name: &str, calls: usize, customers: usize, mut call: impl FnMut(usize)) -> Value {
    let mut times = Times::new(calls);
    let mut kernel = Kernel::look();
    for made in 0..calls {
        let began = Instant::now();
        call(made);
        times.add(began.elapsed().as_nanos() as u64, &mut kernel, customers);
    }
    times.summed(name)
}

/// Times `calls` calls of `allow`, and the customers that are added between them.
fn growing(calls: usize, from: usize, order: &[u32]) -> [Value; 2] {
    let mut engine = engine(POLICY);
    let mut ids = settle(&mut engine, from);
    let every = (calls / from).max(1);
    ids.extend((from..from + calls / every).map(id));
    let (mut allowed, mut added) = (Times::new(calls), Times::new(calls / every));
    let (mut kernel, mut customers) = (Kernel::look(), from);
    let call = Call::new(Ask::by(1.0));
    for made in 0..calls {
        if made % every == 0 && customers < ids.len() {
            let id = &ids[customers];
            let began = Instant::now();
            engine.create_customer(START, id, &Profile::default()).unwrap();
            added.add(began.elapsed().as_nanos() as u64, &mut kernel, customers);
            customers += 1;
        }
        let id = &ids[order[made & (ORDER - 1)] as usize * customers / from];
        let began = Instant::now();
        let answer = engine.allow(START, black_box(id), "api", &call).unwrap();
        allowed.add(began.elapsed().as_nanos() as u64, &mut kernel, customers);
        assert!(answer);
    }
    let used: f64 =
        ids.iter().filter_map(|id| engine.value(START, id, "api")).map(|value| value.to_f64()).sum();
    assert_eq!((engine.customer_count(), used), (ids.len(), (calls + from) as f64));
    [allowed.summed("allow, growing"), added.summed("createCustomer, growing")]
}

fn main() {
    let mut numbers = std::env::args().filter_map(|one| one.parse().ok());
    let (calls, customers) = (numbers.next().unwrap_or(10_000_000), numbers.next().unwrap_or(100_000));
    let order = Draws::new(42).uniform(customers, ORDER);
    let mut loops = vec![steady("nothing", calls, customers, |made| {
        black_box(made);
    })];
    {
        let mut engine = engine(POLICY);
        let ids = settle(&mut engine, customers);
        let call = Call::new(Ask::by(1.0));
        loops.push(steady("allow", calls, customers, |made| {
            let id = &ids[order[made & (ORDER - 1)] as usize];
            assert!(engine.allow(START, black_box(id), "api", &call).unwrap());
        }));
    }
    loops.extend(growing(calls, customers, &order));
    println!("{}", json!({ "calls": calls, "customers": customers, "loops": loops }));
}
