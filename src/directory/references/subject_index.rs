//! The accounts and dependents that a pass searches for, by every identifier that can name them.
//!
//! How a value of each form is looked up in it: [`Form::find`](super::Form::find).

use std::collections::HashMap;
use std::hash::Hash;

use crate::directory::key_hash::{Hashes, KeyMap, hash};
use crate::ldap::attribute::is_one_of;
use crate::ldap::dn_key::prefixes;
use crate::ldap::domain::domain_of;
use crate::ldap::{DnKey, Entry};

/// Attributes whose values are user names.
pub const USER_NAMES: [&str; 2] = ["uid", "sAMAccountName"];

/// Attributes whose values are the mail addresses of the entry itself (RFC 4524, 819-4437, draft-lachman, [MS-ADA3]).
pub const ADDRESSES: [&str; 5] =
    ["mail", "mailAlternateAddress", "mailEquivalentAddress", "mailLocalAddress", "proxyAddresses"];

/// The attributes by which values of other entries may name an entry: its user names and addresses.
pub fn identifying() -> impl Iterator<Item = &'static str> {
    USER_NAMES.into_iter().chain(ADDRESSES)
}

/// How a value names a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// By the DN of its entry, or of an entry below it.
    Name,
    /// By a user name, which another account may have as well.
    Uid,
    /// By a user name in another case, which some servers take for a different one.
    UidInAnotherCase,
    /// By a mail address.
    Address,
    /// Somewhere inside a URL, a filter or an access rule.
    Inside,
    /// Not exactly: the value has the `cn` of the account in the place of the account's RDN.
    NearMiss,
}

impl MatchKind {
    /// Whether the value names the subject for certain, unless another account has the same user name or address.
    pub fn is_certain(self) -> bool {
        matches!(self, Self::Name | Self::Uid | Self::Address)
    }
}

/// A subject that a value names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubjectMatch<Id> {
    /// The subject.
    pub subject: Id,
    /// How the value names it.
    pub kind: MatchKind,
}

/// A user name as its entry spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownUid<Id> {
    /// The user name.
    pub spelling: Vec<u8>,
    /// The subject that has it.
    pub subject: Id,
}

/// An attribute value of an entry, by which the entry may share an identifier with a subject.
#[derive(Clone, Copy, Debug)]
pub struct Identifier<'v> {
    /// The key of the entry's name.
    pub entry: &'v [u8],
    /// The attribute type, without options.
    pub attribute_type: &'v str,
    /// The value.
    pub value: &'v [u8],
}

/// The subjects of a search. `Id` identifies each of them.
pub struct SubjectIndex<Id> {
    names: KeyMap<Id>,
    /// Hashes of the names and of the near misses: almost no key that is looked up is among them.
    hashes: Hashes,
    /// For each number of RDNs, whether a name has so many.
    depths: Vec<bool>,
    near_misses: KeyMap<Id>,
    /// Hashes of the user names and addresses in lower case: almost no value that is looked up is among them.
    identifiers: Hashes,
    /// By user name in lower case.
    uids: HashMap<Vec<u8>, Vec<KnownUid<Id>>>,
    uid_numbers: HashMap<Vec<u8>, Vec<Id>>,
    addresses: HashMap<Vec<u8>, Vec<Id>>,
    domains: HashMap<Id, Vec<u8>>,
}

impl<Id> Default for SubjectIndex<Id> {
    fn default() -> Self {
        Self {
            names: KeyMap::default(),
            hashes: Hashes::default(),
            depths: Vec::new(),
            near_misses: KeyMap::default(),
            identifiers: Hashes::default(),
            uids: HashMap::new(),
            uid_numbers: HashMap::new(),
            addresses: HashMap::new(),
            domains: HashMap::new(),
        }
    }
}

impl<Id: Copy + Eq + Hash> SubjectIndex<Id> {
    /// Adds a subject that is found by its name alone.
    pub fn add_name(&mut self, subject: Id, key: &DnKey) {
        self.add_depth(key.depth());
        self.hashes.insert(hash(key.as_bytes()));
        self.names.insert(key.clone(), subject);
    }

    fn add_depth(&mut self, depth: usize) {
        self.depths.resize(self.depths.len().max(depth + 1), false);
        self.depths[depth] = true;
    }

    /// Adds a subject that is found by its name and by every identifier of its entry.
    pub fn add(&mut self, subject: Id, entry: &Entry) {
        self.add_name(subject, entry.dn.key());
        self.domains.extend(domain_of(&entry.dn).map(|domain| (subject, domain.to_ascii_lowercase())));
        for uid in USER_NAMES.iter().flat_map(|name| entry.values(name)).filter(|value| !value.bytes.is_empty()) {
            self.identifiers.insert(lower_case_hash(&uid.bytes));
            let known = KnownUid { spelling: uid.bytes.to_vec(), subject };
            add_once(self.uids.entry(uid.bytes.to_ascii_lowercase()).or_default(), known);
        }
        for number in entry.values("uidNumber") {
            self.uid_numbers.entry(number.bytes.to_vec()).or_default().push(subject);
        }
        let addresses = ADDRESSES.iter().flat_map(|name| entry.values(name));
        for value in addresses.filter(|value| !bare_address(&value.bytes).is_empty()) {
            self.identifiers.insert(lower_case_hash(bare_address(&value.bytes)));
            add_once(self.addresses.entry(normalized_address(&value.bytes)).or_default(), subject);
        }
    }

    /// Adds a name that no entry should have, but that looks like the name of a subject.
    pub fn add_near_miss(&mut self, subject: Id, key: DnKey) {
        self.hashes.insert(hash(key.as_bytes()));
        self.near_misses.insert(key, subject);
    }

    /// Adds the subjects of another index, which were added later.
    pub fn merge(&mut self, later: Self) {
        later.depths.iter().enumerate().filter(|(_, is_used)| **is_used).for_each(|(depth, _)| self.add_depth(depth));
        self.names.extend(later.names);
        self.hashes.extend(later.hashes);
        self.near_misses.extend(later.near_misses);
        self.identifiers.extend(later.identifiers);
        for (uid, known) in later.uids {
            let all = self.uids.entry(uid).or_default();
            for known in known {
                add_once(all, known);
            }
        }
        for (number, subjects) in later.uid_numbers {
            self.uid_numbers.entry(number).or_default().extend(subjects);
        }
        for (address, subjects) in later.addresses {
            let all = self.addresses.entry(address).or_default();
            for subject in subjects {
                add_once(all, subject);
            }
        }
        self.domains.extend(later.domains);
    }

    /// Whether every identifier of this index is in another one too: then a value that names no subject of the other names
    /// none of this one.
    pub fn is_covered_by(&self, other: &Self) -> bool {
        let has_uid = |uid: &Vec<u8>, known: &[KnownUid<Id>]| {
            let others = other.uids.get(uid).map_or(&[][..], Vec::as_slice);
            known.iter().all(|known| {
                let domain = self.domain(known.subject);
                others.iter().any(|known| other.domain(known.subject) == domain)
            })
        };
        self.names.keys().all(|name| other.names.contains_key(name))
            && self.near_misses.keys().all(|name| other.near_misses.contains_key(name))
            && self.uid_numbers.keys().all(|number| other.uid_numbers.contains_key(number))
            && self.addresses.keys().all(|address| other.addresses.contains_key(address))
            && self.uids.iter().all(|(uid, known)| has_uid(uid, known))
    }

    /// Whether there are no subjects.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a name is a near miss.
    pub fn is_near_miss(&self, key: &[u8]) -> bool {
        self.by_near_miss(key).is_some()
    }

    /// The subject whose name a near miss looks like.
    pub(super) fn by_near_miss(&self, key: &[u8]) -> Option<Id> {
        let may_be = !self.near_misses.is_empty() && self.hashes.contains(&hash(key));
        may_be.then(|| self.near_misses.get(key).copied())?
    }

    /// The subject with exactly this name.
    pub fn by_name(&self, key: &[u8]) -> Option<Id> {
        self.hashes.contains(&hash(key)).then(|| self.names.get(key).copied())?
    }

    /// The topmost subject whose entry is at or above a name.
    pub fn at_or_above(&self, key: &[u8]) -> Option<Id> {
        if self.depths.is_empty() {
            return None;
        }
        let deep_enough = prefixes(key).zip(self.depths.iter().skip(1)).filter(|(_, is_used)| **is_used);
        deep_enough.map(|((above, _), _)| above).find_map(|above| self.by_name(above))
    }

    /// The subjects with this user name, in any case.
    pub(super) fn by_uid(&self, uid: &[u8]) -> &[KnownUid<Id>] {
        if !self.may_identify(uid) {
            return &[];
        }
        self.uids.get(&uid.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// The subjects with this `uidNumber`.
    pub(super) fn by_uid_number(&self, number: &[u8]) -> &[Id] {
        self.uid_numbers.get(number).map_or(&[], Vec::as_slice)
    }

    /// The subjects with this mail address, in any case.
    pub(super) fn by_address(&self, address: &[u8]) -> &[Id] {
        if !self.may_identify(bare_address(address)) {
            return &[];
        }
        self.addresses.get(&normalized_address(address)).map_or(&[], Vec::as_slice)
    }

    /// Whether a user name or an address, in lower case, is one of a subject's.
    pub(super) fn has_identifier(&self, subject: Id, identifier: &[u8]) -> bool {
        let has_uid = self.uids.get(identifier).is_some_and(|all| all.iter().any(|known| known.subject == subject));
        has_uid || self.addresses.get(identifier).is_some_and(|all| all.contains(&subject))
    }

    /// The mail domain that a subject is in by its name, in lower case.
    pub(super) fn domain(&self, subject: Id) -> Option<&Vec<u8>> {
        self.domains.get(&subject)
    }

    /// The user name or mail address, in lower case, that an entry shares with a subject: then a value with it may mean
    /// either of them. `None` if the entry shares none by this value, or is at or below a subject.
    ///
    /// A user name counts for every entry, because entries that are not accounts of the policy use it all the same. An
    /// address counts only for an account.
    pub fn shared_with(&self, identifier: Identifier<'_>, is_account: impl FnOnce() -> bool) -> Option<Vec<u8>> {
        let Identifier { entry, attribute_type, value } = identifier;
        if !self.may_identify(bare_address(value)) && !self.may_identify(value) {
            return None;
        }
        let is_user_name = is_one_of(&USER_NAMES, attribute_type);
        let shared = if is_user_name {
            Some(value.to_ascii_lowercase()).filter(|uid| self.uids.contains_key(uid))
        } else {
            Some(normalized_address(value)).filter(|address| self.addresses.contains_key(address))
        }?;
        (self.at_or_above(entry).is_none() && (is_user_name || is_account())).then_some(shared)
    }

    /// False for a value that is not a user name or an address of any subject, in any case.
    fn may_identify(&self, value: &[u8]) -> bool {
        !self.identifiers.is_empty() && self.identifiers.contains(&lower_case_hash(value))
    }
}

fn add_once<T: PartialEq>(all: &mut Vec<T>, new: T) {
    if !all.contains(&new) {
        all.push(new);
    }
}

/// An address as it is compared: without the type prefix of [MS-ADA3], in lower case.
fn normalized_address(value: &[u8]) -> Vec<u8> {
    bare_address(value).to_ascii_lowercase()
}

/// An address without surrounding blanks and without the type prefix `smtp:`.
fn bare_address(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value.split_at_checked(5) {
        Some((kind, address)) if kind.eq_ignore_ascii_case(b"smtp:") => address,
        _ => value,
    }
}

/// The hash of a value in lower case; short values are not copied to the heap.
fn lower_case_hash(value: &[u8]) -> u64 {
    let mut short = [0; 128];
    match short.get_mut(..value.len()) {
        Some(lower) => {
            lower.copy_from_slice(value);
            lower.make_ascii_lowercase();
            hash(lower)
        }
        None => hash(&value.to_ascii_lowercase()),
    }
}
