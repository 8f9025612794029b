//! One message of each kind.

#![allow(dead_code)] // each test file uses what it needs

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Effected};
use limitr_protocol::{
    Bounds, DenyReason, Down, Earlier, Ensured, Held, InstanceId, Known, PolicyRef, Resume, Sent, Up, UpTo,
    What,
};
use serde_json::json;

const ME: InstanceId = InstanceId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
const BEFORE: InstanceId = InstanceId(7);

fn change(seq: u64) -> Sent {
    let effect = Effected::CustomerRemoved { holder: "user_1".into() };
    Sent(Change { seq, at: 1_705_314_600_000, effect })
}

/// One of each, as an engine says them.
pub(crate) fn ups() -> Vec<Up> {
    let held = vec![Held { customer: "user_1".into(), rev: 12 }];
    let earlier = vec![Earlier { instance: BEFORE, up_to: 40, complete: true }];
    let ensured = Ensured {
        id: "user_1".into(),
        plan: "pro".into(),
        kind: Some("org".into()),
        label: Some("Ann".into()),
        refs: vec!["org_1".into()],
        alts: vec!["ann@example.com".into()],
        metadata: json!({ "seats": 3 }),
    };
    let (customer, what) = ("user_1".into(), What::Limit("chat".into()));
    vec![
        Up::Hello { instance: ME, engine: "0.1.0".into(), policy_version: None, pinned: None, resume: None },
        Up::Hello {
            instance: ME,
            engine: "0.1.0".into(),
            policy_version: Some(3),
            pinned: None,
            resume: Some(Resume { held, earlier }),
        },
        Up::Hello {
            instance: ME,
            engine: "0.1.0".into(),
            policy_version: Some(3),
            pinned: Some(3),
            resume: None,
        },
        Up::Load { ids: vec!["user_1".into(), "org_1".into()] },
        Up::Ensure { customer: ensured },
        Up::Changes { from: 41, list: vec![change(41), change(42)], watermark: 1_705_314_600_000, of: None },
        Up::Changes { from: 1, list: vec![change(1)], watermark: 0, of: Some(BEFORE) },
        Up::Lease { customer, what, want: Amount::from_int(120) },
        Up::Return { lease: 9, amount: Amount::from_int(120), unused: Amount::parse("20.5").unwrap() },
        Up::Policy { version: 4, ok: false, diagnostics: vec![json!({ "code": "unknown_credit" })] },
        Up::Ping {},
    ]
}

/// One of each, as the server says them.
pub(crate) fn downs() -> Vec<Down> {
    let policy = PolicyRef { version: 4, hash: "ab".repeat(32), url: "/v1/policies/4".into() };
    let (customer, what): (Box<str>, _) = ("user_1".into(), What::Cap("cap_1".into()));
    vec![
        Down::Welcome {
            session: 17,
            now: 1_705_314_600_000,
            policy: policy.clone(),
            limits: Bounds { changes: 2_000, customers: 10_000 },
            up_to: 40,
            earlier: vec![UpTo { instance: BEFORE, up_to: 39 }],
        },
        Down::Policy(policy),
        Down::Customers {
            list: vec![Known { rev: 12, record: json!({ "id": "user_1", "plan": "pro" }), up_to: 40 }],
            missing: vec!["user_2".into()],
        },
        Down::Ack { up_to: 42, of: None },
        Down::Ack { up_to: 1, of: Some(BEFORE) },
        Down::Changes { customer: customer.clone(), rev: 13, list: vec![change(5)] },
        Down::Lease {
            id: 9,
            customer: customer.clone(),
            what: what.clone(),
            period_start: 1_705_314_600_000,
            amount: Amount::parse("120.000000000001").unwrap(),
            until: 1_705_314_660_000,
        },
        Down::LeaseDenied { customer: customer.clone(), what, reason: DenyReason::Exhausted },
        Down::LeaseDenied { customer, what: What::Grant(3), reason: DenyReason::NotLimited },
        Down::Revoke { lease: 9 },
        Down::Error {
            code: "instance_ended".into(),
            message: "this instance was taken over".into(),
            customer: None,
        },
        Down::Error {
            code: "unknown_plan".into(),
            message: "there is no plan `gold`".into(),
            customer: Some("user_1".into()),
        },
        Down::Pong { now: 1_705_314_600_000 },
    ]
}
