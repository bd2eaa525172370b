//! Bytes from a directory, made fit to be shown: nothing in them controls a terminal or reorders text, and secrets are
//! not shown at all.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::ldap::attribute::{base_type, same_type};
pub use crate::ldap::secrets::{MASK, is_secret};
use crate::policy::Policy;

/// Longest value that is shown whole, in characters.
const LONG: usize = 200;

/// Longest line that a terminal is given, in characters. Names of entries are shorter in all but hostile inputs.
const LINE: usize = 1000;

/// Which attributes hold secrets: those that always do, and those that a policy names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Secrets<'p> {
    more: &'p [String],
}

impl<'p> Secrets<'p> {
    /// Those of a policy.
    pub fn of(policy: &'p Policy) -> Self {
        Self { more: &policy.secrets }
    }

    /// Whether values of an attribute are secrets, whatever its options.
    pub fn is_secret(self, description: &str) -> bool {
        let base = base_type(description);
        is_secret(base) || self.more.iter().any(|secret| same_type(secret, base))
    }

    /// A value of an attribute as a report shows it: masked if it is a secret, shortened if it is long or binary.
    pub fn shown_value(self, description: &str, value: &[u8]) -> String {
        if self.is_secret(description) { MASK.to_owned() } else { shown_text(value) }
    }
}

/// Whether a character does something else than stand where it is written.
fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(character, '\u{e0000}'..='\u{e007f}')
}

/// Bytes as one line of text: control and direction characters as `\u{..}`, bytes that are no UTF-8 as `\x..`.
pub fn sanitized(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly every value.
    let is_plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if let Ok(text) = std::str::from_utf8(bytes)
        && (is_plain || !text.chars().any(is_active))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_active(character) {
                let _ = write!(out, "{}", character.escape_unicode());
            } else {
                out.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    Cow::Owned(out)
}

/// A line for a terminal: shortened if an input made it very long.
pub fn shortened(line: &str) -> Cow<'_, str> {
    if line.len() <= LINE {
        return Cow::Borrowed(line);
    }
    match line.char_indices().nth(LINE) {
        None => Cow::Borrowed(line),
        Some((end, _)) => Cow::Owned(format!("{}... ({} characters)", &line[..end], line.chars().count())),
    }
}

/// A value of an attribute where no policy is at hand; see [`Secrets::shown_value`].
pub fn shown_value(description: &str, value: &[u8]) -> String {
    Secrets::default().shown_value(description, value)
}

/// A value that is not a secret as a report shows it: shortened if it is long or binary.
pub fn shown_text(value: &[u8]) -> String {
    if std::str::from_utf8(value).is_err() {
        return format!("({} bytes that are no text)", value.len());
    }
    let text = sanitized(value);
    if text.len() <= LONG {
        return text.into_owned();
    }
    match text.char_indices().nth(LONG) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], value.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_active_is_shown() {
        for (bytes, expected) in [
            (&b"plain"[..], "plain"),
            ("Zoë".as_bytes(), "Zoë"),
            (b"\x1b[31mred\n", "\\u{1b}[31mred\\u{a}"),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b"),
            (b"a\xffb", "a\\xffb"),
        ] {
            assert_eq!(sanitized(bytes), expected);
        }
    }

    #[test]
    fn secrets_and_long_values() {
        assert_eq!(shown_value("userpassword;lang-x", b"{SSHA}abc"), MASK);
        assert_eq!(shown_value("2.5.4.35", b"secret"), MASK);
        assert_eq!(shown_value("jpegPhoto", b"\xff\xd8\xff"), "(3 bytes that are no text)");
        assert!(shown_value("description", &[b'x'; 500]).ends_with("... (500 bytes)"));
        let long = "é".repeat(5000);
        assert_eq!(shortened(&long), format!("{}... (5000 characters)", "é".repeat(1000)));
        assert_eq!(shortened("short"), "short");
    }
}
