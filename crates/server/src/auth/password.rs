//! Passwords: argon2id with the crate's own parameters, off the threads that serve.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use crate::problem::Problem;
use crate::secret;

/// Shortest password that one may choose.
pub(crate) const LENGTH_MIN: usize = 12;
/// Longest, in bytes.
pub(crate) const LENGTH_MAX: usize = 256;

fn failed(what: impl std::fmt::Display) -> Problem {
    tracing::error!(%what, "a password couldn't be hashed");
    Problem::new(500, "internal", "the password couldn't be hashed: this is a defect of the server")
}

/// What is stored of a password.
pub(crate) async fn hash(password: String) -> Result<String, Problem> {
    let hashed = tokio::task::spawn_blocking(move || {
        let salt = SaltString::from_b64(&secret::hex::<16>())?;
        Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    });
    hashed.await.map_err(failed)?.map_err(failed)
}

/// Whether a password is the one that was stored. Without one that was stored, as much work is done.
pub(crate) async fn is(password: String, stored: Option<String>) -> Result<bool, Problem> {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$MDAwMDAwMDAwMDAwMDAwMA$aLFVNbQJTNNbCMBxDLVrMHrBxiRUbzS0B7eRHLuXqrI";
    let known = stored.is_some();
    let checked = tokio::task::spawn_blocking(move || {
        let stored = stored.unwrap_or_else(|| NOBODY.to_string());
        let hash = PasswordHash::new(&stored)?;
        Ok::<bool, argon2::password_hash::Error>(
            Argon2::default().verify_password(password.as_bytes(), &hash).is_ok(),
        )
    });
    Ok(checked.await.map_err(failed)?.map_err(failed)? && known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let stored = hash("correct horse battery".to_string()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(is("correct horse battery".to_string(), Some(stored.clone())).await.unwrap());
        assert!(!is("correct horse".to_string(), Some(stored)).await.unwrap());
        assert!(!is("anything".to_string(), None).await.unwrap());
    }
}
