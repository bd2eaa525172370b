//! Address books without an owner (`--orphans`). A book has the user name and the domain of its owner in its name.
//!
//! | the exports hold | the book |
//! | --- | --- |
//! | an entry with that user name that is at home in that domain: by its place, or by the domain of a mail address | has an owner |
//! | an entry with that user name in the container that accounts are moved to (`[move] to`): its former domain is unknown | has an owner |
//! | an entry that points to the book (`psRoot`, `pabURI`) | has an owner |
//! | none of these, but other accounts in that domain, outside the container that accounts are moved to | is deleted |
//! | no account in that domain | is a decision item: the export of the domain may be missing |
//!
//! A book that may belong to an account by [`address_books`](super) is therefore never an orphan. Entries that the plan
//! deletes count as absent: a book that only they own is an orphan. A later plan would find it anyway.
//!
//! If the exports lack something that the run accepts, no book is an orphan, because absence proves nothing then.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::directory::EntryView;
use crate::directory::identity::holders::{ADDRESSES, mail_domains};
use crate::directory::key_hash::{Hashes, Quick, hash};
use crate::directory::references::reference_attributes::BOOK_POINTER_ATTRIBUTES;
use crate::ldap::domain::domain_of;
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Entry, Origin, TypeMap};
use crate::policy::Policy;

/// The root of an address book without an owner.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// Its key.
    pub key: DnKey,
    /// Its name as spelled.
    pub name: Vec<u8>,
    /// Where it is.
    pub origin: Origin,
    /// Other accounts of its domain are in the exports.
    pub is_certain: bool,
}

/// The hash of something by which an entry may own a book: a user name in a domain, a user name anywhere, or a pointer.
type OwnershipKey = u64;

fn at_home(uid: &[u8], domain: &[u8]) -> OwnershipKey {
    hash(&[b"home=", uid, b"@", domain].concat())
}

fn anywhere(uid: &[u8]) -> OwnershipKey {
    hash(&[b"anywhere=", uid].concat())
}

fn pointed(book: &[u8]) -> OwnershipKey {
    hash(&[b"pointed=", book].concat())
}

/// The root of an address book.
#[derive(Clone, Debug)]
struct BookEntry {
    key: DnKey,
    name: Vec<u8>,
    origin: Origin,
}

/// The address books of the exports, and by what entries may own them.
#[derive(Clone, Debug, Default)]
pub struct BookOwnership {
    books: Vec<BookEntry>,
    /// How many entries have each key.
    owners: HashMap<OwnershipKey, u32, Quick>,
    /// Hashes of the domains that accounts are in.
    domains: Hashes,
}

/// What the values of an attribute say.
#[derive(Clone, Copy)]
enum OwnerAttribute {
    Uid,
    Mail,
    Pointer,
}

/// The attributes by which an entry may own a book.
fn owner_attributes() -> impl Iterator<Item = (&'static str, OwnerAttribute)> {
    let addresses = ADDRESSES.into_iter().map(|name| (name, OwnerAttribute::Mail));
    let pointers = BOOK_POINTER_ATTRIBUTES.into_iter().map(|name| (name, OwnerAttribute::Pointer));
    [("uid", OwnerAttribute::Uid)].into_iter().chain(addresses).chain(pointers)
}

/// The values of an entry by which it may own a book.
#[derive(Default)]
struct OwnerValues<'e> {
    uids: Vec<&'e [u8]>,
    mails: Vec<&'e [u8]>,
    pointers: Vec<&'e [u8]>,
}

impl<'e> OwnerValues<'e> {
    fn of(values: impl Iterator<Item = (&'e str, &'e [u8])>) -> Self {
        static TYPES: LazyLock<TypeMap<OwnerAttribute>> = LazyLock::new(|| owner_attributes().collect());
        let mut owner = Self::default();
        for (name, value) in values {
            match TYPES.get_type(name.as_bytes()) {
                Some(OwnerAttribute::Uid) => owner.uids.push(value),
                Some(OwnerAttribute::Mail) => owner.mails.push(value),
                Some(OwnerAttribute::Pointer) => owner.pointers.push(value),
                None => {}
            }
        }
        owner
    }

    /// The keys by which the entry with this name may own a book, each once.
    fn keys(&self, dn: &Dn, policy: &Policy) -> Vec<OwnershipKey> {
        let root = &policy.address_books.root;
        let mut keys = Vec::new();
        for value in &self.pointers {
            keys.extend(LdapUrl::of_value(value).map(|url| pointed(url.dn.key().as_bytes())));
        }
        if !self.uids.is_empty() {
            let mails = mail_domains(self.mails.iter().copied());
            let domains: Vec<Vec<u8>> =
                domain_of(dn).iter().chain(&mails).filter_map(|domain| root.domain_key(domain)).collect();
            let is_moved = policy.is_moved(dn.key().as_bytes());
            for uid in self.uids.iter().map(|uid| root.uid_key(uid)) {
                keys.extend(domains.iter().map(|domain| at_home(&uid, domain)));
                keys.extend(is_moved.then(|| anywhere(&uid)));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl BookOwnership {
    /// The attributes that [`add`](Self::add) needs.
    pub fn attributes() -> impl Iterator<Item = &'static str> {
        owner_attributes().map(|(name, _)| name)
    }

    /// Adds an entry.
    pub fn add(&mut self, entry: &EntryView<'_>, policy: &Policy) {
        let books = &policy.address_books;
        let Some(suffix) = &books.suffix else { return };
        if entry.key.starts_with(suffix.key().as_bytes()) {
            if books.root.is_book(entry.key, suffix.key()) {
                let (name, origin) = (entry.record.dn.to_vec(), entry.origin());
                self.books.push(BookEntry { key: DnKey::from_key_bytes(entry.key), name, origin });
            }
            return;
        }
        let lines = &entry.record.attributes;
        let owner = OwnerValues::of(lines.iter().map(|line| (&*line.description, line.value.bytes())));
        if owner.uids.is_empty() && owner.pointers.is_empty() {
            return;
        }
        // An entry with an invalid DN is counted by the census.
        let Ok(dn) = Dn::parse(&entry.record.dn) else { return };
        for key in owner.keys(&dn, policy) {
            *self.owners.entry(key).or_default() += 1;
        }
        if !owner.uids.is_empty() && !policy.is_moved(entry.key) {
            let domain = domain_of(&dn).and_then(|domain| books.root.domain_key(&domain));
            self.domains.extend(domain.map(|domain| hash(&domain)));
        }
    }

    /// Adds what was found in later blocks.
    pub fn merge(&mut self, later: Self) {
        self.books.extend(later.books);
        for (key, count) in later.owners {
            *self.owners.entry(key).or_default() += count;
        }
        self.domains.extend(later.domains);
    }

    /// The books without an owner when these entries are deleted.
    pub fn orphans<'e>(&self, policy: &Policy, deleted: impl Iterator<Item = &'e Entry>) -> Vec<Orphan> {
        let mut lost: HashMap<OwnershipKey, u32, Quick> = HashMap::default();
        for entry in deleted {
            let values = entry.attributes.iter().filter(|attribute| !attribute.description.has_options());
            let values = values.flat_map(|attribute| {
                let name = attribute.description.attribute_type();
                attribute.values.iter().map(move |value| (name, &*value.bytes))
            });
            for key in OwnerValues::of(values).keys(&entry.dn, policy) {
                *lost.entry(key).or_default() += 1;
            }
        }
        let count = |counts: &HashMap<OwnershipKey, u32, Quick>, key| counts.get(&key).copied().unwrap_or(0);
        let has_owner = |key: OwnershipKey| count(&self.owners, key) > count(&lost, key);
        let orphan = |book: &BookEntry| {
            let (uid, domain) = policy.address_books.root.owner(book.key.as_bytes());
            // Without a domain in its name, the book may belong to any account with that user name.
            let domain = domain?;
            let keys = [at_home(uid, domain), anywhere(uid), pointed(book.key.as_bytes())];
            if keys.into_iter().any(has_owner) {
                return None;
            }
            let is_certain = self.domains.contains(&hash(domain));
            Some(Orphan { key: book.key.clone(), name: book.name.clone(), origin: book.origin, is_certain })
        };
        self.books.iter().filter_map(orphan).collect()
    }
}
