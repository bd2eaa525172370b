//! What can be wrong with LDIF text, and where.

use std::fmt;

use thiserror::Error;

use crate::ldap::secrets::{MASK, is_secret};

/// Longest part of a line that an error keeps to show it, in bytes.
const EXCERPT_LIMIT: usize = 240;

/// A place in the text where LDIF stops being LDIF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdifError {
    /// Physical line, from 1.
    pub line: u64,
    /// Byte in that line, from 1.
    pub column: u64,
    /// First line of the record that it belongs to.
    pub record_line: u64,
    /// What is wrong.
    pub kind: LdifErrorKind,
    /// The physical line itself (its first 240 bytes), raw: escape it before showing it. What may be a secret of it is masked.
    pub excerpt: Vec<u8>,
}

impl LdifError {
    /// An error at a byte of a physical line.
    pub(crate) fn new(line: u64, column: usize, record_line: u64, kind: LdifErrorKind, physical_line: &[u8]) -> Self {
        let goes_on = matches!(kind, LdifErrorKind::TabFold | LdifErrorKind::FoldOfNothing);
        Self { line, column: column as u64, record_line, kind, excerpt: excerpt(goes_on, physical_line) }
    }

    /// The same, on a line that goes on with the value of a secret.
    pub(crate) fn of_secret(mut self) -> Self {
        self.excerpt = masked(b" ");
        self
    }

    /// Whether reading may go on at the next record.
    ///
    /// Not so where the framing itself is lost: a line that continues nothing may belong to a record that was cut.
    pub fn can_continue(&self) -> bool {
        !matches!(self.kind, LdifErrorKind::FoldOfNothing | LdifErrorKind::UnsupportedVersion)
    }
}

/// What of a line may be shown.
pub(crate) fn excerpt(goes_on: bool, line: &[u8]) -> Vec<u8> {
    if goes_on {
        // Whose value it goes on with is lost: it may be a secret.
        return masked(&line[..line.len().min(1)]);
    }
    let name = line.iter().position(|byte| matches!(byte, b':' | b' ' | b'=' | b'\t')).unwrap_or(line.len());
    if is_secret(&String::from_utf8_lossy(&line[..name])) {
        let marks = line[name..].iter().take_while(|byte| matches!(byte, b':' | b'<' | b' ' | b'=' | b'\t')).count();
        return masked(&line[..name + marks]);
    }
    line[..line.len().min(EXCERPT_LIMIT)].to_vec()
}

fn masked(start: &[u8]) -> Vec<u8> {
    [start, MASK.as_bytes()].concat()
}

impl fmt::Display for LdifError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

impl std::error::Error for LdifError {}

/// The ways in which text is not LDIF.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LdifErrorKind {
    /// A line begins with TAB.
    #[error("a line begins with a TAB; a folded line goes on after one space")]
    TabFold,
    /// A line begins with a space where no line stands before it.
    #[error("a continuation line that continues nothing")]
    FoldOfNothing,
    /// No colon after the attribute description.
    #[error("expected `:` after the attribute description")]
    MissingColon,
    /// The line does not begin with an attribute description.
    #[error("expected an attribute description (letters, digits, `-`, `.`, `;`)")]
    BadAttributeDescription,
    /// A byte that LDIF text cannot hold.
    #[error("a NUL byte; such a value is written in base64")]
    NulByte,
    /// The text after `::` is not base64.
    #[error("not base64: {0}")]
    BadBase64(&'static str),
    /// A value given as a URL.
    #[error("the value is in another file (`:<`), and reading other files is not allowed")]
    UrlNotAllowed,
    /// A `:<` URL that names no file of the allowed folder.
    #[error("the value is in another file (`:<`) that cannot be read: {0}")]
    UrlUnreadable(String),
    /// The record does not begin with `dn:`.
    #[error("expected `dn:` at the start of the record")]
    MissingDn,
    /// `dn::` or `dn:` at the end of the text with nothing behind it.
    #[error("expected a distinguished name")]
    EmptyDn,
    /// A second `dn:` inside a record.
    #[error("a second `dn:` in one record; a blank line between records is missing")]
    SecondDn,
    /// `version:` with another number than 1.
    #[error("expected `version: 1`")]
    UnsupportedVersion,
    /// A `changetype` that no server knows.
    #[error("expected add, delete, modify, modrdn or moddn as changetype")]
    UnknownChangeType,
    /// A second `changetype` in a change record.
    #[error("a second changetype in one record")]
    SecondChangeType,
    /// A `control:` without a change record.
    #[error("expected `changetype:` after `control:`")]
    MissingChangeType,
    /// A `control:` that stands behind the changetype.
    #[error("`control:` must stand between `dn:` and `changetype:`")]
    LateControl,
    /// Something that is not a control.
    #[error("expected a control: OID, then `true` or `false`, then `:` and a value")]
    BadControl,
    /// Lines after `changetype: delete`.
    #[error("nothing may follow `changetype: delete` in its record")]
    LinesAfterDelete,
    /// A modify without modifications.
    #[error("expected `add:`, `delete:`, `replace:` or `increment:` with an attribute")]
    MissingModification,
    /// A mod-spec that begins with something else than an operation.
    #[error("expected `add:`, `delete:`, `replace:` or `increment:`")]
    UnknownModification,
    /// A mod-spec without an attribute description.
    #[error("expected the attribute that is modified")]
    BadModifiedAttribute,
    /// A value line that names another attribute than its mod-spec.
    #[error("expected a value of `{0}`, or a line `-`")]
    OtherAttribute(String),
    /// Something behind a lone `-`.
    #[error("a line `-` must hold nothing else")]
    BadSeparator,
    /// Increment with another number of values than one.
    #[error("expected exactly one value to increment by")]
    IncrementValues,
    /// modrdn without `newrdn:`.
    #[error("expected `newrdn:` with a relative distinguished name")]
    MissingNewRdn,
    /// modrdn without `deleteoldrdn:`.
    #[error("expected `deleteoldrdn: 0` or `deleteoldrdn: 1`")]
    MissingDeleteOldRdn,
    /// Another line than `newsuperior:` at the end of a modrdn.
    #[error("expected `newsuperior:` or the end of the record")]
    ExpectedNewSuperior,
}

impl LdifErrorKind {
    /// What the author of the file can do about it, where that is not plain from the message.
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::TabFold => "replace the TAB by one space, or write the value in base64 after `::`",
            Self::FoldOfNothing => "a blank line before it cut the value; join them again",
            Self::MissingColon => "a line that goes on from the line above begins with one space",
            Self::BadBase64(_) => "one colon for text, two for base64 with padding and without blanks",
            Self::UrlNotAllowed => "allow one folder with --url-folder, or put the value itself in base64 after `::`",
            Self::MissingDn => "a blank line inside a record ends it; remove it, or write the `dn:` of the next record",
            Self::SecondDn => "put a blank line before it",
            Self::LateControl => "move the control lines above `changetype:`",
            Self::LinesAfterDelete => "remove the lines, or put a blank line and a `dn:` before them",
            Self::BadSeparator => "remove what stands behind the `-`, blanks too",
            Self::OtherAttribute(_) => "each modification ends with a line `-`",
            Self::BadAttributeDescription => "a line of a record is `attribute: value`, or one space and what goes on",
            Self::NulByte => {
                "write the value in base64 after `::`, or export again: NUL bytes also fill files that were cut"
            }
            Self::UnknownChangeType => "blanks at the end count as well",
            _ => return None,
        })
    }
}
