//! Logical lines: the lines of a record without comments and folds.
//!
//! As implemented (RFC 2849, notes 1-3, and what real files do):
//!
//! ```text
//! physical-line  = *OCTET (LF / CR LF / end of text)
//! logical-line   = physical-line *(SPACE physical-line)   ; the SPACE is dropped, everything else is kept
//! comment        = "#" ...                                ; may be folded like any line, and is dropped
//! record-end     = an empty physical line, or the end of the text
//! ```
//!
//! A line of one space is a fold that adds nothing. A line that begins with TAB is an error, because some readers read it
//! as a fold and others as a new line. `memchr` finds the line ends; only folded lines are copied.

use std::borrow::Cow;

use memchr::memchr;

use super::error::{LdifError, LdifErrorKind};
use crate::ldap::secrets::is_secret;

/// One logical line of a record.
#[derive(Clone, Debug)]
pub struct LogicalLine<'b> {
    /// Number of its first physical line, from 1.
    pub number: u64,
    /// Its physical lines as they are in the file, without the last line end.
    pub raw: &'b [u8],
    /// The line without its folds.
    pub text: Cow<'b, [u8]>,
}

impl LogicalLine<'_> {
    /// An error at byte `offset` (from 0) of [`text`](Self::text), converted to a physical line and column.
    pub(crate) fn error(&self, offset: usize, record_line: u64, kind: LdifErrorKind) -> LdifError {
        let (mut number, mut rest) = (self.number, self.raw);
        // Offset in the text of what this physical line adds to it, and the length of the fold before that.
        let (mut start, mut fold) = (0, 0);
        loop {
            let (line, next) = split_line(rest);
            let added = line.len() - fold;
            match next {
                Some(next) if offset >= start + added => {
                    (start, fold) = (start + added, 1);
                    (number, rest) = (number + 1, next);
                }
                _ => {
                    let error = LdifError::new(number, offset - start + fold + 1, record_line, kind, line);
                    return if fold > 0 && self.is_secret() { error.of_secret() } else { error };
                }
            }
        }
    }

    /// Whether the line begins a modification of an attribute whose values are secrets: `replace: userPassword`.
    pub(crate) fn modifies_secret(&self) -> bool {
        let Some(colon) = self.text.iter().position(|byte| *byte == b':') else { return false };
        let (keyword, attribute) = (self.text[..colon].trim_ascii(), self.text[colon + 1..].trim_ascii());
        [&b"add"[..], b"replace", b"delete"].iter().any(|known| keyword.eq_ignore_ascii_case(known))
            && is_secret(&String::from_utf8_lossy(attribute))
    }

    /// Whether the line belongs to an attribute whose values are secrets.
    pub(crate) fn is_secret(&self) -> bool {
        let name = self.text.iter().position(|byte| *byte == b':').unwrap_or(0);
        is_secret(&String::from_utf8_lossy(&self.text[..name]))
    }
}

/// The first physical line without its line end, and the text after it; `None` if the line has no line end.
fn split_line(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr(b'\n', text) {
        Some(end) => (text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]), Some(&text[end + 1..])),
        None => (text.strip_suffix(b"\r").unwrap_or(text), None),
    }
}

/// A reader for the logical lines of a block, record by record.
#[derive(Clone, Debug)]
pub struct LogicalLines<'b> {
    rest: &'b [u8],
    number: u64,
}

impl<'b> LogicalLines<'b> {
    /// Reads `block`, whose first line has the number `first_line` in its file.
    pub fn new(block: &'b [u8], first_line: u64) -> Self {
        Self { rest: block, number: first_line }
    }

    /// Number of the next physical line, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The text that is not read yet.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Skips `length` bytes that the fast path has read; the line after them has the number `next_line`.
    pub(super) fn skip(&mut self, length: usize, next_line: u64) {
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.number = next_line;
    }

    /// Reads the lines of the next record into `lines`, which is emptied first.
    ///
    /// At the end of the text, `lines` stays empty. Blank lines and comments before the record are skipped. After an
    /// error the rest of the record is skipped too, so that the next call reads the next record.
    pub fn read_record(&mut self, lines: &mut Vec<LogicalLine<'b>>) -> Result<(), LdifError> {
        lines.clear();
        while !self.rest.is_empty() {
            if self.skip_blank() {
                if lines.is_empty() {
                    continue;
                }
                return Ok(());
            }
            let number = self.number;
            match self.rest[0] {
                b'#' => {
                    self.take_logical();
                }
                first @ (b'\t' | b' ') => {
                    let kind = if first == b'\t' { LdifErrorKind::TabFold } else { LdifErrorKind::FoldOfNothing };
                    let (line, _) = split_line(self.rest);
                    let record_line = lines.first().map_or(number, |first| first.number);
                    let error = LdifError::new(number, 1, record_line, kind, line);
                    self.skip_record();
                    return Err(error);
                }
                _ => {
                    let (raw, text) = self.take_logical();
                    lines.push(LogicalLine { number, raw, text });
                }
            }
        }
        Ok(())
    }

    /// Skips the next line if it is empty or has only CRs; returns whether it did.
    fn skip_blank(&mut self) -> bool {
        if !matches!(self.rest.first(), Some(b'\n' | b'\r')) {
            return false;
        }
        let (line, next) = split_line(self.rest);
        let blank = line.iter().all(|byte| *byte == b'\r');
        if blank {
            self.rest = next.unwrap_or_default();
            self.number += 1;
        }
        blank
    }

    /// Skips everything up to and including the next blank line.
    fn skip_record(&mut self) {
        while !self.rest.is_empty() && !self.skip_blank() {
            let (_, next) = split_line(self.rest);
            self.rest = next.unwrap_or_default();
            self.number += 1;
        }
    }

    /// Reads one physical line and the lines that continue it: as they are in the file, and without the folds.
    fn take_logical(&mut self) -> (&'b [u8], Cow<'b, [u8]>) {
        let start = self.rest;
        let (line, next) = split_line(start);
        self.number += 1;
        let Some(mut next) = next else {
            self.rest = &[];
            return (line, Cow::Borrowed(line));
        };
        if next.first() != Some(&b' ') {
            self.rest = next;
            return (line, Cow::Borrowed(line));
        }
        let mut text = line.to_vec();
        let mut end = start.len() - next.len();
        while let [b' ', folded @ ..] = next {
            let (line, after) = split_line(folded);
            text.extend_from_slice(line);
            self.number += 1;
            end = start.len() - folded.len() + line.len();
            next = after.unwrap_or_default();
        }
        self.rest = next;
        (&start[..end], Cow::Owned(text))
    }
}

/// The offset just after the last blank line of `text`, or `None` if it has no blank line.
pub fn last_record_boundary(text: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b'\n', text).find_map(|end| match text[..end] {
        [.., b'\n'] | [.., b'\n', b'\r'] => Some(end + 1),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<Vec<(u64, String)>> {
        let mut lines = LogicalLines::new(text.as_bytes(), 1);
        let mut record = Vec::new();
        let mut records = Vec::new();
        loop {
            lines.read_record(&mut record).unwrap();
            if record.is_empty() {
                return records;
            }
            records.push(
                record.iter().map(|line| (line.number, String::from_utf8_lossy(&line.text).into_owned())).collect(),
            );
        }
    }

    #[test]
    fn folds_comments_and_blank_lines() {
        let text = "# c\n  folded comment\n\ndn: a\n  b\n \nx: 1\n# in\n side\ny: 2\n\n\nz: 3";
        let expected = vec![
            vec![(4, "dn: a b".to_owned()), (7, "x: 1".to_owned()), (10, "y: 2".to_owned())],
            vec![(13, "z: 3".to_owned())],
        ];
        assert_eq!(records(text), expected);
        assert_eq!(records(&text.replace('\n', "\r\n")), expected, "with CRLF");
    }

    #[test]
    fn an_error_inside_a_fold_names_its_physical_line() {
        let text = b"cn: abc\n def\n ghi\n";
        let mut record = Vec::new();
        LogicalLines::new(text, 7).read_record(&mut record).unwrap();
        let place = |offset| {
            let error = record[0].error(offset, 7, LdifErrorKind::NulByte);
            (error.line, error.column)
        };
        assert_eq!(place(0), (7, 1));
        assert_eq!(place(6), (7, 7));
        assert_eq!(place(7), (8, 2), "the first byte after the fold");
        assert_eq!(place(10), (9, 2));
        assert_eq!(place(13), (9, 5), "the end of the line");
    }

    #[test]
    fn reading_continues_after_lost_framing() {
        let mut lines = LogicalLines::new(b" x: 1\ny: 2\n\nz: 3\n\ta: b\n\nok: 1\n", 1);
        let mut record = Vec::new();
        let error = lines.read_record(&mut record).unwrap_err();
        assert_eq!((error.line, error.kind, record.len()), (1, LdifErrorKind::FoldOfNothing, 0));
        let error = lines.read_record(&mut record).unwrap_err();
        assert_eq!((error.line, error.record_line, error.kind), (5, 4, LdifErrorKind::TabFold));
        lines.read_record(&mut record).unwrap();
        assert_eq!(record[0].number, 7);
    }

    #[test]
    fn boundaries() {
        assert_eq!(last_record_boundary(b"a: 1\n\nb: 2\n"), Some(6));
        assert_eq!(last_record_boundary(b"a: 1\r\n\r\nb: 2\r\n"), Some(8));
        assert_eq!(last_record_boundary(b"a: 1\nb: 2\n"), None);
        assert_eq!(last_record_boundary(b"a: 1\n\n"), Some(6));
    }
}
