//! From a document to a policy.

use std::fmt;
use std::str::FromStr;

use super::check;
use super::codes;
use super::diagnostic::Diagnostic;
use super::kind::Kind;
use super::model::Policy;
use super::parse;
use super::parse::tree::{Content, Node};
use super::report::{Report, Step, quoted};

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// Tried as JSON, YAML and TOML; the first that gives an object with `policy` counts.
    #[default]
    Auto,
    /// YAML 1.2, one document.
    Yaml,
    /// JSON, strictly (RFC 8259).
    Json,
    /// TOML 1.
    Toml,
}

impl Format {
    /// The word for it: `auto`, `yaml`, `json` or `toml`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Toml => "toml",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a word is no format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat {
    word: String,
}

impl UnknownFormat {
    /// The stable code: `invalid_argument`.
    pub fn code(&self) -> &'static str {
        "invalid_argument"
    }
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = quoted(&self.word);
        write!(f, "unknown format {word}: use `auto`, `yaml`, `json` or `toml`")
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "auto" => Ok(Self::Auto),
            "yaml" | "yml" => Ok(Self::Yaml),
            "json" => Ok(Self::Json),
            "toml" => Ok(Self::Toml),
            _ => Err(UnknownFormat { word: word.to_owned() }),
        }
    }
}

/// How strictly a document is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Whether unknown fields are errors, not warnings.
    pub strict: bool,
    /// Whether the rules of the manual are checked. Without it only what can't be read, or made sense of, is an
    /// error.
    pub validate: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { strict: false, validate: true }
    }
}

/// A document that loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it says.
    pub policy: Policy,
    /// What it probably doesn't mean, in the order of the source.
    pub warnings: Vec<Diagnostic>,
    /// The format that it is in; never `Auto`.
    pub format: Format,
}

/// Loads a document.
///
/// Errors: every problem at once, warnings too, in the order of the source; at least one is an error.
///
/// ```
/// use limitr_engine::policy::{Format, LoadOptions, load};
///
/// let text = br#"{ "policy": { "plans": { "free": { "default": true } } } }"#;
/// let loaded = load(text, Format::Auto, &LoadOptions::default()).unwrap();
/// assert_eq!(loaded.format, Format::Json);
/// assert!(loaded.policy.plans["free"].default);
/// ```
pub fn load(source: &[u8], format: Format, options: &LoadOptions) -> Result<Loaded, Vec<Diagnostic>> {
    let document = parse::read(source, format, parse::has_policy);
    let text = Some(document.text);
    let (root, problems) = match document.root {
        Ok(read) => read,
        Err(stop) => {
            let mut report = Report::new(Vec::new(), options.strict);
            report.take(vec![*stop]);
            return Err(report.finish(None, text));
        }
    };
    let mut report = Report::new(Vec::new(), options.strict);
    report.take(problems);
    let policy = read_root(&root, &mut report);
    let mut report = report.restart(Vec::new());
    if let Some(policy) = &policy {
        check::check(policy, options.validate, &mut report);
    }
    let refused = report.has_errors();
    let diagnostics = report.finish(Some(&root), text);
    match policy {
        Some(mut policy) if !refused => {
            policy.sort_tiers();
            Ok(Loaded { policy, warnings: diagnostics, format: document.format })
        }
        _ => Err(diagnostics),
    }
}

/// Reads what stands under `policy`, and looks at what stands beside it.
fn read_root<'a>(root: &'a Node, report: &mut Report<'a>) -> Option<Policy> {
    let node = match parse::policy_of(root) {
        Ok(node) => node,
        Err(stop) => {
            report.take(vec![*stop]);
            return None;
        }
    };
    if let Content::Map(entries) = &root.content {
        // `x-…` holds what anchors name, or anything else that isn't for Limitr.
        let is_other = |key: &str| !matches!(key, "policy" | "$schema") && !key.starts_with("x-");
        let others = entries.iter().filter(|entry| is_other(&entry.key));
        for entry in others {
            report.within(Step::Key(&entry.key), |report| stray_root_key(&entry.key, report));
        }
    }
    report.within(Step::Key("policy"), |report| Policy::read(node, report))
}

fn stray_root_key(key: &str, report: &mut Report<'_>) {
    let message = format!("{} stands beside `policy`, where nothing is read", quoted(key));
    let problem = if report.strict() {
        report.error(codes::UNKNOWN_FIELD, message)
    } else {
        report.warn(codes::UNKNOWN_FIELD, message)
    };
    problem.at_key().help("move it into `policy`, remove it, or let its name begin with `x-`");
}
