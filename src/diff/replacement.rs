//! Entries that have another structural class in AFTER, so that a server refuses a modify (69, RFC 4512, 2.4.2).
//!
//! | below the entry, in AFTER | changes |
//! | --- | --- |
//! | no entry of BEFORE | delete it with everything below it, then add the entry of AFTER |
//! | an entry of BEFORE, under its old name or a new one | modify, which is listed as refused: deleting that entry would lose attributes that no export shows |
//!
//! In Active Directory it is a modify in any case, because links to a deleted entry are lost.

use std::collections::{BTreeMap, BTreeSet};

use super::fingerprint::key_hash;
use super::{DiffError, Options, SideReader};
use crate::directory::scan::{Exports, Unreadable};
use crate::directory::{EntryView, Pass};
use crate::ldap::dn_key::prefixes;
use crate::ldap::{DnKey, Entry};
use crate::proof::apply::changes_structural_class;

impl Options {
    /// Whether the server refuses a modify from one entry to the other.
    pub(super) fn needs_replacement(&self, before: &Entry, after: &Entry) -> bool {
        self.server.profile().enforces_structural_class && changes_structural_class(before, after)
    }

    /// Whether an entry may be deleted to add another one in its place.
    pub(super) fn may_replace(&self) -> bool {
        !self.server.profile().follows_moves
    }
}

/// The names at which an entry is deleted and another one added. `wanted` are the hashes of the names of the entries in
/// `before` and `after`, sorted.
pub fn replaced_names<E: Exports>(
    before: &BTreeMap<DnKey, Entry>,
    after: &BTreeMap<DnKey, Entry>,
    after_reader: &SideReader<'_, E>,
    options: &Options,
    wanted: &[u64],
) -> Result<BTreeSet<DnKey>, DiffError<E::Error>> {
    if !options.may_replace() {
        return Ok(BTreeSet::new());
    }
    let both = || after.iter().filter_map(|(key, now)| Some((key, before.get(key)?, now)));
    let replaceable = both().filter(|(_, was, now)| options.needs_replacement(was, now));
    let mut candidates: BTreeSet<DnKey> = replaceable.map(|(key, ..)| key.clone()).collect();
    if candidates.is_empty() {
        return Ok(candidates);
    }
    let pass = UnchangedBelow { names: &candidates, wanted, seed: options.seed };
    let mut blocked = BTreeSet::new();
    after_reader.scan(&pass, |found| blocked.extend(found))?;
    candidates.retain(|key| !blocked.contains(key));
    // From the leaves up: an entry that is replaced itself does not block those above it.
    for (key, ..) in both().collect::<Vec<_>>().into_iter().rev() {
        if !candidates.contains(key) {
            for (above, _) in prefixes(key.as_bytes()).filter(|(above, _)| above.len() < key.as_bytes().len()) {
                candidates.remove(above);
            }
        }
    }
    Ok(candidates)
}

/// Finds those of the names below which there is an entry that is the same in both exports.
struct UnchangedBelow<'w> {
    names: &'w BTreeSet<DnKey>,
    wanted: &'w [u64],
    seed: u64,
}

impl Pass for UnchangedBelow<'_> {
    type Found = BTreeSet<DnKey>;

    fn visit(&self, entry: &EntryView<'_>, found: &mut BTreeSet<DnKey>) -> Result<(), Unreadable> {
        let above = prefixes(entry.key).filter(|(key, _)| key.len() < entry.key.len());
        let mut above = above.filter_map(|(key, _)| self.names.get(key)).peekable();
        if above.peek().is_some() && self.wanted.binary_search(&key_hash(entry.key, self.seed)).is_err() {
            found.extend(above.cloned());
        }
        Ok(())
    }
}
