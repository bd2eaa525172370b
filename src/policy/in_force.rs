//! The policy in force as TOML, and its differences from the preset.
//!
//! Every table has a header (`[disable.replace]`), and every key has a line with a comment that shows where its value comes
//! from: `# preset openldap` or `# FILE:LINE`. The text reads as the same policy, unless a value is masked; then it is refused.
//!
//! Strings are written as basic strings of TOML. All characters except letters, digits and printable ASCII are escaped, so
//! that no string can control a terminal or reorder text.

use std::fmt::Write as _;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::PolicyError;
use super::document::{Document, Node, Preset};
use crate::ldap::secrets::MASK;

/// The maximum length in bytes of an array on one line. A longer array has a line for each value.
const LINE: usize = 100;

/// A key whose value differs from that of the preset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key, with its sections: `disable.replace.shadowExpire`.
    pub key: String,
    /// The value in force, as TOML; `None` if the key is removed from the preset.
    pub value: Option<String>,
    /// The value in the preset, as TOML; `None` if the preset does not have the key.
    pub preset: Option<String>,
}

/// The policy in force, as TOML with comments. `text` is the policy file and `name` its name, which is written as it is. Values of
/// keys for which `is_secret` is true are masked without quotes, so that a policy with a mask in it is refused.
pub fn written(text: &str, name: &str, is_secret: &dyn Fn(&str) -> bool) -> Result<String, Vec<PolicyError>> {
    let preset = Preset::of(text)?;
    let document = Document::read(text, preset.as_ref())?;
    let origin = |place: &Range<usize>| match &preset {
        Some(preset) if place.start >= text.len() => format!("preset {}", preset.name),
        _ => format!("{name}:{}", 1 + text[..place.start.min(text.len())].matches('\n').count()),
    };
    let mut out = match &preset {
        Some(preset) => format!("# The policy in force: {name}, merged over the preset {}.\n", preset.name),
        None => format!("# The policy in force: {name}.\n"),
    };
    if let Some(preset) = &preset {
        let base = preset.table()?;
        let mut found = Vec::new();
        differences(&base, &document.table, Node::root(), "", &|_| false, &mut found);
        for removed in found.iter().filter(|difference| difference.value.is_none()) {
            let _ = writeln!(out, "# Removed from the preset: {}", removed.key);
        }
    }
    let how = Writing { origin: &origin, is_secret };
    write_table(&mut out, &document.table, &mut Vec::new(), Some(Node::root()), how);
    Ok(out)
}

/// How values are written.
#[derive(Clone, Copy)]
struct Writing<'w> {
    /// Where a value comes from.
    origin: &'w dyn Fn(&Range<usize>) -> String,
    /// Whether the values of a key are secrets.
    is_secret: &'w dyn Fn(&str) -> bool,
}

/// Writes the keys with values, then the tables with their headers, in the order of the schema. `above` are the keys of the
/// table from the root, and `node` is its place in the schema.
fn write_table<'t>(
    out: &mut String,
    table: &'t DeTable<'_>,
    above: &mut Vec<&'t str>,
    node: Option<Node>,
    how: Writing<'_>,
) {
    let mut below = Vec::new();
    let mut keys: Vec<_> = table.iter().collect();
    keys.sort_by_key(|(key, _)| node.and_then(|node| node.position(key.get_ref())));
    for (key, value) in keys {
        // The preset is merged in already.
        if above.is_empty() && key.get_ref() == "preset" {
            continue;
        }
        if is_of_tables(value.get_ref()) {
            below.push((key, value));
            continue;
        }
        let mut text = String::new();
        write_key(&mut text, key.get_ref());
        text.push_str(" = ");
        let indent = text.len();
        if (how.is_secret)(key.get_ref()) {
            text.push_str(MASK);
        } else {
            write_value(&mut text, value.get_ref(), how.is_secret);
        }
        if text.len() > LINE
            && let DeValue::Array(list) = value.get_ref()
        {
            text.truncate(indent);
            text.push_str("[\n");
            for value in list {
                text.push_str("    ");
                write_value(&mut text, value.get_ref(), how.is_secret);
                text.push_str(",\n");
            }
            text.push(']');
        }
        let _ = writeln!(out, "{text}  # {}", (how.origin)(&value.span()));
    }
    for (key, value) in below {
        let node = node.and_then(|node| node.key(key.get_ref()));
        above.push(key.get_ref());
        let name: Vec<String> = above.iter().map(|key| shown_key(key)).collect();
        let name = name.join(".");
        match value.get_ref() {
            DeValue::Table(table) => {
                let has_values = table.values().any(|value| !is_of_tables(value.get_ref()));
                if has_values || table.is_empty() {
                    let _ = writeln!(out, "\n[{name}]");
                }
                write_table(out, table, above, node, how);
            }
            DeValue::Array(tables) => {
                for table in tables {
                    let _ = writeln!(out, "\n[[{name}]]  # {}", (how.origin)(&table.span()));
                    if let DeValue::Table(table) = table.get_ref() {
                        write_table(out, table, above, node.and_then(Node::item), how);
                    }
                }
            }
            _ => {}
        }
        above.pop();
    }
}

/// Whether a value is written with headers: a table, or an array of tables that is not empty.
fn is_of_tables(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(_) => true,
        DeValue::Array(list) => !list.is_empty() && list.iter().all(|value| value.get_ref().is_table()),
        _ => false,
    }
}

/// Collects the keys whose values differ between the preset and the policy in force. Values of keys for which `is_secret` is
/// true are masked.
pub fn differences(
    preset: &DeTable<'_>,
    in_force: &DeTable<'_>,
    node: Node,
    at: &str,
    is_secret: &dyn Fn(&str) -> bool,
    found: &mut Vec<Difference>,
) {
    let full = |key: &str| if at.is_empty() { shown_key(key) } else { format!("{at}.{}", shown_key(key)) };
    let text = |key: &str, value: &Spanned<DeValue<'_>>| {
        let mut text = String::new();
        if is_secret(key) {
            text.push_str(MASK);
        } else {
            write_value(&mut text, value.get_ref(), is_secret);
        }
        text
    };
    let same_in = |table: &DeTable<'_>, key: &str| {
        table.keys().find(|other| node.is_same_key(other.get_ref(), key)).map(|other| other.get_ref().to_string())
    };
    let none = DeTable::default();
    for (key, value) in in_force {
        let key = key.get_ref().as_ref();
        if at.is_empty() && key == "preset" {
            continue;
        }
        let old = same_in(preset, key).and_then(|old| preset.get(old.as_str()));
        match (value.get_ref(), old.map(Spanned::get_ref), node.key(key)) {
            (DeValue::Table(own), old, Some(below)) if !own.is_empty() || old.is_some() => {
                let old = old.and_then(DeValue::as_table).unwrap_or(&none);
                differences(old, own, below, &full(key), is_secret, found);
            }
            (own, Some(old), _) if is_equal(own, old) => {}
            _ => found.push(Difference {
                key: full(key),
                value: Some(text(key, value)),
                preset: old.map(|old| text(key, old)),
            }),
        }
    }
    for (key, value) in preset {
        let key = key.get_ref().as_ref();
        if same_in(in_force, key).is_none() {
            found.push(Difference { key: full(key), value: None, preset: Some(text(key, value)) });
        }
    }
}

/// Whether two values are equal, regardless of their places.
fn is_equal(a: &DeValue<'_>, b: &DeValue<'_>) -> bool {
    let as_text = |value: &DeValue<'_>| {
        let mut text = String::new();
        write_value(&mut text, value, &|_| false);
        text
    };
    as_text(a) == as_text(b)
}

/// Writes a value on one line.
fn write_value(out: &mut String, value: &DeValue<'_>, is_secret: &dyn Fn(&str) -> bool) {
    match value {
        DeValue::String(text) => write_string(out, text),
        DeValue::Integer(number) => {
            let prefix = match number.radix() {
                2 => "0b",
                8 => "0o",
                16 => "0x",
                _ => "",
            };
            let _ = write!(out, "{prefix}{}", number.as_str());
        }
        DeValue::Float(number) => out.push_str(number.as_str()),
        DeValue::Boolean(value) => {
            let _ = write!(out, "{value}");
        }
        DeValue::Datetime(time) => {
            let _ = write!(out, "{time}");
        }
        DeValue::Array(list) => {
            out.push('[');
            for (at, value) in list.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_value(out, value.get_ref(), is_secret);
            }
            out.push(']');
        }
        DeValue::Table(table) => {
            out.push_str("{ ");
            for (at, (key, value)) in table.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_key(out, key.get_ref());
                out.push_str(" = ");
                if is_secret(key.get_ref()) {
                    out.push_str(MASK);
                } else {
                    write_value(out, value.get_ref(), is_secret);
                }
            }
            out.push_str(" }");
        }
    }
}

fn shown_key(key: &str) -> String {
    let mut text = String::new();
    write_key(&mut text, key);
    text
}

fn write_key(out: &mut String, key: &str) {
    let is_bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { out.push_str(key) } else { write_string(out, key) }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            _ if character.is_alphanumeric() => out.push(character),
            _ if u32::from(character) <= 0xffff => {
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            _ => {
                let _ = write!(out, "\\U{:08X}", u32::from(character));
            }
        }
    }
    out.push('"');
}
