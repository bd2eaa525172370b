//! Before and after of an entry, as a unified diff of its LDIF with secrets masked.

use std::fmt::Write as _;

use similar::TextDiff;

use crate::ldap::Entry;
use crate::render::sanitize::{is_secret, shown, shown_value};

/// The remark below a diff that shows less than what changes.
pub const MASKED: &str = " (a masked value changes)";

/// The unified diff of an entry; `None` on the right is a deleted one.
pub fn unified(before: &Entry, after: Option<&Entry>) -> String {
    let left = lines(before);
    let right = after.map(lines).unwrap_or_default();
    let diff = TextDiff::from_lines(&left, &right);
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(3).to_string();
    // A changed secret looks unchanged once it is masked: say so.
    let hidden = after.is_some_and(|after| secrets(before) != secrets(after));
    if hidden { format!("{text}{MASKED}\n") } else { text }
}

fn lines(entry: &Entry) -> String {
    let mut text = format!("dn: {}\n", shown(entry.dn.spelling()));
    for attribute in &entry.attributes {
        let description = attribute.description.spelling();
        for value in &attribute.values {
            let _ = writeln!(text, "{description}: {}", shown_value(description, &value.bytes));
        }
    }
    text
}

fn secrets(entry: &Entry) -> Vec<&[u8]> {
    let secret = entry.attributes.iter().filter(|attribute| is_secret(attribute.description.spelling()));
    secret.flat_map(|attribute| attribute.values.iter().map(|value| &*value.bytes)).collect()
}
