//! An engine that shares its limits spends only what is leased to it, and says what it lacks.
#![allow(clippy::panic, clippy::unwrap_used)] // in helpers, too
mod support;

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::{
    Ask, BatchItem, BoundBy, Call, Change, Effected, Given, Metered, Profile, Reason, Reserve, Settle,
    Source, Spend, What,
};
use serde_json::{Map, Value, json};
use support::{HOUR, START, World, amount};

const POLICY: &str = r"
policy:
  credits: { token: {} }
  plans:
    free:
      default: true
      entitlements:
        hard: { limit: { credit: token, value: 10, resets: true, reset_inc: 1hr } }
        trailing: { limit: { credit: token, value: 10, hard_trailing: true } }
        soft: { limit: { credit: token, mode: soft, value: 10 } }
      topups: { pack: { credit: token, value: 5 } }
";

fn sharing() -> World {
    let mut world = World::with_ann(POLICY);
    world.engine.take_changes();
    world.engine.share(1 << 40);
    world
}

fn limit(name: &str) -> What {
    What::Limit(name.into())
}

impl World {
    fn lease(&mut self, what: &What, left: &str) {
        self.engine.set_lease("ann", what, START, amount(left), START + HOUR);
    }

    fn lacks(&self) -> Vec<(What, i64, String)> {
        let dry = self.engine.dry().into_iter();
        dry.map(|Spend { what, period_start, units, .. }| (what, period_start, units.to_string())).collect()
    }

    fn cap(&mut self, value: f64) {
        let mut options = Map::new();
        options.insert("cap_id".into(), json!("all"));
        options.insert("credit".into(), json!("token"));
        self.engine.add_cap(self.now, "ann", Given::Number(value), &options).unwrap();
    }

    /// Another engine's movement of ann's meter, merged.
    fn merge(&mut self, entitlement: &str, units: &str, period_start: i64) {
        let mut other = World::with_ann(POLICY);
        assert!(other.force(entitlement, 1.0));
        let mut change: Change = other.engine.take_changes().pop().unwrap();
        let Effected::Metered(metered) = &mut change.effect else { panic!("a metered call") };
        *metered = Metered { units: amount(units), period_start, ..metered.clone() };
        self.engine.merge_change(self.now, &change).unwrap();
    }
}

#[test]
fn a_limit_without_a_lease_is_dry_and_says_so() {
    let mut world = sharing();
    let before = world.state();
    let decision = world.decide("hard", 3.0);
    assert_eq!((decision.allowed, decision.reason), (false, Reason::Lease));
    assert_eq!(
        (decision.source, decision.exact, decision.bound_by),
        (Source::Lease, false, Some(BoundBy::Limit))
    );
    assert_eq!(world.lacks(), [(limit("hard"), START, "3".into())]);
    assert_eq!(world.lacks(), [], "it was taken");
    assert_eq!(world.state(), before);
    assert!(!world.allow("hard", 11.0));
    assert_eq!(world.lacks(), [], "a full limit lacks no lease");
    assert!(world.allow("hard", 0.0) && world.allow("hard", -1.0), "what costs nothing needs none");
}

#[test]
fn it_spends_what_is_leased_until_the_lease_or_its_period_ends() {
    let mut world = sharing();
    world.lease(&limit("hard"), "4");
    let decision = world.decide("hard", 3.0);
    assert_eq!((decision.source, decision.exact, decision.at_risk), (Source::Lease, true, Some(amount("0"))));
    assert!(!world.allow("hard", 2.0));
    assert!(world.allow("hard", -2.0) && world.allow("hard", 3.0), "what is given back may be spent again");
    assert!(!world.allow("hard", 1.0));
    world.lease(&limit("hard"), "2");
    world.advance(HOUR - 1);
    assert!(world.allow("hard", 1.0));
    world.advance(1);
    assert!(!world.allow("hard", 1.0), "the lease is over, and so is the period");
    assert_eq!(world.lacks(), [(limit("hard"), START + HOUR, "1".into())]);
    world.engine.set_lease("ann", &limit("hard"), START + HOUR, amount("5"), START + 2 * HOUR);
    assert!(world.allow("hard", 1.0));
    world.engine.end_lease("ann", &limit("hard"));
    assert!(!world.allow("hard", 1.0));
}

#[test]
fn what_others_spent_counts_for_the_limit_and_not_for_the_lease() {
    let mut world = sharing();
    world.lease(&limit("hard"), "10");
    world.merge("hard", "6", START);
    world.merge("hard", "6", START - HOUR);
    assert_eq!(world.value("hard"), 6.0, "a period that is over does nothing");
    assert!(world.allow("hard", 4.0));
    assert_eq!(world.decide("hard", 1.0).reason, Reason::OverLimit);
    world.merge("hard", "3", START + HOUR);
    assert_eq!(world.engine.latest(0), START, "time isn't moved");
    world.advance(HOUR);
    assert_eq!(world.value("hard"), 3.0, "a later one begins");
}

#[test]
fn grants_are_drawn_when_the_limit_is_full_for_all_and_as_far_as_they_are_leased() {
    let mut world = World::with_ann(POLICY);
    assert!(world.engine.apply_topup(START, "ann", "pack").unwrap());
    world.engine.share(1 << 40);
    world.lease(&limit("hard"), "2");
    assert!(world.allow("hard", 2.0));
    assert!(!world.allow("hard", 1.0), "the limit is dry here, not full");
    assert_eq!(world.lacks(), [(limit("hard"), START, "1".into())]);
    world.merge("hard", "8", START);
    assert!(!world.allow("hard", 3.0));
    assert_eq!(world.lacks(), [(What::Grant(1), START, "3".into())]);
    world.lease(&What::Grant(1), "3");
    assert!(world.allow("hard", 3.0));
    world.lease(&What::Grant(1), "1");
    assert!(world.force("hard", 2.0), "it happened");
    let wanted = world.engine.take_wanted();
    assert_eq!((wanted.len(), &wanted[0].what), (1, &What::Grant(1)), "the rest is overage, and asked for");
    assert_eq!(world.engine.remaining_credit(world.now, "ann", "token"), Some(amount("1")));
    assert!(world.allow("soft", 10.0));
    let decision = world.decide("soft", 1.0);
    assert_eq!((decision.overage, decision.exact), (Some(amount("1")), false));
}

#[test]
fn caps_that_deny_are_leased_too() {
    let mut world = sharing();
    world.cap(6.0);
    world.lease(&limit("hard"), "10");
    let decision = world.decide("hard", 2.0);
    assert_eq!((decision.reason, decision.bound_by), (Reason::Lease, Some(BoundBy::Cap)));
    assert_eq!(world.lacks(), [(What::Cap("all".into()), START, "2".into())]);
    world.lease(&What::Cap("all".into()), "2");
    assert!(world.allow("hard", 2.0));
    assert!(!world.allow("hard", 1.0));
    assert_eq!(world.decide("soft", 1.0).bound_by, Some(BoundBy::Cap), "a soft limit has no say in it");
}

#[test]
fn one_call_crosses_a_trailing_limit_where_the_lease_has_its_last_units() {
    let mut world = sharing();
    world.lease(&limit("trailing"), "4");
    assert!(!world.allow("trailing", 7.0), "others may have the rest");
    world.merge("trailing", "6", START);
    assert!(world.allow("trailing", 7.0), "nobody has");
    assert_eq!(world.decide("trailing", 1.0).reason, Reason::OverLimit);
}

#[test]
fn holds_reserve_from_the_lease() {
    let mut world = sharing();
    let reserve = |value| Reserve { value: Some(Given::Number(value)), ..Reserve::default() };
    assert_eq!(world.engine.reserve(START, "ann", "hard", &reserve(3.0)), Ok(None));
    assert_eq!(world.lacks().len(), 1);
    world.lease(&limit("hard"), "5");
    let hold = world.engine.reserve(START, "ann", "hard", &reserve(3.0)).unwrap().unwrap();
    assert_eq!(world.engine.reserved(START, "ann", &limit("hard")).0, amount("3"));
    assert!(!world.allow("hard", 3.0), "2 are left beside the hold");
    assert!(world.allow("hard", 2.0));
    let settle =
        Settle { value: Given::Number(3.0), overhead: None, events: false, likeness: Default::default() };
    assert!(world.engine.settle(START, "ann", "hard", Some(hold), &settle).unwrap());
    assert_eq!(world.engine.reserved(START, "ann", &limit("hard")).0, amount("0"));
    assert!(!world.allow("hard", 1.0));
}

#[test]
fn the_offline_rule_lets_so_much_through_in_a_period() {
    let mut world = sharing();
    world.lease(&limit("hard"), "1");
    world.engine.set_offline(Some(amount("3")));
    assert_eq!(world.decide("hard", 1.0).source, Source::Lease, "leases come first");
    let decision = world.decide("hard", 2.0);
    assert_eq!((decision.allowed, decision.source, decision.exact), (true, Source::Offline, false));
    assert_eq!(decision.at_risk, Some(amount("9")), "others may have spent all that was left");
    assert_eq!(world.decide("hard", 2.0).reason, Reason::Lease, "2 of 3 are gone");
    world.engine.set_offline(None);
    world.engine.set_offline(Some(amount("3")));
    assert!(!world.allow("hard", 2.0), "and stay gone");
    assert!(world.allow("hard", 1.0));
}

#[test]
fn what_the_offline_rule_let_through_before_a_start_was_heard_is_of_that_start() {
    let mut world = World::new(&POLICY.replace("hard:", "other:"));
    world.create("ann", &Profile::default());
    world.engine.share(1 << 40);
    let later = load(POLICY.as_bytes(), Format::Yaml, &LoadOptions::default()).unwrap().policy;
    world.engine.take_policy(START, later, 2).unwrap();
    world.engine.take_changes();
    // This engine's clock is ahead of its server's, which knew of the limit first.
    world.advance(2_000);
    world.engine.set_offline(Some(amount("3")));
    assert_eq!(world.decide("hard", 2.0).source, Source::Offline);
    world.engine.set_offline(None);
    let (holder, entitlements) = ("ann".into(), vec!["hard".into()]);
    let effect = Effected::MetersStarted { holder, entitlements, ended: Vec::new() };
    world.engine.merge_change(world.now, &Change { seq: 1, at: START + 500, effect }).unwrap();
    world.engine.set_lease("ann", &limit("hard"), START + 500, amount("4"), START + HOUR);
    let decision = world.decide("hard", 4.0);
    assert_eq!((decision.allowed, decision.source, decision.used), (true, Source::Lease, Some(amount("6"))));
    world.engine.set_offline(Some(amount("3")));
    assert!(!world.allow("hard", 2.0), "2 of 3 are gone");
    assert!(world.allow("hard", 1.0));
}

#[test]
fn a_batch_that_is_denied_gives_leases_back() {
    let mut world = sharing();
    world.lease(&limit("hard"), "5");
    assert!(!world.together(&[("hard", 4.0), ("hard", 2.0)]));
    assert!(world.together(&[("hard", 4.0), ("hard", 1.0)]));
    assert!(!world.allow("hard", 1.0));
}

#[test]
fn with_no_room_for_changes_nothing_is_recorded() {
    let mut world = sharing();
    world.lease(&limit("hard"), "5");
    world.engine.set_full(true);
    for entitlement in ["hard", "soft"] {
        assert_eq!(world.decide(entitlement, 1.0).reason, Reason::Lease);
    }
    assert_eq!(world.lacks(), [], "no lease would help");
    let forced = Call { force: true, ..Call::new(Ask::by(1.0)) };
    let refused = world.engine.allow(START, "ann", "hard", &forced).unwrap_err();
    assert_eq!(refused.code(), "outbox_full");
    assert!(!world.engine.has_changes());
    world.engine.set_full(false);
    assert!(world.allow("hard", 1.0));
}

#[test]
fn numbers_come_from_the_engines_own_range() {
    let mut world = sharing();
    world.cap(3.0);
    assert!(world.engine.apply_topup(START, "ann", "pack").unwrap());
    let grants: Vec<u64> = world.engine.customer("ann").unwrap().grants().iter().map(|g| g.number).collect();
    assert_eq!(grants, [(1 << 40) + 2]);
    // An engine that counts by customer isn't drawn into others' ranges.
    let records: Vec<Value> = world.engine.customer_records().values().cloned().collect();
    let mut alone = World::new(POLICY);
    alone.engine.load_customers(START, &records, false).unwrap();
    assert!(alone.engine.apply_topup(START, "ann", "pack").unwrap());
    assert_eq!(alone.engine.customer("ann").unwrap().grants()[1].number, 1);
}

/// What metering changes that wait say of units, in order.
fn units_of(world: &mut World) -> Vec<String> {
    let units = |change: Change| match change.effect {
        Effected::Metered(metered) => metered.units.to_string(),
        other => format!("{other:?}").split(' ').next().unwrap_or_default().to_string(),
    };
    world.engine.take_changes().into_iter().map(units).collect()
}

#[test]
fn plain_calls_on_one_meter_are_one_change_until_changes_are_taken() {
    let mut world = sharing();
    world.engine.listen(false);
    world.lease(&limit("hard"), "9");
    let first = world.engine.seq();
    assert!(world.allow("hard", 1.0));
    for _ in 0..3 {
        assert!(world.allow("hard", 2.0));
    }
    assert_eq!(world.engine.seq(), first + 1);
    assert_eq!(units_of(&mut world), ["7"]);
    assert!(world.allow("hard", 2.0));
    assert!(!world.allow("hard", 1.0), "nine were leased");
    assert_eq!(units_of(&mut world), ["2"], "what was taken grows no more");
    assert_eq!(world.engine.seq(), first + 2);
}

#[test]
fn a_change_of_another_kind_comes_behind_the_calls_before_it() {
    let mut world = sharing();
    world.engine.listen(false);
    world.lease(&limit("hard"), "10");
    assert!(world.allow("hard", 1.0) && world.allow("hard", 1.0) && world.allow("soft", 1.0));
    assert!(world.allow("soft", 1.0) && world.allow("hard", 1.0));
    assert_eq!(units_of(&mut world), ["3", "2"]);
    assert!(world.allow("hard", 1.0) && world.allow("soft", 2.0) && world.allow("hard", 1.0));
    assert!(world.decide("hard", -1.0).allowed);
    assert!(world.allow("hard", 1.0));
    assert_eq!(units_of(&mut world), ["2", "2", "-1", "1"]);
}

#[test]
fn a_batch_that_fails_takes_back_nothing_of_calls_before_it() {
    let mut world = sharing();
    world.engine.listen(false);
    world.lease(&limit("hard"), "10");
    assert!(world.allow("hard", 1.0) && world.allow("hard", 1.0));
    let items = ["hard", "hard"].map(|entitlement| BatchItem::new(entitlement, Given::Number(5.0)));
    assert!(!world.engine.decide_all(world.now, "ann", &items, true).unwrap().allowed);
    assert_eq!(units_of(&mut world), ["2"]);
}
