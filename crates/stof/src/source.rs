//! Places in a text, and messages without what a terminal would make of them.

/// Line and column of a byte, both from 1; the column counts UTF-16 code units, as editors and JavaScript do.
pub(crate) fn place(text: &str, byte: usize) -> (usize, usize) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[start..].encode_utf16().count() + 1)
}

/// The place of a byte column, as the parser counts them.
pub(crate) fn place_of(text: &str, line: usize, column: usize) -> (usize, usize) {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    place(text, start + column.saturating_sub(1))
}

/// The places of many bytes of one text: its lines are counted once.
pub(crate) struct Places<'s> {
    text: &'s str,
    starts: Vec<usize>,
}

impl<'s> Places<'s> {
    pub(crate) fn new(text: &'s str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    pub(crate) fn of(&self, byte: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..byte).unwrap_or_default().encode_utf16().count() + 1;
        (line, column)
    }
}

/// A message as one line: first line only, without colours, without a full stop.
pub(crate) fn plain(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned()
}
