//! Checks whole records: first their physical lines, then the logical ones, then what the reader makes of them.

use super::line::{LineRole, check, parts, roles};
use super::{Edit, LintRule, Linter, Problem, is_ldapmodify};
use crate::ldap::Server;
use crate::ldap::{Dn, ModOp, Rdn};
use crate::ldif::error::{LdifError, LdifErrorKind, excerpt};
use crate::ldif::lines::{LogicalLine, LogicalLines};
use crate::ldif::writer::write_value;
use crate::ldif::{
    AttributeLine, ChangeKind, ChangeRecord, ContentRecord, LdifValue, ModSpec, NonEntry, Record, RecordReader,
    UrlPolicy,
};

/// How often a record is read again with one more line set aside.
const READINGS: usize = 200;

impl Linter {
    /// Checks one record, which contains no blank line; appends its problems and returns the edits that repair it.
    pub(super) fn record(&mut self, text: &[u8], first: u64, problems: &mut Vec<Problem>) -> Vec<Edit> {
        let from = problems.len();
        let mut physical: Vec<Vec<u8>> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let mut edits = Vec::new();
        self.line_ends(first, &physical, problems, &mut edits);
        comment_out_unframed(&mut physical, first, problems);

        let framed = physical.concat();
        let mut lines = Vec::new();
        // It cannot fail: all that it refuses was commented out.
        let _ = LogicalLines::new(&framed, first).read_record(&mut lines);
        if !lines.is_empty() {
            self.records += 1;
            let roles = roles(&lines);
            let keeps_cr = self.server != Some(Server::ActiveDirectory);
            let mut modifies_secret = false;
            for (line, role) in lines.iter().zip(&roles) {
                modifies_secret = line.modifies_secret() || modifies_secret && line.text.first() != Some(&b'-');
                let is_masked = modifies_secret && !line.modifies_secret();
                let findings = check(line, *role);
                for finding in findings.found {
                    let place = line.error(finding.offset, first, LdifErrorKind::MissingColon);
                    let place = if is_masked { place.in_modification_of_secret() } else { place };
                    let column = usize::try_from(place.column).unwrap_or(1);
                    let problem = self.problem(finding.rule, place.line, column, &place.excerpt, finding.repaired);
                    problems.push(problem);
                }
                if let Some(new) = findings.text {
                    let range = range_of(&framed, line);
                    let crlf = keeps_cr && framed[range.clone()].ends_with(b"\r\n");
                    edits.push(Edit { range, text: with_line_ends(new, crlf) });
                }
            }
            let accepted = read(&physical, first, &lines, &roles, problems);
            if let Some(record) = accepted.record() {
                let has_lines_aside = accepted.has_lines_aside;
                let text = RecordText { framed: &framed, lines: &lines, roles: &roles, has_lines_aside };
                RecordCheck { linter: self, text, problems, edits: &mut edits }.record(&record);
            }
        }
        if text.last() != Some(&b'\n') {
            let number = first + physical.len() as u64 - 1;
            let last = physical.last().map_or(&[][..], Vec::as_slice);
            let shown = excerpt(last.starts_with(b" "), last);
            problems.push(self.problem(LintRule::NoLastLineEnd, number, last.len() + 1, &shown, true));
            // A line that is rewritten has its line end already.
            if !edits.iter().any(|edit| edit.range.end == text.len() && edit.text.ends_with(b"\n")) {
                let end = text.strip_suffix(b"\r").unwrap_or(text).len();
                edits.push(Edit { range: end..text.len(), text: b"\n".to_vec() });
            }
        }
        problems[from..].sort_by_key(|problem| (problem.line, problem.column));
        edits
    }

    /// Reports and removes CR LF for `ldbmodify`, which refuses it.
    fn line_ends(&mut self, first: u64, physical: &[Vec<u8>], problems: &mut Vec<Problem>, edits: &mut Vec<Edit>) {
        if self.server != Some(Server::ActiveDirectory) {
            return;
        }
        let mut end = 0;
        for (index, line) in physical.iter().enumerate() {
            end += line.len();
            if line.ends_with(b"\r\n") && !line.ends_with(b"\r\r\n") {
                edits.push(Edit { range: end - 2..end, text: b"\n".to_vec() });
                if self.is_first(LintRule::Crlf) {
                    let line = &line[..line.len() - 2];
                    let shown = excerpt(line.starts_with(b" "), line);
                    problems.push(self.problem(LintRule::Crlf, first + index as u64, line.len() + 1, &shown, true));
                }
            }
        }
    }
}

/// A record as text.
#[derive(Clone, Copy)]
struct RecordText<'t> {
    /// The text; lines without a place in a record are commented out.
    framed: &'t [u8],
    lines: &'t [LogicalLine<'t>],
    /// The roles of `lines`.
    roles: &'t [LineRole],
    /// Lines were set aside so that the reader accepts the record: what seems to be missing may be among them.
    has_lines_aside: bool,
}

/// Checks a record that the reader accepts.
struct RecordCheck<'c, 't> {
    linter: &'c mut Linter,
    text: RecordText<'t>,
    problems: &'c mut Vec<Problem>,
    edits: &'c mut Vec<Edit>,
}

impl RecordCheck<'_, '_> {
    fn record(&mut self, record: &Record<'_>) {
        let RecordText { framed, lines, roles, .. } = self.text;
        if let Some(line) = lines.iter().zip(roles).find(|(_, role)| **role == LineRole::Version).map(|(line, _)| line)
        {
            self.version(line);
        } else if self.linter.records == 1 && self.linter.server.is_none() {
            self.report(lines[0].number, LintRule::NoVersion, false);
        }
        match record {
            Record::NonEntry { block: NonEntry::Version, .. } => {}
            Record::NonEntry { line, .. } => {
                self.report(*line, LintRule::SearchOutput, true);
                // The lines become comments, so repairs inside them are dropped.
                self.edits.retain(|edit| edit.range.is_empty());
                for line in lines {
                    let start = range_of(framed, line).start;
                    self.edits.push(Edit { range: start..start, text: b"# ".to_vec() });
                }
            }
            Record::Content(record) => self.content(record),
            Record::Change(record) => {
                self.change(record);
                if let ChangeKind::Modify(mods) = &record.change {
                    self.modify(mods);
                }
            }
        }
    }

    /// Reports a problem of the logical line that begins at physical line `line`.
    fn report(&mut self, line: u64, rule: LintRule, repaired: bool) {
        let logical = self.text.lines.iter().find(|logical| logical.number == line);
        let excerpt = logical.map(|logical| logical.error(0, line, LdifErrorKind::MissingColon).excerpt);
        let problem = self.linter.problem(rule, line, 1, &excerpt.unwrap_or_default(), repaired);
        self.problems.push(problem);
    }

    /// Replaces a line, and drops other repairs of it.
    fn replace_line(&mut self, line: &LogicalLine<'_>, text: Vec<u8>) {
        let range = range_of(self.text.framed, line);
        self.edits.retain(|edit| !range.contains(&edit.range.start));
        self.edits.push(Edit { range, text });
    }

    fn version(&mut self, line: &LogicalLine<'_>) {
        let is_again = self.linter.version.is_some() || self.linter.records > 1;
        let is_refused = self.linter.server == Some(Server::ActiveDirectory);
        self.linter.version.get_or_insert(line.number);
        if is_again {
            self.report(line.number, LintRule::VersionAgain, true);
        } else if is_refused {
            self.report(line.number, LintRule::VersionLine, true);
        }
        if is_again || is_refused {
            self.replace_line(line, Vec::new());
        }
    }

    /// Reports the first record that makes a file one of content and changes.
    fn mixed_records(&mut self, line: u64) {
        let kinds = self.linter.kinds;
        if kinds.content && kinds.changes && self.linter.is_first(LintRule::MixedRecords) {
            self.report(line, LintRule::MixedRecords, false);
        }
    }

    /// Checks a DN (or an RDN, if `is_rdn`) that is in `line`.
    fn name(&mut self, name: &[u8], line: u64, is_rdn: bool) {
        let is_bad = if is_rdn { Rdn::parse(name).is_err() } else { Dn::parse(name).is_err() };
        if is_bad {
            self.report(line, LintRule::BadName, false);
        } else if self.linter.server == Some(Server::ActiveDirectory) && has_spaces(name) {
            self.report(line, LintRule::SpacesInName, false);
        }
    }

    fn content(&mut self, record: &ContentRecord<'_>) {
        self.linter.kinds.content = true;
        self.mixed_records(record.line);
        self.name(&record.dn, record.line, false);
        if record.dn.is_empty() {
            self.report(record.line, LintRule::RootEntry, false);
        }
        if record.attributes.is_empty() && !self.text.has_lines_aside {
            self.report(record.line, LintRule::NoAttributes, false);
        }
        if self.linter.server == Some(Server::OpenLdap) {
            if let Some(line) = self.linter.version
                && !self.linter.kinds.changes
                && self.linter.is_first(LintRule::VersionLine)
            {
                let problem = self.linter.problem(LintRule::VersionLine, line, 1, b"version: 1", false);
                self.problems.push(problem);
            }
            if let Some(line) = scattered(&record.attributes) {
                self.report(line, LintRule::ScatteredValues, false);
            }
        }
    }

    fn change(&mut self, record: &ChangeRecord<'_>) {
        self.linter.kinds.changes = true;
        self.mixed_records(record.line);
        self.name(&record.dn, record.line, false);
        if let Some(server) = self.linter.server {
            self.controls(record, server);
            if record.dn.len() > 4095 && matches!(record.change, ChangeKind::Delete) {
                self.report(record.line, LintRule::LongName, false);
            }
        }
        if let ChangeKind::ModifyDn { new_rdn, delete_old_rdn, new_superior, .. } = &record.change {
            let line_of = |keyword: &str| {
                let is =
                    |line: &&LogicalLine<'_>| parts(line).is_some_and(|parts| parts.name.eq_ignore_ascii_case(keyword));
                self.text.lines.iter().find(is).map_or(record.line, |line| line.number)
            };
            let (rdn, old, superior) = (line_of("newrdn"), line_of("deleteoldrdn"), line_of("newsuperior"));
            self.name(new_rdn, rdn, true);
            if let Some(new_superior) = new_superior {
                self.name(new_superior, superior, false);
            }
            if !delete_old_rdn && self.linter.server == Some(Server::ActiveDirectory) {
                self.report(old, LintRule::KeepsOldRdn, false);
            }
        }
    }

    fn controls(&mut self, record: &ChangeRecord<'_>, server: Server) {
        const ASSERTION: &str = "1.3.6.1.1.12";
        const TREE_DELETE: &str = "1.2.840.113556.1.4.805";
        for (index, control) in record.controls.iter().enumerate() {
            if !is_ldapmodify(server) {
                self.report(control.line, LintRule::ControlNotRead, false);
                continue;
            }
            if index > 0 {
                self.report(control.line, LintRule::SecondControl, false);
            }
            let line = self.text.lines.iter().find(|line| line.number == control.line);
            let raw = line.and_then(parts).map(|parts| parts.spec.raw().to_ascii_lowercase());
            let has = |word: &[u8]| raw.as_ref().is_some_and(|raw| memchr::memmem::find(raw, word).is_some());
            let (has_criticality, is_base64) = (has(b" true") || has(b" false"), has(b"::"));
            if !has_criticality && control.value.is_some() {
                self.report(control.line, LintRule::NoCriticality, false);
            }
            if is_base64 && control.value.as_ref().is_some_and(|value| value.bytes().is_empty()) {
                self.report(control.line, LintRule::EmptyControlValue, false);
            }
            if control.oid == ASSERTION && server == Server::Ds389 {
                self.report(control.line, LintRule::AssertionControl, false);
            }
            if control.oid == TREE_DELETE && matches!(server, Server::OpenLdap | Server::Ds389) {
                self.report(control.line, LintRule::TreeDelete, false);
            }
        }
    }

    fn modify(&mut self, mods: &[ModSpec<'_>]) {
        for spec in mods {
            if spec.op == ModOp::Increment {
                self.report(spec.line, LintRule::Increment, false);
            }
            if spec.op == ModOp::Add && spec.values.is_empty() && !self.text.has_lines_aside {
                self.report(spec.line, LintRule::AddWithoutValues, false);
            }
            if spec.op == ModOp::Delete
                && !spec.values.is_empty()
                && self.linter.equality.as_ref().is_some_and(|schema| !schema.names_equality(&spec.description))
            {
                self.report(spec.line, LintRule::ValueWithoutEquality, false);
            }
            for value in spec.values.iter().filter(|value| value.description != spec.description) {
                self.value_spelling(spec, value);
            }
        }
        if let (Some(last), Some(line)) = (self.text.roles.last(), self.text.lines.last())
            && *last != LineRole::Separator
        {
            self.report(line.number, LintRule::NoLastSeparator, true);
            let end = range_of(self.text.framed, line).end;
            let separator: &[u8] = if self.text.framed[..end].ends_with(b"\n") { b"-\n" } else { b"\n-" };
            self.edits.push(Edit { range: end..end, text: separator.to_vec() });
        }
    }

    /// Reports a value line that spells its attribute differently from its modification.
    fn value_spelling(&mut self, spec: &ModSpec<'_>, value: &AttributeLine<'_>) {
        let differs_in_case = value.description.eq_ignore_ascii_case(&spec.description);
        if !differs_in_case && self.linter.server.is_some_and(is_ldapmodify) {
            self.report(value.line, LintRule::OtherOptions, false);
            return;
        }
        let bytes = match &value.value {
            LdifValue::Url(_) => None,
            known => Some(known.bytes()).filter(|_| differs_in_case),
        };
        self.report(value.line, LintRule::ValueSpelling, bytes.is_some());
        if let (Some(bytes), Some(line)) = (bytes, self.text.lines.iter().find(|line| line.number == value.line)) {
            let mut text = Vec::new();
            write_value(&mut text, &spec.description, bytes);
            self.replace_line(line, text);
        }
    }
}

/// The range of a line in the text of its record, with its line end.
fn range_of(text: &[u8], line: &LogicalLine<'_>) -> std::ops::Range<usize> {
    let start = line.raw.as_ptr() as usize - text.as_ptr() as usize;
    let end = start + line.raw.len();
    let line_end = text[end..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| end + at + 1);
    start..line_end
}

fn with_line_ends(text: Vec<u8>, crlf: bool) -> Vec<u8> {
    if !crlf {
        return text;
    }
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    lines.join(&b"\r\n"[..])
}

/// Reports lines that belong to no logical line, and turns them into comments.
fn comment_out_unframed(physical: &mut [Vec<u8>], first: u64, problems: &mut Vec<Problem>) {
    for (index, line) in physical.iter_mut().enumerate() {
        let kind = match line.first() {
            Some(b'\t') => LdifErrorKind::TabFold,
            Some(b' ') if index == 0 => LdifErrorKind::FoldOfNothing,
            _ => continue,
        };
        let shown: &[u8] = line.trim_ascii_end();
        problems.push(Linter::refusal(LdifError::new(first + index as u64, 1, first, kind, shown), false));
        line[0] = b'#';
    }
}

/// The text of a record that the reader accepts, with lines set aside where necessary.
struct AcceptedText {
    /// `None` if the reader accepts no version of it.
    text: Option<Vec<u8>>,
    first: u64,
    has_lines_aside: bool,
}

impl AcceptedText {
    fn record(&self) -> Option<Record<'_>> {
        RecordReader::new(self.text.as_ref()?, self.first, UrlPolicy::Keep).next().and_then(Result::ok)
    }
}

/// Reads the record again and again, each time with the line set aside that was refused.
fn read(
    physical: &[Vec<u8>],
    first: u64,
    lines: &[LogicalLine<'_>],
    roles: &[LineRole],
    problems: &mut Vec<Problem>,
) -> AcceptedText {
    let mut physical = physical.to_vec();
    let mut has_lines_aside = false;
    for _ in 0..READINGS {
        let text = physical.concat();
        let Some(Err(error)) = RecordReader::new(&text, first, UrlPolicy::Refuse).next() else {
            return AcceptedText { text: Some(text), first, has_lines_aside };
        };
        if has_lines_aside && error.kind == LdifErrorKind::IncrementValues {
            break;
        }
        let logical = lines.iter().rposition(|line| line.number <= error.line).unwrap_or_default();
        let role = roles.get(logical).copied().unwrap_or(LineRole::Value);
        let repaired = lines.get(logical).and_then(|line| check(line, role).text);
        let is_certain = repaired.is_some()
            && match error.kind {
                LdifErrorKind::NulByte => role == LineRole::Value,
                LdifErrorKind::BadSeparator => true,
                // Spaces after a word.
                LdifErrorKind::UnknownChangeType
                | LdifErrorKind::BadModifiedAttribute
                | LdifErrorKind::MissingDeleteOldRdn => role == LineRole::Keyword,
                _ => false,
            };
        let kind = error.kind.clone();
        let is_repeated = problems.iter().any(|problem| problem.line == error.line && problem.code == kind.code());
        let is_independent = matches!(
            kind,
            LdifErrorKind::BadBase64(_)
                | LdifErrorKind::NulByte
                | LdifErrorKind::UrlNotAllowed
                | LdifErrorKind::MissingColon
                | LdifErrorKind::BadAttributeDescription
                | LdifErrorKind::SecondDn
                | LdifErrorKind::LateControl
        ) && role == LineRole::Value;
        let count = lines.get(logical).map_or(1, |line| 1 + memchr::memchr_iter(b'\n', line.raw).count());
        let start = lines.get(logical).map_or(0, |line| usize::try_from(line.number - first).unwrap_or(usize::MAX));
        let is_separator = kind == LdifErrorKind::BadSeparator;
        // The repaired text must differ, or the same place would be refused again.
        let is_certain = is_certain && !is_repeated;
        problems.push(Linter::refusal(error, is_certain));
        if is_repeated || !(is_certain || is_independent || is_separator) {
            break;
        }
        for (index, line) in physical.iter_mut().skip(start).take(count).enumerate() {
            match (&repaired, index) {
                (Some(new), 0) if is_certain => {
                    // One physical line, so that the line numbers stay the same.
                    *line = String::from_utf8_lossy(new).replace("\n ", "").into_bytes();
                }
                (_, 0) if is_separator => *line = b"-\n".to_vec(),
                _ => {
                    if let Some(byte) = line.first_mut() {
                        *byte = b'#';
                    }
                }
            }
        }
        has_lines_aside = true;
    }
    AcceptedText { text: None, first, has_lines_aside }
}

/// The first line with a value that is separate from the other values of its attribute.
fn scattered(lines: &[AttributeLine<'_>]) -> Option<u64> {
    let mut descriptions: Vec<&str> = Vec::new();
    for line in lines {
        let is_next = descriptions.last().is_some_and(|last| last.eq_ignore_ascii_case(&line.description));
        if is_next {
            continue;
        }
        if descriptions.iter().any(|known| known.eq_ignore_ascii_case(&line.description)) {
            return Some(line.line);
        }
        descriptions.push(&line.description);
    }
    None
}

/// Whether a valid DN has spaces around its `=` and `,`, or `;` in place of `,` (RFC 1779).
fn has_spaces(name: &[u8]) -> bool {
    let Ok(dn) = Dn::parse(name) else { return false };
    let mut tight = Vec::new();
    let rdns = dn.rdns();
    for rdn in &rdns {
        tight.push(rdn.raw_bytes());
        if rdn.avas().len() == 1 {
            let Some(at) = rdn.raw_bytes().iter().position(|byte| *byte == b'=') else { continue };
            let (before, after) = rdn.raw_bytes().split_at(at);
            if before.ends_with(b" ") || after.get(1) == Some(&b' ') {
                return true;
            }
        }
    }
    tight.join(&b","[..]) != name
}
