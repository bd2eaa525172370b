//! Address books whose owner is gone (`--orphans`).
//!
//! | the exports hold, of the owner's user name and domain | the book |
//! | --- | --- |
//! | an entry with that name that is at home in that domain: by its place, or by the domain of a mail address | is somebody's |
//! | an entry with that name at the place that accounts are moved to (`[move] to`): nobody knows where it was at home | is somebody's |
//! | any entry that points to the book (`psRoot`, `pabURI`) | is somebody's |
//! | none, but other people who stand in that domain, and not at the place that accounts are moved to | is deleted |
//! | nobody of that domain | a person must look: the export of the domain may be missing |
//!
//! So no book is an orphan that may be somebody's by [`address_books`](super::address_books). Entries that the plan deletes
//! are not there any more: what was theirs alone is an orphan, which a later plan would find.
//!
//! Where the exports lack something that was accepted, no book is an orphan: absence proves nothing then.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::address_books::{POINTERS, home_domains};
use crate::directory::EntryView;
use crate::directory::key_hash::{Hashes, Quick, hash};
use crate::ldap::domain::domain_of;
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Entry, Origin, TypeMap};
use crate::policy::Policy;

/// A root that nobody was found for.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// Its key.
    pub key: DnKey,
    /// Its name as spelled.
    pub name: Vec<u8>,
    /// Where it is.
    pub origin: Origin,
    /// Other people of its domain are there.
    pub is_certain: bool,
}

/// What may make a book somebody's, as a hash.
type Tie = u64;

/// What a pass sees of books and of people.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    books: Vec<(DnKey, Vec<u8>, Origin)>,
    /// How many entries have each tie.
    ties: HashMap<Tie, u32, Quick>,
    /// Hashes of domains in which people stand.
    domains: Hashes,
}

fn at_home(uid: &[u8], domain: &[u8]) -> Tie {
    hash(&[b"home=", uid, b"@", domain].concat())
}

fn anywhere(uid: &[u8]) -> Tie {
    hash(&[b"anywhere=", uid].concat())
}

fn pointed(book: &[u8]) -> Tie {
    hash(&[b"pointed=", book].concat())
}

/// What one entry may own books by, each once.
fn ties(dn: &Dn, lines: &Lines<'_>, policy: &Policy) -> Vec<Tie> {
    let root = &policy.address_books.root;
    let mut ties = Vec::new();
    for value in &lines.pointers {
        ties.extend(LdapUrl::of_value(value).map(|url| pointed(url.dn.key().as_bytes())));
    }
    if !lines.uids.is_empty() {
        let domains = home_domains(dn, &lines.mails);
        let domains: Vec<Vec<u8>> = domains.iter().filter_map(|domain| root.domain_key(domain)).collect();
        let is_moved = policy.is_moved(dn.key().as_bytes());
        for uid in lines.uids.iter().map(|uid| root.uid_key(uid)) {
            ties.extend(domains.iter().map(|domain| at_home(&uid, domain)));
            ties.extend(is_moved.then(|| anywhere(&uid)));
        }
    }
    ties.sort_unstable();
    ties.dedup();
    ties
}

/// What an attribute says.
#[derive(Clone, Copy)]
enum Says {
    Uid,
    Mail,
    Book,
}

/// The attributes that are looked at.
const LOOKED_AT: [(&str, Says); 4] =
    [("uid", Says::Uid), ("mail", Says::Mail), (POINTERS[0], Says::Book), (POINTERS[1], Says::Book)];

/// The values of an entry that matter here.
#[derive(Default)]
struct Lines<'e> {
    uids: Vec<&'e [u8]>,
    mails: Vec<&'e [u8]>,
    pointers: Vec<&'e [u8]>,
}

impl<'e> Lines<'e> {
    fn of(values: impl Iterator<Item = (&'e str, &'e [u8])>) -> Self {
        static TYPES: LazyLock<TypeMap<Says>> = LazyLock::new(|| LOOKED_AT.into_iter().collect());
        let mut lines = Self::default();
        for (name, value) in values {
            match TYPES.get_type(name.as_bytes()) {
                Some(Says::Uid) => lines.uids.push(value),
                Some(Says::Mail) => lines.mails.push(value),
                Some(Says::Book) => lines.pointers.push(value),
                None => {}
            }
        }
        lines
    }
}

impl Owners {
    /// The attributes that are looked at.
    pub fn attributes() -> impl Iterator<Item = &'static str> {
        LOOKED_AT.into_iter().map(|(name, _)| name)
    }

    /// Notes an entry.
    pub fn add(&mut self, entry: &EntryView<'_>, policy: &Policy) {
        let books = &policy.address_books;
        let Some(suffix) = &books.suffix else { return };
        if entry.key.starts_with(suffix.key().as_bytes()) {
            if books.root.is_book(entry.key, suffix.key()) {
                self.books.push((DnKey::from_key_bytes(entry.key), entry.record.dn.to_vec(), entry.origin()));
            }
            return;
        }
        let lines = &entry.record.attributes;
        let lines = Lines::of(lines.iter().map(|line| (&*line.description, line.value.bytes())));
        if lines.uids.is_empty() && lines.pointers.is_empty() {
            return;
        }
        // Whatever is not a name is counted elsewhere.
        let Ok(dn) = Dn::parse(&entry.record.dn) else { return };
        for tie in ties(&dn, &lines, policy) {
            *self.ties.entry(tie).or_default() += 1;
        }
        if !lines.uids.is_empty() && !policy.is_moved(entry.key) {
            let domain = domain_of(&dn).and_then(|domain| books.root.domain_key(&domain));
            self.domains.extend(domain.map(|domain| hash(&domain)));
        }
    }

    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.books.extend(other.books);
        for (tie, count) in other.ties {
            *self.ties.entry(tie).or_default() += count;
        }
        self.domains.extend(other.domains);
    }

    /// The books that are nobody's when these entries are gone.
    pub fn orphans<'e>(&self, policy: &Policy, gone: impl Iterator<Item = &'e Entry>) -> Vec<Orphan> {
        let mut lost: HashMap<Tie, u32, Quick> = HashMap::default();
        for entry in gone {
            let values = entry.attributes.iter().filter(|attribute| !attribute.description.has_options());
            let values = values.flat_map(|attribute| {
                let name = attribute.description.attribute_type();
                attribute.values.iter().map(move |value| (name, &*value.bytes))
            });
            for tie in ties(&entry.dn, &Lines::of(values), policy) {
                *lost.entry(tie).or_default() += 1;
            }
        }
        let holds = |tie: Tie| self.ties.get(&tie).copied().unwrap_or(0) > lost.get(&tie).copied().unwrap_or(0);
        let orphan = |(key, name, origin): &(DnKey, Vec<u8>, Origin)| {
            let (uid, domain) = policy.address_books.root.owner(key.as_bytes());
            // Without a domain in its name it may be anybody's of that user name.
            let domain = domain?;
            if holds(at_home(uid, domain)) || holds(anywhere(uid)) || holds(pointed(key.as_bytes())) {
                return None;
            }
            let is_certain = self.domains.contains(&hash(domain));
            Some(Orphan { key: key.clone(), name: name.clone(), origin: *origin, is_certain })
        };
        self.books.iter().filter_map(orphan).collect()
    }
}
