//! A policy is in force, or it isn't; and who did it is on record.

mod support;

use limitr_ledger::audit::{Entry, verify};
use limitr_ledger::policies::{Stage, in_force, publish, roll_back};
use limitr_ledger::rows::{Key, Row, run};
use limitr_protocol::{Down, InstanceId, Resume, Up};
use support::*;

const HIGHER: &str = "policy: { credits: { message: {} }, plans: { free: { default: true } } }";
const BROKEN: &str = "policy: { plans: { free: { entitlements: { chat: { limit: { credit: tokens } } } } } }";

fn stage(world: &World, version: u64) -> Stage {
    match world.database.rows().get(&Key::Policy(version)) {
        Some(Row::Policy(row)) => row.stage,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_invalid_one_is_refused_with_the_diagnostics_of_the_engine() {
    let mut world = World::new();
    let refusal = world.publish(BROKEN).unwrap_err();
    assert_eq!(refusal.code, "invalid_policy");
    assert_eq!(refusal.diagnostics[0]["code"], "unknown_credit");
    assert_eq!(refusal.diagnostics[0]["path"], "policy.plans.free.entitlements.chat.limit.credit");
    assert_eq!(run(&mut world.database, |rows| in_force(rows)).unwrap().version, 1);
    assert_eq!((stage(&world, 1), stage(&world, 2)), (Stage::Published, Stage::Draft));
}

#[test]
fn publishing_supersedes_and_rolling_back_is_publishing_anew() {
    let mut world = World::new();
    assert_eq!(world.publish(HIGHER).unwrap(), 2);
    assert_eq!((stage(&world, 1), stage(&world, 2)), (Stage::Superseded, Stage::Published));
    let now = world.now;
    assert_eq!(run(&mut world.database, |rows| roll_back(rows, now, "ann", 1)).unwrap(), 3);
    let force = run(&mut world.database, |rows| in_force(rows)).unwrap();
    assert_eq!((force.version, force.url.as_str()), (3, "/v1/policies/3/document"));
    assert_eq!(stage(&world, 2), Stage::Superseded);
    let mut again =
        |version| run(&mut world.database, |rows| publish(rows, now, "ann", version)).unwrap_err().code;
    assert_eq!((again(2), again(9)), ("not_a_draft", "unknown_policy"));
}

#[test]
fn a_draft_that_others_have_overtaken_is_not_published() {
    let mut world = World::new();
    let now = world.now;
    let draft = |rows: &mut _| limitr_ledger::policies::draft(rows, now, "ann", HIGHER, "mine");
    let mine = run(&mut world.database, draft).unwrap();
    world.publish(HIGHER).unwrap();
    let refusal = run(&mut world.database, |rows| publish(rows, now, "ann", mine)).unwrap_err();
    assert_eq!(refusal.code, "stale_draft");
    let refusal = run(&mut world.database, |rows| roll_back(rows, now, "ann", mine)).unwrap_err();
    assert_eq!(refusal.code, "never_published");
}

#[test]
fn connected_engines_hear_of_it_once() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.publish(HIGHER).unwrap();
    let wake = limitr_ledger::Wake::Policy;
    let told = world.wake(&wake).frames;
    assert!(
        matches!(&told[..], [(1, Down::Policy(one)), (99, Down::Policy(_))] if one.version == 2),
        "{told:?}"
    );
    assert_eq!(world.wake(&wake).frames, []);
}

#[test]
fn an_engine_that_refuses_one_still_runs_the_one_before() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.publish(HIGHER).unwrap();
    let runs = |world: &World| match world.database.rows().get(&Key::Instance(InstanceId(1))) {
        Some(Row::Instance(row)) => row.policy_version,
        other => panic!("{other:?}"),
    };
    for (version, ok, then) in [(1, true, Some(1)), (2, false, Some(1)), (2, true, Some(2))] {
        world.say(1, Up::Policy { version, ok, diagnostics: Vec::new() }).unwrap();
        assert_eq!(runs(&world), then);
    }
}

#[test]
fn the_audit_log_shows_whatever_was_done_to_it() {
    let mut world = World::new();
    world.publish(HIGHER).unwrap();
    let entries: Vec<Entry> = world
        .database
        .rows()
        .values()
        .filter_map(|row| match row {
            Row::Audit(entry) => Some(entry.clone()),
            _ => None,
        })
        .collect();
    let head = entries.last().unwrap().hash.clone();
    assert_eq!(entries.len(), 4, "two drafts, published");
    assert_eq!((entries[3].action.as_str(), entries[3].subject.as_str()), ("policy.publish", "2"));
    assert_eq!(verify(&entries, &head), Ok(()));
    let broken = |change: fn(&mut Vec<Entry>)| {
        let mut entries = entries.clone();
        change(&mut entries);
        verify(&entries, &head).unwrap_err().number
    };
    assert_eq!(broken(|log| log[1].actor = "eve".into()), 2);
    assert_eq!(broken(|log| drop(log.remove(2))), 3);
    assert_eq!(broken(|log| drop(log.pop())), 4);
    assert_eq!(broken(|log| log.swap(0, 1)), 1);
    let through_json: Vec<Entry> = serde_json::from_str(&serde_json::to_string(&entries).unwrap()).unwrap();
    assert_eq!(verify(&through_json, &head), Ok(()), "offline, from an export");
}
