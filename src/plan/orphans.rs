//! Address books whose owner is gone (`--orphans`).
//!
//! | the exports hold, of the owner's user name and domain | the book |
//! | --- | --- |
//! | an entry with both, or any entry that points to the book (`psRoot`, `pabURI`) | is somebody's |
//! | none, but other people of that domain | is deleted |
//! | nobody of that domain | a person must look: the export of the domain may be missing |
//!
//! Where the exports lack something that was accepted, no book is an orphan: absence proves nothing then.

use std::collections::HashSet;

use super::address_books::POINTERS;
use crate::directory::EntryView;
use crate::directory::key_hash::hash;
use crate::ldap::domain::domain_of;
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Origin};
use crate::policy::AddressBookPolicy;

/// A root that nobody was found for.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// Its key.
    pub key: DnKey,
    /// Its name as spelled.
    pub name: Vec<u8>,
    /// Where it stands.
    pub origin: Origin,
    /// Other people of its domain are there.
    pub is_certain: bool,
}

/// What a pass sees of books and of people.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    books: Vec<(DnKey, Vec<u8>, Origin)>,
    /// Hashes of user name and domain.
    people: HashSet<u64>,
    /// Hashes of domains with people.
    domains: HashSet<u64>,
    /// Hashes of the names of books that entries point to.
    pointed: HashSet<u64>,
}

fn person(uid: &[u8], domain: &[u8]) -> u64 {
    hash(&[&uid.to_ascii_lowercase(), &b"@"[..], &domain.to_ascii_lowercase()].concat())
}

impl Owners {
    /// The attributes that are looked at.
    pub const ATTRIBUTES: [&str; 3] = ["uid", "psRoot", "pabURI"];

    /// Notes an entry.
    pub fn add(&mut self, entry: &EntryView<'_>, policy: &AddressBookPolicy) {
        let Some(suffix) = &policy.suffix else { return };
        if entry.key.starts_with(suffix.key().as_bytes()) {
            if policy.root.is_root(entry.key, suffix.key()) {
                self.books.push((DnKey::from_key_bytes(entry.key), entry.record.dn.to_vec(), entry.origin()));
            }
            return;
        }
        let mut domain = None;
        for line in &entry.record.attributes {
            if line.description.eq_ignore_ascii_case("uid") {
                let domain =
                    domain.get_or_insert_with(|| Dn::parse(&entry.record.dn).ok().and_then(|dn| domain_of(&dn)));
                let domain = domain.clone().unwrap_or_default();
                self.people.insert(person(line.value.bytes(), &domain));
                self.domains.insert(hash(&domain.to_ascii_lowercase()));
            } else if POINTERS.iter().any(|name| line.description.eq_ignore_ascii_case(name)) {
                let url = std::str::from_utf8(line.value.bytes()).ok().and_then(|url| LdapUrl::parse(url).ok());
                self.pointed.extend(url.map(|url| hash(url.dn.key().as_bytes())));
            }
        }
    }

    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.books.extend(other.books);
        self.people.extend(other.people);
        self.domains.extend(other.domains);
        self.pointed.extend(other.pointed);
    }

    /// The books that are nobody's.
    pub fn orphans(&self, policy: &AddressBookPolicy) -> Vec<Orphan> {
        let orphan = |(key, name, origin): &(DnKey, Vec<u8>, Origin)| {
            let (uid, domain) = policy.root.owner(key.as_bytes());
            let owned = match domain {
                Some(domain) => self.people.contains(&person(uid, domain)),
                // Without a domain in its name it may be anybody's of that user name.
                None => true,
            };
            if owned || self.pointed.contains(&hash(key.as_bytes())) {
                return None;
            }
            let is_certain = domain.is_some_and(|domain| self.domains.contains(&hash(domain)));
            Some(Orphan { key: key.clone(), name: name.clone(), origin: *origin, is_certain })
        };
        self.books.iter().filter_map(orphan).collect()
    }
}
