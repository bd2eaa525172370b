//! The notice about records that write all values of an attribute at once.

use std::fmt::Write as _;

use crate::ldap::AttributeDescription;
use crate::plan::WrittenWhole;
use crate::render::count::{and_more, counted};
use crate::render::sanitize::sanitized;

/// How many records are listed.
const NAMED: usize = 5;

/// What the user must know before such records are applied. Empty if there are none.
pub fn notice(written: &[WrittenWhole]) -> String {
    let mut text = String::new();
    if written.is_empty() {
        return text;
    }
    let _ = writeln!(
        text,
        "{} {} all values of an attribute at once, because the server cannot compare its values; a value that was \
         added since the export is lost:",
        counted(written.len(), "record"),
        if written.len() == 1 { "writes" } else { "write" },
    );
    for record in written.iter().take(NAMED) {
        let attributes: Vec<_> = record.attributes.iter().map(AttributeDescription::as_str).collect();
        let _ = writeln!(text, "  {}: {}: {}", sanitized(&record.dn), attributes.join(", "), record.guard.sentence());
    }
    if written.len() > NAMED {
        let _ = writeln!(text, " {}", and_more(written.len() - NAMED));
    }
    let _ = writeln!(text, "  export again and compare directly before you apply the changes");
    text
}
