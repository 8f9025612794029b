//! What a call says of a customer.

use indexmap::IndexSet;
use serde_json::Value;

use super::Customer;
use crate::error::EngineError;
use crate::limits::{METADATA_BYTES_MAX, NAME_BYTES_MAX, REFS_MAX};
use crate::names::NameId;

/// What can be said of a customer when it is created or updated. `None` keeps what is there, or takes the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile<'a> {
    /// The plan by name; empty: the nearest reference's, else the default plan.
    pub plan: &'a str,
    /// The customer's type, `user` unless it is given.
    pub kind: Option<&'a str>,
    /// What people call it, `User` unless it is given.
    pub label: Option<&'a str>,
    /// The customers that it belongs to.
    pub refs: Option<Vec<String>>,
    /// Other IDs that it answers to.
    pub alts: Option<Vec<String>>,
    /// Whatever the app wants to keep with it.
    pub metadata: Option<Value>,
}

/// Refuses a name that can't exist.
///
/// # Errors
/// `invalid_name`.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), EngineError> {
    if name.is_empty() {
        return Err(EngineError::new("invalid_name", format!("{what} can't be empty")));
    }
    if name.len() > NAME_BYTES_MAX {
        let message =
            format!("{what} has {} bytes of UTF-8; {NAME_BYTES_MAX} is the most a name can have", name.len());
        return Err(EngineError::new("invalid_name", message));
    }
    Ok(())
}

/// Refuses references and metadata past their bounds.
///
/// # Errors
/// `too_many`, `too_large`, `invalid_name`.
pub(crate) fn check_profile(id: &str, profile: &Profile<'_>) -> Result<(), EngineError> {
    let refs = profile.refs.as_deref().unwrap_or_default();
    if refs.len() > REFS_MAX {
        let message = format!("`{id}` may refer to at most {REFS_MAX} customers");
        return Err(EngineError::new("too_many", message));
    }
    for name in refs {
        check_name("a reference", name)?;
    }
    let kind = profile.kind.unwrap_or("user");
    check_name("a customer type", kind)?;
    if profile.label.is_some_and(|label| label.len() > METADATA_BYTES_MAX) {
        let message = format!("the label of `{id}` is over {METADATA_BYTES_MAX} bytes");
        return Err(EngineError::new("too_large", message));
    }
    let metadata = profile.metadata.as_ref().map_or(0, |value| value.to_string().len());
    if metadata > METADATA_BYTES_MAX {
        let message =
            format!("the metadata of `{id}` is {metadata} bytes of JSON; {METADATA_BYTES_MAX} is the most");
        return Err(EngineError::new("too_large", message));
    }
    Ok(())
}

/// A customer as it is created, with nothing used.
pub(crate) fn fresh(id: &str, plan: Option<NameId>, kind: NameId, profile: &Profile<'_>) -> Customer {
    fn once<T: FromIterator<Box<str>>>(names: Option<&[String]>) -> T {
        let once: IndexSet<&str> = names.into_iter().flatten().map(String::as_str).collect();
        once.into_iter().map(Into::into).collect()
    }
    let mut customer = Customer::new(id.into(), plan, kind);
    customer.refs = once(profile.refs.as_deref());
    if let Some(label) = profile.label {
        customer.set_label(label);
    }
    if let Some(metadata) = &profile.metadata {
        customer.set_metadata(metadata);
    }
    if let Some(alts) = profile.alts.as_deref().filter(|alts| !alts.is_empty()) {
        customer.rest_mut().alts = once(Some(alts));
    }
    customer
}
