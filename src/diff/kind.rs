//! Entries whose place another kind of entry takes: one with another structural class.
//!
//! A server that looks at structural classes takes no modify for it (69, RFC 4512, 2.4.2):
//!
//! | what stands below it | |
//! | --- | --- |
//! | nothing that stays there | it is deleted, with what stands below, and the other one is added |
//! | an entry that is in both exports, there or renamed | modify, and named: to add that entry again would lose what no export shows |
//!
//! Active Directory has a modify in any case: links to an entry go when it is deleted.

use std::collections::{BTreeMap, BTreeSet};

use super::content::key_hash;
use super::{DiffError, Options, Side};
use crate::directory::scan::{Exports, Unreadable};
use crate::directory::{EntryView, Pass, scan};
use crate::ldap::dn_key::prefixes;
use crate::ldap::{DnKey, Entry};
use crate::ldif::UrlPolicy;
use crate::proof::apply::changes_structural_class;

impl Options {
    /// Whether no modify makes one entry of the other.
    pub(super) fn is_another_kind(&self, before: &Entry, after: &Entry) -> bool {
        self.server.profile().enforces_structural_class && changes_structural_class(before, after)
    }

    /// Whether an entry of another kind may be deleted to make room.
    pub(super) fn may_replace(&self) -> bool {
        !self.server.profile().follows_moves
    }
}

/// The names at which an entry is deleted and another one added. `wanted` are the hashes of the names that were taken from
/// the exports, sorted.
pub fn replaced<E: Exports>(
    before: &BTreeMap<DnKey, Entry>,
    after: &BTreeMap<DnKey, Entry>,
    (exports, urls): (&E, UrlPolicy<'_>),
    options: &Options,
    wanted: &[u64],
) -> Result<BTreeSet<DnKey>, DiffError<E::Error>> {
    if !options.may_replace() {
        return Ok(BTreeSet::new());
    }
    let both = || after.iter().filter_map(|(key, now)| Some((key, before.get(key)?, now)));
    let of_another_kind = both().filter(|(_, was, now)| options.is_another_kind(was, now));
    let mut candidates: BTreeSet<DnKey> = of_another_kind.map(|(key, ..)| key.clone()).collect();
    if candidates.is_empty() {
        return Ok(candidates);
    }
    let pass = Unchanged { above: &candidates, wanted, seed: options.seed };
    let mut stay = BTreeSet::new();
    scan(exports, urls, None, &pass, |found| stay.extend(found))
        .map_err(|error| DiffError::Scan { side: Side::After, error })?;
    candidates.retain(|key| !stay.contains(key));
    // From the leaves up: what is replaced itself keeps nothing above it.
    for (key, ..) in both().collect::<Vec<_>>().into_iter().rev() {
        if !candidates.contains(key) {
            for (above, _) in prefixes(key.as_bytes()).filter(|(above, _)| above.len() < key.as_bytes().len()) {
                candidates.remove(above);
            }
        }
    }
    Ok(candidates)
}

/// Finds those of the names below which an entry stands that is the same in both exports.
struct Unchanged<'w> {
    above: &'w BTreeSet<DnKey>,
    wanted: &'w [u64],
    seed: u64,
}

impl Pass for Unchanged<'_> {
    type Found = BTreeSet<DnKey>;

    fn visit(&self, entry: &EntryView<'_>, found: &mut BTreeSet<DnKey>) -> Result<(), Unreadable> {
        let above = prefixes(entry.key).filter(|(key, _)| key.len() < entry.key.len());
        let mut above = above.filter_map(|(key, _)| self.above.get(key)).peekable();
        if above.peek().is_some() && self.wanted.binary_search(&key_hash(entry.key, self.seed)).is_err() {
            found.extend(above.cloned());
        }
        Ok(())
    }
}
