//! Customers that the document seeds start as if they had been created, whatever their order.

mod support;

use support::{DAY, START, World};

const SEEDED: &str = r"
policy:
  credits: { token: {} }
  plans:
    free: { default: true, entitlements: { chat: { limit: { credit: token, value: 5 } } } }
    pro: { entitlements: { chat: { limit: { credit: token, value: 9, resets: true, reset_inc: 7days } }, code: { limit: { credit: token, value: 9, resets: true, reset_inc: 7days } } } }
  customers:
    ann: { refs: [acme] }
    acme: { plan: pro, type: org }
";

#[test]
fn a_member_may_stand_before_its_org() {
    let mut world = World::new(SEEDED);
    world.advance(6 * DAY);
    for entitlement in ["chat", "code"] {
        assert!(world.allow(entitlement, 9.0));
        assert_eq!(world.resets(entitlement), Some(START + 7 * DAY), "{entitlement} counts from the start");
    }
}
