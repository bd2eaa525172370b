//! Makes bytes from a directory safe to show: nothing in them controls a terminal or reorders text, and secrets are
//! masked.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::count::counted;
use crate::ldap::attribute::base_type;
use crate::ldap::schema::Schema;
use crate::ldap::secrets::is_octet_string_key;
pub use crate::ldap::secrets::{MASK, is_secret};
use crate::policy::Policy;

/// The longest value that is shown completely, in characters.
const LONG: usize = 200;

/// The longest line that is printed on a terminal, in characters. Only hostile inputs have longer DNs.
const LINE: usize = 1000;

/// The attributes whose values are secrets: the built-in ones, those of a policy, and those that a schema shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Secrets<'p> {
    policy: Option<&'p Policy>,
    schema: Option<&'p Schema>,
}

impl<'p> Secrets<'p> {
    /// The secrets of a policy.
    pub fn of(policy: &'p Policy) -> Self {
        Self { policy: Some(policy), schema: None }
    }

    /// The same secrets, and those that a schema shows: keys that are octet strings, other names and subtypes of secrets.
    #[must_use]
    pub fn with_schema(self, schema: &'p Schema) -> Self {
        Self { schema: Some(schema), ..self }
    }

    /// Whether the values of an attribute are secrets. Options of the attribute description do not matter. With a schema, any
    /// name of the attribute type or of a supertype suffices.
    pub fn is_secret(self, description: &str) -> bool {
        let base = base_type(description);
        self.is_secret_by_name(base) || self.is_secret_by_schema(base)
    }

    fn is_secret_by_name(self, name: &str) -> bool {
        self.policy.map_or_else(|| is_secret(name), |policy| policy.is_secret(name))
    }

    fn is_secret_by_schema(self, name: &str) -> bool {
        let Some(schema) = self.schema else { return false };
        let is_shown = |name: &str| self.policy.is_some_and(|policy| policy.shows(name));
        if is_shown(name) || schema.names_of(name).any(is_shown) {
            return false;
        }
        let is_octets = schema.is_octet_string(name);
        let names = schema.names_with_supertypes(name);
        names.iter().any(|name| self.is_secret_by_name(name) || is_octets && is_octet_string_key(name))
    }

    /// A value of an attribute as reports show it: masked if it is a secret, shortened if it is long, summarised if it is binary.
    pub fn shown_value(self, description: &str, value: &[u8]) -> String {
        if self.is_secret(description) { MASK.to_owned() } else { shown_text(value) }
    }
}

/// Whether a character controls a terminal, has no width, or changes the direction of text.
fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(character, '\u{e0000}'..='\u{e007f}')
}

/// Bytes as one line of text: control and direction characters as `\u{..}`, bytes that are not UTF-8 as `\x..`.
pub fn sanitized(bytes: &[u8]) -> Cow<'_, str> {
    // The fast path of nearly every value.
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

/// A line for a terminal, shortened if it is very long.
pub fn shortened(line: &str) -> Cow<'_, str> {
    if line.len() <= LINE {
        return Cow::Borrowed(line);
    }
    match line.char_indices().nth(LINE) {
        None => Cow::Borrowed(line),
        Some((end, _)) => Cow::Owned(format!("{}... ({} characters)", &line[..end], line.chars().count())),
    }
}

/// A value as [`Secrets::shown_value`] shows it, with the built-in secrets only.
pub fn shown_value(description: &str, value: &[u8]) -> String {
    Secrets::default().shown_value(description, value)
}

/// A value that is not a secret: shortened if it is long, summarised if it is binary.
pub fn shown_text(value: &[u8]) -> String {
    if std::str::from_utf8(value).is_err() {
        return format!("({} of binary data)", counted(value.len(), "byte"));
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
    fn control_characters_are_escaped() {
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
        assert_eq!(shown_value("jpegPhoto", b"\xff\xd8\xff"), "(3 bytes of binary data)");
        assert!(shown_value("description", &[b'x'; 500]).ends_with("... (500 bytes)"));
        let long = "é".repeat(5000);
        assert_eq!(shortened(&long), format!("{}... (5000 characters)", "é".repeat(1000)));
        assert_eq!(shortened("short"), "short");
    }
}
