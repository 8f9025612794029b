//! Fields that take one of a few words.

use serde_json::{Value, json};

use super::super::parse::tree::{Content, Node};
use super::super::report::{Report, nearest, quoted};
use super::wrong_type;

/// One of a few words, by [`choices!`](super::super::define).
pub(in crate::policy) trait Choice: Copy + 'static {
    /// What kind of thing it is, for messages.
    const WHAT: &'static str;
    /// The code of a word that isn't one of them.
    const CODE: &'static str;
    /// The words, with what they mean.
    const WORDS: &'static [(&'static str, &'static str)];

    fn of(word: &str) -> Option<Self>;
}

/// Reads one of a few words.
pub(in crate::policy) fn read_choice<T: Choice>(node: &Node, report: &mut Report<'_>) -> Option<T> {
    let words: Vec<String> = T::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
    let words = words.join(", ");
    let Content::Text(text) = &node.content else {
        wrong_type(&format!("one of {words}"), node, report);
        return None;
    };
    let choice = T::of(text);
    if choice.is_none() {
        let near = nearest(text, T::WORDS.iter().map(|(word, _)| *word));
        let help =
            near.map_or_else(|| format!("use one of {words}"), |near| format!("did you mean `{near}`?"));
        report.error(T::CODE, format!("unknown {} {}", T::WHAT, quoted(text))).help(help);
    }
    choice
}

/// What the manual calls a choice: its words.
pub(in crate::policy) fn choice_label<T: Choice>() -> String {
    let words: Vec<String> = T::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
    words.join(", ")
}

/// The JSON Schema of a choice.
pub(in crate::policy) fn choice_schema<T: Choice>() -> Value {
    let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
    let meanings: Vec<String> = T::WORDS.iter().map(|(word, about)| format!("`{word}`: {about}")).collect();
    json!({ "enum": words, "description": meanings.join(" ") })
}
