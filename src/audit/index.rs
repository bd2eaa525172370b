//! The first pass of an audit: what is needed to check one entry against all others.

use std::collections::{BTreeSet, HashSet};

use crate::directory::identity::holders::{ADDRESSES, IdentifierKind, USER_NAMES, with_normal_form};
use crate::directory::key_hash::{Hashes, hash};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass, Structure};
use crate::plan::address_books::ownership::BookOwnership;
use crate::policy::Policy;

/// The pass that fills a [`DirectoryIndex`].
pub struct IndexPass<'p> {
    pub policy: &'p Policy,
}

/// The names of all entries, the owners of address books, and hashes of the identifiers of accounts.
#[derive(Default)]
pub struct DirectoryIndex {
    /// The names of all entries, from an earlier pass.
    pub structure: Structure,
    /// Address books and their owners.
    pub owners: BookOwnership,
    /// Hashes of the identifiers of accounts, until [`finish`](Self::finish).
    identifiers: Vec<u64>,
    /// Hashes of identifiers that several accounts have.
    pub shared: HashSet<u64>,
    /// Hashes of names that several entries have.
    pub repeated: Hashes,
}

impl DirectoryIndex {
    /// An index with the names of all entries, and nothing else yet.
    pub fn of(structure: Structure) -> Self {
        Self { repeated: structure.repeated_names(), structure, ..Self::default() }
    }

    /// Adds what a later block of the exports gave.
    pub fn merge(&mut self, other: Self) {
        self.owners.merge(other.owners);
        self.identifiers.extend(other.identifiers);
    }

    /// Finds the shared identifiers, after the last block.
    pub fn finish(&mut self) {
        self.identifiers.sort_unstable();
        self.shared = self.identifiers.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        self.identifiers = Vec::new();
    }
}

/// A user name or mail address of an account.
pub struct Identifier<'v> {
    /// The attribute type.
    pub attribute: &'static str,
    /// The value.
    pub value: &'v [u8],
    /// Its hash, which is the same for the user name or address in any case.
    pub hash: u64,
    /// The line of the value.
    pub line: u64,
}

impl Identifier<'_> {
    /// Whether it is a user name, not a mail address.
    pub fn is_user_name(&self) -> bool {
        is_user_name(self.attribute)
    }
}

fn is_user_name(attribute: &str) -> bool {
    USER_NAMES.contains(&attribute)
}

/// The user names and mail addresses of an entry, each once.
pub fn identifiers<'v>(entry: &'v EntryView<'_>) -> Vec<Identifier<'v>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for attribute in USER_NAMES.into_iter().chain(ADDRESSES) {
        let (kind, prefix): (_, &[u8]) = if is_user_name(attribute) {
            (IdentifierKind::UserName, b"uid=")
        } else {
            (IdentifierKind::Address, b"mail=")
        };
        for line in entry.record.attributes.iter().filter(|line| line.description.eq_ignore_ascii_case(attribute)) {
            let value = line.value.bytes();
            let hash = with_normal_form(kind, value, |form| hash(&[prefix, form].concat()));
            if !value.is_empty() && seen.insert(hash) {
                found.push(Identifier { attribute, value, hash, line: line.line });
            }
        }
    }
    found
}

impl Pass for IndexPass<'_> {
    type Found = DirectoryIndex;

    fn visit(&self, entry: &EntryView<'_>, found: &mut DirectoryIndex) -> Result<(), Unreadable> {
        found.owners.add(entry, self.policy);
        if self.policy.accounts.covers(entry.key, entry) {
            found.identifiers.extend(identifiers(entry).iter().map(|identifier| identifier.hash));
        }
        Ok(())
    }
}
