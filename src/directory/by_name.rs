//! A pass for certain entries only.

use super::key_hash::KeySet;
use super::scan::Unreadable;
use super::{EntryView, Exports, Overlay, Pass, ScanError, scan};
use crate::ldap::Entry;
use crate::ldif::{AttributeSelection, UrlPolicy};

struct Wanted {
    names: KeySet,
    /// No attribute: an entry is wanted by its name.
    interest: AttributeSelection,
}

impl Pass for Wanted {
    type Found = Vec<Entry>;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Vec<Entry>) -> Result<(), Unreadable> {
        if self.names.contains(entry.key) {
            found.push(entry.to_entry()?);
        }
        Ok(())
    }
}

/// The entries of these names that the exports hold.
pub fn entries<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    names: KeySet,
) -> Result<Vec<Entry>, ScanError<E::Error>> {
    let mut found = Vec::new();
    if !names.is_empty() {
        scan(exports, urls, overlay, &Wanted { names, interest: AttributeSelection::default() }, |part| {
            found.extend(part)
        })?;
    }
    Ok(found)
}
