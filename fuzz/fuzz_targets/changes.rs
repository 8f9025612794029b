//! Bytes that a journal or a state might hold: whatever they are, they are read or refused, and what was read is written back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limitr_engine::{Change, Changes, Engine};

fuzz_target!(|data: &[u8]| {
    let mut engine = Engine::blank(1);
    for change in Changes::<Box<str>>::new(data, 1) {
        let Ok(change) = change else { break };
        // What JSON can say of a change is the change; no number that isn't one gets into it.
        if let Ok(read) = Change::from_json(&change.to_json()) {
            assert_eq!(read.to_json(), change.to_json());
        }
        let _ = engine.restore_change(&change);
    }
    let ids: Vec<String> = engine.customer_ids().map(str::to_string).collect();
    for id in ids {
        let mut packed = Vec::new();
        assert!(engine.pack_customer(&id, &mut packed));
        let _ = Engine::blank(1).unpack_customer(&packed);
    }
    let _ = Engine::blank(1).unpack_customer(data);
});
