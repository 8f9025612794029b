//! A frame is taken for one only where it was written: nothing else is, however it looks.

use limitr_engine::Profile;

use super::acts::small_policy;
use super::faulty::Faulty;
use super::sequence::START;
use super::world::{Process, settings};
use crate::frame::{Found, FrameWriter, Frames, PAYLOAD_MAX, next_whole};

/// A file of these payloads.
fn file_of(payloads: &[&[u8]]) -> (Faulty, Vec<u8>) {
    let disk = Faulty::new(1);
    let mut writer = FrameWriter::create(disk.shared().as_ref(), "a".to_string()).unwrap();
    for payload in payloads {
        writer.put(|bytes| bytes.extend_from_slice(payload)).unwrap();
    }
    writer.sync().unwrap();
    let bytes = disk.files()["a"].clone();
    assert_eq!(writer.at(), bytes.len() as u64);
    (disk, bytes)
}

fn found_at(bytes: &[u8], at: u64) -> Found {
    let disk = Faulty::new(1);
    disk.put("a", bytes);
    let file = disk.shared().open("a").unwrap();
    Frames::from(file.as_ref(), "a", at).unwrap().next(&mut Vec::new()).unwrap()
}

fn next_at(bytes: &[u8], at: u64) -> Option<u64> {
    let disk = Faulty::new(1);
    disk.put("a", bytes);
    next_whole(disk.shared().open("a").unwrap().as_ref(), "a", at).unwrap()
}

#[test]
fn not_where_they_strayed_to() {
    let (_, bytes) = file_of(&[b"one", b"two"]);
    let second = bytes.len() / 2;
    assert_eq!(found_at(&bytes, second as u64), Found::Frame);
    assert_eq!(found_at(&bytes[second..], 0), Found::Broken);
    let twice = [&bytes[..second], &bytes[..second]].concat();
    assert_eq!(found_at(&twice, second as u64), Found::Broken);
    assert_eq!(found_at(&bytes, bytes.len() as u64), Found::End);
}

#[test]
fn the_next_whole_one_is_found_wherever_it_is() {
    // Around the places where one window of the search ends and the next begins.
    for length in [1, 100, 262_000, 262_116, 262_120, 262_128, 262_132, 262_144, 300_000] {
        let (_, mut bytes) = file_of(&[&vec![7; length], b"two", b"three"]);
        let second = (length + 16) as u64;
        assert_eq!(next_at(&bytes, 1), Some(second), "{length}");
        bytes[second as usize + 17] ^= 1;
        assert_eq!(next_at(&bytes, 1), Some(second + 19), "{length}");
        bytes.pop();
        assert_eq!(next_at(&bytes, 1), None, "{length}");
    }
}

#[test]
fn not_within_what_a_customer_is_called() {
    // Names hold frames as another file has them, and one holds the mark again and again.
    let (_, frame) = file_of(&[b"E"]);
    let text: String = frame.iter().map(|byte| char::from(byte & 0x7f)).collect();
    let disk = Faulty::new(1);
    let mut process = Process::open(&disk, &settings(0, u64::MAX, 1)).unwrap();
    process.engine.resume(START, small_policy()).unwrap();
    process.append(START).1.unwrap();
    let next = process.catalog.next_position();
    for name in [&text, "LMTRLMTRLMTR\u{1}\0\0\0LMTR\u{1}\0\0\0LMTR\u{1}\0\0\0E"] {
        process.engine.create_customer(START, name, &Profile::default()).unwrap();
    }
    let metadata = Some(serde_json::Value::from("LMTR\u{1}\0\0\0".repeat(1_000)));
    process.engine.create_customer(START, "z", &Profile { metadata, ..Profile::default() }).unwrap();
    process.append(START).1.unwrap();
    let files = disk.files();
    let (name, bytes) = files.first_key_value().unwrap();
    for cut in 1..200 {
        let disk = Faulty::of(&files);
        disk.put(name, &bytes[..bytes.len() - cut * 7]);
        let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
        assert_eq!(opened.catalog.next_position(), next);
    }
}

#[test]
fn a_length_of_garbage_takes_no_memory() {
    let (_, bytes) = file_of(&[b"one"]);
    for length in [0, 4, 1 << 20, PAYLOAD_MAX as u32, PAYLOAD_MAX as u32 + 1, u32::MAX] {
        let mut garbage = bytes.clone();
        garbage[4..8].copy_from_slice(&u32::to_le_bytes(length));
        garbage.resize(3 << 20, 0);
        let mut found = None;
        let used = allocation_counter::measure(|| {
            let disk = Faulty::new(1);
            disk.put("a", &[]);
            found = Some(found_at(&garbage, 0));
        });
        assert_eq!(found, Some(Found::Broken));
        assert!(used.bytes_max < 4 << 20, "{length}: {used:?}"); // the disk's own bytes and a buffer
    }
}

#[test]
fn one_that_is_too_long_to_be_read_is_not_written() {
    let disk = Faulty::new(1);
    let shared = disk.shared();
    let mut writer = FrameWriter::create(shared.as_ref(), "a".to_string()).unwrap();
    writer.put(|bytes| bytes.resize(bytes.len() + PAYLOAD_MAX, 1)).unwrap();
    let before = disk.files()["a"].len();
    let error = writer.put(|bytes| bytes.resize(bytes.len() + PAYLOAD_MAX + 1, 1)).unwrap_err();
    assert_eq!(error.code(), "store_failed");
    assert!(error.message().contains("where 4194304 are the most"), "{error}");
    writer.sync().unwrap();
    assert_eq!(disk.files()["a"].len(), before);
    assert_eq!(found_at(&disk.files()["a"], 0), Found::Frame);
}

#[test]
fn a_batch_that_is_too_long_is_refused_and_the_store_opens_without_it() {
    let disk = Faulty::new(1);
    let mut process = Process::open(&disk, &settings(0, u64::MAX, 1)).unwrap();
    process.engine.resume(START, small_policy()).unwrap();
    process.append(START).1.unwrap();
    let next = process.catalog.next_position();
    for at in 0..80 {
        let metadata = Some(serde_json::Value::from("m".repeat(60_000)));
        let profile = Profile { metadata, ..Profile::default() };
        process.engine.create_customer(START, &format!("c{at}"), &profile).unwrap();
    }
    assert_eq!(process.append(START).1.unwrap_err().code(), "store_failed");
    disk.kill();
    assert_eq!(Process::open(&disk, &settings(1, 1, 1)).unwrap().catalog.next_position(), next);
}
