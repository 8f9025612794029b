//! What a call costs may be worked out before it: the engine says what it asks for, and counts what it is told.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // a test may panic

mod support;

use limitr_engine::{Ask, Asked, BatchItem, Call, Given, HoldId, Likeness, Reserve, Settle};
use support::{World, amount};

const POLICY: &str = r"
policy:
  credits: { token: { overhead_cost: 7, stof_units: KB }, plain: { overhead_cost: 1 } }
  plans:
    free:
      default: true
      entitlements:
        chat: { limit: { credit: token, value: 1000, increment: 2 } }
        other: { limit: { credit: plain, value: 1000 } }
        flag: {}
";

fn asked(world: &World, ask: Ask<'_>) -> Option<(f64, f64)> {
    let asked = world.engine.asked_by_call(world.now, "ann", "chat", &ask).unwrap();
    asked.map(|Asked { credit, units, overhead }| {
        assert_eq!(credit, "token");
        (units.to_f64(), overhead.to_f64())
    })
}

#[test]
fn a_call_says_what_it_asks_for() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("chat", 10.1));
    assert_eq!(asked(&world, Ask::by(4.0)), Some((4.0, 28.0)));
    assert_eq!(asked(&world, Ask::By(Given::Text("500bytes"))), Some((0.5, 3.5)));
    assert_eq!(asked(&world, Ask::To(Given::Number(10.4))), Some((0.3, 2.1)), "to the last digit");
    assert_eq!(asked(&world, Ask::Increment), Some((2.0, 14.0)));
    assert_eq!(asked(&world, Ask::Decrement), Some((-2.0, -14.0)));
    for (customer, entitlement) in [("nobody", "chat"), ("ann", "unheard_of"), ("ann", "flag")] {
        let asked = world.engine.asked_by_call(world.now, customer, entitlement, &Ask::by(1.0)).unwrap();
        assert_eq!(asked, None);
    }
    let refused = world.engine.asked_by_call(world.now, "ann", "chat", &Ask::By(Given::Text("5days")));
    assert_eq!(refused.unwrap_err().code(), "unit_mismatch");
}

#[test]
fn a_reservation_says_what_it_would_hold() {
    let mut world = World::with_ann(POLICY);
    let units = |world: &World, reserve: &Reserve<'_>| {
        let asked = world.engine.asked_by_reserve(world.now, "ann", "chat", reserve).unwrap();
        asked.map(|asked| asked.units.to_f64())
    };
    let open = Reserve::default();
    assert_eq!(units(&world, &open), Some(2.0), "the increment");
    let learnt = Likeness::default();
    world.engine.learn_call(world.now, "ann", "chat", Given::Number(5.0), None, &learnt).unwrap();
    assert_eq!(units(&world, &open), Some(5.0), "the estimate");
    let value = Some(Given::Text("3KB"));
    assert_eq!(units(&world, &Reserve { value, ..open }), Some(3.0));
    let id = world.engine.reserve(world.now, "ann", "chat", &open).unwrap();
    assert!(id.is_some());
    let held = world.engine.held(world.now, "ann", "chat").map(|held| held.to_f64());
    assert_eq!(held, Some(5.0), "as much as it said");
}

#[test]
fn items_of_a_batch_each_have_their_cost() {
    let mut world = World::with_ann(POLICY);
    let item = |overhead: &str| BatchItem {
        overhead: Some(amount(overhead)),
        ..BatchItem::new("chat", Given::Number(1.0))
    };
    let items = [item("0.25"), BatchItem::new("chat", Given::Number(1.0)), item("-1")];
    let answer = world.engine.decide_all(world.now, "ann", &items, true).unwrap();
    let costs = answer.decisions.iter().map(|one| one.as_ref()?.cost.map(|cost| cost.to_f64()));
    assert_eq!(costs.collect::<Vec<_>>(), [Some(0.25), Some(7.0), Some(-1.0)]);
    let told = world.events();
    assert_eq!(told.last().unwrap()["meter"]["overhead"], 6.25);
    world.assert_loads(POLICY);
    world.assert_replays(POLICY);
}

/// Reserves 4 units that cost 8 on a cap of costs that admits 20, and answers the hold.
fn reserved(world: &mut World) -> HoldId {
    let cap = serde_json::json!({ "overhead_cost": true });
    world.engine.add_cap(world.now, "ann", Given::Number(20.0), cap.as_object().unwrap()).unwrap();
    let overhead = Some(amount("8"));
    let reserve = Reserve { value: Some(Given::Number(4.0)), overhead, ..Reserve::default() };
    world.engine.reserve(world.now, "ann", "chat", &reserve).unwrap().unwrap()
}

/// The most that the cap admits still.
fn room(world: &World) -> f64 {
    world.engine.allowance(world.now, "ann", "other").unwrap().to_f64()
}

#[test]
fn what_a_hold_costs_goes_with_what_was_consumed_of_it() {
    let mut world = World::with_ann(POLICY);
    let hold = reserved(&mut world);
    assert_eq!(room(&world), 12.0);
    let part = Settle { overhead: Some(amount("3")), ..Settle::new(Given::Number(1.0)) };
    assert!(world.engine.consume_hold(world.now, "ann", "chat", hold, &part).unwrap());
    assert_eq!(room(&world), 12.0, "3 are counted and 5 are kept free");
    let dear = Settle { overhead: Some(amount("6")), ..part };
    assert!(world.engine.consume_hold(world.now, "ann", "chat", hold, &dear).unwrap());
    assert_eq!(room(&world), 11.0, "nothing is left of what it was to cost");
    world.engine.release(world.now, "ann", "chat", hold).unwrap();
    assert_eq!(room(&world), 11.0);
    world.assert_loads(POLICY);
    world.assert_replays(POLICY);
}

#[test]
fn what_is_added_to_a_hold_costs_more_if_it_is_said() {
    let mut world = World::with_ann(POLICY);
    let hold = reserved(&mut world);
    let mut more = |overhead: Option<&str>| {
        let overhead = overhead.map(amount);
        let more = Given::Number(1.0);
        world.engine.extend_hold(world.now, "ann", "chat", hold, more, overhead).unwrap();
        room(&world)
    };
    assert_eq!(more(None), 12.0, "a cost that was given is that of the whole call");
    assert_eq!(more(Some("2.5")), 9.5);
    assert_eq!(more(Some("100")), 9.5, "there is no room for that");
    world.assert_replays(POLICY);
}

#[test]
fn what_a_function_answered_tells_no_call_from_another() {
    let mut world = World::with_ann(POLICY);
    let costing = |overhead: Option<&str>| Call {
        overhead: overhead.map(amount),
        overhead_asked: true,
        ..Call::new(Ask::by(1.0))
    };
    let first = world.engine.decide_once(world.now, "ann", "chat", &costing(Some("3")), "x").unwrap();
    for again in [costing(Some("4")), costing(None), Call::new(Ask::by(1.0))] {
        assert_eq!(world.engine.decide_once(world.now, "ann", "chat", &again, "x").unwrap(), first);
    }
    let said = Call { overhead: Some(amount("3")), ..Call::new(Ask::by(1.0)) };
    let refused = world.engine.decide_once(world.now, "ann", "chat", &said, "x").unwrap_err();
    assert_eq!(refused.code(), "idempotency_conflict");
}
