//! An entry before and after the plan, as a unified diff of its LDIF with secrets masked.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use similar::udiff::UnifiedHunkHeader;
use similar::{DiffOp, DiffTag, TextDiff, group_diff_ops};

use crate::ldap::Entry;
use crate::render::sanitize::{MASK, Secrets, sanitized, shown_text};

/// The line below a diff in which a change is not visible, because the value is masked.
pub const MASKED: &str = " (a masked value changes)";

/// The unified diff of an entry. `after` is `None` if the entry is deleted.
pub fn unified(before: &Entry, after: Option<&Entry>, secrets: Secrets<'_>) -> String {
    let left = lines(before, secrets);
    let right = after.map(|after| lines(after, secrets)).unwrap_or_default();
    let text = in_order(&left, &right)
        .unwrap_or_else(|| TextDiff::from_lines(&left, &right).unified_diff().context_radius(CONTEXT).to_string());
    // A masked secret looks the same before and after a change.
    let changes = after.is_some_and(|after| hidden(before, secrets) != hidden(after, secrets));
    if changes { format!("{text}{MASKED}\n") } else { text }
}

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// The unified diff of two texts if each line occurs once in its text and common lines have the same order, as for nearly
/// every entry; else `None`. Such a diff needs no search, which is slow for a large group from which many members are
/// removed.
fn in_order(left: &str, right: &str) -> Option<String> {
    let old: Vec<&str> = left.split_inclusive('\n').collect();
    let new: Vec<&str> = right.split_inclusive('\n').collect();
    let places: HashMap<&str, usize> = old.iter().enumerate().map(|(at, line)| (*line, at)).collect();
    let different: HashSet<&str> = new.iter().copied().collect();
    if places.len() < old.len() || different.len() < new.len() {
        return None;
    }
    let mut operations = Vec::new();
    let (mut old_index, mut new_index) = (0, 0);
    let common = new.iter().enumerate().filter_map(|(at, line)| Some((*places.get(line)?, at)));
    for (old_at, new_at) in common.chain([(old.len(), new.len())]) {
        let (old_len, new_len) = (old_at.checked_sub(old_index)?, new_at - new_index);
        match (old_len, new_len) {
            (0, 0) => {}
            (_, 0) => operations.push(DiffOp::Delete { old_index, old_len, new_index }),
            (0, _) => operations.push(DiffOp::Insert { old_index, new_index, new_len }),
            _ => operations.push(DiffOp::Replace { old_index, old_len, new_index, new_len }),
        }
        match operations.last_mut() {
            _ if old_at == old.len() => {}
            Some(DiffOp::Equal { len, .. }) => *len += 1,
            _ => operations.push(DiffOp::Equal { old_index: old_at, new_index: new_at, len: 1 }),
        }
        (old_index, new_index) = (old_at + 1, new_at + 1);
    }
    let mut text = String::new();
    for hunk in group_diff_ops(operations, CONTEXT) {
        let _ = writeln!(text, "{}", UnifiedHunkHeader::new(&hunk));
        for operation in hunk {
            let (tag, before, after) = operation.as_tag_tuple();
            let (before, after) = if tag == DiffTag::Equal { (before, 0..0) } else { (before, after) };
            let sign = if tag == DiffTag::Equal { " " } else { "-" };
            old[before].iter().for_each(|line| text.extend([sign, line]));
            new[after].iter().for_each(|line| text.extend(["+", line]));
        }
    }
    Some(text)
}

fn lines(entry: &Entry, secrets: Secrets<'_>) -> String {
    let mut text = format!("dn: {}\n", sanitized(entry.dn.raw_bytes()));
    for attribute in &entry.attributes {
        let description = attribute.description.as_str();
        let is_secret = secrets.is_secret(description);
        for value in &attribute.values {
            if is_secret {
                text.extend([description, ": ", MASK, "\n"]);
            } else {
                text.extend([description, ": ", &shown_text(&value.bytes), "\n"]);
            }
        }
    }
    text
}

/// The values of secrets.
fn hidden<'e>(entry: &'e Entry, secrets: Secrets<'_>) -> Vec<&'e [u8]> {
    let secret = entry.attributes.iter().filter(|attribute| secrets.is_secret(attribute.description.as_str()));
    secret.flat_map(|attribute| attribute.values.iter().map(|value| &*value.bytes)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_need_no_search() {
        for (left, right, expected) in [
            ("a\nb\n", "a\nc\n", Some("@@ -1,2 +1,2 @@\n a\n-b\n+c\n")),
            ("a\nb\n", "", Some("@@ -1,2 +0,0 @@\n-a\n-b\n")),
            ("a\n", "a\n", Some("")),
            ("a\nb\n", "b\na\n", None),
            ("a\na\n", "a\n", None),
            ("a\n", "a\na\n", None),
        ] {
            assert_eq!(in_order(left, right).as_deref(), expected, "{left:?} {right:?}");
        }
    }

    proptest! {
        /// The result is that of the search.
        #[test]
        fn as_by_search(lines in prop::collection::vec(0_u8..12, 0..60)) {
            let (mut left, mut right) = (String::new(), String::new());
            for (at, kind) in lines.iter().enumerate() {
                if *kind > 0 { let _ = writeln!(left, "{at}"); }
                if *kind > 1 { let _ = writeln!(right, "{at}"); }
                if *kind == 2 { let _ = writeln!(right, "new {at}"); }
            }
            let searched = TextDiff::from_lines(&left, &right).unified_diff().context_radius(CONTEXT).to_string();
            prop_assert_eq!(in_order(&left, &right), Some(searched));
        }
    }
}
