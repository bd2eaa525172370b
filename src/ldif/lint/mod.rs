//! Every problem of an LDIF file, and the file with those mended that can be mended for certain.
//!
//! A file is looked at in three ways, record by record; a record that is refused does not hide the next one:
//!
//! | looked at | finds |
//! | --- | --- |
//! | physical lines | TABs, folds of nothing, lines of blanks, line ends |
//! | logical lines | names, keywords, and how values are written |
//! | the record, as the reader reads it | what is refused; what the record as a whole says |
//!
//! The reader stops at the first place that it refuses. Where that is a line which the rest does not depend on, the
//! line is set aside and the record read again, so that one bad value does not hide another.
//!
//! What the tools of one server misread is measured for OpenLDAP's `ldapmodify` (2.5) and Samba's `ldbmodify` (4.17).
//! 389 DS, DSEE and OpenDJ are taken to be served with the first one; their own older tools were not measured.

mod line;
mod record;
pub mod rules;

use std::ops::Range;
use std::sync::Arc;

pub use rules::{Rule, Severity};

use super::error::LdifError;
use super::quick::is_faultless;
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::schema::Schema;
use crate::ldap::server::{ChangeTool, Server};

/// Whether `ldapmodify` runs change files on a server, and not `ldbmodify`.
fn is_ldapmodify(server: Server) -> bool {
    server.profile().change_tool == ChangeTool::LdapModify
}

/// How a file was encoded before it came here as UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is here.
    Plain,
    /// A byte order mark was dropped.
    Utf8Mark,
    /// UTF-16 was decoded.
    Utf16,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Physical line, from 1.
    pub line: u64,
    /// Byte of that line, from 1.
    pub column: u64,
    /// Its code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub why: String,
    /// What mends it.
    pub mend: Option<&'static str>,
    /// The physical line (its first bytes), raw.
    pub excerpt: Vec<u8>,
    /// Whether the repaired text has it no more.
    pub repaired: bool,
}

/// A part of the text and what is there in the repaired text.
type Edit = (Range<usize>, Vec<u8>);

/// Looks at a file, block by block.
#[derive(Debug)]
pub struct Linter {
    target: Option<Server>,
    /// Whose EQUALITY rules the server needs to delete single values.
    equality: Option<Arc<Schema>>,
    /// Whether a content record, and whether a change record was seen.
    kinds: (bool, bool),
    /// The line of the first `version:`.
    version: Option<u64>,
    records: u64,
    crlf_said: bool,
    mixed_said: bool,
    slapadd_said: bool,
}

impl Linter {
    /// Begins a file.
    pub fn new(target: Option<Server>) -> Self {
        Self {
            target,
            equality: None,
            kinds: (false, false),
            version: None,
            records: 0,
            crlf_said: false,
            mixed_said: false,
            slapadd_said: false,
        }
    }

    /// Looks also for deletions of single values that a server refuses because the attribute type has no EQUALITY rule:
    /// by these descriptions, else by the built-in table.
    #[must_use]
    pub fn needing_equality(mut self, schema: Option<Arc<Schema>>) -> Self {
        self.equality = schema;
        self
    }

    /// What is wrong before the first line.
    pub fn begin(&mut self, encoding: Encoding, problems: &mut Vec<Problem>) {
        let code = match encoding {
            Encoding::Plain => return,
            Encoding::Utf8Mark => "byte-order-mark",
            Encoding::Utf16 => "utf-16",
        };
        problems.push(self.problem(code, 1, 1, b"", true));
    }

    /// Whether records of content in which [`faults`] finds nothing need not be looked at: there is nothing to say of them
    /// because of what stands before them, or because of who will read the file.
    fn passes_over_faultless(&self) -> bool {
        self.records > 0 && self.kinds.0 && (!self.kinds.1 || self.mixed_said)
    }

    /// Looks at a block, of which somebody else has found the [`faults`]; appends its problems. What
    /// [`block`](Self::block) finds, in less time; only without a target.
    pub fn faulty_block(&mut self, faults: &Faults, problems: &mut Vec<Problem>) {
        if !self.passes_over_faultless() {
            // Of a block without faults this is the first record: behind it there is nothing more to say.
            self.block(&faults.text, faults.first_line, problems, &mut Vec::new());
            return;
        }
        self.records += faults.faultless;
        self.kinds.0 |= faults.faultless > 0;
        for (part, line) in &faults.parts {
            self.block(&faults.text[part.clone()], *line, problems, &mut Vec::new());
        }
    }

    /// Looks at a block of whole records; appends its problems, and its repaired text.
    pub fn block(&mut self, block: &[u8], first_line: u64, problems: &mut Vec<Problem>, repaired: &mut Vec<u8>) {
        let mut line = first_line;
        let mut rest = block;
        while !rest.is_empty() {
            let (blank, text, after) = split_record(rest);
            for end in blank.split_inclusive(|byte| *byte == b'\n') {
                self.blank_line(end, line, problems, repaired);
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

    /// What can be said only at the end.
    pub fn end(&mut self, problems: &mut Vec<Problem>) {
        if self.records == 0 {
            problems.push(self.problem("empty-file", 1, 1, b"", false));
        }
    }

    fn blank_line(&mut self, line: &[u8], number: u64, problems: &mut Vec<Problem>, repaired: &mut Vec<u8>) {
        let ordinary = matches!(line, b"\n" | b"\r\n");
        if !ordinary {
            problems.push(self.problem("cr-blank-line", number, 1, b"", true));
        }
        let drop_cr = self.target == Some(Server::ActiveDirectory);
        repaired.extend_from_slice(if ordinary && !drop_cr { line } else { b"\n" });
    }

    fn problem(&self, code: &'static str, line: u64, column: usize, excerpt: &[u8], repaired: bool) -> Problem {
        let rule = Rule::of(code);
        let severity = rule.severity_for(self.target);
        let excerpt = excerpt[..excerpt.len().min(240)].to_vec();
        let why = rule.why.to_owned();
        Problem { line, column: column as u64, code, severity, why, mend: Some(rule.mend), excerpt, repaired }
    }

    fn refusal(error: LdifError, repaired: bool) -> Problem {
        Problem {
            line: error.line,
            column: error.column,
            code: rules::refused(&error.kind),
            severity: Severity::Error,
            why: error.kind.to_string(),
            mend: error.kind.help(),
            excerpt: error.excerpt,
            repaired,
        }
    }
}

/// What of a block must be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Number of its first line.
    pub first_line: u64,
    /// The block; if it is in order and not the first one of the file, its first record only.
    pub text: Vec<u8>,
    /// How many of its records are content and in order.
    pub faultless: u64,
    /// The others, with the blank lines before them and their first lines.
    pub parts: Vec<(Range<usize>, u64)>,
}

/// Finds what of a block must be looked at; blocks can be asked in any order.
pub fn faults(block: &[u8], first_line: u64) -> Faults {
    let mut faults = Faults { first_line, ..Faults::default() };
    let mut keys = KeyBuffer::new();
    let may_be_quick = memchr::memchr(0, block).is_none();
    let (mut at, mut line) = (0, first_line);
    let mut first_end = block.len();
    while at < block.len() {
        let (blank, text, _) = split_record(&block[at..]);
        let end = at + blank.len() + text.len();
        let usual_blank = |line: &[u8]| matches!(line, b"\n" | b"\r\n");
        let in_order = may_be_quick
            && blank.split_inclusive(|byte| *byte == b'\n').all(usual_blank)
            && (text.is_empty() || is_faultless(text, &mut keys));
        if in_order {
            faults.faultless += u64::from(!text.is_empty());
            first_end = if at == 0 { end } else { first_end };
        } else {
            faults.parts.push((at..end, line));
        }
        line += memchr::memchr_iter(b'\n', &block[at..end]).count() as u64;
        at = end;
    }
    let whole = first_line == 1 || !faults.parts.is_empty();
    faults.text = if whole { block.to_vec() } else { block[..first_end].to_vec() };
    faults
}

/// Cuts off the blank lines at the start, and the record behind them.
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

fn apply(text: &[u8], mut edits: Vec<Edit>, out: &mut Vec<u8>) {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut at = 0;
    for (range, new) in edits {
        if range.start < at {
            continue;
        }
        out.extend_from_slice(&text[at..range.start]);
        out.extend_from_slice(&new);
        at = range.end;
    }
    out.extend_from_slice(&text[at..]);
}

#[cfg(test)]
mod tests;
