//! LDIF errors: what is wrong, where, and what to do about it.

use std::fmt;

use strum::{EnumMessage, IntoStaticStr, VariantNames};
use thiserror::Error;

use crate::ldap::secrets::{MASK, is_known_secret, is_secret};

/// How much of a physical line an error keeps, in bytes.
pub(super) const EXCERPT_LIMIT: usize = 240;

/// A place where a text is not valid LDIF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdifError {
    /// Physical line, from 1.
    pub line: u64,
    /// Byte in that line, from 1.
    pub column: u64,
    /// First line of the record that contains the error, from 1.
    pub record_line: u64,
    /// What is wrong.
    pub kind: LdifErrorKind,
    /// The first 240 bytes of the physical line, raw: escape them before you print them. The values of secret
    /// attributes are masked.
    pub excerpt: Vec<u8>,
}

impl LdifError {
    /// An error at a byte (from 1) of a physical line.
    pub(crate) fn new(line: u64, column: usize, record_line: u64, kind: LdifErrorKind, physical_line: &[u8]) -> Self {
        let is_continuation = matches!(kind, LdifErrorKind::TabFold | LdifErrorKind::FoldOfNothing);
        Self { line, column: column as u64, record_line, kind, excerpt: excerpt(is_continuation, physical_line) }
    }

    /// Masks the whole line, which continues the value of a secret attribute.
    pub(crate) fn of_secret(mut self) -> Self {
        self.excerpt = masked(b" ");
        self
    }

    /// Masks a line in a modification of a secret attribute. Only a name that is certainly one is shown; any other may be a part of
    /// the value.
    pub(crate) fn in_modification_of_secret(self) -> Self {
        let name = self.excerpt.split(|byte| *byte == b':').next().unwrap_or_default();
        let is_masked = self.excerpt.ends_with(MASK.as_bytes());
        if is_masked && is_known_secret(&String::from_utf8_lossy(name)) { self } else { self.of_secret() }
    }

    /// Whether the records after this one can still be read.
    ///
    /// They cannot be where the framing is lost: a line that continues nothing may belong to a record that was cut.
    pub fn can_continue(&self) -> bool {
        !matches!(self.kind, LdifErrorKind::FoldOfNothing | LdifErrorKind::UnsupportedVersion)
    }
}

/// The part of a physical line that may be printed. A continuation line is masked: the name of its attribute is not
/// known, and the attribute may be a secret one.
pub(crate) fn excerpt(is_continuation: bool, line: &[u8]) -> Vec<u8> {
    if is_continuation {
        return masked(&line[..line.len().min(1)]);
    }
    without_secret(line, &is_secret).unwrap_or_else(|| line[..line.len().min(EXCERPT_LIMIT)].to_vec())
}

/// A physical line that begins with the name of a secret attribute, without its value; `None` for any other line.
pub(crate) fn without_secret(line: &[u8], is_secret: &dyn Fn(&str) -> bool) -> Option<Vec<u8>> {
    let name = line.iter().position(|byte| matches!(byte, b':' | b' ' | b'=' | b'\t')).unwrap_or(line.len());
    if !is_secret(&String::from_utf8_lossy(&line[..name])) {
        return None;
    }
    let separators = line[name..].iter().take_while(|byte| matches!(byte, b':' | b'<' | b' ' | b'=' | b'\t')).count();
    Some(masked(&line[..name + separators]))
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

/// The ways in which a text is not LDIF.
///
/// Each variant has its message (`error`), its advice (`strum(message)`, where the message alone does not say what to
/// do) and its code, under which [`lint`](super::lint) reports it: the name of the variant in kebab-case unless
/// `strum(serialize)` gives another one. Codes never change.
#[derive(Clone, Debug, PartialEq, Eq, Error, EnumMessage, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum LdifErrorKind {
    /// A line begins with TAB.
    #[error("a line begins with a TAB; a folded line continues after one space")]
    #[strum(message = "replace the TAB with one space, or write the value in base64 after `::`")]
    TabFold,
    /// A line begins with a space, and there is no line above it in the record.
    #[error("a continuation line has no line above it to continue")]
    #[strum(message = "a blank line above it cut the value; remove the blank line")]
    FoldOfNothing,
    /// There is no colon after the attribute description.
    #[error("expected `:` after the attribute description")]
    #[strum(message = "a line that continues the line above begins with one space")]
    MissingColon,
    /// A line does not begin with an attribute description.
    #[error("expected an attribute description (letters, digits, `-`, `.`, `;`)")]
    #[strum(message = "a line is `attribute: value`, or one space and more of the value above")]
    BadAttributeDescription,
    /// A NUL byte, which plain text cannot contain.
    #[error("a NUL byte in plain text")]
    #[strum(
        message = "write the value in base64 after `::`; if the file was cut off and padded with NUL bytes, export again"
    )]
    NulByte,
    /// The text after `::` is not base64.
    #[error("invalid base64: {0}")]
    #[strum(message = "use `:` before text, and `::` before base64 with padding and without spaces")]
    BadBase64(&'static str),
    /// A value is given as a URL.
    #[error("the value is in another file (`:<`), and reading other files is not allowed")]
    #[strum(
        serialize = "url",
        message = "allow one folder with --url-folder, or write the value itself in base64 after `::`"
    )]
    UrlNotAllowed,
    /// A value is given as a URL that does not name a readable file of the allowed folder.
    #[error("the value is in another file (`:<`) that cannot be read: {0}")]
    UrlUnreadable(String),
    /// The record does not begin with `dn:`.
    #[error("expected `dn:` at the start of the record")]
    #[strum(message = "a blank line ends a record; remove the blank line above, or write the `dn:` of the next record")]
    MissingDn,
    /// `dn:` or `dn::` without a value, and no line after it.
    #[error("expected a distinguished name")]
    EmptyDn,
    /// A second `dn:` inside a record.
    #[error("a second `dn:` in one record; the blank line between two records is missing")]
    #[strum(message = "put a blank line before it")]
    SecondDn,
    /// `version:` with a number other than 1.
    #[error("expected `version: 1`")]
    UnsupportedVersion,
    /// An unknown `changetype`.
    #[error("expected add, delete, modify, modrdn or moddn as changetype")]
    #[strum(serialize = "unknown-changetype", message = "spaces at the end of the line count too")]
    UnknownChangeType,
    /// A second `changetype` in a change record.
    #[error("a second changetype in one record")]
    #[strum(serialize = "second-changetype")]
    SecondChangeType,
    /// `control:` in a record without `changetype:`.
    #[error("expected `changetype:` after `control:`")]
    #[strum(serialize = "missing-changetype")]
    MissingChangeType,
    /// `control:` after the changetype.
    #[error("`control:` must be between `dn:` and `changetype:`")]
    #[strum(message = "move the control lines above `changetype:`")]
    LateControl,
    /// The value of `control:` is not a control.
    #[error("expected a control: an OID, then `true` or `false`, then `:` and a value")]
    BadControl,
    /// Lines after `changetype: delete`.
    #[error("no line may follow `changetype: delete` in its record")]
    #[strum(message = "remove the lines, or put a blank line and a `dn:` before them")]
    LinesAfterDelete,
    /// A modify record without modifications.
    #[error("expected `add:`, `delete:`, `replace:` or `increment:` with an attribute")]
    MissingModification,
    /// A mod-spec that does not begin with an operation.
    #[error("expected `add:`, `delete:`, `replace:` or `increment:`")]
    UnknownModification,
    /// A mod-spec without an attribute description.
    #[error("expected the name of the attribute to modify")]
    BadModifiedAttribute,
    /// A value line whose attribute is not that of its mod-spec.
    #[error("expected a value of `{0}`, or a line `-`")]
    #[strum(message = "each modification ends with a line `-`")]
    OtherAttribute(String),
    /// Text after the `-` that ends a mod-spec.
    #[error("a line `-` must contain nothing else")]
    #[strum(message = "remove everything after the `-`, spaces too")]
    BadSeparator,
    /// `increment:` without a value, or with several.
    #[error("expected exactly one value to increment by")]
    IncrementValues,
    /// A modrdn record without `newrdn:`.
    #[error("expected `newrdn:` with a relative distinguished name")]
    #[strum(serialize = "missing-newrdn")]
    MissingNewRdn,
    /// A modrdn record without a valid `deleteoldrdn:`.
    #[error("expected `deleteoldrdn: 0` or `deleteoldrdn: 1`")]
    #[strum(serialize = "missing-deleteoldrdn")]
    MissingDeleteOldRdn,
    /// A line that is not `newsuperior:` at the end of a modrdn record.
    #[error("expected `newsuperior:` or the end of the record")]
    #[strum(serialize = "expected-newsuperior")]
    ExpectedNewSuperior,
}

impl LdifErrorKind {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// What the author of the file can do, where the message does not already say it.
    pub fn help(&self) -> Option<&'static str> {
        self.get_message()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let codes = [
            "tab-fold",
            "fold-of-nothing",
            "missing-colon",
            "bad-attribute-description",
            "nul-byte",
            "bad-base64",
            "url",
            "url-unreadable",
            "missing-dn",
            "empty-dn",
            "second-dn",
            "unsupported-version",
            "unknown-changetype",
            "second-changetype",
            "missing-changetype",
            "late-control",
            "bad-control",
            "lines-after-delete",
            "missing-modification",
            "unknown-modification",
            "bad-modified-attribute",
            "other-attribute",
            "bad-separator",
            "increment-values",
            "missing-newrdn",
            "missing-deleteoldrdn",
            "expected-newsuperior",
        ];
        assert_eq!(LdifErrorKind::VARIANTS, codes);
        assert_eq!(LdifErrorKind::BadBase64("").code(), "bad-base64");
        assert_eq!(LdifErrorKind::UrlNotAllowed.code(), "url");
    }
}
