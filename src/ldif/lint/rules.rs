//! The rules of the linter: for each, its code, severity, message and fix.
//!
//! What the reader refuses is reported under the codes and messages of [`LdifErrorKind`](crate::ldif::LdifErrorKind);
//! these rules are for everything else.

use strum::{IntoStaticStr, VariantArray};

use crate::policy::Server;

/// How serious a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not in the RFC, but every tool reads it.
    Note,
    /// Some tools refuse it or read it differently.
    Warning,
    /// The reader refuses it, or the tools of the chosen server refuse or misread it.
    Error,
}

/// What the linter can find. The code of a rule is its name in kebab-case; codes never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "`text` describes each rule")]
pub enum LintRule {
    // What the reader accepts beyond RFC 2849 (docs/leniency.md).
    NoVersion,
    VersionAgain,
    MixedRecords,
    KeywordCase,
    OddName,
    RawUtf8,
    RawBytes,
    FoldInName,
    BlankFold,
    FoldedSeparator,
    CrBlankLine,
    NoLastSeparator,
    NoLastLineEnd,
    AddWithoutValues,
    ValueWithoutEquality,
    ValueSpelling,
    #[strum(serialize = "base64-keyword")]
    Base64Keyword,
    #[strum(serialize = "deleteoldrdn-word")]
    DeleteOldRdnWord,
    #[strum(serialize = "blanks-behind-base64")]
    SpacesAfterBase64,
    RootEntry,
    NoAttributes,
    Increment,
    SearchOutput,
    ByteOrderMark,
    #[strum(serialize = "utf-16")]
    Utf16,
    // What the reader keeps, and other tools do not.
    #[strum(serialize = "trailing-blank")]
    TrailingSpace,
    CarriageReturn,
    BadName,
    EmptyFile,
    // What the tools of one server refuse or misread.
    SecondControl,
    NoCriticality,
    OtherOptions,
    EmptyControlValue,
    AssertionControl,
    TreeDelete,
    LongName,
    VersionLine,
    ScatteredValues,
    Crlf,
    ControlNotRead,
    #[strum(serialize = "blanks-in-name")]
    SpacesInName,
    KeepsOldRdn,
}

/// The texts and the severity of a rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleText {
    /// The severity where no server is chosen.
    pub severity: Severity,
    /// What is wrong, and why that matters.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
}

const fn note(why: &'static str, fix: &'static str) -> RuleText {
    RuleText { severity: Severity::Note, why, fix }
}

const fn warning(why: &'static str, fix: &'static str) -> RuleText {
    RuleText { severity: Severity::Warning, why, fix }
}

const fn error(why: &'static str, fix: &'static str) -> RuleText {
    RuleText { severity: Severity::Error, why, fix }
}

impl LintRule {
    /// The stable code of the rule.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Severity, message and fix of the rule.
    #[rustfmt::skip]
    pub fn text(self) -> RuleText {
        match self {
            Self::NoVersion => note("no `version: 1` at the start", "write it as the first line, unless slapadd or ldbmodify reads the file"),
            Self::VersionAgain => warning("`version:` appears again after the start of the file", "remove the line"),
            Self::MixedRecords => warning("content records and change records are in one file; some tools refuse that", "write `changetype: add` in the content records, or split the file"),
            Self::KeywordCase => warning("a keyword has capital letters; some readers skip the record", "write it in lower case"),
            Self::OddName => warning("the attribute description is not valid by RFC 4512 (`_`, `@`, `=` or `*`, or a digit first)", "use the attribute's own name or its OID"),
            Self::RawUtf8 => note("characters beyond ASCII are not in base64, as RFC 2849 requires", "write the value in base64 after `::`"),
            Self::RawBytes => warning("bytes that are neither ASCII nor UTF-8 are not in base64; some tools change them", "write the value in base64 after `::`"),
            Self::FoldInName => warning("a fold is inside an attribute name; ldapmodify refuses it", "fold the line after the colon"),
            Self::BlankFold => warning("a line of spaces only continues the line above, and does not end the record", "remove it, or make it an empty line if the record should end"),
            Self::FoldedSeparator => warning("a line of spaces only follows `-`; ldapmodify refuses it", "remove it"),
            Self::CrBlankLine => warning("a blank line has several CRs, or a CR without LF; some tools do not see the end of the record", "make it an empty line"),
            Self::NoLastSeparator => warning("the `-` after the last modification is missing; RFC 2849 requires it", "add it"),
            Self::NoLastLineEnd => warning("the last line has no line end; some tools ignore such a line", "add it"),
            Self::AddWithoutValues => warning("`add:` has no values; servers refuse it", "add the values, or remove it"),
            Self::ValueWithoutEquality => error("deletes single values of an attribute without an EQUALITY rule; the server refuses that (18)", "write `replace:` with all values to keep, or `delete:` without values"),
            Self::ValueSpelling => warning("the value line spells the attribute differently from its modification; some tools refuse that", "use the same spelling"),
            Self::Base64Keyword => warning("the value of a keyword is in base64; RFC 2849 allows that for DNs only", "write it as text"),
            Self::DeleteOldRdnWord => warning("`deleteoldrdn` is a word; RFC 2849 allows only 0 and 1", "write 0"),
            Self::SpacesAfterBase64 => warning("spaces follow the base64 value; some readers refuse them", "remove them"),
            Self::RootEntry => note("the entry has an empty DN: it is the root DSE, which no server loads", "remove it before you load the file"),
            Self::NoAttributes => note("the entry has no attributes", "search again with attributes, if you need them"),
            Self::Increment => note("`increment:` is from RFC 4525; older tools do not know it", "use `delete:` and `add:` with exact values"),
            Self::SearchOutput => warning("ldapsearch wrote these lines around the entries; other tools refuse them", "remove them, or search with -LLL"),
            Self::ByteOrderMark => warning("the file begins with a byte order mark; OpenLDAP's tools skip the first record after it", "save the file without it"),
            Self::Utf16 => warning("the file is in UTF-16; only ldifde reads that", "save the file as UTF-8 without a byte order mark"),
            Self::TrailingSpace => warning("spaces are at the end of a value; some readers remove them, some refuse them", "write the value in base64, or remove them"),
            Self::CarriageReturn => warning("a CR is inside a line; some readers take it for the end of the line", "write the value in base64 after `::`, or remove it"),
            Self::BadName => warning("not a valid DN; servers answer 34", "find the error with `offboard dn`"),
            Self::EmptyFile => warning("the file has no records; tools end with success and change nothing", "write the file again"),
            Self::SecondControl => error("the record has a second `control:`; ldapmodify reads only one", "use a different tool, or leave one of them out"),
            Self::NoCriticality => error("a control has a value but no `true` or `false`; ldapmodify refuses it", "write `false` after the OID"),
            Self::OtherOptions => error("the value line has other options than its modification; ldapmodify refuses it", "use the same options"),
            Self::EmptyControlValue => error("an empty control value is in base64; ldapmodify refuses it", "end the line after one colon"),
            Self::AssertionControl => error("uses the assertion control; this server answers 12, or ignores it", "guard with exact values instead"),
            Self::TreeDelete => error("uses the tree delete control; this server refuses it", "delete each entry, leaves first"),
            Self::LongName => warning("the DN is longer than 4,095 bytes; ldapdelete -f would split it", "delete the entry with a change record"),
            Self::VersionLine => error("this server's loader reads `version:` as an attribute", "remove the line"),
            Self::ScatteredValues => warning("values of one attribute are in separate places; slapadd loses some of them", "put them on consecutive lines"),
            Self::Crlf => error("lines end with CR LF; ldbmodify refuses them", "save the file with LF"),
            Self::ControlNotRead => error("ldbmodify ignores `control:` and makes the change without it", "remove it, or use ldapmodify"),
            Self::SpacesInName => error("the DN has spaces around `=`, `,` or `;`; Samba answers 34", "write the DN without them"),
            Self::KeepsOldRdn => error("`deleteoldrdn: 0`; Active Directory answers 53", "write 1"),
        }
    }

    /// The severity for a file that the tools of `server` will run.
    pub fn severity_for(self, server: Option<Server>) -> Severity {
        let is_fatal = match server {
            None => false,
            Some(Server::ActiveDirectory) => matches!(self, Self::ByteOrderMark | Self::Utf16 | Self::VersionAgain),
            // These servers are changed with OpenLDAP's ldapmodify.
            Some(Server::OpenLdap | Server::Ds389 | Server::Dsee | Server::OpenDj) => matches!(
                self,
                Self::FoldInName | Self::FoldedSeparator | Self::MixedRecords | Self::ByteOrderMark | Self::Utf16
            ),
        };
        if is_fatal { Severity::Error } else { self.text().severity }
    }
}
