//! The accounts and dependents that a pass searches for, by every identifier that can name them.
//!
//! How a value of each form is looked up in it: [`Form::find`](super::Form::find).

use std::collections::HashMap;
use std::hash::Hash;

use IdentifierKind::{Address, Number, UserName};

use crate::directory::identity::holders::{
    ADDRESSES, IdentifierKind, NUMBER, USER_NAMES, normal_form, with_normal_form,
};
use crate::directory::key_hash::{Hashes, KeyMap, hash};
use crate::ldap::dn_key::prefixes;
use crate::ldap::domain::domain_of;
use crate::ldap::{DnKey, Entry};

/// How a value names a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// By the DN of its entry, or of an entry below it.
    Name,
    /// By a user name, which another account may have as well.
    Uid,
    /// By a user name in another case, which some servers take for a different one.
    UidInAnotherCase,
    /// By the number of a user, which another account may have as well.
    Number,
    /// By a mail address.
    Address,
    /// Somewhere inside a URL, a filter or an access rule.
    Inside,
    /// By a user name, an address or a DN, in an attribute whose values have another form.
    OtherForm,
    /// Not exactly: the value has the `cn` of the account in the place of the account's RDN.
    NearMiss,
}

impl MatchKind {
    /// Whether the value names the subject for certain, unless another entry has the same user name, number or address.
    pub fn is_certain(self) -> bool {
        matches!(self, Self::Name | Self::Uid | Self::Number | Self::Address)
    }

    /// The kind of identifier by which the value names the subject; `None` if it is by a DN, or not for certain.
    pub fn identifier(self) -> Option<IdentifierKind> {
        match self {
            Self::Uid | Self::UidInAnotherCase => Some(UserName),
            Self::Number => Some(Number),
            Self::Address => Some(Address),
            Self::Name | Self::Inside | Self::OtherForm | Self::NearMiss => None,
        }
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

/// The subjects of a search. `Id` identifies each of them.
pub struct SubjectIndex<Id> {
    names: KeyMap<Id>,
    /// Hashes of the names and of the near misses: almost no key that is looked up is among them.
    hashes: Hashes,
    /// For each number of RDNs, whether a name has so many.
    depths: Vec<bool>,
    near_misses: KeyMap<Id>,
    /// Hashes of the identifiers in normal form: almost no value that is looked up is among them.
    identifiers: Hashes,
    /// By user name in normal form.
    uids: HashMap<Vec<u8>, Vec<KnownUid<Id>>>,
    /// By number in normal form.
    numbers: HashMap<Vec<u8>, Vec<Id>>,
    /// By address in normal form.
    addresses: HashMap<Vec<u8>, Vec<Id>>,
    /// The mail domains that subjects are in by their names, in normal form.
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
            numbers: HashMap::new(),
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
        self.domains.extend(domain_of(&entry.dn).map(|domain| (subject, normal_form(UserName, &domain))));
        for uid in USER_NAMES.iter().flat_map(|name| entry.values(name)) {
            let form = normal_form(UserName, &uid.bytes);
            if self.add_identifier(&form) {
                let known = KnownUid { spelling: uid.bytes.to_vec(), subject };
                add_once(self.uids.entry(form).or_default(), known);
            }
        }
        for number in entry.values(NUMBER) {
            let form = normal_form(Number, &number.bytes);
            if self.add_identifier(&form) {
                add_once(self.numbers.entry(form).or_default(), subject);
            }
        }
        for address in ADDRESSES.iter().flat_map(|name| entry.values(name)) {
            let form = normal_form(Address, &address.bytes);
            if self.add_identifier(&form) {
                add_once(self.addresses.entry(form).or_default(), subject);
            }
        }
    }

    /// Notes that an identifier in normal form is looked for. Gives whether it is one, and not empty.
    fn add_identifier(&mut self, form: &[u8]) -> bool {
        if !form.is_empty() {
            self.identifiers.insert(hash(form));
        }
        !form.is_empty()
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
        for (own, later) in [(&mut self.numbers, later.numbers), (&mut self.addresses, later.addresses)] {
            for (identifier, subjects) in later {
                let all = own.entry(identifier).or_default();
                for subject in subjects {
                    add_once(all, subject);
                }
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
            && self.numbers.keys().all(|number| other.numbers.contains_key(number))
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
        self.look_up(UserName, uid, &self.uids)
    }

    /// The subjects with this `uidNumber`.
    pub(super) fn by_number(&self, number: &[u8]) -> &[Id] {
        self.look_up(Number, number, &self.numbers)
    }

    /// The subjects with this mail address, in any case.
    pub(super) fn by_address(&self, address: &[u8]) -> &[Id] {
        self.look_up(Address, address, &self.addresses)
    }

    fn look_up<'i, T>(&'i self, kind: IdentifierKind, value: &[u8], known: &'i HashMap<Vec<u8>, Vec<T>>) -> &'i [T] {
        if self.identifiers.is_empty() {
            return &[];
        }
        with_normal_form(kind, value, |form| {
            let may_be = self.identifiers.contains(&hash(form));
            may_be.then(|| known.get(form)).flatten().map(Vec::as_slice).unwrap_or_default()
        })
    }

    /// The mail domain that a subject is in by its name, in normal form.
    pub(super) fn domain(&self, subject: Id) -> Option<&Vec<u8>> {
        self.domains.get(&subject)
    }

    /// The normal form of an identifier of the entry with this key, if a subject has it too: then a value with it may mean
    /// either of them. `None` if the entry is at or below a subject.
    pub fn shared(&self, kind: IdentifierKind, value: &[u8], entry: &[u8]) -> Option<Vec<u8>> {
        if self.identifiers.is_empty() {
            return None;
        }
        let shared = with_normal_form(kind, value, |form| {
            let is_known = || match kind {
                UserName => self.uids.contains_key(form),
                Number => self.numbers.contains_key(form),
                Address => self.addresses.contains_key(form),
            };
            (self.identifiers.contains(&hash(form)) && is_known()).then(|| form.to_vec())
        })?;
        self.at_or_above(entry).is_none().then_some(shared)
    }
}

fn add_once<T: PartialEq>(all: &mut Vec<T>, new: T) {
    if !all.contains(&new) {
        all.push(new);
    }
}
