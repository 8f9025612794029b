//! What servers tell each other once something is committed: only where to look.

use std::sync::OnceLock;

use limitr_ledger::Wake;
use serde_json::{Value, json};

use crate::db::Scope;
use crate::secret;

/// The channel of PostgreSQL that servers listen on.
pub(crate) const CHANNEL: &str = "limitr";
/// Most bytes of one notice; PostgreSQL takes 8,000.
const BYTES_MAX: usize = 7_000;

/// A piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// For the connections of an environment.
    Wake(Wake),
    /// A token was revoked: its connections end.
    Revoked(String),
}

impl News {
    fn to_json(&self) -> Value {
        match self {
            News::Wake(Wake::Customer(id)) => json!(["customer", id]),
            News::Wake(Wake::Revoke { instance, lease }) => json!(["revoke", instance, lease]),
            News::Wake(Wake::Session { instance, session }) => json!(["session", instance, session]),
            News::Wake(Wake::Policy) => json!(["policy"]),
            News::Revoked(token) => json!(["token", token]),
        }
    }

    fn from_json(json: &Value) -> Option<News> {
        let text = |place: usize| json.get(place).and_then(Value::as_str);
        let number = |place: usize| json.get(place).and_then(Value::as_u64);
        let instance = || text(1).and_then(|id| id.parse().ok());
        Some(match text(0)? {
            "customer" => News::Wake(Wake::Customer(text(1)?.into())),
            "revoke" => News::Wake(Wake::Revoke { instance: instance()?, lease: number(2)? }),
            "session" => News::Wake(Wake::Session { instance: instance()?, session: number(2)? }),
            "policy" => News::Wake(Wake::Policy),
            "token" => News::Revoked(text(1)?.to_string()),
            _ => return None,
        })
    }
}

/// This server's name among those that share a database.
fn here() -> &'static str {
    static HERE: OnceLock<String> = OnceLock::new();
    HERE.get_or_init(secret::hex::<8>)
}

/// News as notices, each small enough.
pub(crate) fn texts(scope: &Scope, news: &[News]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut list: Vec<String> = Vec::new();
    let mut bytes = 0;
    let write = |list: &[String]| {
        let from = here();
        format!(
            r#"{{"from":"{from}","workspace":{},"environment":"{}","news":[{}]}}"#,
            scope.workspace,
            scope.environment,
            list.join(",")
        )
    };
    for one in news {
        let text = one.to_json().to_string();
        if bytes + text.len() > BYTES_MAX {
            texts.push(write(&std::mem::take(&mut list)));
            bytes = 0;
        }
        bytes += text.len() + 1;
        list.push(text);
    }
    if !list.is_empty() {
        texts.push(write(&list));
    }
    texts
}

/// Reads a notice; none: it is this server's own, or none of ours.
pub(crate) fn read(text: &str) -> Option<(Scope, Vec<News>)> {
    let json: Value = serde_json::from_str(text).ok()?;
    if json.get("from")?.as_str()? == here() {
        return None;
    }
    let scope = Scope::of(json.get("workspace")?.as_i64()?, json.get("environment")?.as_str()?)?;
    let news = json.get("news")?.as_array()?.iter().filter_map(News::from_json).collect();
    Some((scope, news))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_small_and_come_back() {
        let scope = Scope::of(7, "test").unwrap();
        let news: Vec<News> = (0..300)
            .map(|number| {
                News::Wake(Wake::Customer(format!("customer \"{number}\" {}", "é".repeat(90)).into()))
            })
            .collect();
        let texts = texts(&scope, &news);
        assert!(texts.len() > 1);
        assert!(texts.iter().all(|text| text.len() < 8_000));
        assert!(read(&texts[0]).is_none(), "a server doesn't hear itself");
        let heard = texts.iter().flat_map(|text| {
            let (from, news) = read(&text.replace(here(), "another")).unwrap();
            assert_eq!(from, scope);
            news
        });
        assert_eq!(heard.collect::<Vec<_>>(), news);
    }
}
