//! The parser: from lines to records.
//!
//! As implemented (RFC 2849; `docs/leniency.md` lists everything beyond it):
//!
//! ```text
//! record        = [version] dn-spec ( *attrval-spec / *control changerecord )
//! dn-spec       = "dn" value-spec                       ; keywords in any case, except "version"
//! control       = "control" value-spec
//! changerecord  = "changetype" value-spec ( add / delete / modify / moddn )
//! modify        = 1*( op value-spec *attrval-spec "-" )  ; the last "-" may be missing
//! op            = "add" / "delete" / "replace" / "increment"
//! moddn         = newrdn deleteoldrdn [newsuperior]
//! non-entry     = 1*( "search" / "result" / "ref" / "control" / "pagedresults" / ... )
//! ```
//!
//! Each record is content or change by its own lines, so a file may contain both. The readers of exports refuse changes.

use std::borrow::Cow;
use std::ops::Range;

use data_encoding::{BASE64, DecodeKind};

use super::error::{LdifError, LdifErrorKind};
use super::fast_path::{self, AttributeSelection, LineHandling};
use super::grammar::{self, ValueSpec, is_base64_digit};
use super::lines::{LogicalLine, LogicalLines};
use super::name_cache::AttributeNameCache;
use super::record::{
    AttributeLine, ChangeKind, ChangeRecord, ContentRecord, ControlLine, LdifValue, ModSpec, NonEntry, Record,
};
use crate::ldap::ModOp;
use crate::ldap::secrets::is_secret;

/// Gets the bytes at a URL, or the reason why they cannot be read.
pub type ResolveUrl<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, String> + Sync + 'a;

/// What to do with a value that is given as a URL (`attr:< file:///...`).
#[derive(Clone, Copy)]
pub enum UrlPolicy<'a> {
    /// An error: only the user can allow that other files are read.
    Refuse,
    /// Keep the URL as [`LdifValue::Url`].
    Keep,
    /// Call a function for the bytes.
    Resolve(&'a ResolveUrl<'a>),
}

/// An iterator over the records of a block of text, which ends where a record ends.
///
/// After an error that [allows it](LdifError::can_continue), the iterator continues with the next record.
pub struct RecordReader<'b, 'a> {
    lines: LogicalLines<'b>,
    urls: UrlPolicy<'a>,
    record: Vec<LogicalLine<'b>>,
    failed: bool,
    /// Whether the fast path may be tried.
    is_fast: bool,
    selection: Option<&'a AttributeSelection>,
    names: AttributeNameCache<LineHandling>,
    /// An empty vector, for the lines of the next content record.
    attributes: Vec<AttributeLine<'b>>,
    partial: Option<PartialRecord<'b>>,
    has_no_special_lines: bool,
}

/// The text of a content record of which only the lines of some attributes were kept.
#[derive(Clone, Copy, Debug)]
pub struct PartialRecord<'b> {
    /// The whole record, from its `dn:` line on.
    pub text: &'b [u8],
    /// Number of the `dn:` line, from 1.
    pub line: u64,
    /// How many attribute lines the record has, kept or not.
    pub line_count: usize,
}

impl<'b, 'a> RecordReader<'b, 'a> {
    /// Reads `block`, whose first line has the number `first_line` in its file.
    pub fn new(block: &'b [u8], first_line: u64, urls: UrlPolicy<'a>) -> Self {
        Self {
            lines: LogicalLines::new(block, first_line),
            urls,
            record: Vec::new(),
            failed: false,
            is_fast: memchr::memchr(0, block).is_none(),
            selection: None,
            names: AttributeNameCache::new(),
            attributes: Vec::new(),
            partial: None,
            has_no_special_lines: false,
        }
    }

    /// Keeps only the lines of these attributes in content records, where that saves work; [`AttributeSelection`] says
    /// which other lines are kept. Every line is still checked.
    #[must_use]
    pub fn only(mut self, selection: Option<&'a AttributeSelection>) -> Self {
        self.selection = selection;
        self
    }

    /// Turns the fast path off. Tests compare the two.
    #[must_use]
    pub fn slow(mut self) -> Self {
        self.is_fast = false;
        self
    }

    /// The whole text of the last record, if some of its lines were not kept.
    pub fn partial(&self) -> Option<PartialRecord<'b>> {
        self.partial
    }

    /// Whether the last record certainly is a content record without special lines (see [`AttributeSelection`]). If false,
    /// it may have some.
    pub fn has_no_special_lines(&self) -> bool {
        self.has_no_special_lines
    }

    /// Reuses the memory of a record that is no longer needed.
    pub fn recycle(&mut self, record: ContentRecord<'b>) {
        self.attributes = record.attributes;
        self.attributes.clear();
    }

    /// Number of the next physical line, from 1.
    pub fn next_line(&self) -> u64 {
        self.lines.number()
    }
}

impl<'b> Iterator for RecordReader<'b, '_> {
    type Item = Result<Record<'b>, LdifError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        self.partial = None;
        self.has_no_special_lines = false;
        if self.is_fast {
            let (text, line) = (self.lines.rest(), self.lines.number());
            if let Some(read) = fast_path::content(text, line, self.selection, &mut self.names, &mut self.attributes) {
                self.lines.skip(read.end, read.next_line);
                self.has_no_special_lines = read.has_no_special_lines;
                let attributes = std::mem::take(&mut self.attributes);
                if attributes.len() < read.line_count {
                    let text = &text[read.start..read.end];
                    self.partial = Some(PartialRecord { text, line: read.line, line_count: read.line_count });
                }
                let dn = read.dn.into_bytes();
                return Some(Ok(Record::Content(ContentRecord { line: read.line, dn, attributes })));
            }
            self.attributes.clear();
        }
        let result = match self.lines.read_record(&mut self.record) {
            Ok(()) if self.record.is_empty() => return None,
            Ok(()) => RecordLines::new(&self.record, self.urls).record(),
            Err(error) => Err(error),
        };
        self.failed = result.as_ref().is_err_and(|error| !error.can_continue());
        Some(result)
    }
}

/// The parts of a line, as ranges of its text so that they can be borrowed from the block.
struct ParsedLine {
    name: Range<usize>,
    value: Range<usize>,
    form: ValueForm,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueForm {
    Text,
    Base64,
    Url,
}

/// A range of a line, borrowed from the block unless the line was folded.
fn slice<'b>(line: &LogicalLine<'b>, range: Range<usize>) -> Cow<'b, [u8]> {
    match &line.text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(text) => Cow::Owned(text[range].to_vec()),
    }
}

/// A parser for the lines of one record.
struct RecordLines<'r, 'b, 'a> {
    lines: &'r [LogicalLine<'b>],
    next: usize,
    urls: UrlPolicy<'a>,
}

type Result<T, E = LdifError> = std::result::Result<T, E>;

impl<'r, 'b, 'a> RecordLines<'r, 'b, 'a> {
    fn new(lines: &'r [LogicalLine<'b>], urls: UrlPolicy<'a>) -> Self {
        Self { lines, next: 0, urls }
    }

    fn record(mut self) -> Result<Record<'b>> {
        let first = self.lines[0].number;
        if self.keyword_is("version", str::eq)? {
            self.version()?;
            if self.done() {
                return Ok(Record::NonEntry { line: first, block: NonEntry::Version });
            }
        }
        if !self.keyword_is("dn", str::eq_ignore_ascii_case)? {
            return self.non_entry();
        }
        let (line, dn) = self.dn()?;
        let mut controls = Vec::new();
        while self.keyword_is("control", str::eq_ignore_ascii_case)? {
            controls.push(self.control()?);
        }
        if self.keyword_is("changetype", str::eq_ignore_ascii_case)? {
            let change = self.change()?;
            return Ok(Record::Change(ChangeRecord { line, dn, controls, change }));
        }
        if !controls.is_empty() {
            return Err(self.error_here(0, LdifErrorKind::MissingChangeType));
        }
        let attributes = self.attributes()?;
        Ok(Record::Content(ContentRecord { line, dn, attributes }))
    }

    // --- single lines ---

    fn done(&self) -> bool {
        self.next == self.lines.len()
    }

    fn error(&self, line: usize, offset: usize, kind: LdifErrorKind) -> LdifError {
        // A line without a name may be the rest of the value above it.
        let nameless = matches!(kind, LdifErrorKind::MissingColon | LdifErrorKind::BadAttributeDescription);
        let above = line.checked_sub(1).filter(|_| nameless).and_then(|above| self.lines.get(above));
        let error = self.lines[line].error(offset, self.lines[0].number, kind);
        if above.is_some_and(|above| above.is_secret() || above.modifies_secret()) { error.of_secret() } else { error }
    }

    /// An error at the next line, or after the end of the last one.
    fn error_here(&self, offset: usize, kind: LdifErrorKind) -> LdifError {
        if self.done() {
            let last = self.lines.len() - 1;
            self.error(last, self.lines[last].text.len(), kind)
        } else {
            self.error(self.next, offset, kind)
        }
    }

    fn parse(&self, index: usize) -> Result<ParsedLine> {
        let text: &[u8] = &self.lines[index].text;
        let Ok((rest, name)) = grammar::description(text) else {
            return Err(self.error(index, 0, LdifErrorKind::BadAttributeDescription));
        };
        let Ok((_, spec)) = grammar::value_spec(rest) else {
            let kind = match rest.first() {
                None | Some(b' ') => LdifErrorKind::MissingColon,
                Some(0) => LdifErrorKind::NulByte,
                Some(_) => LdifErrorKind::BadAttributeDescription,
            };
            return Err(self.error(index, name.len(), kind));
        };
        let form = match spec {
            ValueSpec::Text(_) => ValueForm::Text,
            ValueSpec::Base64(_) => ValueForm::Base64,
            ValueSpec::Url(_) => ValueForm::Url,
        };
        Ok(ParsedLine { name: 0..name.len(), value: text.len() - spec.raw().len()..text.len(), form })
    }

    /// Whether the next line has the name `keyword`, as `same` compares names.
    fn keyword_is(&self, keyword: &str, same: fn(&str, &str) -> bool) -> Result<bool> {
        if self.done() {
            return Ok(false);
        }
        let parsed = self.parse(self.next)?;
        Ok(same(&self.name(self.next, &parsed), keyword))
    }

    /// The name of a line. The grammar allows only ASCII, so the conversion loses nothing.
    fn name(&self, index: usize, parsed: &ParsedLine) -> Cow<'b, str> {
        match slice(&self.lines[index], parsed.name.clone()) {
            Cow::Borrowed(name) => {
                std::str::from_utf8(name).map_or_else(|_| String::from_utf8_lossy(name), Cow::Borrowed)
            }
            Cow::Owned(name) => Cow::Owned(String::from_utf8_lossy(&name).into_owned()),
        }
    }

    /// The decoded value of a line.
    fn value(&self, index: usize, parsed: &ParsedLine) -> Result<LdifValue<'b>> {
        let written = slice(&self.lines[index], parsed.value.clone());
        match parsed.form {
            ValueForm::Text => match memchr::memchr(0, &written) {
                None => Ok(LdifValue::Bytes(written)),
                Some(at) => Err(self.error(index, parsed.value.start + at, LdifErrorKind::NulByte)),
            },
            ValueForm::Base64 => {
                self.base64(index, parsed.value.start, &written).map(|value| LdifValue::Bytes(value.into()))
            }
            ValueForm::Url => self.url(index, parsed.value.start, written),
        }
    }

    /// Decodes base64. Spaces at the end are ignored; spaces inside it may come from a damaged line and are an error.
    fn base64(&self, index: usize, start: usize, written: &[u8]) -> Result<Vec<u8>> {
        let spaces = written.iter().rev().take_while(|byte| **byte == b' ').count();
        let digits = &written[..written.len() - spaces];
        BASE64.decode(digits).map_err(|error| {
            // The decoder checks the length first, but a foreign character explains more than a wrong length.
            let foreign = digits.iter().position(|byte| !is_base64_digit(*byte) && *byte != b'=');
            let (position, message) = match (error.kind, foreign) {
                (_, Some(position)) => (position, "a character that base64 does not use"),
                (DecodeKind::Length, None) => (digits.len(), "the length is not a multiple of four"),
                (DecodeKind::Symbol | DecodeKind::Padding, None) => (error.position, "wrong padding"),
                (DecodeKind::Trailing, None) => (error.position, "the unused bits of the last digit are not zero"),
            };
            self.error(index, start + position, LdifErrorKind::BadBase64(message))
        })
    }

    fn url(&self, index: usize, start: usize, written: Cow<'b, [u8]>) -> Result<LdifValue<'b>> {
        match self.urls {
            UrlPolicy::Refuse => Err(self.error(index, start, LdifErrorKind::UrlNotAllowed)),
            UrlPolicy::Keep => Ok(LdifValue::Url(written)),
            UrlPolicy::Resolve(resolve) => match resolve(&written) {
                Ok(value) => Ok(LdifValue::Bytes(value.into())),
                Err(reason) => Err(self.error(index, start, LdifErrorKind::UrlUnreadable(reason))),
            },
        }
    }

    /// The value of a line that may not be a URL, such as a DN.
    fn name_value(&self, index: usize, parsed: &ParsedLine) -> Result<Cow<'b, [u8]>> {
        match parsed.form {
            ValueForm::Url => Err(self.error(index, parsed.value.start, LdifErrorKind::UrlNotAllowed)),
            ValueForm::Text | ValueForm::Base64 => self.value(index, parsed).map(LdifValue::into_bytes),
        }
    }

    // --- the parts of a record ---

    fn version(&mut self) -> Result<()> {
        let parsed = self.parse(self.next)?;
        let written = &self.lines[self.next].text[parsed.value.clone()];
        let number = grammar::version(written).ok().filter(|_| parsed.form == ValueForm::Text);
        if number.is_none_or(|(_, number)| number != b"1") {
            return Err(self.error_here(parsed.value.start, LdifErrorKind::UnsupportedVersion));
        }
        self.next += 1;
        Ok(())
    }

    fn dn(&mut self) -> Result<(u64, Cow<'b, [u8]>)> {
        let index = self.next;
        let parsed = self.parse(index)?;
        let dn = self.name_value(index, &parsed)?;
        self.next += 1;
        if dn.is_empty() && self.done() {
            return Err(self.error(index, parsed.value.start, LdifErrorKind::EmptyDn));
        }
        Ok((self.lines[index].number, dn))
    }

    fn attribute(&self, index: usize) -> Result<AttributeLine<'b>> {
        let parsed = self.parse(index)?;
        let description = self.name(index, &parsed);
        if description.eq_ignore_ascii_case("dn") {
            return Err(self.error(index, 0, LdifErrorKind::SecondDn));
        }
        let value = self.value(index, &parsed)?;
        Ok(AttributeLine { line: self.lines[index].number, description, value })
    }

    fn attributes(&mut self) -> Result<Vec<AttributeLine<'b>>> {
        let start = std::mem::replace(&mut self.next, self.lines.len());
        (start..self.lines.len()).map(|index| self.attribute(index)).collect()
    }

    fn control(&mut self) -> Result<ControlLine<'b>> {
        let index = self.next;
        let parsed = self.parse(index)?;
        let start = parsed.value.start;
        let written = self.name_value(index, &parsed)?;
        let bad = || self.error(index, start, LdifErrorKind::BadControl);
        let (_, spec) = grammar::control(&written).map_err(|_| bad())?;
        let oid = String::from_utf8_lossy(spec.oid).into_owned();
        let value = match spec.value {
            None => None,
            Some(ValueSpec::Text(text)) => Some(LdifValue::Bytes(text.to_vec().into())),
            Some(spec) => {
                // The column is inside the line unless the whole control is in base64.
                let at = if parsed.form == ValueForm::Text { start + written.len() - spec.raw().len() } else { start };
                Some(match spec {
                    ValueSpec::Url(url) => self.url(index, at, Cow::Owned(url.to_vec()))?,
                    _ => LdifValue::Bytes(self.base64(index, at, spec.raw())?.into()),
                })
            }
        };
        self.next += 1;
        Ok(ControlLine { line: self.lines[index].number, oid, critical: spec.critical == Some(true), value })
    }

    fn change(&mut self) -> Result<ChangeKind<'b>> {
        let index = self.next;
        let parsed = self.parse(index)?;
        let keyword = self.name_value(index, &parsed)?;
        let is = |name: &str| keyword.eq_ignore_ascii_case(name.as_bytes());
        let known = ["add", "delete", "modify", "modrdn", "moddn"].into_iter().find(|name| is(name));
        let Some(known) = known else {
            return Err(self.error(index, parsed.value.start, LdifErrorKind::UnknownChangeType));
        };
        self.next += 1;
        if self.keyword_is("changetype", str::eq_ignore_ascii_case).unwrap_or(false) {
            return Err(self.error_here(0, LdifErrorKind::SecondChangeType));
        }
        if self.keyword_is("control", str::eq_ignore_ascii_case).unwrap_or(false) {
            return Err(self.error_here(0, LdifErrorKind::LateControl));
        }
        match known {
            "add" => self.attributes().map(ChangeKind::Add),
            "delete" if self.done() => Ok(ChangeKind::Delete),
            "delete" => Err(self.error_here(0, LdifErrorKind::LinesAfterDelete)),
            "modify" => self.modify(),
            keyword => self.modify_dn(keyword),
        }
    }

    fn modify(&mut self) -> Result<ChangeKind<'b>> {
        let mut modifications = Vec::new();
        while !self.done() {
            modifications.push(self.mod_spec()?);
        }
        if modifications.is_empty() {
            return Err(self.error_here(0, LdifErrorKind::MissingModification));
        }
        Ok(ChangeKind::Modify(modifications))
    }

    fn is_separator(&self) -> bool {
        self.lines.get(self.next).is_some_and(|line| line.text.first() == Some(&b'-'))
    }

    fn mod_spec(&mut self) -> Result<ModSpec<'b>> {
        let index = self.next;
        if self.is_separator() {
            return Err(self.error(index, 0, LdifErrorKind::MissingModification));
        }
        let parsed = self.parse(index)?;
        let keyword = self.name(index, &parsed);
        let ops = [ModOp::Add, ModOp::Delete, ModOp::Replace, ModOp::Increment];
        let Some(op) = ops.into_iter().find(|op| keyword.eq_ignore_ascii_case(op.keyword())) else {
            return Err(self.error(index, 0, LdifErrorKind::UnknownModification));
        };
        let written = self.name_value(index, &parsed)?;
        let description = match grammar::description(&written) {
            Ok((b"", _)) => String::from_utf8_lossy(&written).into_owned(),
            _ => return Err(self.error(index, parsed.value.start, LdifErrorKind::BadModifiedAttribute)),
        };
        self.next += 1;
        let mut values = Vec::new();
        while !self.done() {
            if self.is_separator() {
                if self.lines[self.next].text.len() > 1 {
                    return Err(self.error_here(1, LdifErrorKind::BadSeparator));
                }
                self.next += 1;
                break;
            }
            // A misspelt name does not make the value of a secret another one.
            let masked =
                |error: LdifError| if is_secret(&description) { error.in_modification_of_secret() } else { error };
            let value = self.attribute(self.next).map_err(masked)?;
            if !same_attribute(&value.description, &description) {
                return Err(masked(self.error_here(0, LdifErrorKind::OtherAttribute(description.clone()))));
            }
            values.push(value);
            self.next += 1;
        }
        if op == ModOp::Increment && values.len() != 1 {
            return Err(self.error(index, 0, LdifErrorKind::IncrementValues));
        }
        Ok(ModSpec { line: self.lines[index].number, op, description: description.into(), values })
    }

    fn modify_dn(&mut self, keyword: &'static str) -> Result<ChangeKind<'b>> {
        if !self.keyword_is("newrdn", str::eq_ignore_ascii_case)? {
            return Err(self.error_here(0, LdifErrorKind::MissingNewRdn));
        }
        let parsed = self.parse(self.next)?;
        let new_rdn = self.name_value(self.next, &parsed)?;
        if new_rdn.is_empty() {
            return Err(self.error_here(parsed.value.start, LdifErrorKind::MissingNewRdn));
        }
        self.next += 1;
        if !self.keyword_is("deleteoldrdn", str::eq_ignore_ascii_case)? {
            return Err(self.error_here(0, LdifErrorKind::MissingDeleteOldRdn));
        }
        let parsed = self.parse(self.next)?;
        let written = self.name_value(self.next, &parsed)?;
        let Ok((_, delete_old_rdn)) = grammar::delete_old_rdn(&written) else {
            return Err(self.error_here(parsed.value.start, LdifErrorKind::MissingDeleteOldRdn));
        };
        self.next += 1;
        let mut new_superior = None;
        if self.keyword_is("newsuperior", str::eq_ignore_ascii_case)? {
            let parsed = self.parse(self.next)?;
            new_superior = Some(self.name_value(self.next, &parsed)?);
            self.next += 1;
        }
        if !self.done() {
            return Err(self.error_here(0, LdifErrorKind::ExpectedNewSuperior));
        }
        Ok(ChangeKind::ModifyDn { keyword, new_rdn, delete_old_rdn, new_superior })
    }

    /// A block without `dn:`, which `ldapsearch` writes at the end, between pages and for search result references.
    fn non_entry(&mut self) -> Result<Record<'b>> {
        let start = self.next;
        let unknown = self.error(start, 0, LdifErrorKind::MissingDn);
        let mut references = Vec::new();
        let mut block = None;
        for index in start..self.lines.len() {
            let parsed = self.parse(index)?;
            let value = slice(&self.lines[index], parsed.value.clone());
            match &*self.name(index, &parsed) {
                "result" => {
                    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    let code = std::str::from_utf8(&value[..digits]).ok().and_then(|digits| digits.parse().ok());
                    block = Some(NonEntry::SearchResult { code, text: value });
                }
                "ref" => references.push(value),
                "search" | "control" | "pagedresults" => block = block.or(Some(NonEntry::Paging)),
                // These follow `result:`.
                "matchedDN" | "text" if matches!(block, Some(NonEntry::SearchResult { .. })) => {}
                _ => return Err(unknown),
            }
        }
        let block = match block {
            None => NonEntry::Reference(references),
            Some(block) => block,
        };
        Ok(Record::NonEntry { line: self.lines[start].number, block })
    }
}

/// Whether a value line of a mod-spec has the attribute of that mod-spec.
///
/// The case of names, the order of options and a `;binary` in only one of them do not matter: servers treat them as the
/// same attribute, and a reader that does not would turn `delete: a` with values into the removal of all values of `a`.
fn same_attribute(left: &str, right: &str) -> bool {
    if left.eq_ignore_ascii_case(right) {
        return true;
    }
    let options = |description: &str| {
        let mut options: Vec<String> = description.split(';').skip(1).map(str::to_ascii_lowercase).collect();
        options.retain(|option| option != "binary");
        options.sort();
        options
    };
    let base = |description: &str| description.split(';').next().unwrap_or_default().to_ascii_lowercase();
    base(left) == base(right) && options(left) == options(right)
}
