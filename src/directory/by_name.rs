//! A pass that collects the entries of given names.

use super::key_hash::KeySet;
use super::scan::Unreadable;
use super::{EntryView, Exports, Overlay, Pass, ScanError, scan};
use crate::ldap::Entry;
use crate::ldif::{AttributeSelection, UrlPolicy};

struct NamedEntries {
    names: KeySet,
    /// Empty: an entry is selected by its name alone.
    interest: AttributeSelection,
}

impl Pass for NamedEntries {
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

/// The entries with these names. Names that are not in the exports are left out.
pub fn entries<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    names: KeySet,
) -> Result<Vec<Entry>, ScanError<E::Error>> {
    let mut found = Vec::new();
    if !names.is_empty() {
        scan(exports, urls, overlay, &NamedEntries { names, interest: AttributeSelection::default() }, |part| {
            found.extend(part);
        })?;
    }
    Ok(found)
}
