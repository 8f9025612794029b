//! Bytes of a text to lines and columns.

/// A range of bytes in the source. Documents that weren't text have no positions; their spans are never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// The lines of a text. `\n`, `\r\n` and a lone `\r` end a line, as in editors.
pub(super) fn split_lines(text: &str) -> Vec<&str> {
    line_starts(text)
        .windows(2)
        .map(|pair| match pair {
            [start, end] => text.get(*start..*end).unwrap_or_default().trim_end_matches(['\n', '\r']),
            _ => "",
        })
        .collect()
}

/// The byte at which each line starts, and at the end the length of the text.
fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut starts = vec![0];
    for (index, byte) in bytes.iter().enumerate() {
        let next = index.saturating_add(1);
        if *byte == b'\n' || (*byte == b'\r' && bytes.get(next) != Some(&b'\n')) {
            starts.push(next);
        }
    }
    starts.push(bytes.len());
    starts
}

/// A text whose lines have been counted, so that positions are quick to find.
pub(super) struct Positions<'s> {
    text: &'s str,
    starts: Vec<usize>,
}

impl<'s> Positions<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        let mut starts = line_starts(text);
        starts.pop();
        Self { text, starts }
    }

    /// Line and column of a byte, both from 1; the column counts UTF-16 code units, as editors and JavaScript do.
    pub(super) fn locate(&self, byte: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..byte).unwrap_or_default();
        let units: usize = before.chars().map(char::len_utf16).sum();
        let column = u32::try_from(units).unwrap_or(u32::MAX).saturating_add(1);
        (u32::try_from(line).unwrap_or(u32::MAX), column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_code_units() {
        let positions = Positions::new("a: 😀é x\r\nb\rc\n");
        assert_eq!(positions.locate(0), (1, 1));
        assert_eq!(positions.locate("a: 😀é x".find('x').unwrap_or(0)), (1, 8));
        assert_eq!(positions.locate("a: 😀é x\r\n".len()), (2, 1));
        assert_eq!(positions.locate("a: 😀é x\r\nb\r".len()), (3, 1));
    }

    #[test]
    fn the_end_of_the_text_has_a_place() {
        assert_eq!(Positions::new("").locate(0), (1, 1));
        assert_eq!(Positions::new("ab\n").locate(3), (2, 1));
        assert_eq!(split_lines("a\r\nb\n"), ["a", "b", ""]);
    }
}
