//! What the terminal says of records that write a list of values whole.

use std::fmt::Write as _;

use crate::ldap::AttributeDescription;
use crate::plan::WrittenWhole;
use crate::render::sanitize::sanitized;

/// How many records are named.
const NAMED: usize = 5;

/// What to know of such records before they are applied; empty without any.
pub fn notice(written: &[WrittenWhole]) -> String {
    let mut text = String::new();
    if written.is_empty() {
        return text;
    }
    let records = if written.len() == 1 { "1 record writes" } else { &format!("{} records write", written.len()) };
    let _ = writeln!(
        text,
        "{records} a list of values whole, as the server cannot compare its values: a value added since the export is lost"
    );
    for record in written.iter().take(NAMED) {
        let attributes: Vec<_> = record.attributes.iter().map(AttributeDescription::as_str).collect();
        let _ = writeln!(text, "  {}: {}: {}", sanitized(&record.dn), attributes.join(", "), record.guard.sentence());
    }
    if let Some(more) = written.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
    let _ = writeln!(text, "  export again and compare right before you apply the changes");
    text
}
