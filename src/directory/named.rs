//! A pass for certain entries only.

use std::collections::HashSet;

use super::scan::Unreadable;
use super::{EntryView, Exports, Overlay, Pass, ScanError, scan};
use crate::ldap::{DnKey, Entry};
use crate::ldif::UrlPolicy;

struct Wanted(HashSet<DnKey>);

impl Pass for Wanted {
    type Found = Vec<Entry>;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Vec<Entry>) -> Result<(), Unreadable> {
        if self.0.contains(entry.key) {
            found.push(entry.to_entry()?);
        }
        Ok(())
    }
}

/// The entries of these names that the exports hold.
#[expect(clippy::implicit_hasher, reason = "names are always kept in the standard set")]
pub fn entries<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    names: HashSet<DnKey>,
) -> Result<Vec<Entry>, ScanError<E::Error>> {
    let mut found = Vec::new();
    if !names.is_empty() {
        scan(exports, urls, overlay, &Wanted(names), |part| found.extend(part))?;
    }
    Ok(found)
}
