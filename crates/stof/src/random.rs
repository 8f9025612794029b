//! What the runtime names its objects with. Names need only differ from each other: a counter, stirred, is enough, and makes
//! every run the same.

use std::sync::atomic::{AtomicU64, Ordering};

static STATE: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);

fn next() -> u64 {
    // splitmix64: every state is visited once.
    let mut z = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn fill(buffer: &mut [u8]) -> Result<(), getrandom::Error> {
    for chunk in buffer.chunks_mut(8) {
        let bytes = next().to_le_bytes();
        let (bytes, _) = bytes.split_at(chunk.len());
        chunk.copy_from_slice(bytes);
    }
    Ok(())
}

getrandom::register_custom_getrandom!(fill);
