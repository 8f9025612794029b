//! Random sequences of calls over a small policy that has every kind of limit.

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::quantity::{Amount, Duration};
use limitr_engine::{Ask, BatchItem, Call, Engine, EngineOptions, Given, HoldId, Profile, Reserve, Settle};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Monday, 15 January 2024, 10:30 UTC.
pub(crate) const START: i64 = 1_705_314_600_000;

const POLICY: &str = r"
policy:
  credits:
    token: { overhead_cost: 0.003, price: 0.07 }
    mb: { stof_units: MB, pricing_model: tiered, tiers: [{ up_to: 10, price: 0.3 }, { up_to: 1GB, price: 0.01 }, { price: 0.001 }] }
    image: { pricing_model: volume, tiers: &bands [{ up_to: 3, price: 1 }, { up_to: 7.5, price: 0.4 }, { price: 0.1 }] }
    seat: { pricing_model: stairstep, tiers: *bands }
    free: {}
    gold: { price: 3 }
    dime: { price: 0.1 }
    gem: {}
  exchange: { grant_strategy: cheapest_first, gem: { value: 0.7, currency: gold }, eur: { value: 1.1, currency: usd } }
  hold_ttl: 1hr
  estimate_min_samples: 2
  plans:
    free:
      default: true
      entitlements: &all
        hard: { limit: { credit: token, value: 10, increment: 2.5 } }
        soft: { limit: { credit: token, mode: soft, value: 5, resets: true, reset_inc: 2hr } }
        images: { limit: { credit: image, mode: soft, value: 2, resets: true, reset_inc: 2hr } }
        steps: { limit: { credit: seat, mode: soft } }
        unpriced: { limit: { credit: free, mode: soft, value: 3 } }
        watched: { limit: { credit: token, mode: observe, resets: true, reset_sch: 'weekly:tue' } }
        trailing: { limit: { credit: token, value: 7, hard_trailing: true, resets: true, reset_inc: 1day } }
        burst:
          limit: { credit: token, value: 50, resets: true, reset_inc: 1day, governor_enabled: true, governor_capacity: 6, governor_refill_rate: 0.0001 }
        storage: { limit: { credit: mb, value: 1GiB, minimum: 1 } }
        seats: { scope: org, limit: { credit: token, value: 6 } }
        calls: { limit: { credit: free, value: 9, resets: true, reset_inc: 2hr } }
        late: { limit: { credit: gold, value: 5, hard_trailing: true, resets: true, reset_inc: 2hr } }
        seen: { limit: { credit: gold, mode: observe, value: 3 } }
        sold: { limit: { credit: gold, mode: soft, value: 2, resets: true, reset_inc: 2hr } }
        export: {}
      topups: &packs
        tokens: { credit: token, value: 6, expires_after: 2days }
        coin: { credit: gold, value: 1.5 }
        dimes: { credit: dime, value: 4, resets: true, reset_inc: 3hr, reset_mode: add, reset_catchup_cap: 2, max_balance: 9 }
        gems: { credit: gem, value: 0.3, resets: true, reset_sch: 'weekly:tue', reset_mode: rollover, rollover_pct: 0.3 }
        welcome: { credit: token, value: 2, included: true, resets: true, reset_inc: 1hr }
    bare: { entitlements: *all }
    pro:
      topups: *packs
      entitlements:
        hard: { limit: { credit: token, value: 100, resets: true, reset_inc: 1hr } }
        extra: { limit: { credit: token, mode: soft, value: 1 } }
";

/// Of these, only `cat` begins without a grant: its calls are plain, as long as nothing else is added to it.
pub(crate) const CUSTOMERS: [&str; 5] = ["org", "ann", "bob", "cat", "nobody"];
const CAT: usize = 3;
const ENTITLEMENTS: [&str; 17] = [
    "hard",
    "soft",
    "images",
    "steps",
    "unpriced",
    "watched",
    "trailing",
    "burst",
    "storage",
    "seats",
    "calls",
    "late",
    "seen",
    "sold",
    "export",
    "extra",
    "unheard_of",
];

/// One step of a sequence.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Wait(i64),
    Call { customer: usize, entitlement: usize, ask: u8, value: f64, overhead: bool, force: bool },
    Batch { customer: usize, items: Vec<(usize, f64)> },
    Plan { customer: usize, pro: bool, overwrite: bool },
    Override { customer: usize, entitlement: usize, value: u32, expires: bool },
    Unoverride { customer: usize, nth: u8 },
    Create { customer: usize, member: bool },
    Remove { customer: usize },
    Alt { customer: usize },
    Reload { customer: usize },
    Once { customer: usize, entitlement: usize, id: u8, value: u8 },
    Topup { customer: usize, topup: usize },
    Cap { customer: usize, cap: u8, value: u8, flags: u16 },
    EndCap { customer: usize, cap: u8, reset: bool },
    Reserve { customer: usize, entitlement: usize, value: Option<f64>, ttl: i64 },
    Settle { customer: usize, entitlement: usize, hold: u8, how: u8, value: f64 },
}

const TOPUPS: [&str; 6] = ["tokens", "coin", "dimes", "gems", "welcome", "nothing"];

/// Sequences of up to 60 steps.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..60)
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let customer = || prop_oneof![3 => 0..CUSTOMERS.len(), 2 => Just(CAT)];
    let entitlement = || 0..ENTITLEMENTS.len();
    prop_oneof![
        4 => prop_oneof![0..5_000_i64, 0..86_400_000_i64].prop_map(Step::Wait),
        20 => (customer(), entitlement(), 0..8_u8, value(), any::<bool>(), prop::bool::weighted(0.1)).prop_map(
            |(customer, entitlement, ask, value, overhead, force)| Step::Call {
                customer, entitlement, ask, value, overhead, force
            }
        ),
        3 => (customer(), prop::collection::vec((entitlement(), value()), 0..4))
            .prop_map(|(customer, items)| Step::Batch { customer, items }),
        1 => (customer(), any::<bool>(), any::<bool>())
            .prop_map(|(customer, pro, overwrite)| Step::Plan { customer, pro, overwrite }),
        1 => (customer(), entitlement(), 0..40_u32, any::<bool>()).prop_map(
            |(customer, entitlement, value, expires)| Step::Override { customer, entitlement, value, expires }
        ),
        1 => (customer(), any::<u8>()).prop_map(|(customer, nth)| Step::Unoverride { customer, nth }),
        1 => (customer(), any::<bool>()).prop_map(|(customer, member)| Step::Create { customer, member }),
        1 => customer().prop_map(|customer| Step::Remove { customer }),
        1 => customer().prop_map(|customer| Step::Alt { customer }),
        1 => customer().prop_map(|customer| Step::Reload { customer }),
        3 => (customer(), 0..TOPUPS.len()).prop_map(|(customer, topup)| Step::Topup { customer, topup }),
        2 => (customer(), 0..3_u8, 0..20_u8, any::<u16>())
            .prop_map(|(customer, cap, value, flags)| Step::Cap { customer, cap, value, flags }),
        1 => (customer(), 0..3_u8, any::<bool>())
            .prop_map(|(customer, cap, reset)| Step::EndCap { customer, cap, reset }),
        4 => (customer(), entitlement(), prop::option::of(value()), 1..7_200_000_i64).prop_map(
            |(customer, entitlement, value, ttl)| Step::Reserve { customer, entitlement, value, ttl }
        ),
        5 => (customer(), entitlement(), 0..12_u8, 0..5_u8, value()).prop_map(
            |(customer, entitlement, hold, how, value)| Step::Settle { customer, entitlement, hold, how, value }
        ),
        2 => (customer(), entitlement(), 0..4_u8, 0..3_u8).prop_map(
            |(customer, entitlement, id, value)| Step::Once { customer, entitlement, id, value }
        ),
    ]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (0..12_u8).prop_map(f64::from),
        3 => (0..400_u16).prop_map(|tenths| f64::from(tenths) / 100.0),
        2 => (-60..0_i8).prop_map(|tenths| f64::from(tenths) / 10.0),
        1 => -1e3..1e3_f64,
        1 => Just(1e24),
    ]
}

/// An engine without customers.
pub(crate) fn bare() -> Engine {
    let loaded =
        load(POLICY.as_bytes(), Format::Yaml, &LoadOptions { validate: true, ..LoadOptions::default() });
    Engine::new(loaded.unwrap().policy, EngineOptions { seed: 7, now: START }).unwrap()
}

/// An engine with an org and two members.
pub(crate) fn engine() -> Engine {
    let mut engine = bare();
    people(&mut engine);
    engine
}

/// Creates the customers of a sequence.
pub(crate) fn people(engine: &mut Engine) {
    for customer in 0..4 {
        Step::Create { customer, member: true }.run(engine, START);
    }
}

impl Step {
    /// Milliseconds that pass before the step.
    pub(crate) fn wait(&self) -> i64 {
        if let Step::Wait(ms) = self { *ms } else { 0 }
    }

    /// The step as one metering call, if it is one.
    pub(crate) fn call(&self) -> Option<(&'static str, &'static str, Call<'static>)> {
        let Step::Call { customer, entitlement, ask, value, overhead, force } = self else { return None };
        let ask = match ask {
            0 => Ask::Increment,
            1 => Ask::Decrement,
            2 => Ask::To(Given::Number(*value)),
            3 => Ask::By(Given::Text("512KiB")),
            _ => Ask::by(*value),
        };
        let overhead = overhead.then(|| Amount::from_int(1));
        let call = Call { overhead, force: *force, ..Call::new(ask) };
        Some((CUSTOMERS[*customer], ENTITLEMENTS[*entitlement], call))
    }

    /// The step as calls that are made together, if it is some.
    pub(crate) fn batch(&self) -> Option<(&'static str, Vec<BatchItem<'static>>)> {
        let Step::Batch { customer, items } = self else { return None };
        let item = |(at, value): &(usize, f64)| BatchItem {
            overhead: (*at == 0).then_some(Amount::ONE),
            ..BatchItem::new(ENTITLEMENTS[*at], Given::Number(*value))
        };
        Some((CUSTOMERS[*customer], items.iter().map(item).collect()))
    }

    /// Runs the step; errors are answers too.
    pub(crate) fn run(&self, engine: &mut Engine, now: i64) {
        if let Some((customer, entitlement, call)) = self.call() {
            let _answer = engine.allow(now, customer, entitlement, &call);
            return;
        }
        if let Some((customer, items)) = self.batch() {
            let _answer = engine.decide_all(now, customer, &items, true);
            return;
        }
        match self {
            Step::Wait(_) | Step::Call { .. } | Step::Batch { .. } => {}
            Step::Plan { customer, pro, overwrite } => {
                let plan = if *pro { "pro" } else { "free" };
                let _answer = engine.set_customer_plan(now, CUSTOMERS[*customer], plan, *overwrite);
            }
            Step::Override { customer, entitlement, value, expires } => {
                let Value::Object(fields) = json!({ "value": value }) else { return };
                let end = expires.then(|| now + 3_600_000);
                let entitlement = ENTITLEMENTS[*entitlement];
                let _answer = engine.create_override(now, CUSTOMERS[*customer], entitlement, &fields, end);
            }
            Step::Unoverride { customer, nth } => {
                let entitlement = nth_override(engine, CUSTOMERS[*customer], usize::from(*nth));
                let _answer = engine.remove_override(now, CUSTOMERS[*customer], &entitlement);
            }
            Step::Create { customer, member } => {
                let id = CUSTOMERS[*customer];
                let kind = if id == "org" { "org" } else { "user" };
                let refs = (*member && id != "org").then(|| vec!["org".to_string()]);
                let plan = match id {
                    "bob" => "",
                    "cat" => "bare",
                    _ => "free",
                };
                let profile = Profile { plan, kind: Some(kind), refs, ..Profile::default() };
                let _answer = engine.create_customer(now, id, &profile);
            }
            Step::Remove { customer } => {
                let _answer = engine.remove_customer(now, CUSTOMERS[*customer]);
            }
            Step::Alt { customer } => {
                let _answer = engine.add_alt_id(now, CUSTOMERS[*customer], "ann@example.com");
            }
            Step::Reload { customer } => {
                if let Some(record) = engine.customer_record(CUSTOMERS[*customer]) {
                    engine.set_customer(now, &record, true).unwrap();
                }
            }
            Step::Topup { .. }
            | Step::Cap { .. }
            | Step::EndCap { .. }
            | Step::Reserve { .. }
            | Step::Settle { .. } => self.run_money(engine, now),
            Step::Once { customer, entitlement, id, value } => {
                let call = Call::new(Ask::by(f64::from(*value)));
                let (customer, entitlement) = (CUSTOMERS[*customer], ENTITLEMENTS[*entitlement]);
                let _answer = engine.decide_once(now, customer, entitlement, &call, &format!("id-{id}"));
            }
        }
    }

    fn run_money(&self, engine: &mut Engine, now: i64) {
        match self {
            Step::Topup { customer, topup } => {
                let _answer = engine.apply_topup(now, CUSTOMERS[*customer], TOPUPS[*topup]);
            }
            Step::Cap { customer, cap, value, flags } => {
                let options = cap_options(*cap, *flags);
                let _answer =
                    engine.add_cap(now, CUSTOMERS[*customer], Given::Number(f64::from(*value)), &options);
            }
            Step::EndCap { customer, cap, reset } => {
                let (customer, cap) = (CUSTOMERS[*customer], format!("c{cap}"));
                let _answer = match reset {
                    true => engine.reset_cap(now, customer, &cap),
                    false => engine.remove_cap(now, customer, &cap),
                };
            }
            Step::Reserve { customer, entitlement, value, ttl } => {
                let reserve = Reserve {
                    value: value.map(Given::Number),
                    ttl: Some(Duration::from_millis(*ttl)),
                    ..Reserve::default()
                };
                let _answer = engine.reserve(now, CUSTOMERS[*customer], ENTITLEMENTS[*entitlement], &reserve);
            }
            Step::Settle { customer, entitlement, hold, how, value } => {
                let (customer, entitlement) = (CUSTOMERS[*customer], ENTITLEMENTS[*entitlement]);
                let id = nth_hold(engine, customer, entitlement, *hold);
                let value = Given::Number(*value);
                let part = Settle::new(value);
                let _answer = match how {
                    0 => engine.release(now, customer, entitlement, id),
                    1 => engine.extend_hold(now, customer, entitlement, id, value, None),
                    2 => engine.consume_hold(now, customer, entitlement, id, &part),
                    _ => engine.settle(now, customer, entitlement, Some(id), &part),
                };
            }
            _ => {}
        }
    }
}

/// The entitlement of one of the customer's overrides, or any entitlement where there is none.
fn nth_override(engine: &Engine, customer: &str, nth: usize) -> String {
    let overrides = engine.customer(customer).map_or(&[][..], |customer| customer.overrides());
    let set = overrides.get(nth % overrides.len().max(1));
    set.map_or(ENTITLEMENTS[nth % ENTITLEMENTS.len()], |set| engine.entitlement_name(set.entitlement))
        .to_string()
}

/// The ID of a hold on that entitlement, mostly of one that there is.
fn nth_hold(engine: &Engine, customer: &str, entitlement: &str, at: u8) -> HoldId {
    let holder = engine.customer(if entitlement == "seats" { "org" } else { customer });
    let holds = holder.map_or(&[][..], |holder| holder.holds());
    let mine: Vec<u64> = holds
        .iter()
        .filter(|hold| engine.entitlement_name(hold.entitlement) == entitlement)
        .map(|hold| hold.number)
        .collect();
    let number = mine.get(usize::from(at) % mine.len().max(1)).copied().unwrap_or(u64::from(at));
    HoldId::numbered(number)
}

/// Every option of a cap, by its bit.
fn cap_options(cap: u8, flags: u16) -> serde_json::Map<String, Value> {
    let has = |bit: u16| flags & (1 << bit) != 0;
    let mut options = serde_json::Map::new();
    options.insert("cap_id".to_string(), Value::from(format!("c{cap}")));
    let named = [
        "ignore_grants",
        "overage_only",
        "observe_only",
        "overhead_cost",
        "follow_decrements",
        "hard_trailing",
    ];
    for (bit, name) in (0..).zip(named) {
        options.insert(name.to_string(), Value::from(has(bit) && has(bit + 1)));
    }
    options.insert("shared".to_string(), Value::from(has(8)));
    if has(9) && has(10) {
        options.insert("scope".to_string(), json!(["soft", "hard", "seats"]));
    }
    if has(11) {
        options.insert("resets".to_string(), Value::from(true));
        options.insert("reset_inc".to_string(), Value::from("90min"));
    }
    if has(12) && has(13) {
        options.insert("credit".to_string(), Value::from(if has(14) { "token" } else { "eur" }));
    }
    options
}
