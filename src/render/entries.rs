//! Entries as `offboard search` writes them: LDIF, JSON lines, CSV, or DNs only.
//!
//! | form | an entry |
//! | --- | --- |
//! | LDIF | as `ldapsearch -LLL`: `dn:`, the values of each attribute together, an empty line |
//! | JSON lines | the object of [`record_json`](super::record_json) |
//! | CSV | a row: `dn`, then a cell for each attribute of `--attrs` |
//! | DNs | the DN on a line of its own; bytes that are not printable text are escaped (`\XX`, RFC 4514), so it is the same DN |
//!
//! A CSV cell contains all values of its attribute, with any options, separated by `|`. In a value, `|` and `\` are
//! written as `\|` and `\\`, characters that are not printable as `\u{..}`, and values that are not UTF-8 as
//! `base64:...`. A cell that a spreadsheet would evaluate as a formula (it begins with `=`, `+`, `-` or `@`, and is not a
//! plain number) begins with a `'`.
//!
//! Secrets are masked unless `show_secrets` is set.

use std::borrow::Cow;
use std::fmt::Write as _;

use data_encoding::BASE64;

use super::record_json;
use super::sanitize::{MASK, Secrets, sanitized};
use crate::ldap::filter::AskedAttribute;
use crate::ldif::writer::write_value;
use crate::ldif::{AttributeLine, ContentRecord, LdifValue, Record};

/// The format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryForm {
    /// LDIF content records.
    Ldif,
    /// One JSON object per line.
    JsonLines,
    /// Comma-separated values with a header row.
    Csv,
    /// DNs only.
    Names,
}

/// How entries are written.
#[derive(Debug)]
pub struct EntryWriter<'s> {
    /// The format.
    pub form: EntryForm,
    /// The attributes that are written, in this order; every attribute if this is empty.
    pub attributes: Vec<AskedAttribute>,
    /// Whether secrets are written instead of masks.
    pub show_secrets: bool,
    /// What is masked unless `show_secrets` is set.
    pub secrets: Secrets<'s>,
}

impl EntryWriter<'_> {
    /// What is written before the first entry.
    pub fn header(&self) -> Vec<u8> {
        match self.form {
            EntryForm::Csv => {
                let names = self.attributes.iter().map(|asked| asked.as_str().to_owned());
                row(std::iter::once("dn".to_owned()).chain(names))
            }
            EntryForm::Ldif | EntryForm::JsonLines | EntryForm::Names => Vec::new(),
        }
    }

    /// Appends an entry, and returns how many values were masked.
    pub fn write(&self, out: &mut Vec<u8>, record: &ContentRecord<'_>) -> u64 {
        if self.form == EntryForm::Names {
            write_name(out, &record.dn);
            return 0;
        }
        let mut masked = 0;
        let mut lines: Vec<AttributeLine<'_>> = Vec::new();
        for line in self.chosen(record) {
            let secret = !self.show_secrets && self.secrets.is_secret(&line.description);
            masked += u64::from(secret);
            let value = if secret { LdifValue::Bytes(Cow::Borrowed(MASK.as_bytes())) } else { line.value.clone() };
            lines.push(AttributeLine { line: line.line, description: line.description.clone(), value });
        }
        let shown = ContentRecord { line: record.line, dn: record.dn.clone(), attributes: lines };
        match self.form {
            EntryForm::Ldif => write_ldif(out, &shown),
            EntryForm::JsonLines => {
                if let Some(object) = record_json::record(&Record::Content(shown), false) {
                    out.extend_from_slice(object.to_string().as_bytes());
                    out.push(b'\n');
                }
            }
            EntryForm::Csv | EntryForm::Names => self.write_row(out, &shown),
        }
        masked
    }

    /// The lines that are written, grouped by attribute: in the order of `attributes`, or in that of the entry.
    fn chosen<'r, 'b>(&self, record: &'r ContentRecord<'b>) -> Vec<&'r AttributeLine<'b>> {
        let mut lines: Vec<(usize, &AttributeLine<'_>)> = Vec::new();
        let mut kinds: Vec<&str> = Vec::new();
        for line in &record.attributes {
            let asked = self.attributes.iter().position(|asked| asked.covers(&line.description));
            if asked.is_none() && !self.attributes.is_empty() {
                continue;
            }
            let known = kinds.iter().rposition(|kind| kind.eq_ignore_ascii_case(&line.description));
            let kind = known.unwrap_or_else(|| {
                kinds.push(&line.description);
                kinds.len() - 1
            });
            lines.push((asked.unwrap_or_default() * record.attributes.len() + kind, line));
        }
        lines.sort_by_key(|(place, _)| *place);
        lines.into_iter().map(|(_, line)| line).collect()
    }

    fn write_row(&self, out: &mut Vec<u8>, record: &ContentRecord<'_>) {
        let cell = |asked: &AskedAttribute| {
            let values = record.attributes.iter().filter(|line| asked.covers(&line.description));
            values.map(|line| cell_value(line.value.bytes())).collect::<Vec<_>>().join("|")
        };
        let cells = self.attributes.iter().map(cell);
        out.extend_from_slice(&row(std::iter::once(sanitized(&record.dn).into_owned()).chain(cells)));
    }
}

fn write_ldif(out: &mut Vec<u8>, record: &ContentRecord<'_>) {
    write_value(out, "dn", &record.dn);
    for line in &record.attributes {
        write_value(out, &line.description, line.value.bytes());
    }
    out.push(b'\n');
}

/// A DN on a line, as a leaver list takes it. Bytes are escaped as RFC 4514 (2.4) says, so it is the same DN.
fn write_name(out: &mut Vec<u8>, dn: &[u8]) {
    let mut text = String::with_capacity(dn.len());
    for chunk in dn.utf8_chunks() {
        for character in chunk.valid().chars() {
            if sanitized(character.encode_utf8(&mut [0; 4]).as_bytes()).len() == character.len_utf8() {
                text.push(character);
            } else {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(text, "\\{byte:02X}");
                }
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\{byte:02X}");
        }
    }
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}

/// A value in a CSV cell.
fn cell_value(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => sanitized(text.replace('\\', "\\\\").replace('|', "\\|").as_bytes()).into_owned(),
        Err(_) => format!("base64:{}", BASE64.encode(value)),
    }
}

/// A CSV row (RFC 4180, but lines end with LF).
fn row(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut text = String::new();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            text.push(',');
        }
        let cell = without_formula(&cell);
        if cell.contains([',', '"', ' ', ';']) {
            let _ = write!(text, "\"{}\"", cell.replace('"', "\"\""));
        } else {
            text.push_str(&cell);
        }
    }
    text.push('\n');
    text.into_bytes()
}

/// A cell that no spreadsheet evaluates as a formula.
fn without_formula(cell: &str) -> Cow<'_, str> {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match cell.strip_prefix('-') {
        Some(digits) if number(digits) => return Cow::Borrowed(cell),
        _ => {}
    }
    // Some spreadsheets accept the full-width forms as well.
    if cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldif::{RecordReader, UrlPolicy};

    const ENTRY: &str = "dn: uid=a\\,b,o=x\ncn: A\nmember: uid=b,o=x\ncn;lang-de: B|C\\D\nuserPassword: secret\n\
                         cn: =1+1\nmailQuota: -1\ntitle: =cmd|'/c calc'!A1\nphoto:: /w==\nsn:: GwpC\n\n";

    fn written(form: EntryForm, attributes: &[&str], show_secrets: bool) -> (String, u64) {
        let attributes = attributes.iter().map(|name| AskedAttribute::parse(name).unwrap()).collect();
        let writer = EntryWriter { form, attributes, show_secrets, secrets: Secrets::default() };
        let mut out = writer.header();
        let mut masked = 0;
        for record in RecordReader::new(ENTRY.as_bytes(), 1, UrlPolicy::Refuse) {
            let Record::Content(record) = record.unwrap() else { panic!("content") };
            masked += writer.write(&mut out, &record);
        }
        (String::from_utf8(out).unwrap(), masked)
    }

    #[test]
    fn forms() {
        #[rustfmt::skip]
        let table: &[(EntryForm, &[&str], bool, &str, u64)] = &[
            (EntryForm::Ldif, &[], false,
             "dn: uid=a\\,b,o=x\ncn: A\ncn: =1+1\nmember: uid=b,o=x\ncn;lang-de: B|C\\D\nuserPassword: ********\n\
              mailQuota: -1\ntitle: =cmd|'/c calc'!A1\nphoto:: /w==\nsn:: GwpC\n\n", 1),
            (EntryForm::Ldif, &["userpassword", "CN"], true,
             "dn: uid=a\\,b,o=x\nuserPassword: secret\ncn: A\ncn: =1+1\ncn;lang-de: B|C\\D\n\n", 0),
            (EntryForm::Ldif, &["cn;lang-de"], false, "dn: uid=a\\,b,o=x\ncn;lang-de: B|C\\D\n\n", 0),
            (EntryForm::Ldif, &["ou"], false, "dn: uid=a\\,b,o=x\n\n", 0),
            (EntryForm::JsonLines, &["cn", "userPassword"], false,
             "{\"dn\":\"uid=a\\\\,b,o=x\",\"attrs\":[[\"cn\",[\"A\",\"=1+1\"]],[\"cn;lang-de\",[\"B|C\\\\D\"]],\
              [\"userPassword\",[\"********\"]]]}\n", 1),
            (EntryForm::Csv, &["cn", "mailQuota", "title", "photo", "sn", "ou", "userPassword"], false,
             "dn,cn,mailQuota,title,photo,sn,ou,userPassword\n\"uid=a\\,b,o=x\",A|=1+1|B\\|C\\\\D,-1,\
              \"'=cmd\\|'/c calc'!A1\",base64:/w==,\\u{1b}\\u{a}B,,********\n", 1),
            (EntryForm::Names, &[], false, "uid=a\\,b,o=x\n", 0),
        ];
        for (form, attributes, secrets, expected, masked) in table {
            let (text, count) = written(*form, attributes, *secrets);
            assert_eq!(text, *expected, "{form:?} {attributes:?}");
            assert_eq!(count, *masked, "{form:?} {attributes:?}");
        }
    }

    #[test]
    fn cells_are_not_formulas() {
        for (cell, expected) in [
            ("=1", "'=1"),
            ("+1 408", "'+1 408"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-1+cmd", "'-1+cmd"),
            (" =1", "' =1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("-12", "-12"),
            ("-", "'-"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(without_formula(cell), expected);
        }
    }

    #[test]
    fn names_stay_on_their_line() {
        for (dn, expected) in [
            (&b"cn=a\nb,o=x"[..], "cn=a\\0Ab,o=x\n"),
            (b"cn=\xff", "cn=\\FF\n"),
            ("cn=Zoë\u{202e}".as_bytes(), "cn=Zoë\\E2\\80\\AE\n"),
        ] {
            let mut out = Vec::new();
            write_name(&mut out, dn);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            let same = crate::ldap::Dn::parse(expected.trim_end().as_bytes()).unwrap();
            assert!(same == crate::ldap::Dn::parse(dn).unwrap(), "{expected} is another DN");
        }
    }
}
