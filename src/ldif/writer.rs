//! Writes LDIF (RFC 2849) that every known reader reads correctly.
//!
//! The form, and why (`docs/leniency.md` names the readers that were measured):
//!
//! - a value is plain text if it is a SAFE-STRING of printable ASCII that does not end with a space, else base64: so a
//!   value can neither begin a new line nor send control sequences to a terminal;
//! - lines are folded at 76 columns, never before the value and never inside an attribute description, which
//!   `ldapmodify` refuses;
//! - line ends are LF, the text ends with one, every mod-spec ends with `-`, and a value is never a URL;
//! - a comment is ASCII with a `#` on each of its lines, so nothing in it can become data.

use std::fmt::Write as _;

use data_encoding::BASE64;

use crate::ldap::{Attribute, Change, ChangeRecord, Control, Entry, Modification};

/// Longest physical line, in bytes, without its line end.
const COLUMNS: usize = 76;

/// Whether a value can be written as plain text, after one colon.
///
/// Stricter than SAFE-STRING (RFC 2849): values with control characters or a space at the end need base64 too.
pub fn is_plain(value: &[u8]) -> bool {
    let printable = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    printable && !matches!(value.first(), Some(b' ' | b':' | b'<')) && value.last() != Some(&b' ')
}

/// Writes `name: value` or `name:: base64`, folded.
pub fn write_value(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    let start = out.len();
    out.extend_from_slice(name.as_bytes());
    if value.is_empty() {
        out.extend_from_slice(b":\n");
        return;
    }
    if is_plain(value) {
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
    } else {
        out.extend_from_slice(b":: ");
        let digits = BASE64.encode_len(value.len());
        let from = out.len();
        out.resize(from + digits, 0);
        BASE64.encode_mut(value, &mut out[from..]);
    }
    fold(out, start, name.len() + 3);
    out.push(b'\n');
}

/// Folds the line that begins at `start` of `out`; its first `keep` bytes are not folded.
fn fold(out: &mut Vec<u8>, start: usize, keep: usize) {
    let first = COLUMNS.max(keep);
    if out.len() - start <= first {
        return;
    }
    let tail = out.split_off(start + first);
    for piece in tail.chunks(COLUMNS - 1) {
        out.extend_from_slice(b"\n ");
        out.extend_from_slice(piece);
    }
}

/// Writes a comment: each line of `text` after `# `, broken at 76 columns.
///
/// Bytes that are not printable ASCII are written as `\u{..}` or `\x..`. Backslashes are not escaped.
pub fn write_comment(out: &mut Vec<u8>, text: &[u8]) {
    for line in text.split(|byte| *byte == b'\n') {
        let escaped = printable_ascii(line);
        let mut rest = escaped.as_str();
        let mut lead = "# ";
        loop {
            let cut = rest.len().min(COLUMNS - lead.len());
            out.extend_from_slice(if rest.is_empty() { "#" } else { lead }.as_bytes());
            out.extend_from_slice(&rest.as_bytes()[..cut]);
            out.push(b'\n');
            rest = &rest[cut..];
            if rest.is_empty() {
                break;
            }
            lead = "#   ";
        }
    }
}

/// The text with everything but printable ASCII escaped.
fn printable_ascii(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                ' '..='~' => text.push(character),
                other => {
                    let _ = write!(text, "{}", other.escape_unicode());
                }
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Writes an entry as a content record, without the blank line after it.
pub fn write_entry(out: &mut Vec<u8>, entry: &Entry) {
    write_value(out, "dn", entry.dn.raw_bytes());
    write_attributes(out, &entry.attributes);
}

fn write_attributes(out: &mut Vec<u8>, attributes: &[Attribute]) {
    for attribute in attributes {
        for value in &attribute.values {
            write_value(out, attribute.description.raw_bytes(), &value.bytes);
        }
    }
}

/// Writes a change record and the blank line after it.
pub fn write_change(out: &mut Vec<u8>, record: &ChangeRecord) {
    write_value(out, "dn", record.dn.raw_bytes());
    for control in &record.controls {
        write_control(out, control);
    }
    match &record.change {
        Change::Add(attributes) => {
            write_value(out, "changetype", b"add");
            write_attributes(out, attributes);
        }
        Change::Delete => write_value(out, "changetype", b"delete"),
        Change::Modify(modifications) => {
            write_value(out, "changetype", b"modify");
            for modification in modifications {
                write_modification(out, modification);
            }
        }
        Change::ModifyDn { new_rdn, delete_old_rdn, new_superior } => {
            write_value(out, "changetype", b"modrdn");
            write_value(out, "newrdn", new_rdn.raw_bytes());
            write_value(out, "deleteoldrdn", if *delete_old_rdn { b"1" } else { b"0" });
            if let Some(superior) = new_superior {
                write_value(out, "newsuperior", superior.raw_bytes());
            }
        }
    }
    out.push(b'\n');
}

fn write_modification(out: &mut Vec<u8>, modification: &Modification) {
    let description = modification.description.raw_bytes();
    write_value(out, modification.op.keyword(), description.as_bytes());
    for value in &modification.values {
        write_value(out, description, &value.bytes);
    }
    out.extend_from_slice(b"-\n");
}

/// Criticality is always written: without it, `ldapmodify` refuses the record.
fn write_control(out: &mut Vec<u8>, control: &Control) {
    let start = out.len();
    out.extend_from_slice(format!("control: {} {}", control.oid, control.critical).as_bytes());
    let keep = out.len() - start;
    if control.value.as_ref().is_some_and(Vec::is_empty) {
        // `ldapmodify` refuses `::` without base64 after it.
        out.push(b':');
    } else if let Some(value) = &control.value {
        out.extend_from_slice(b":: ");
        out.extend_from_slice(BASE64.encode(value).as_bytes());
        fold(out, start, keep + 3);
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, value: &[u8]) -> String {
        let mut out = Vec::new();
        write_value(&mut out, name, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn plain_or_base64() {
        for (value, expected) in [
            (&b"a b"[..], "cn: a b\n"),
            (b"", "cn:\n"),
            (b" a", "cn:: IGE=\n"),
            (b"a ", "cn:: YSA=\n"),
            (b":a", "cn:: OmE=\n"),
            (b"<a", "cn:: PGE=\n"),
            (b"#a", "cn: #a\n"),
            (b"a\nb", "cn:: YQpi\n"),
            (b"a\x1bb", "cn:: YRti\n"),
            ("é".as_bytes(), "cn:: w6k=\n"),
        ] {
            assert_eq!(line("cn", value), expected);
        }
    }

    #[test]
    fn control_values() {
        for (value, expected) in [
            (None, "control: 1.2.3 true\n"),
            (Some(Vec::new()), "control: 1.2.3 true:\n"),
            (Some(b"a".to_vec()), "control: 1.2.3 true:: YQ==\n"),
        ] {
            let mut out = Vec::new();
            write_control(&mut out, &Control { oid: "1.2.3".to_owned(), critical: true, value });
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn folds_at_76_columns() {
        let text = line("description", &[b'x'; 200]);
        assert!(text.lines().all(|line| line.len() <= 76), "{text}");
        assert_eq!(text.lines().next().map(str::len), Some(76));
        assert_eq!(text.replace("\n ", ""), format!("description: {}\n", "x".repeat(200)));
        assert_eq!(line("cn", &[b'x'; 72]).lines().count(), 1, "76 columns need no fold");
        let name = "a".repeat(90);
        assert!(line(&name, b"value").starts_with(&format!("{name}: v\n alue")), "a name is never folded");
    }

    #[test]
    fn comments_contain_no_data() {
        let mut out = Vec::new();
        write_comment(&mut out, "a\ndn: cn=x\r\nchangetype: delete\u{202e}\x00é\\".as_bytes());
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "# a\n# dn: cn=x\\u{d}\n# changetype: delete\\u{202e}\\u{0}\\u{e9}\\\n");
        let mut out = Vec::new();
        write_comment(&mut out, &[b'y'; 300]);
        assert!(out.split(|byte| *byte == b'\n').all(|line| line.is_empty() || line[0] == b'#' && line.len() <= 76));
    }
}
