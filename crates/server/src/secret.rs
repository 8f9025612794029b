//! Random secrets, and what is kept of them: their SHA-256.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

fn written(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// So many random bytes, in hexadecimal.
///
/// # Panics
/// Where the system has no randomness: nothing that this server does would be safe.
pub(crate) fn hex<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    #[allow(clippy::expect_used, reason = "without randomness no secret is one")]
    getrandom::fill(&mut bytes).expect("the system's randomness");
    written(&bytes)
}

/// What is stored of a secret.
pub(crate) fn hash(secret: &str) -> String {
    written(&Sha256::digest(secret.as_bytes()))
}
