//! What the second reading looks for.

use std::collections::HashSet;
use std::sync::Arc;

use crate::directory::key_hash::{Hashes, KeySet};
use crate::directory::references::SubjectIndex;
use crate::ldap::Entry;
use crate::plan::model::SubjectId;

/// An account on which the URLs of dynamic groups are evaluated.
#[derive(Clone)]
pub struct DynamicMember {
    /// The account, by index.
    pub account: usize,
    /// Its entry.
    pub entry: Arc<Entry>,
}

/// What the second reading looks for.
#[derive(Default)]
pub struct Query {
    /// Accounts and dependents: every entry that names one, or is below one.
    pub subjects: SubjectIndex<SubjectId>,
    /// Entries by name.
    pub entries: KeySet,
    /// Values of `gidNumber`, as numbers: the groups with them, and how many accounts have each.
    pub primary_groups: HashSet<Vec<u8>>,
    /// Hashes of the names of all groups: which groups are in which; none if that does not matter.
    pub groups: Arc<Hashes>,
    /// Accounts: the dynamic groups that select them.
    pub dynamic_members: Vec<DynamicMember>,
    /// Roots of address books by name: everything at and below them, and every entry that points to them.
    pub book_roots: KeySet,
    /// The same by the key of the RDN, for roots whose place is unknown.
    pub book_rdns: HashSet<Vec<u8>>,
    /// User names in normal form: every entry that has one of them, except subjects.
    pub user_names: HashSet<Vec<u8>>,
}

impl Query {
    /// Adds what another query looks for.
    pub fn merge(&mut self, other: Self) {
        self.subjects.merge(other.subjects);
        self.entries.extend(other.entries);
        self.primary_groups.extend(other.primary_groups);
        if self.groups.is_empty() {
            self.groups = other.groups;
        } else {
            Arc::make_mut(&mut self.groups).extend(other.groups.iter());
        }
        self.dynamic_members.extend(other.dynamic_members);
        self.book_roots.extend(other.book_roots);
        self.book_rdns.extend(other.book_rdns);
        self.user_names.extend(other.user_names);
    }

    /// Whether everything that another query looks for was found by this one, except in entries that have changed since.
    pub fn covers(&self, other: &Self) -> bool {
        // How many accounts have a primary group is counted, so it is not known without the entries that have changed.
        other.primary_groups.is_empty()
            && other.entries.is_subset(&self.entries)
            && other.book_roots.is_subset(&self.book_roots)
            && other.book_rdns.is_subset(&self.book_rdns)
            && other.user_names.is_subset(&self.user_names)
            && other.subjects.is_covered_by(&self.subjects)
    }
}
