//! Records: physical lines first, then logical ones, then what the reader makes of them.

use super::line::{Role, look, parts, roles};
use super::{Edit, Linter, Problem, is_ldapmodify};
use crate::ldap::Server;
use crate::ldap::{Dn, Rdn};
use crate::ldif::error::{LdifError, LdifErrorKind, excerpt};
use crate::ldif::lines::{Lines, LogicalLine};
use crate::ldif::{
    AttributeLine, ChangeKind, ChangeRecord, ContentRecord, ModSpec, NonEntry, Record, RecordReader, Text, UrlPolicy,
};

/// How often a record is read again with a line set aside.
const READINGS: usize = 200;

impl Linter {
    /// Looks at one record, which has no blank line in it; gives what mends it.
    pub(super) fn record(&mut self, text: &[u8], first: u64, problems: &mut Vec<Problem>) -> Vec<Edit> {
        let from = problems.len();
        let mut physical: Vec<Vec<u8>> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let mut edits = Vec::new();
        self.line_ends(text, first, &physical, problems, &mut edits);
        unframed(&mut physical, first, problems);

        let framed = physical.concat();
        let mut lines = Vec::new();
        // What it refuses was set aside.
        let _ = Lines::new(&framed, first).read_record(&mut lines);
        if !lines.is_empty() {
            self.records += 1;
            let roles = roles(&lines);
            let keep_cr = self.target != Some(Server::ActiveDirectory);
            for (line, role) in lines.iter().zip(&roles) {
                let looked = look(line, *role);
                for (code, at, repaired) in looked.found {
                    let place = line.error(at, first, LdifErrorKind::MissingColon);
                    let column = usize::try_from(place.column).unwrap_or(1);
                    problems.push(self.problem(code, place.line, column, &place.excerpt, repaired));
                }
                if let Some(new) = looked.text {
                    let span = span(&framed, line);
                    let crlf = keep_cr && framed[span.clone()].ends_with(b"\r\n");
                    edits.push((span, with_line_ends(new, crlf)));
                }
            }
            let taken = read(&physical, first, &lines, &roles, problems);
            if let Some(record) = taken.record() {
                let lines = (&*lines, taken.aside);
                self.whole(&record, lines, &roles, &framed, problems, &mut edits);
            }
        }
        if text.last() != Some(&b'\n') {
            let number = first + physical.len() as u64 - 1;
            let last = physical.last().map_or(&[][..], Vec::as_slice);
            let shown = excerpt(last.starts_with(b" "), last);
            problems.push(self.problem("no-last-line-end", number, last.len() + 1, &shown, true));
            // A line that is written again has its line end.
            if !edits.iter().any(|(range, new)| range.end == text.len() && new.ends_with(b"\n")) {
                let end = text.strip_suffix(b"\r").unwrap_or(text).len();
                edits.push((end..text.len(), b"\n".to_vec()));
            }
        }
        problems[from..].sort_by_key(|problem| (problem.line, problem.column));
        edits
    }

    /// CR LF, for who cannot read it.
    fn line_ends(
        &mut self,
        text: &[u8],
        first: u64,
        physical: &[Vec<u8>],
        problems: &mut Vec<Problem>,
        edits: &mut Vec<Edit>,
    ) {
        if self.target != Some(Server::ActiveDirectory) {
            return;
        }
        let mut end = 0;
        for (index, line) in physical.iter().enumerate() {
            end += line.len();
            if line.ends_with(b"\r\n") && !line.ends_with(b"\r\r\n") {
                edits.push((end - 2..end, b"\n".to_vec()));
                if !std::mem::replace(&mut self.crlf_said, true) {
                    let line = &line[..line.len() - 2];
                    let shown = excerpt(line.starts_with(b" "), line);
                    problems.push(self.problem("crlf", first + index as u64, line.len() + 1, &shown, true));
                }
            }
        }
        debug_assert_eq!(end, text.len());
    }

    /// What the record as a whole says.
    fn whole(
        &mut self,
        record: &Record<'_>,
        (lines, aside): (&[LogicalLine<'_>], bool),
        roles: &[Role],
        framed: &[u8],
        problems: &mut Vec<Problem>,
        edits: &mut Vec<Edit>,
    ) {
        let mut find = Finder { linter: self, lines, aside, problems };
        if let Some(line) = lines.iter().zip(roles).find(|(_, role)| **role == Role::Version).map(|(line, _)| line) {
            find.version(line, framed, edits);
        } else if find.linter.records == 1 && find.linter.target.is_none() {
            find.at(lines[0].number, "no-version", false);
        }
        match record {
            Record::NonEntry { block: NonEntry::Version, .. } => {}
            Record::NonEntry { line, .. } => {
                find.at(*line, "search-output", true);
                // A comment holds them as well.
                edits.retain(|(range, _)| range.is_empty());
                for line in lines {
                    let start = span(framed, line).start;
                    edits.push((start..start, b"# ".to_vec()));
                }
            }
            Record::Content(record) => find.content(record),
            Record::Change(record) => {
                find.change(record);
                if let ChangeKind::Modify(mods) = &record.change {
                    find.modify(mods, roles, framed, edits);
                }
            }
        }
    }
}

/// Problems by the line that they stand in.
struct Finder<'f, 'b> {
    linter: &'f mut Linter,
    lines: &'f [LogicalLine<'b>],
    /// Lines of it were set aside: what seems to be missing may be among them.
    aside: bool,
    problems: &'f mut Vec<Problem>,
}

impl Finder<'_, '_> {
    fn at(&mut self, line: u64, code: &'static str, repaired: bool) {
        let logical = self.lines.iter().find(|logical| logical.number == line);
        let excerpt = logical.map(|logical| logical.error(0, line, LdifErrorKind::MissingColon).excerpt);
        let problem = self.linter.problem(code, line, 1, &excerpt.unwrap_or_default(), repaired);
        self.problems.push(problem);
    }

    fn version(&mut self, line: &LogicalLine<'_>, framed: &[u8], edits: &mut Vec<Edit>) {
        let again = self.linter.version.is_some() || self.linter.records > 1;
        let refused = self.linter.target == Some(Server::ActiveDirectory);
        self.linter.version.get_or_insert(line.number);
        if again {
            self.at(line.number, "version-again", true);
        } else if refused {
            self.at(line.number, "version-line", true);
        }
        if again || refused {
            edits.retain(|(range, _)| range.start < span(framed, line).start || range.start >= span(framed, line).end);
            edits.push((span(framed, line), Vec::new()));
        }
    }

    fn kinds(&mut self, line: u64, change: bool) {
        let kinds = &mut self.linter.kinds;
        kinds.0 |= !change;
        kinds.1 |= change;
        if kinds.0 && kinds.1 && !std::mem::replace(&mut self.linter.mixed_said, true) {
            self.at(line, "mixed-records", false);
        }
    }

    /// A name as bytes; `at` is its line.
    fn name(&mut self, name: &[u8], at: u64, is_rdn: bool) {
        let bad = if is_rdn { Rdn::parse(name).is_err() } else { Dn::parse(name).is_err() };
        if bad {
            self.at(at, "bad-name", false);
        } else if self.linter.target == Some(Server::ActiveDirectory) && has_blanks(name) {
            self.at(at, "blanks-in-name", false);
        }
    }

    fn content(&mut self, record: &ContentRecord<'_>) {
        self.kinds(record.line, false);
        self.name(&record.dn, record.line, false);
        if record.dn.is_empty() {
            self.at(record.line, "root-entry", false);
        }
        if record.attributes.is_empty() && !self.aside {
            self.at(record.line, "no-attributes", false);
        }
        if self.linter.target == Some(Server::OpenLdap) {
            if let Some(line) = self.linter.version
                && !self.linter.kinds.1
                && !std::mem::replace(&mut self.linter.slapadd_said, true)
            {
                let problem = self.linter.problem("version-line", line, 1, b"version: 1", false);
                self.problems.push(problem);
            }
            if let Some(line) = scattered(&record.attributes) {
                self.at(line, "scattered-values", false);
            }
        }
    }

    fn change(&mut self, record: &ChangeRecord<'_>) {
        self.kinds(record.line, true);
        self.name(&record.dn, record.line, false);
        if let Some(target) = self.linter.target {
            self.controls(record, target);
            if record.dn.len() > 4095 && matches!(record.change, ChangeKind::Delete) {
                self.at(record.line, "long-name", false);
            }
        }
        if let ChangeKind::ModifyDn { new_rdn, delete_old_rdn, new_superior, .. } = &record.change {
            let line_of = |keyword: &str| {
                let is =
                    |line: &&LogicalLine<'_>| parts(line).is_some_and(|parts| parts.name.eq_ignore_ascii_case(keyword));
                self.lines.iter().find(is).map_or(record.line, |line| line.number)
            };
            let (rdn, old, superior) = (line_of("newrdn"), line_of("deleteoldrdn"), line_of("newsuperior"));
            self.name(new_rdn, rdn, true);
            if let Some(new_superior) = new_superior {
                self.name(new_superior, superior, false);
            }
            if !delete_old_rdn && self.linter.target == Some(Server::ActiveDirectory) {
                self.at(old, "keeps-old-rdn", false);
            }
        }
    }

    fn controls(&mut self, record: &ChangeRecord<'_>, target: Server) {
        const ASSERTION: &str = "1.3.6.1.1.12";
        const TREE_DELETE: &str = "1.2.840.113556.1.4.805";
        for (index, control) in record.controls.iter().enumerate() {
            if !is_ldapmodify(target) {
                self.at(control.line, "control-not-read", false);
                continue;
            }
            if index > 0 {
                self.at(control.line, "second-control", false);
            }
            let written = self.lines.iter().find(|line| line.number == control.line);
            let written = written.and_then(parts).map(|parts| parts.spec.written().to_ascii_lowercase());
            let has = |word: &[u8]| written.as_ref().is_some_and(|text| memchr::memmem::find(text, word).is_some());
            let (said, base64) = (has(b" true") || has(b" false"), has(b"::"));
            if !said && control.value.is_some() {
                self.at(control.line, "no-criticality", false);
            }
            if base64 && control.value.as_ref().is_some_and(|value| value.bytes().is_empty()) {
                self.at(control.line, "empty-control-value", false);
            }
            if control.oid == ASSERTION && target == Server::Ds389 {
                self.at(control.line, "assertion-control", false);
            }
            if control.oid == TREE_DELETE && matches!(target, Server::OpenLdap | Server::Ds389) {
                self.at(control.line, "tree-delete", false);
            }
        }
    }

    fn modify(&mut self, mods: &[ModSpec<'_>], roles: &[Role], framed: &[u8], edits: &mut Vec<Edit>) {
        for spec in mods {
            if spec.op == crate::ldap::ModOp::Increment {
                self.at(spec.line, "increment", false);
            }
            if spec.op == crate::ldap::ModOp::Add && spec.values.is_empty() && !self.aside {
                self.at(spec.line, "add-without-values", false);
            }
            if spec.op == crate::ldap::ModOp::Delete
                && !spec.values.is_empty()
                && self.linter.equality.as_ref().is_some_and(|schema| !schema.names_equality(&spec.description))
            {
                self.at(spec.line, "value-without-equality", false);
            }
            for value in spec.values.iter().filter(|value| value.description != spec.description) {
                let by_case = value.description.eq_ignore_ascii_case(&spec.description);
                if !by_case && self.linter.target.is_some_and(is_ldapmodify) {
                    self.at(value.line, "other-options", false);
                    continue;
                }
                let new = by_case.then_some(&value.value).and_then(|value| match value {
                    Text::Url(_) => None,
                    value => Some(value.bytes()),
                });
                self.at(value.line, "value-spelling", new.is_some());
                if let (Some(bytes), Some(line)) = (new, self.lines.iter().find(|line| line.number == value.line)) {
                    let mut text = Vec::new();
                    crate::ldif::writer::write_value(&mut text, &spec.description, bytes);
                    let span = span(framed, line);
                    edits.retain(|(range, _)| range.start < span.start || range.start >= span.end);
                    edits.push((span, with_line_ends(text, false)));
                }
            }
        }
        if let (Some(last), Some(line)) = (roles.last(), self.lines.last())
            && *last != Role::Separator
        {
            self.at(line.number, "no-last-separator", true);
            let end = span(framed, line).end;
            let separator: &[u8] = if framed[..end].ends_with(b"\n") { b"-\n" } else { b"\n-" };
            edits.push((end..end, separator.to_vec()));
        }
    }
}

/// Where a line is in its record, with its line end.
fn span(text: &[u8], line: &LogicalLine<'_>) -> std::ops::Range<usize> {
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

/// Reports lines that belong to none, and makes comments of them.
fn unframed(physical: &mut [Vec<u8>], first: u64, problems: &mut Vec<Problem>) {
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

/// The text that the reader took at last, if it took one.
struct Taken {
    text: Vec<u8>,
    first: u64,
    whole: bool,
    /// Whether lines were set aside for it.
    aside: bool,
}

impl Taken {
    /// The record, if nothing of it is refused.
    fn record(&self) -> Option<Record<'_>> {
        let record = RecordReader::new(&self.text, self.first, UrlPolicy::Keep).next();
        record.filter(|_| self.whole).and_then(Result::ok)
    }
}

/// Reads the record, again and again with the lines set aside that are refused.
fn read(
    physical: &[Vec<u8>],
    first: u64,
    lines: &[LogicalLine<'_>],
    roles: &[Role],
    problems: &mut Vec<Problem>,
) -> Taken {
    let mut physical = physical.to_vec();
    let mut aside = false;
    for _ in 0..READINGS {
        let text = physical.concat();
        let Some(Err(error)) = RecordReader::new(&text, first, UrlPolicy::Refuse).next() else {
            return Taken { text, first, whole: true, aside };
        };
        if aside && error.kind == LdifErrorKind::IncrementValues {
            break;
        }
        let logical = lines.iter().rposition(|line| line.number <= error.line).unwrap_or_default();
        let role = roles.get(logical).copied().unwrap_or(Role::Value);
        let mended = lines.get(logical).and_then(|line| look(line, role).text);
        let certain = mended.is_some()
            && match error.kind {
                LdifErrorKind::NulByte => role == Role::Value,
                LdifErrorKind::BadSeparator => true,
                // Blanks behind a word.
                LdifErrorKind::UnknownChangeType
                | LdifErrorKind::BadModifiedAttribute
                | LdifErrorKind::MissingDeleteOldRdn => role == Role::Keyword,
                _ => false,
            };
        let kind = error.kind.clone();
        let repeated =
            problems.iter().any(|problem| problem.line == error.line && problem.code == super::rules::refused(&kind));
        let stands_alone = matches!(
            kind,
            LdifErrorKind::BadBase64(_)
                | LdifErrorKind::NulByte
                | LdifErrorKind::UrlNotAllowed
                | LdifErrorKind::MissingColon
                | LdifErrorKind::BadAttributeDescription
                | LdifErrorKind::SecondDn
                | LdifErrorKind::LateControl
        ) && role == Role::Value;
        let count = lines.get(logical).map_or(1, |line| 1 + memchr::memchr_iter(b'\n', line.raw).count());
        let start = lines.get(logical).map_or(0, |line| usize::try_from(line.number - first).unwrap_or(usize::MAX));
        let separator = kind == LdifErrorKind::BadSeparator;
        // The new text must be another one, or the same place would be refused again.
        let certain = certain && !repeated;
        problems.push(Linter::refusal(error, certain));
        if repeated || !(certain || stands_alone || separator) {
            break;
        }
        for (index, line) in physical.iter_mut().skip(start).take(count).enumerate() {
            match (&mended, index) {
                (Some(new), 0) if certain => {
                    // One physical line, so that the numbers stay.
                    *line = String::from_utf8_lossy(new).replace("\n ", "").into_bytes();
                }
                (_, 0) if separator => *line = b"-\n".to_vec(),
                _ => {
                    if let Some(byte) = line.first_mut() {
                        *byte = b'#';
                    }
                }
            }
        }
        aside = true;
    }
    Taken { text: Vec::new(), first, whole: false, aside }
}

/// The first line of values that stand apart from others of their attribute.
fn scattered(lines: &[AttributeLine<'_>]) -> Option<u64> {
    let mut seen: Vec<&str> = Vec::new();
    for line in lines {
        let last = seen.last().is_some_and(|last| last.eq_ignore_ascii_case(&line.description));
        if last {
            continue;
        }
        if seen.iter().any(|name| name.eq_ignore_ascii_case(&line.description)) {
            return Some(line.line);
        }
        seen.push(&line.description);
    }
    None
}

/// Whether a name that is one has blanks around its `=` and `,`, or `;` for `,` (RFC 1779).
fn has_blanks(name: &[u8]) -> bool {
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
