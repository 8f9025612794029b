//! Policy versions: immutable and numbered. Draft → published → superseded.
//!
//! Whatever is published was validated by the engine's own loader in the same transaction. Rolling back publishes the document of an older
//! version as a new one, so numbers only rise and an engine never wonders which of two is newer.

use limitr_protocol::PolicyRef;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{self, Deed};
use crate::refusal::Refusal;
use crate::rows::{Rows, Stop};
use crate::terms::{Rules, Settings};

/// Where a version is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Written, and may be published.
    Draft,
    /// In force.
    Published,
    /// Was in force.
    Superseded,
}

/// A version's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Where it is in its life.
    pub stage: Stage,
    /// The document, as it was written.
    pub document: String,
    /// SHA-256 of the document, in hexadecimal.
    pub hash: String,
    /// What its author said about it.
    pub message: String,
    /// When it was written, in milliseconds since the epoch.
    pub created_at: i64,
    /// When it was published.
    pub published_at: Option<i64>,
    /// The version whose document this is, if it was rolled back to.
    pub copy_of: Option<u64>,
}

/// The row of what there is one of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// The version in force; 0: none yet.
    pub active: u64,
    /// The version that was written last.
    pub versions: u64,
    /// How many entries the audit log has.
    pub audit: u64,
    /// The hash of the last one.
    pub audit_hash: String,
}

/// Writes a draft; answers its number. It needn't be valid yet.
///
/// # Errors
/// As [`Rows`].
pub fn draft(rows: &mut Rows, now: i64, actor: &str, document: &str, message: &str) -> Result<u64, Stop> {
    let version = add(rows, now, document, message, None)?;
    let detail = json!({ "message": message });
    audit::note(rows, now, Deed { actor, action: "policy.draft", subject: &version.to_string(), detail })?;
    Ok(version)
}

fn add(rows: &mut Rows, now: i64, document: &str, message: &str, copy_of: Option<u64>) -> Result<u64, Stop> {
    let mut heads = rows.heads(&())?.unwrap_or_default();
    heads.versions += 1;
    let version = heads.versions;
    rows.put_heads(&(), heads);
    let row = PolicyVersion {
        stage: Stage::Draft,
        document: document.to_string(),
        hash: audit::hash(document),
        message: message.to_string(),
        created_at: now,
        published_at: None,
        copy_of,
    };
    rows.put_policy(&version, row);
    Ok(version)
}

/// Puts a draft in force.
///
/// # Errors
/// `unknown_policy`; `not_a_draft`; `stale_draft` where a later version was published since; `invalid_policy` with its diagnostics.
pub fn publish(rows: &mut Rows, now: i64, actor: &str, version: u64) -> Result<(), Stop> {
    publish_saying(rows, now, actor, version, "")
}

/// As [`publish`], and says why: a message that isn't empty takes the place of the draft's.
///
/// # Errors
/// As [`publish`].
pub fn publish_saying(
    rows: &mut Rows,
    now: i64,
    actor: &str,
    version: u64,
    message: &str,
) -> Result<(), Stop> {
    put_in_force(rows, now, version)?;
    if !message.is_empty() {
        let row = read(rows, version)?;
        rows.put_policy(&version, PolicyVersion { message: message.to_string(), ..row });
    }
    let detail = if message.is_empty() { json!({}) } else { json!({ "message": message }) };
    let subject = version.to_string();
    audit::note(rows, now, Deed { actor, action: "policy.publish", subject: &subject, detail })
}

/// Publishes the document of an older version as a new one; answers its number.
///
/// # Errors
/// `unknown_policy`; `never_published`; `invalid_policy` where this server can't run it any more.
pub fn roll_back(rows: &mut Rows, now: i64, actor: &str, to: u64) -> Result<u64, Stop> {
    let old = read(rows, to)?;
    if old.stage == Stage::Draft {
        let message = format!("version {to} was never published: publish it instead");
        return Err(Refusal::new("never_published", message).into());
    }
    let message = format!("roll back to version {to}");
    let version = add(rows, now, &old.document, &message, Some(to))?;
    put_in_force(rows, now, version)?;
    let detail = json!({ "to": to });
    audit::note(
        rows,
        now,
        Deed { actor, action: "policy.roll-back", subject: &version.to_string(), detail },
    )?;
    Ok(version)
}

fn put_in_force(rows: &mut Rows, now: i64, version: u64) -> Result<(), Stop> {
    let mut heads = rows.heads(&())?.unwrap_or_default();
    let mut row = read(rows, version)?;
    if row.stage != Stage::Draft {
        let message = format!("version {version} was published already: roll back to it instead");
        return Err(Refusal::new("not_a_draft", message).into());
    }
    if version < heads.active {
        let message =
            format!("version {} was published since: write the draft anew on top of it", heads.active);
        return Err(Refusal::new("stale_draft", message).into());
    }
    if let Err(error) = Rules::of(version, &row.document, Settings::default()) {
        let diagnostics = error.diagnostics().iter().filter_map(|found| serde_json::to_value(found).ok());
        let diagnostics = diagnostics.collect();
        return Err(Refusal { diagnostics, ..Refusal::new(error.code(), error.message()) }.into());
    }
    if let Some(mut before) = rows.policy(&heads.active)? {
        before.stage = Stage::Superseded;
        rows.put_policy(&heads.active, before);
    }
    (row.stage, row.published_at) = (Stage::Published, Some(now));
    rows.put_policy(&version, row);
    heads.active = version;
    rows.put_heads(&(), heads);
    Ok(())
}

fn read(rows: &Rows, version: u64) -> Result<PolicyVersion, Stop> {
    let unknown = || Refusal::new("unknown_policy", format!("there is no policy version {version}"));
    Ok(rows.policy(&version)?.ok_or_else(unknown)?)
}

/// The version in force, as engines hear of it.
///
/// # Errors
/// As [`Rows`].
pub fn in_force(rows: &Rows) -> Result<PolicyRef, Stop> {
    let version = rows.active()?;
    let hash = rows.policy_hash(version)?;
    Ok(told(version, hash))
}

/// The version that an engine is pinned to, as it hears of it: in force now, or earlier.
///
/// # Errors
/// `unknown_policy`, which ends the connection: the engine is to run this version or none.
pub fn pinned(rows: &Rows, version: u64) -> Result<PolicyRef, Stop> {
    let unknown = |what: &str| {
        let message = format!("an engine can't be pinned to version {version} of the policy: {what}");
        Refusal::fatal("unknown_policy", message)
    };
    let none = || unknown("this environment has none of that number; `GET /v1/policies` lists them");
    let row = rows.policy(&version)?.ok_or_else(none)?;
    match row.stage {
        Stage::Draft => Err(unknown("it is a draft that was never published; publish it first").into()),
        Stage::Published | Stage::Superseded => Ok(told(version, row.hash)),
    }
}

fn told(version: u64, hash: String) -> PolicyRef {
    PolicyRef { version, hash, url: format!("/v1/policies/{version}/document") }
}
