//! What can be found, each under a code that does not change.

use Severity::{Error, Note, Warning};

use super::is_ldapmodify;
use crate::ldap::Server;
use crate::ldif::LdifErrorKind;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Beyond the RFC, and every tool reads it.
    Note,
    /// Some tools refuse it or read it otherwise.
    Warning,
    /// It is refused, or the chosen server's tools refuse or misread it.
    Error,
}

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, and why that matters.
    pub why: &'static str,
    /// What mends it.
    pub mend: &'static str,
}

impl Rule {
    /// The rule of this code; every code of this module is in the table.
    pub fn of(code: &str) -> &'static Self {
        RULES.iter().find(|rule| rule.code == code).unwrap_or(&UNKNOWN)
    }

    /// How bad it is for who will run the file.
    pub fn severity_for(&self, target: Option<Server>) -> Severity {
        let fatal: &[&str] = match target {
            None => &[],
            Some(server) if is_ldapmodify(server) => {
                &["fold-in-name", "folded-separator", "mixed-records", "byte-order-mark", "utf-16"]
            }
            Some(_) => &["byte-order-mark", "utf-16", "version-again"],
        };
        if fatal.contains(&self.code) { Error } else { self.severity }
    }
}

static UNKNOWN: Rule = rule("not-ldif", Error, "", "");

const fn rule(code: &'static str, severity: Severity, why: &'static str, mend: &'static str) -> Rule {
    Rule { code, severity, why, mend }
}

/// All of them but those that the reader refuses, whose words are its own ([`refused`]).
#[rustfmt::skip]
pub static RULES: &[Rule] = &[
    // What the reader accepts beyond RFC 2849 (docs/leniency.md).
    rule("no-version", Note, "no `version: 1` at the start", "write it as the first line, unless slapadd or ldbmodify read the file"),
    rule("version-again", Warning, "`version:` again behind the start", "remove the line"),
    rule("mixed-records", Warning, "content and change records in one file", "write `changetype: add` in the content records, or split the file"),
    rule("keyword-case", Warning, "a keyword in capitals; some readers pass over the record", "write it in small letters"),
    rule("odd-name", Warning, "an attribute description that RFC 4512 does not know (`_`, `@`, `=`, `*`, or a digit first)", "use the attribute's own name or its OID"),
    rule("raw-utf8", Note, "characters beyond ASCII that are not in base64", "write the value in base64 behind `::`"),
    rule("raw-bytes", Warning, "bytes that are neither ASCII nor UTF-8 and not in base64", "write the value in base64 behind `::`"),
    rule("fold-in-name", Warning, "a fold inside an attribute name, which ldapmodify refuses", "fold behind the colon"),
    rule("blank-fold", Warning, "a line of nothing but blanks goes on from the line above; it does not end the record", "remove it, or make it an empty line if the record should end"),
    rule("folded-separator", Warning, "a line of nothing but a blank behind `-`; ldapmodify refuses it", "remove it"),
    rule("cr-blank-line", Warning, "a blank line of several CR, or of a CR without LF", "make it an empty line"),
    rule("no-last-separator", Warning, "the `-` behind the last modification is missing", "add it"),
    rule("no-last-line-end", Warning, "the last line has no line end", "add it"),
    rule("add-without-values", Warning, "`add:` without values; servers refuse it", "add the values, or remove it"),
    rule("value-without-equality", Error, "deletes single values of an attribute without an EQUALITY rule, which the server refuses (18)", "write `replace:` with all values that are to stay, or `delete:` without values"),
    rule("value-spelling", Warning, "a value line spells its attribute in another way than its modification", "spell it alike"),
    rule("base64-keyword", Warning, "a keyword's value in base64; RFC 2849 knows that for names only", "write it as text"),
    rule("deleteoldrdn-word", Warning, "`deleteoldrdn` in words", "write 0"),
    rule("blanks-behind-base64", Warning, "blanks behind base64; some readers refuse them", "remove them"),
    rule("root-entry", Note, "an entry with an empty name: the root DSE, which no server loads", "remove it before the file is loaded"),
    rule("no-attributes", Note, "an entry without attributes", "search again with attributes, if they are wanted"),
    rule("increment", Note, "`increment:` is RFC 4525; older tools do not know it", "use `delete:` and `add:` with exact values"),
    rule("search-output", Warning, "lines that ldapsearch writes around entries", "remove them, or search with -LLL"),
    rule("byte-order-mark", Warning, "a byte order mark; OpenLDAP's tools pass over the first record behind one", "save the file without it"),
    rule("utf-16", Warning, "UTF-16; nobody but ldifde reads it", "save the file as UTF-8 without a byte order mark"),
    // What it keeps, and others do not.
    rule("trailing-blank", Warning, "blanks at the end of a value; some readers strip them, some refuse them", "write the value in base64, or remove them"),
    rule("carriage-return", Warning, "a CR inside a line; some readers take it for the line's end", "write the value in base64 behind `::`, or remove it"),
    rule("bad-name", Warning, "not a distinguished name; servers answer 34", "`offboard dn` shows the place"),
    rule("empty-file", Warning, "no record; tools end with success and do nothing", "write the file again"),
    // What the tools of one server misread.
    rule("second-control", Error, "a second `control:` in a record; ldapmodify reads only one", "send the record with a tool of another kind, or leave one out"),
    rule("no-criticality", Error, "a control with a value, but without `true` or `false`; ldapmodify refuses it", "write `false` behind the OID"),
    rule("other-options", Error, "a value line with other options than its modification; ldapmodify refuses it", "spell it alike"),
    rule("empty-control-value", Error, "an empty control value in base64; ldapmodify refuses it", "end the line behind one colon"),
    rule("assertion-control", Error, "the assertion control; this server answers 12, or passes over it", "guard by exact values instead"),
    rule("tree-delete", Error, "the tree delete control; this server refuses it", "delete leaves first"),
    rule("long-name", Warning, "a name over 4,095 bytes; ldapdelete -f would split it", "delete it by a change record"),
    rule("version-line", Error, "`version:`, which this server's loader takes for an attribute", "remove the line"),
    rule("scattered-values", Warning, "values of one attribute that do not stand together; slapadd loses some", "put them together"),
    rule("crlf", Error, "lines that end with CR LF; ldbmodify refuses them", "save the file with LF"),
    rule("control-not-read", Error, "`control:`; ldbmodify passes over it, and does the change without it", "leave it out, or use ldapmodify"),
    rule("blanks-in-name", Error, "blanks around `=`, `,` or `;` in a name; Samba answers 34", "write the name without them"),
    rule("keeps-old-rdn", Error, "`deleteoldrdn: 0`; Active Directory answers 53", "write 1"),
];

/// The code of what the reader refuses.
pub fn refused(kind: &LdifErrorKind) -> &'static str {
    REFUSED[refused_index(kind)]
}

/// The codes of what the reader refuses, for lists of all codes.
pub const REFUSED: [&str; 28] = [
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
    "not-ldif",
];

fn refused_index(kind: &LdifErrorKind) -> usize {
    use LdifErrorKind as K;
    match kind {
        K::TabFold => 0,
        K::FoldOfNothing => 1,
        K::MissingColon => 2,
        K::BadAttributeDescription => 3,
        K::NulByte => 4,
        K::BadBase64(_) => 5,
        K::UrlNotAllowed => 6,
        K::UrlUnreadable(_) => 7,
        K::MissingDn => 8,
        K::EmptyDn => 9,
        K::SecondDn => 10,
        K::UnsupportedVersion => 11,
        K::UnknownChangeType => 12,
        K::SecondChangeType => 13,
        K::MissingChangeType => 14,
        K::LateControl => 15,
        K::BadControl => 16,
        K::LinesAfterDelete => 17,
        K::MissingModification => 18,
        K::UnknownModification => 19,
        K::BadModifiedAttribute => 20,
        K::OtherAttribute(_) => 21,
        K::BadSeparator => 22,
        K::IncrementValues => 23,
        K::MissingNewRdn => 24,
        K::MissingDeleteOldRdn => 25,
        K::ExpectedNewSuperior => 26,
    }
}
