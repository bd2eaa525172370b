//! The difference as text.
//!
//! | format | content |
//! | --- | --- |
//! | LDIF | the changes, for `ldapmodify`; before each deletion, a comment shows the entry without its secrets |
//! | unified | each entry before and after, as in `diff -u`, without its secrets |
//! | JSON | the changes, one a line, as `offboard json` writes them |

use std::collections::HashSet;
use std::fmt::Write as _;

use similar::TextDiff;

use super::{Difference, Options, Pair, StepKind};
use crate::ldap::{Attribute, Entry};
use crate::ldif::{RecordReader, UrlPolicy, writer};
use crate::render::change_file::write_deleted;
use crate::render::record_json;
use crate::render::sanitize::{Secrets, sanitized};

/// The difference as change LDIF; empty if nothing differs.
pub fn ldif(difference: &Difference, options: &Options) -> Vec<u8> {
    let mut out = Vec::new();
    if !difference.steps.is_empty() && options.server.profile().version_line {
        out.extend_from_slice(b"version: 1\n\n");
    }
    for step in &difference.steps {
        if let (StepKind::Delete, Some(entry)) = (step.kind, &difference.pairs[step.pair].before) {
            write_deleted(&mut out, entry, secrets(options));
        }
        writer::write_change(&mut out, &step.record);
    }
    out
}

/// The difference as JSON lines.
pub fn json(difference: &Difference) -> Vec<u8> {
    let mut out = Vec::new();
    for step in &difference.steps {
        let mut text = Vec::new();
        writer::write_change(&mut text, &step.record);
        let records = RecordReader::new(&text, 1, UrlPolicy::Refuse);
        for object in records.flatten().filter_map(|record| record_json::record(&record, false)) {
            out.extend_from_slice(object.to_string().as_bytes());
            out.push(b'\n');
        }
    }
    out
}

/// The difference as a unified diff of each entry.
pub fn unified(difference: &Difference, options: &Options) -> Vec<u8> {
    let mut out = String::new();
    let mut shown_pairs = HashSet::new();
    for step in difference.steps.iter().filter(|step| shown_pairs.insert(step.pair)) {
        let Pair { before, after } = &difference.pairs[step.pair];
        let name = |entry: &Option<Entry>| {
            entry.as_ref().map_or_else(|| "(none)".into(), |entry| sanitized(entry.dn.raw_bytes()).into_owned())
        };
        let _ = writeln!(out, "--- {}\n+++ {}", name(before), name(after));
        let text = |entry: &Option<Entry>| entry.as_ref().map(|entry| lines(entry, options)).unwrap_or_default();
        let (left, right) = (text(before), text(after));
        let lines = TextDiff::from_lines(&left, &right);
        out.push_str(&lines.unified_diff().context_radius(3).to_string());
        // Masked values look the same before and after, so the diff above does not show that a secret changes.
        if let (Some(before), Some(after)) = (before, after)
            && hidden(before, options) != hidden(after, options)
        {
            out.push_str(" (a masked value changes)\n");
        }
        out.push('\n');
    }
    out.into_bytes()
}

fn lines(entry: &Entry, options: &Options) -> String {
    let mut text = format!("dn: {}\n", sanitized(entry.dn.raw_bytes()));
    for attribute in entry.attributes.iter().filter(|attribute| !options.ignores(&attribute.description)) {
        let description = attribute.description.as_str();
        for value in &attribute.values {
            let _ = writeln!(text, "{description}: {}", secrets(options).shown_value(description, &value.bytes));
        }
    }
    text
}

fn secrets(options: &Options) -> Secrets<'_> {
    Secrets::default().with_schema(&options.schema)
}

/// The values of secrets.
fn hidden<'e>(entry: &'e Entry, options: &Options) -> Vec<&'e [u8]> {
    let is_secret = |attribute: &&Attribute| secrets(options).is_secret(attribute.description.as_str());
    let secret = entry.attributes.iter().filter(is_secret);
    secret.flat_map(|attribute| attribute.values.iter().map(|value| &*value.bytes)).collect()
}
