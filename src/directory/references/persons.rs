//! Who is looked for, and whether a value names one of them.

use std::collections::HashMap;

use super::inside::{self, Part};
use super::kinds::Form;
use super::named_dn;
use crate::directory::key_hash::{Hashes, KeyMap, hash};
use crate::ldap::attribute::is_one_of;
use crate::ldap::dn_key::{KeyBuffer, prefixes};
use crate::ldap::domain::domain_of;
use crate::ldap::name_and_uid::split_name_and_uid;
use crate::ldap::url::percent_decoded;
use crate::ldap::{Dn, DnError, DnKey, Entry};

/// Attributes whose values are user names.
pub const USER_NAMES: [&str; 2] = ["uid", "sAMAccountName"];

/// Attributes whose values are a person's own mail addresses (RFC 4524, 819-4437, draft-lachman, [MS-ADA3]).
pub const ADDRESSES: [&str; 5] =
    ["mail", "mailAlternateAddress", "mailEquivalentAddress", "mailLocalAddress", "proxyAddresses"];

/// Attributes that say who an entry is: its user names and addresses.
pub fn identifying() -> impl Iterator<Item = &'static str> {
    USER_NAMES.into_iter().chain(ADDRESSES)
}

/// How a value names somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// By the name of the entry, or of one below it.
    Name,
    /// By a user name, which somebody else may have as well.
    Uid,
    /// By a user name in another case, which a server may take for another.
    UidInAnotherCase,
    /// By a mail address.
    Address,
    /// Somewhere in a URL, a filter or an access rule.
    Inside,
    /// Not at all, but it looks like it: the person's `cn` next to the person's entry.
    NearMiss,
}

/// A person that a value names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Who, by number.
    pub person: usize,
    /// How.
    pub how: MatchKind,
}

/// People and entries that are looked for, each with a number.
#[derive(Default)]
pub struct SubjectIndex {
    names: KeyMap<usize>,
    /// Hashes of the names and of the near misses: nearly all keys that are asked for are not among them.
    hashes: Hashes,
    /// For each number of RDNs, whether a name has so many.
    depths: Vec<bool>,
    near_misses: KeyMap<usize>,
    /// Hashes of the user names and addresses in lower case: nearly all values that are asked for are not among them.
    identities: Hashes,
    /// By user name in lower case: as written, and who.
    uids: HashMap<Vec<u8>, Vec<(Vec<u8>, usize)>>,
    numbers: HashMap<Vec<u8>, Vec<usize>>,
    addresses: HashMap<Vec<u8>, Vec<usize>>,
    domains: HashMap<usize, Vec<u8>>,
}

impl SubjectIndex {
    /// Looks for an entry by its name alone.
    pub fn add_name(&mut self, person: usize, key: &DnKey) {
        let depth = key.depth();
        self.depths.resize(self.depths.len().max(depth + 1), false);
        self.depths[depth] = true;
        self.hashes.insert(hash(key.as_bytes()));
        self.names.insert(key.clone(), person);
    }

    /// Looks for whatever names the person of an entry.
    pub fn add(&mut self, person: usize, entry: &Entry) {
        self.add_name(person, entry.dn.key());
        self.domains.extend(domain_of(&entry.dn).map(|domain| (person, domain.to_ascii_lowercase())));
        for uid in USER_NAMES.iter().flat_map(|name| entry.values(name)).filter(|value| !value.bytes.is_empty()) {
            self.identities.insert(lower_case_hash(&uid.bytes));
            let known = self.uids.entry(uid.bytes.to_ascii_lowercase()).or_default();
            if !known.iter().any(|(spelled, whose)| *whose == person && **spelled == *uid.bytes) {
                known.push((uid.bytes.to_vec(), person));
            }
        }
        for number in entry.values("uidNumber") {
            self.numbers.entry(number.bytes.to_vec()).or_default().push(person);
        }
        for value in ADDRESSES.iter().flat_map(|name| entry.values(name)) {
            self.identities.insert(lower_case_hash(bare_address(&value.bytes)));
            let whose = self.addresses.entry(address(&value.bytes)).or_default();
            if !whose.contains(&person) {
                whose.push(person);
            }
        }
        self.addresses.remove(&b""[..]);
    }

    /// Looks for a name that is nobody's, but looks like a person's.
    pub fn add_near_miss(&mut self, person: usize, key: DnKey) {
        self.hashes.insert(hash(key.as_bytes()));
        self.near_misses.insert(key, person);
    }

    /// Whether all that these are found by is among what others are found by: a value that names none of the others
    /// names none of these.
    pub fn contains_all_of(&self, others: &Self) -> bool {
        let domain_of = |persons: &Self, person: usize| persons.domains.get(&person).cloned();
        let has_uid = |uid: &Vec<u8>, known: &[(Vec<u8>, usize)]| {
            let theirs = others.uids.get(uid).map_or(&[][..], Vec::as_slice);
            known.iter().all(|(_, person)| {
                let domain = domain_of(self, *person);
                theirs.iter().any(|(_, other)| domain_of(others, *other) == domain)
            })
        };
        self.names.keys().all(|name| others.names.contains_key(name))
            && self.near_misses.keys().all(|name| others.near_misses.contains_key(name))
            && self.numbers.keys().all(|number| others.numbers.contains_key(number))
            && self.addresses.keys().all(|address| others.addresses.contains_key(address))
            && self.uids.iter().all(|(uid, known)| has_uid(uid, known))
    }

    /// Whether nobody is looked for.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a name is a near miss.
    pub fn is_near_miss(&self, key: &[u8]) -> bool {
        self.near_miss(key).is_some()
    }

    fn near_miss(&self, key: &[u8]) -> Option<usize> {
        let may_be = !self.near_misses.is_empty() && self.hashes.contains(&hash(key));
        may_be.then(|| self.near_misses.get(key).copied())?
    }

    /// Who has exactly this name.
    pub fn named(&self, key: &[u8]) -> Option<usize> {
        self.hashes.contains(&hash(key)).then(|| self.names.get(key).copied())?
    }

    /// Who stands at or above a name.
    pub fn at_or_above(&self, key: &[u8]) -> Option<usize> {
        if self.depths.is_empty() {
            return None;
        }
        let deep_enough = prefixes(key).zip(self.depths.iter().skip(1)).filter(|(_, is_one)| **is_one);
        deep_enough.map(|((above, _), _)| above).find_map(|above| self.named(above))
    }

    /// A user name or a mail address of an entry that somebody who is looked for has as well, in lower case: then either may
    /// be meant by it. A user name counts whatever the entry is, for what is not an account by the policy uses it all the same;
    /// an address is that of an account. Not what stands at or below somebody who is looked for.
    pub fn shared_with(
        &self,
        key: &[u8],
        (attribute_type, value): (&str, &[u8]),
        is_account: impl FnOnce() -> bool,
    ) -> Option<Vec<u8>> {
        let name = self.shares(attribute_type, value)?;
        let counts = self.at_or_above(key).is_none() && (is_one_of(&USER_NAMES, attribute_type) || is_account());
        counts.then_some(name)
    }

    fn shares(&self, attribute_type: &str, value: &[u8]) -> Option<Vec<u8>> {
        if !self.may_identify(bare_address(value)) && !self.may_identify(value) {
            return None;
        }
        if is_one_of(&USER_NAMES, attribute_type) {
            let uid = value.to_ascii_lowercase();
            return self.uids.contains_key(&uid).then_some(uid);
        }
        let address = address(value);
        self.addresses.contains_key(&address).then_some(address)
    }

    /// False for what is not an user name and no address of anybody, in any case.
    fn may_identify(&self, value: &[u8]) -> bool {
        !self.identities.is_empty() && self.identities.contains(&lower_case_hash(value))
    }

    /// Finds everybody that a value names, each once; an error if it should be a name and is none.
    pub fn find(
        &self,
        form: Form,
        attribute_type: &str,
        value: &[u8],
        keys: &mut KeyBuffer,
        found: &mut Vec<Naming>,
    ) -> Result<(), DnError> {
        found.clear();
        match form {
            Form::Name => self.name(named_dn(attribute_type, value), keys, found)?,
            Form::NameAndUid => self.name(split_name_and_uid(value).0, keys, found)?,
            Form::Uid => self.uid(value, found),
            Form::SudoUser => self.sudo_user(value, found),
            Form::Netgroup => self.netgroup(value, found),
            Form::Calendar => self.calendar(value, found),
            Form::Address => self.address(value, found),
            Form::AddressOrUrl => self.address_or_url(value, keys, found),
            Form::NameOrUid => {
                if self.name(value, keys, found).is_err() {
                    self.uid(value, found);
                }
            }
            Form::Url => inside::of_url(value, &mut |part| self.part(&part, keys, found)),
            Form::Text => inside::of_text(value, &mut |part| self.part(&part, keys, found)),
        }
        Ok(())
    }

    fn name(&self, dn: &[u8], keys: &mut KeyBuffer, found: &mut Vec<Naming>) -> Result<(), DnError> {
        let key = keys.key_of(dn)?;
        if let Some(person) = self.at_or_above(key) {
            push(found, person, MatchKind::Name);
        } else if let Some(person) = self.near_miss(key) {
            push(found, person, MatchKind::NearMiss);
        }
        Ok(())
    }

    fn uid(&self, uid: &[u8], found: &mut Vec<Naming>) {
        if !self.may_identify(uid) {
            return;
        }
        for (spelled, person) in self.uids.get(&uid.to_ascii_lowercase()).into_iter().flatten() {
            push(found, *person, if spelled == uid { MatchKind::Uid } else { MatchKind::UidInAnotherCase });
        }
    }

    fn sudo_user(&self, value: &[u8], found: &mut Vec<Naming>) {
        let value = value.strip_prefix(b"!").unwrap_or(value);
        match value.strip_prefix(b"#") {
            Some(number) => {
                self.numbers.get(number).into_iter().flatten().for_each(|person| push(found, *person, MatchKind::Uid));
            }
            None => self.uid(value, found),
        }
    }

    fn netgroup(&self, triple: &[u8], found: &mut Vec<Naming>) {
        let inner = triple.trim_ascii().strip_prefix(b"(").and_then(|inner| inner.strip_suffix(b")"));
        if let Some(user) = inner.and_then(|inner| inner.split(|byte| *byte == b',').nth(1)) {
            self.uid(user.trim_ascii(), found);
        }
    }

    fn calendar(&self, value: &[u8], found: &mut Vec<Naming>) {
        let until = |value: &[u8], end: u8| value.split(|byte| *byte == end).next().unwrap_or_default().to_vec();
        let owner = until(&until(value, b'$'), b':');
        match owner.iter().position(|byte| *byte == b'@') {
            None => self.uid(&owner, found),
            Some(at) => {
                let domain = owner[at + 1..].to_ascii_lowercase();
                let mut alike = Vec::new();
                self.uid(&owner[..at], &mut alike);
                for naming in alike.into_iter().filter(|naming| self.domains.get(&naming.person) == Some(&domain)) {
                    push(found, naming.person, MatchKind::Inside);
                }
                self.address(&owner, found);
            }
        }
    }

    fn address(&self, value: &[u8], found: &mut Vec<Naming>) {
        if !self.may_identify(bare_address(value)) {
            return;
        }
        let whose = self.addresses.get(&address(value));
        whose.into_iter().flatten().for_each(|person| push(found, *person, MatchKind::Address));
    }

    fn address_or_url(&self, value: &[u8], keys: &mut KeyBuffer, found: &mut Vec<Naming>) {
        if let Some(address) = mailto(value) {
            self.address(&address, found);
        } else if let Some(dn) = named_by_url(value) {
            // A URL that only names an entry is as good as its name.
            let _ = self.name(dn.raw_bytes(), keys, found);
        } else {
            self.address(value, found);
            inside::of_url(value, &mut |part| self.part(&part, keys, found));
        }
    }

    fn part(&self, part: &Part<'_>, keys: &mut KeyBuffer, found: &mut Vec<Naming>) {
        match part {
            Part::Name(name) => {
                let person = keys.key_of(name).ok().and_then(|key| self.at_or_above(key));
                if let Some(person) = person {
                    push(found, person, MatchKind::Inside);
                }
            }
            Part::Equals(attribute, value) => {
                let mut alike = Vec::new();
                if is_one_of(&USER_NAMES, attribute) {
                    self.uid(value, &mut alike);
                } else if is_one_of(&ADDRESSES, attribute) {
                    self.address(value, &mut alike);
                }
                for naming in &alike {
                    push(found, naming.person, MatchKind::Inside);
                }
            }
        }
    }
}

fn push(found: &mut Vec<Naming>, person: usize, how: MatchKind) {
    if !found.iter().any(|naming| naming.person == person) {
        found.push(Naming { person, how });
    }
}

/// An address as it is compared: without the kind that [MS-ADA3] writes before it, in lower case.
fn address(value: &[u8]) -> Vec<u8> {
    bare_address(value).to_ascii_lowercase()
}

/// An address without blanks around it and the kind before it.
fn bare_address(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value.split_at_checked(5) {
        Some((kind, address)) if kind.eq_ignore_ascii_case(b"smtp:") => address,
        _ => value,
    }
}

/// The hash of a value in lower case.
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

/// The address of a `mailto:` URL (RFC 6068), without its headers.
pub fn mailto(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(7)?;
    if !scheme.eq_ignore_ascii_case(b"mailto:") {
        return None;
    }
    let address = rest.split(|byte| *byte == b'?').next().unwrap_or_default();
    std::str::from_utf8(address).ok().map(percent_decoded)
}

/// The name in a URL that has nothing behind it.
pub fn named_by_url(value: &[u8]) -> Option<Dn> {
    let url = crate::ldap::url::LdapUrl::of_value(value)?;
    url.rest.is_none_or(|rest| rest.bytes().all(|byte| byte == b'?')).then_some(url.dn)
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Form::*;
    use super::*;
    use crate::ldap::{AttributeDescription, Origin, Value};

    fn person(dn: &str, lines: &[(&str, &str)]) -> Entry {
        let mut entry =
            Entry { dn: Dn::parse(dn.as_bytes()).unwrap(), origin: Origin::default(), attributes: Vec::new() };
        for (name, value) in lines {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    /// jsmith is 0, mrossi 1.
    fn persons() -> SubjectIndex {
        let mut persons = SubjectIndex::default();
        let smith = [
            ("uid", "jsmith"),
            ("uidNumber", "1042"),
            ("mail", "John.Smith@sesta.com"),
            ("mailAlternateAddress", "js@sesta.com"),
        ];
        persons.add(0, &person("uid=jsmith,ou=People,o=sesta.com,o=isp", &smith));
        persons
            .add(1, &person("uid=mrossi,ou=People,o=siroe.com,o=isp", &[("uid", "mrossi"), ("mail", "m@siroe.com")]));
        persons.add_near_miss(0, DnKey::parse(b"cn=John Smith,ou=People,o=sesta.com,o=isp").unwrap());
        persons
    }

    /// The form, a value, and whom it names.
    type Row<'r> = (Form, &'r str, &'r [(usize, MatchKind)]);

    #[test]
    fn who_is_named() {
        let persons = persons();
        let (nobody, smith): (&[(usize, MatchKind)], usize) = (&[], 0);
        #[rustfmt::skip]
        let table: &[Row<'_>] = &[
            (Name, "UID = JSmith, ou=people,o=sesta.com,O=ISP", &[(smith, MatchKind::Name)]),
            (Name, "cn=phone,uid=jsmith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::Name)]),
            (Name, "cn=John  Smith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::NearMiss)]),
            (Name, "uid=jsmith,ou=People,o=siroe.com,o=isp", nobody),
            (NameAndUid, "uid=jsmith,ou=People,o=sesta.com,o=isp#'0101'B", &[(smith, MatchKind::Name)]),
            (Uid, "jsmith", &[(smith, MatchKind::Uid)]),
            (Uid, "JSmith", &[(smith, MatchKind::UidInAnotherCase)]),
            (Uid, "jsmith2", nobody),
            (SudoUser, "jsmith", &[(smith, MatchKind::Uid)]),
            (SudoUser, "!jsmith", &[(smith, MatchKind::Uid)]),
            (SudoUser, "#1042", &[(smith, MatchKind::Uid)]),
            (SudoUser, "%jsmith", nobody),
            (SudoUser, "+jsmith", nobody),
            (SudoUser, "ALL", nobody),
            (Netgroup, "(host, jsmith ,sesta.com)", &[(smith, MatchKind::Uid)]),
            (Netgroup, "(jsmith,-,)", nobody),
            (Netgroup, "(,,)", nobody),
            (Calendar, "jsmith", &[(smith, MatchKind::Uid)]),
            (Calendar, "jsmith:Work$My work", &[(smith, MatchKind::Uid)]),
            (Calendar, "jsmith@sesta.com:Work$x", &[(smith, MatchKind::Inside)]),
            (Calendar, "jsmith@siroe.com", nobody),
            (Calendar, "js@sesta.com$x", &[(smith, MatchKind::Address)]),
            (Address, "JOHN.SMITH@SESTA.COM", &[(smith, MatchKind::Address)]),
            (Address, "jsmith@sesta.com", nobody),
            (AddressOrUrl, "mailto:js%40sesta.com?subject=x", &[(smith, MatchKind::Address)]),
            (AddressOrUrl, "MAILTO:js@sesta.com", &[(smith, MatchKind::Address)]),
            (AddressOrUrl, "js@sesta.com", &[(smith, MatchKind::Address)]),
            (AddressOrUrl, "ldap:///uid=jsmith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::Name)]),
            (AddressOrUrl, "ldap:///o=sesta.com,o=isp??sub?(uid=jsmith)", &[(smith, MatchKind::Inside)]),
            (NameOrUid, "jsmith", &[(smith, MatchKind::Uid)]),
            (NameOrUid, "uid=jsmith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::Name)]),
            (Url, "ldap:///o=isp??sub?(|(uid=jsmith)(uid=mrossi))", &[(smith, MatchKind::Inside), (1, MatchKind::Inside)]),
            (Url, "ldap:///o=isp??sub?(mail=js@sesta.com)", &[(smith, MatchKind::Inside)]),
            (Url, "ldap:///o=isp??sub?(cn=jsmith)", nobody),
            (Url, "http://www.sesta.com/~jsmith", nobody),
            (Text, r#"allow (all) userdn="ldap:///uid=jsmith,ou=People,o=sesta.com,o=isp";"#, &[(smith, MatchKind::Inside)]),
            (Text, r#"to * by dn.exact="uid=jsmith,ou=People,o=sesta.com,o=isp" write"#, &[(smith, MatchKind::Inside)]),
            (Text, r#"allow (all) userdn="ldap:///uid=other,ou=People,o=sesta.com,o=isp";"#, nobody),
        ];
        let (mut keys, mut found) = (KeyBuffer::new(), Vec::new());
        for (form, value, expected) in table {
            persons.find(*form, "x", value.as_bytes(), &mut keys, &mut found).unwrap();
            let found: Vec<_> = found.iter().map(|naming| (naming.person, naming.how)).collect();
            assert_eq!(found, *expected, "{form:?} {value}");
        }
    }
}
