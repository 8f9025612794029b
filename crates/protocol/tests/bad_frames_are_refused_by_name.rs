//! Whatever arrives, the answer is a message or a typed error, in bounded time and memory.

mod support;

use limitr_protocol::limits::{CUSTOMERS_MAX, DEPTH_MAX, FRAME_BYTES_MAX};
use limitr_protocol::{FrameError, Up, read_down, read_up, write};
use proptest::prelude::*;

#[track_caller]
fn refused(frame: &str, code: &str, says: &str) {
    let error = read_up(frame).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(says), "`{error}` doesn't say `{says}`");
}

#[test]
fn a_frame_past_one_mebibyte() {
    refused(&" ".repeat(FRAME_BYTES_MAX + 1), "frame_too_large", "1048577 bytes, at most 1048576");
}

#[test]
fn a_frame_that_nests_without_end() {
    let deep = format!(r#"{{"type":"policy","diagnostics":{}"#, "[".repeat(DEPTH_MAX));
    refused(&deep, "frame_too_deep", "deeper than 72");
    let text = format!(r#"{{"type":"load","ids":["{}"]}}"#, "[".repeat(100));
    assert!(read_up(&text).is_ok(), "brackets in a text nest nothing");
}

#[test]
fn what_is_no_message() {
    for frame in
        ["", "7", "[]", "{}", "{\"type\":7}", "{\"type\":\"ping\"} {}", "\u{feff}{\"type\":\"ping\"}"]
    {
        refused(frame, "invalid_frame", "one JSON object with a `type`");
    }
}

#[test]
fn a_type_of_nobody_or_of_the_other_side() {
    refused(r#"{"type":"grant"}"#, "unknown_type", "unknown type `grant`");
    refused(r#"{"type":"pong","now":1}"#, "unknown_type", "unknown type `pong`");
    assert_eq!(read_down(r#"{"type":"ping"}"#).unwrap_err().code(), "unknown_type");
}

#[test]
fn fields_that_are_missing_wrong_unknown_or_past_their_bound() {
    refused(r#"{"type":"load"}"#, "invalid_field", "missing field `ids`");
    refused(r#"{"type":"load","ids":[7]}"#, "invalid_field", "in `load`: invalid type: integer `7`");
    refused(r#"{"type":"load","ids":[],"more":1}"#, "invalid_field", "unknown field `more`");
    refused(r#"{"type":"load","ids":[""]}"#, "invalid_field", "`ids` is empty");
    let ids = vec![Box::<str>::from("x"); CUSTOMERS_MAX + 1];
    refused(&write(&Up::Load { ids }).unwrap(), "invalid_field", "`ids` has 1001 entries, at most 1000");
    let long = format!(r#"{{"type":"load","ids":["{}"]}}"#, "x".repeat(257));
    refused(&long, "invalid_field", "`ids` has 257 bytes, at most 256");
    let forged = r#"{"type":"hello","instance":"../../etc/passwd","engine":"0.1.0"}"#;
    refused(forged, "invalid_field", "an instance is 32 lower-case hexadecimal digits");
    let hello = |pinned: &str| {
        let instance = "0".repeat(32);
        format!(r#"{{"type":"hello","instance":"{instance}","engine":"0.1.0","pinned":{pinned}}}"#)
    };
    assert!(read_up(&hello("9007199254740991")).is_ok());
    refused(&hello("9007199254740992"), "invalid_field", "`pinned` is past 9007199254740991");
    refused(&hello("0"), "invalid_field", "`pinned` is 0: versions are numbered from 1");
    for wrong in ["-1", "1.5", "\"3\""] {
        refused(&hello(wrong), "invalid_field", "in `hello`: invalid ");
    }
    let over = r#"{"type":"return","lease":1,"amount":5,"unused":6}"#;
    refused(over, "invalid_field", "`unused` is more than `amount`");
}

#[test]
fn numbers_of_changes_that_have_gaps() {
    let change = |seq: u64| format!(r#"{{"seq":{seq},"at":0,"type":"customer-removed","holder":"a"}}"#);
    let frame = |from: u64, one: u64, two: u64| {
        let (one, two) = (change(one), change(two));
        format!(r#"{{"type":"changes","from":{from},"watermark":0,"list":[{one},{two}]}}"#)
    };
    assert!(read_up(&frame(4, 4, 5)).is_ok());
    refused(&frame(4, 4, 6), "invalid_field", "without gaps");
    refused(&frame(3, 4, 5), "invalid_field", "without gaps");
    refused(&frame(0, 0, 1), "invalid_field", "numbered from 1");
    refused(&frame(u64::MAX, u64::MAX, 0), "invalid_field", "`from` is past 9007199254740991");
}

fn all() -> Vec<String> {
    let ups = support::ups().into_iter().map(|up| write(&up).unwrap());
    ups.chain(support::downs().into_iter().map(|down| write(&down).unwrap())).collect()
}

fn judged<M: std::fmt::Debug>(read: Result<M, FrameError>) {
    if let Err(error) = read {
        assert!(!error.code().is_empty());
        assert!(error.to_string().len() < 4_096, "an error is short, whatever the frame was");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_frames_never_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..8),
    ) {
        let frames = all();
        let mut bytes = which.get(&frames).clone().into_bytes();
        for (place, byte, kind) in edits {
            if bytes.is_empty() { break }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => { bytes.remove(at); }
                _ => { let tail = bytes.split_off(at); bytes.extend(tail.iter().rev()); }
            }
        }
        let frame = String::from_utf8_lossy(&bytes);
        judged(read_up(&frame));
        judged(read_down(&frame));
    }
}
