//! Whether an entry is the one that the plan meant: by the identifier that the server gave it ([`UniqueIds`]).
//!
//! | the name of a record | has the identifier | the entry of the record |
//! | --- | --- | --- |
//! | exists | of the plan, or none to compare | is this entry |
//! | exists | another, or an entry above it has another | does not exist: the name was given to another entry |
//! | does not exist | of the plan, in an entry with another name | was moved or renamed by others |
//!
//! Identifiers are known of the accounts in plan.json, and of entries that the rollback shows with one.

use std::collections::HashMap;

use crate::directory::identity::unique_id::{SameEntry, UniqueIdSet, UniqueIds};
use crate::ldap::{Change, DnKey, Entry, Origin};

use super::RecordWithUndo;

/// The identifiers of the entries that a change set is for, by their names before it.
#[derive(Default)]
pub struct Identities(HashMap<DnKey, UniqueIds>);

impl Identities {
    /// The identifiers of the accounts, and those in the rollback of deletions.
    pub fn new<'a>(accounts: impl IntoIterator<Item = (&'a DnKey, &'a UniqueIds)>, set: &[RecordWithUndo]) -> Self {
        let mut known = HashMap::new();
        for RecordWithUndo { record, undo } in set {
            if let Some(Change::Add(attributes)) = undo.as_ref().map(|undo| &undo.change) {
                let attributes = attributes.clone();
                let entry = Entry { dn: record.dn.clone(), origin: Origin::default(), attributes };
                known.insert(record.dn.key().clone(), UniqueIds::of(&entry));
            }
        }
        known.extend(accounts.into_iter().map(|(name, ids)| (name.clone(), ids.clone())));
        known.retain(|_, ids| !ids.is_empty());
        Self(known)
    }

    /// All of them, for a pass over the exports.
    pub fn wanted(&self) -> UniqueIdSet {
        self.0.values().collect()
    }

    /// The identifiers that the entry with this name had.
    pub fn of(&self, name: &DnKey) -> Option<&UniqueIds> {
        self.0.get(name)
    }

    /// Whether another entry has this name now, which was `first` before the change set. An entry below another one is
    /// another one too.
    pub fn is_other(&self, first: &DnKey, entry: &Entry, now: &HashMap<&DnKey, &Entry>) -> bool {
        let differs = |ids: &UniqueIds, entry: &Entry| ids.compare(&UniqueIds::of(entry)) == SameEntry::Different;
        if let Some(ids) = self.of(first)
            && ids.compare(&UniqueIds::of(entry)) != SameEntry::Unknown
        {
            return differs(ids, entry);
        }
        let above = std::iter::successors(first.parent(), DnKey::parent);
        above.into_iter().any(|name| {
            let pair = self.of(&name).zip(now.get(&name));
            pair.is_some_and(|(ids, entry)| differs(ids, entry))
        })
    }

    /// The entry that was `first` before the change set, under whichever name.
    pub fn find<'e>(&self, first: &DnKey, entries: &'e [Entry]) -> Option<&'e Entry> {
        let ids = self.of(first)?;
        entries.iter().find(|entry| ids.compare(&UniqueIds::of(entry)) == SameEntry::Same)
    }
}
