//! Checks single logical lines: what each is for, and how it is written.

use data_encoding::BASE64;

use super::LintRule;
use crate::ldif::grammar::{self, ValueSpec, is_keychar};
use crate::ldif::lines::LogicalLine;
use crate::ldif::writer::{is_plain, write_value};

/// What a line is for, as far as the lines before it show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineRole {
    /// `version:`
    Version,
    /// `dn:`, `newrdn:` or `newsuperior:`: a keyword with a DN or an RDN.
    Name,
    /// `control:`
    Control,
    /// Any other keyword: `changetype:`, `add:`, `deleteoldrdn:`.
    Keyword,
    /// A line `-`.
    Separator,
    /// An attribute and a value.
    Value,
}

/// The parts of a well-formed line.
pub(super) struct LineParts<'l> {
    pub(super) name: &'l str,
    pub(super) spec: ValueSpec<'l>,
    /// Offset of the value.
    pub(super) start: usize,
}

/// Splits a line into its parts; `None` if it is not well-formed.
pub(super) fn parts<'l>(line: &'l LogicalLine<'_>) -> Option<LineParts<'l>> {
    let (rest, name) = grammar::description(&line.text).ok()?;
    let (_, spec) = grammar::value_spec(rest).ok()?;
    let start = line.text.len() - spec.raw().len();
    Some(LineParts { name: std::str::from_utf8(name).ok()?, spec, start })
}

/// Where in a record the next line is.
#[derive(PartialEq)]
enum RecordState {
    Start,
    AfterDn,
    Values,
    /// At the start of a mod-spec.
    ModStart,
    ModValues,
    ModifyDn,
}

/// The roles of the lines of a record.
pub(super) fn roles(lines: &[LogicalLine<'_>]) -> Vec<LineRole> {
    let mut state = RecordState::Start;
    lines.iter().map(|line| state.next(line)).collect()
}

impl RecordState {
    /// The role of the next line; moves on to the state after it.
    fn next(&mut self, line: &LogicalLine<'_>) -> LineRole {
        if line.text.first() == Some(&b'-') && matches!(self, Self::ModStart | Self::ModValues) {
            *self = Self::ModStart;
            return LineRole::Separator;
        }
        let Some(LineParts { name, spec, .. }) = parts(line) else { return LineRole::Value };
        let is = |keyword: &str| name.eq_ignore_ascii_case(keyword);
        match self {
            Self::Start if name == "version" => LineRole::Version,
            Self::Start if is("dn") => {
                *self = Self::AfterDn;
                LineRole::Name
            }
            Self::AfterDn if is("control") => LineRole::Control,
            Self::AfterDn if is("changetype") => {
                *self = Self::after_changetype(spec);
                LineRole::Keyword
            }
            Self::ModStart => {
                *self = Self::ModValues;
                LineRole::Keyword
            }
            Self::ModifyDn if is("newrdn") || is("newsuperior") => LineRole::Name,
            Self::ModifyDn if is("deleteoldrdn") => LineRole::Keyword,
            Self::AfterDn => {
                *self = Self::Values;
                LineRole::Value
            }
            _ => LineRole::Value,
        }
    }

    fn after_changetype(spec: ValueSpec<'_>) -> Self {
        let word = match spec {
            ValueSpec::Base64(digits) => BASE64.decode(digits.trim_ascii_end()).unwrap_or_default(),
            ValueSpec::Text(word) | ValueSpec::Url(word) => word.to_vec(),
        };
        match word.trim_ascii_end().to_ascii_lowercase().as_slice() {
            b"modify" => Self::ModStart,
            b"modrdn" | b"moddn" => Self::ModifyDn,
            _ => Self::Values,
        }
    }
}

/// One problem of a line.
pub(super) struct LineFinding {
    pub(super) rule: LintRule,
    /// Byte of the line's text, from 0.
    pub(super) offset: usize,
    /// Whether the new text no longer has the problem.
    pub(super) repaired: bool,
}

/// What [`check`] finds in a line.
#[derive(Default)]
pub(super) struct LineFindings {
    pub(super) found: Vec<LineFinding>,
    /// The repaired line with its line ends (LF), if anything can be repaired.
    pub(super) text: Option<Vec<u8>>,
}

impl LineFindings {
    fn add(&mut self, rule: LintRule, offset: usize, repaired: bool) {
        self.found.push(LineFinding { rule, offset, repaired });
    }
}

/// Checks how a line is written. Lines that are not well-formed have no findings here; the reader refuses them.
pub(super) fn check(line: &LogicalLine<'_>, role: LineRole) -> LineFindings {
    if role == LineRole::Separator {
        return check_separator(line);
    }
    let mut findings = LineFindings::default();
    let Some(LineParts { name, spec, start }) = parts(line) else { return findings };
    let mut new_name = name.to_owned();
    let mut value = match spec {
        ValueSpec::Text(text) => Some(text.to_vec()),
        ValueSpec::Base64(digits) => BASE64.decode(digits.trim_ascii_end()).ok(),
        // The writer never writes URLs.
        ValueSpec::Url(_) => None,
    };
    let can_rewrite =
        value.is_some() && (role != LineRole::Control || value.as_ref().is_some_and(|value| is_plain(value)));
    let mut rewrite = false;
    let mut find = |rule: LintRule, offset: usize, is_certain: bool| {
        rewrite |= is_certain && can_rewrite;
        findings.add(rule, offset, is_certain && can_rewrite);
    };

    let first_line = line.raw.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default().len();
    if first_line <= name.len() {
        find(LintRule::FoldInName, first_line, true);
    }
    let mut at = first_line;
    for fold in line.raw.split(|byte| *byte == b'\n').skip(1) {
        let fold = fold.strip_suffix(b"\r").unwrap_or(fold);
        if fold.iter().all(|byte| *byte == b' ') {
            find(LintRule::BlankFold, at, true);
        }
        at += fold.len().saturating_sub(1);
    }
    let is_keyword = role != LineRole::Value && role != LineRole::Version;
    if is_keyword && name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        find(LintRule::KeywordCase, 0, true);
        new_name.make_ascii_lowercase();
    }
    if role == LineRole::Value && !is_description(name) {
        find(LintRule::OddName, 0, false);
    }
    match spec {
        ValueSpec::Base64(digits) => {
            if digits.last() == Some(&b' ') {
                find(LintRule::SpacesAfterBase64, line.text.len() - 1, true);
            }
            if matches!(role, LineRole::Keyword | LineRole::Control) {
                find(LintRule::Base64Keyword, start, value.as_ref().is_some_and(|value| is_plain(value)));
            }
        }
        ValueSpec::Text(text) => {
            let may_be_base64 = matches!(role, LineRole::Value | LineRole::Name);
            if let Some(at) = text.iter().position(|byte| !byte.is_ascii()) {
                let rule = if std::str::from_utf8(text).is_ok() { LintRule::RawUtf8 } else { LintRule::RawBytes };
                find(rule, start + at, may_be_base64);
            }
            if let Some(at) = memchr::memchr(b'\r', text) {
                find(LintRule::CarriageReturn, start + at, may_be_base64);
            }
            if may_be_base64 && text.last() == Some(&b' ') {
                find(LintRule::TrailingSpace, line.text.len() - 1, true);
            }
        }
        ValueSpec::Url(_) => {}
    }
    if role == LineRole::Keyword
        && let Some(word) = &mut value
    {
        let name = new_name.to_ascii_lowercase();
        let word_is = |words: &[&[u8]]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
        if name == "deleteoldrdn" && word_is(&[b"false", b"no"]) {
            find(LintRule::DeleteOldRdnWord, start, true);
            *word = b"0".to_vec();
        } else if name == "changetype" && word.iter().any(u8::is_ascii_uppercase) {
            find(LintRule::KeywordCase, start, true);
            word.make_ascii_lowercase();
        }
        // The reader refuses and reports spaces after a word; the meaning is certain, so they are removed here.
        let trimmed = word.trim_ascii_end().len();
        if trimmed < word.len() && trimmed > 0 {
            word.truncate(trimmed);
            rewrite = true;
        }
    }
    // The reader refuses and reports a NUL byte in text; the value is rewritten in base64 here.
    rewrite |= role == LineRole::Value && matches!(spec, ValueSpec::Text(text) if text.contains(&0));
    findings.text = value.filter(|_| rewrite).map(|value| {
        let mut out = Vec::new();
        write_value(&mut out, &new_name, &value);
        out
    });
    findings
}

fn check_separator(line: &LogicalLine<'_>) -> LineFindings {
    let mut findings = LineFindings::default();
    let is_folded = line.text.len() == 1 && line.raw.len() > 1;
    if is_folded {
        findings.add(LintRule::FoldedSeparator, 0, true);
    }
    let has_spaces = line.text.len() > 1 && line.text[1..].iter().all(|byte| *byte == b' ');
    findings.text = (has_spaces || is_folded).then(|| b"-\n".to_vec());
    findings
}

/// Whether the text is an attribute description of RFC 4512 (1.4, 2.5).
fn is_description(text: &str) -> bool {
    let mut parts = text.split(';');
    let base = parts.next().unwrap_or_default();
    let is_oid = base.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let is_keychars = |text: &str| text.bytes().all(is_keychar);
    let is_descr = base.starts_with(|first: char| first.is_ascii_alphabetic()) && is_keychars(base);
    (is_oid || is_descr) && parts.all(is_keychars)
}
