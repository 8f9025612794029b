//! What is looked at before the runtime sees a text: how long it is and how deeply it nests. Its parser is recursive.

use crate::Problem;
use crate::source::place;

/// The longest document: as long as one in any other format may be.
const DOCUMENT_BYTES: usize = 4 * 1024 * 1024;
/// The deepest nesting of brackets, whatever they are for.
const DEPTH: usize = 64;

/// Refuses a text that is too long or nests too deeply. Brackets in texts and comments don't count.
pub(crate) fn check(text: &str) -> Result<(), Problem> {
    if text.len() > DOCUMENT_BYTES {
        let message = format!("the document has {} bytes: keep it within {DOCUMENT_BYTES} bytes", text.len());
        return Err(Problem::new("too_large", message));
    }
    let mut depth = 0_usize;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => at = past_text(bytes, at + 1, quote),
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = past(text, at, "\n"),
            b'/' if bytes.get(at + 1) == Some(&b'*') => at = past(text, at + 2, "*/"),
            b'(' | b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH {
                    let problem =
                        Problem::new("too_large", format!("nested deeper than {DEPTH} levels: nest less"));
                    return Err(problem.at(Some(place(text, at))));
                }
                at += 1;
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    Ok(())
}

fn past(text: &str, from: usize, end: &str) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.find(end).map_or(text.len(), |found| from + found + end.len())
}

/// Past the text that began with a quote. What a template embeds (`${…}`) counts as part of it: the parser bounds that itself.
fn past_text(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}
