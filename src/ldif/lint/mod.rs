//! Finds every problem of an LDIF file, and repairs what can be repaired with certainty.
//!
//! Each record is checked in three ways, and a refused record does not hide the problems of the next one:
//!
//! | checked | finds |
//! | --- | --- |
//! | physical lines | TABs, continuation lines that continue nothing, lines of spaces, line ends |
//! | logical lines | names, keywords, and how values are written |
//! | the record, as the reader reads it | errors of the reader; problems of the record as a whole |
//!
//! The reader stops at the first error. If the rest of the record does not depend on that line, the line is set aside and
//! the record is read again, so that one bad value does not hide another.
//!
//! What the tools of one server misread was measured for OpenLDAP's `ldapmodify` (2.5) and Samba's `ldbmodify` (4.17).
//! 389 DS, DSEE and OpenDJ are assumed to be changed with `ldapmodify`; their own older tools were not measured.

mod line;
mod record;
pub mod rules;

use std::ops::Range;
use std::sync::Arc;

pub use rules::{LintRule, Severity};

use super::error::{EXCERPT_LIMIT, LdifError};
use super::fast_path::is_clean;
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::schema::Schema;
use crate::policy::Server;

/// How a file is encoded. The linter itself is given UTF-8 without a byte order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, or whatever else the bytes are, without a byte order mark.
    Plain,
    /// UTF-8 with a byte order mark, which was dropped.
    Utf8Mark,
    /// UTF-16, which was decoded.
    Utf16,
}

/// One problem of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Physical line, from 1.
    pub line: u64,
    /// Byte in that line, from 1.
    pub column: u64,
    /// The stable code of a [`LintRule`] or an [`LdifErrorKind`](super::LdifErrorKind).
    pub code: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// What is wrong, and why that matters.
    pub why: String,
    /// What to do about it.
    pub fix: Option<&'static str>,
    /// The first 240 bytes of the physical line, raw.
    pub excerpt: Vec<u8>,
    /// Whether the repaired text no longer has it.
    pub repaired: bool,
}

/// A range of the text, and what replaces it in the repaired text.
struct Edit {
    range: Range<usize>,
    text: Vec<u8>,
}

/// The kinds of records that a file has had so far.
#[derive(Clone, Copy, Debug, Default)]
struct RecordKinds {
    content: bool,
    changes: bool,
}

/// Checks a file, block by block.
#[derive(Debug)]
pub struct Linter {
    server: Option<Server>,
    /// The schema with the EQUALITY rules that the server needs to delete single values.
    equality: Option<Arc<Schema>>,
    kinds: RecordKinds,
    /// The line of the first `version:`.
    version: Option<u64>,
    records: u64,
    /// The rules of which only the first finding in a file is reported, and that have been reported.
    reported: Vec<LintRule>,
}

impl Linter {
    /// A linter for one file. With a server, it also reports what the tools of that server refuse or misread.
    pub fn new(server: Option<Server>) -> Self {
        Self { server, equality: None, kinds: RecordKinds::default(), version: None, records: 0, reported: Vec::new() }
    }

    /// Also reports deletions of single values that a server refuses because the attribute type has no EQUALITY rule in
    /// this schema, or in the built-in table if the schema does not describe the type.
    #[must_use]
    pub fn needing_equality(mut self, schema: Option<Arc<Schema>>) -> Self {
        self.equality = schema;
        self
    }

    /// Appends the problems of the file as a whole that are known before the first line.
    pub fn begin(&mut self, encoding: Encoding, problems: &mut Vec<Problem>) {
        let rule = match encoding {
            Encoding::Plain => return,
            Encoding::Utf8Mark => LintRule::ByteOrderMark,
            Encoding::Utf16 => LintRule::Utf16,
        };
        problems.push(self.problem(rule, 1, 1, b"", true));
    }

    /// Whether content records in which [`prescan`] finds nothing have no problems in the context of the file either.
    fn may_skip_clean_records(&self) -> bool {
        self.records > 0 && self.kinds.content && (!self.kinds.changes || self.was_reported(LintRule::MixedRecords))
    }

    /// Appends the problems of a block that was [prescanned](prescan): the same as [`block`](Self::block), in less time.
    /// Only for linters without a server and without a schema.
    pub fn prescanned_block(&mut self, block: &Prescan, problems: &mut Vec<Problem>) {
        if !self.may_skip_clean_records() {
            // `text` has at least the first record, and the others of a clean block add nothing once it was checked.
            self.block(&block.text, block.first_line, problems, &mut Vec::new());
            return;
        }
        self.records += block.clean_records;
        self.kinds.content |= block.clean_records > 0;
        for record in &block.unclean {
            self.block(&block.text[record.range.clone()], record.first_line, problems, &mut Vec::new());
        }
    }

    /// Checks a block of whole records; appends its problems, and its repaired text.
    pub fn block(&mut self, block: &[u8], first_line: u64, problems: &mut Vec<Problem>, repaired: &mut Vec<u8>) {
        let mut line = first_line;
        let mut rest = block;
        while !rest.is_empty() {
            let (blank, text, after) = split_record(rest);
            for blank_line in blank.split_inclusive(|byte| *byte == b'\n') {
                self.blank_line(blank_line, line, problems, repaired);
                line += 1;
            }
            if !text.is_empty() {
                let edits = self.record(text, line, problems);
                apply(text, edits, repaired);
                line += memchr::memchr_iter(b'\n', text).count() as u64;
            }
            rest = after;
        }
    }

    /// Appends the problems that are known only at the end of the file.
    pub fn end(&mut self, problems: &mut Vec<Problem>) {
        if self.records == 0 {
            problems.push(self.problem(LintRule::EmptyFile, 1, 1, b"", false));
        }
    }

    fn blank_line(&mut self, line: &[u8], number: u64, problems: &mut Vec<Problem>, repaired: &mut Vec<u8>) {
        let is_ordinary = is_ordinary_blank(line);
        if !is_ordinary {
            problems.push(self.problem(LintRule::CrBlankLine, number, 1, b"", true));
        }
        let keeps_cr = self.server != Some(Server::ActiveDirectory);
        repaired.extend_from_slice(if is_ordinary && keeps_cr { line } else { b"\n" });
    }

    fn was_reported(&self, rule: LintRule) -> bool {
        self.reported.contains(&rule)
    }

    /// Whether this is the first finding of a rule that is reported once for a file.
    fn is_first(&mut self, rule: LintRule) -> bool {
        let is_first = !self.was_reported(rule);
        if is_first {
            self.reported.push(rule);
        }
        is_first
    }

    fn problem(&self, rule: LintRule, line: u64, column: usize, excerpt: &[u8], repaired: bool) -> Problem {
        let text = rule.text();
        Problem {
            line,
            column: column as u64,
            code: rule.code(),
            severity: rule.severity_for(self.server),
            why: text.why.to_owned(),
            fix: Some(text.fix),
            excerpt: excerpt[..excerpt.len().min(EXCERPT_LIMIT)].to_vec(),
            repaired,
        }
    }

    /// The problem for an error of the reader.
    fn refusal(error: LdifError, repaired: bool) -> Problem {
        Problem {
            line: error.line,
            column: error.column,
            code: error.kind.code(),
            severity: Severity::Error,
            why: error.kind.to_string(),
            fix: error.kind.help(),
            excerpt: error.excerpt,
            repaired,
        }
    }
}

/// The records of a block that the linter must check, found without any state of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prescan {
    /// Number of the first line of the block, from 1.
    pub first_line: u64,
    /// The block; if it is clean and not the first of the file, only its first record.
    pub text: Vec<u8>,
    /// How many of its records are content records without problems.
    pub clean_records: u64,
    /// The other records.
    pub unclean: Vec<UncleanRecord>,
}

/// A record that the linter must check, with the blank lines before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncleanRecord {
    /// Where it is in [`Prescan::text`].
    pub range: Range<usize>,
    /// Number of its first line, from 1.
    pub first_line: u64,
}

/// Finds the records of a block that the linter must check. Blocks may be given in any order.
pub fn prescan(block: &[u8], first_line: u64) -> Prescan {
    let mut found = Prescan { first_line, ..Prescan::default() };
    let mut keys = KeyBuffer::new();
    let has_no_nul = memchr::memchr(0, block).is_none();
    let (mut at, mut line) = (0, first_line);
    let mut first_end = block.len();
    while at < block.len() {
        let (blank, text, _) = split_record(&block[at..]);
        let end = at + blank.len() + text.len();
        let is_clean = has_no_nul
            && blank.split_inclusive(|byte| *byte == b'\n').all(is_ordinary_blank)
            && (text.is_empty() || is_clean(text, &mut keys));
        if is_clean {
            found.clean_records += u64::from(!text.is_empty());
            first_end = if at == 0 { end } else { first_end };
        } else {
            found.unclean.push(UncleanRecord { range: at..end, first_line: line });
        }
        line += memchr::memchr_iter(b'\n', &block[at..end]).count() as u64;
        at = end;
    }
    let needs_all = first_line == 1 || !found.unclean.is_empty();
    found.text = if needs_all { block.to_vec() } else { block[..first_end].to_vec() };
    found
}

fn is_ordinary_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

/// Splits a text into the blank lines at its start, the record after them, and the rest.
fn split_record(text: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let is_blank = |line: &[u8]| line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
    let run = |text: &[u8], blank: bool| -> usize {
        let mut at = 0;
        while at < text.len() {
            let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end + 1);
            if is_blank(&text[at..end]) != blank {
                break;
            }
            at = end;
        }
        at
    };
    let (blank, rest) = text.split_at(run(text, true));
    let (record, rest) = rest.split_at(run(rest, false));
    (blank, record, rest)
}

/// Appends the edited text to `out`. Of two edits that overlap, the first counts.
fn apply(text: &[u8], mut edits: Vec<Edit>, out: &mut Vec<u8>) {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut at = 0;
    for edit in edits {
        if edit.range.start < at {
            continue;
        }
        out.extend_from_slice(&text[at..edit.range.start]);
        out.extend_from_slice(&edit.text);
        at = edit.range.end;
    }
    out.extend_from_slice(&text[at..]);
}

#[cfg(test)]
mod tests;
