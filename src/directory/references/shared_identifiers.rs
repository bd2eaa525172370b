//! Entries that have the same user name or mail address as a subject, and which of them a value refers to.
//!
//! | the value | refers to |
//! | --- | --- |
//! | a DN | its entry |
//! | a user name that several entries have | the entry in the same domain as the entry with the value; then the one whose name has the longest suffix in common with it; a tie is ambiguous |
//! | an address that several entries have | ambiguous |

use std::cmp::Ordering;
use std::hash::Hash;

use super::form::Form;
use super::subject_index::{MatchKind, SubjectIndex};
use crate::ldap::DnKey;
use crate::ldap::dn_key::prefixes;
use crate::ldap::domain::{domain_of_key, domain_rdns};

/// An identifier of an entry that is not a subject.
#[derive(Clone, Debug)]
struct SharedIdentifier {
    /// The user name or address, in lower case.
    identifier: Vec<u8>,
    entry: DnKey,
}

/// The account that a value refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referent {
    /// The leaver's account.
    Leaver,
    /// Another account.
    SomeoneElse,
    /// One of several; this is a decision item.
    Ambiguous,
}

/// A value that matches a subject.
#[derive(Clone, Copy, Debug)]
pub struct MatchedValue<'v, Id> {
    /// The form of its attribute.
    pub form: Form,
    /// How it matches.
    pub kind: MatchKind,
    /// The value.
    pub value: &'v [u8],
    /// The subject.
    pub subject: Id,
    /// The name of the subject.
    pub name: &'v DnKey,
    /// The name of the entry with the value.
    pub entry: &'v DnKey,
}

/// The user names and addresses that entries share with subjects.
#[derive(Clone, Debug, Default)]
pub struct SharedIdentifiers(Vec<SharedIdentifier>);

impl SharedIdentifiers {
    /// Adds an entry by the key of its name, with the identifier that it shares, in lower case.
    pub fn add(&mut self, identifier: Vec<u8>, entry: &[u8]) {
        self.0.push(SharedIdentifier { identifier, entry: DnKey::from_key_bytes(entry) });
    }

    /// The identifiers of all entries except those that `excluded` picks.
    #[must_use]
    pub fn excluding(&self, excluded: &dyn Fn(&DnKey) -> bool) -> Self {
        Self(self.0.iter().filter(|shared| !excluded(&shared.entry)).cloned().collect())
    }

    /// Adds the identifiers of later blocks.
    pub fn merge(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// Whose address book it is that has the user name of an account in its name: that of the account in the domain of the
    /// book. It is ambiguous if several of them are in that domain, or none: then it may belong to any account with a mail
    /// address there.
    pub fn book_owner(&self, uid: &[u8], book_domain: Option<&[u8]>, account: &DnKey) -> Referent {
        let uid = uid.to_ascii_lowercase();
        let mut others = self.0.iter().filter(|other| other.identifier == uid).peekable();
        if others.peek().is_none() {
            return Referent::Leaver;
        }
        let is_in_domain = |key: &DnKey| book_domain.is_some_and(|domain| domain_of_key(key) == domain);
        match (is_in_domain(account), others.any(|other| is_in_domain(&other.entry))) {
            (true, false) => Referent::Leaver,
            (false, true) => Referent::SomeoneElse,
            _ => Referent::Ambiguous,
        }
    }

    /// The account that a value refers to, of `index`, whose subject it matches.
    ///
    /// Only identifiers of that subject count, and only as whole words of the value: the value `joanna` does not refer to an
    /// account with the user name `ann`.
    pub fn referent<Id: Copy + Eq + Hash>(&self, matched: MatchedValue<'_, Id>, index: &SubjectIndex<Id>) -> Referent {
        let MatchedValue { form, kind, value, subject, name, entry } = matched;
        if self.0.is_empty() || !matches!(kind, MatchKind::Uid | MatchKind::UidInAnotherCase | MatchKind::Address) {
            return Referent::Leaver;
        }
        let nearness = |key: &DnKey| {
            let rdns = prefixes(key.as_bytes()).zip(prefixes(entry.as_bytes()));
            let domain = domain_rdns(entry);
            (!domain.is_empty() && domain_rdns(key) == domain, rdns.take_while(|((_, a), (_, b))| a == b).count())
        };
        let value = value.to_ascii_lowercase();
        let is_in_value = |identifier: &[u8]| match form {
            Form::Uid | Form::NameOrUid => value == identifier,
            _ => has_word(&value, identifier),
        };
        let counts = |other: &&SharedIdentifier| {
            index.has_identifier(subject, &other.identifier) && is_in_value(&other.identifier)
        };
        let nearest = self.0.iter().filter(counts).map(|other| nearness(&other.entry)).max();
        match nearest {
            None => Referent::Leaver,
            Some(_) if kind == MatchKind::Address => Referent::Ambiguous,
            Some(other) => match other.cmp(&nearness(name)) {
                Ordering::Less => Referent::Leaver,
                Ordering::Equal => Referent::Ambiguous,
                Ordering::Greater => Referent::SomeoneElse,
            },
        }
    }
}

/// Whether a word occurs in a text, not as a part of a longer user name or address.
fn has_word(text: &[u8], word: &[u8]) -> bool {
    let is_inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
    memchr::memmem::find_iter(text, word).any(|start| {
        let before = start.checked_sub(1).and_then(|at| text.get(at));
        !is_inside(before) && !is_inside(text.get(start + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Entry, Origin, Value};

    #[test]
    fn who_owns_an_address_book() {
        let key = |dn: &str| DnKey::parse(dn.as_bytes()).unwrap();
        for (other, account, domain, expected) in [
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("sesta.com"), Referent::Leaver),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("siroe.com"), Referent::SomeoneElse),
            ("uid=a,ou=b,o=siroe.com,o=isp", "uid=a,o=siroe.com,o=isp", Some("siroe.com"), Referent::Ambiguous),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("example.com"), Referent::Ambiguous),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", None, Referent::Ambiguous),
            ("uid=a,DC=Siroe,dc=com", "uid=a,dc=sesta,dc=com", Some("sesta.com"), Referent::Leaver),
            ("uid=a,DC=Siroe,dc=com", "uid=a,dc=sesta,dc=com", Some("siroe.com"), Referent::SomeoneElse),
        ] {
            let mut shared = SharedIdentifiers::default();
            assert_eq!(shared.book_owner(b"a", domain.map(str::as_bytes), &key(account)), Referent::Leaver);
            shared.add(b"a".to_vec(), key(other).as_bytes());
            let found = shared.book_owner(b"A", domain.map(str::as_bytes), &key(account));
            assert_eq!(found, expected, "{other} {account} {domain:?}");
        }
    }

    /// The jsmith of sesta.com leaves; siroe.com has another jsmith, who stays.
    #[test]
    fn a_user_name_refers_to_the_nearest_account() {
        let key = |dn: &str| DnKey::parse(dn.as_bytes()).unwrap();
        let mut shared = SharedIdentifiers::default();
        shared.add(b"jsmith".to_vec(), key("uid=jsmith,ou=People,o=siroe.com,o=isp").as_bytes());
        shared.add(b"info@isp.com".to_vec(), key("uid=info,o=isp").as_bytes());
        let name = key("uid=jsmith,ou=People,o=sesta.com,o=isp");
        let index = index_of(
            "uid=jsmith,ou=People,o=sesta.com,o=isp",
            &[("uid", "jsmith"), ("mail", "info@isp.com"), ("mail", "js@sesta.com")],
        );
        for (entry, form, kind, value, expected) in [
            ("cn=unix,ou=Groups,o=sesta.com,o=isp", Form::Uid, MatchKind::Uid, "jsmith", Referent::Leaver),
            ("cn=unix,ou=Groups,o=siroe.com,o=isp", Form::Uid, MatchKind::Uid, "jsmith", Referent::SomeoneElse),
            (
                "cn=unix,ou=Groups,o=siroe.com,o=isp",
                Form::Uid,
                MatchKind::UidInAnotherCase,
                "JSmith",
                Referent::SomeoneElse,
            ),
            ("cn=unix,ou=Groups,o=isp", Form::Uid, MatchKind::Uid, "jsmith", Referent::Ambiguous),
            ("cn=unix,ou=Groups,o=isp", Form::Netgroup, MatchKind::Uid, "(-,jsmith,)", Referent::Ambiguous),
            ("cn=unix,ou=Groups,o=isp", Form::Uid, MatchKind::Uid, "other", Referent::Leaver),
            (
                "piEntryID=1,piPStoreOwner=a,o=sesta.com,o=PiServerDb",
                Form::NameOrUid,
                MatchKind::Uid,
                "jsmith",
                Referent::Leaver,
            ),
            (
                "piEntryID=1,piPStoreOwner=a,o=siroe.com,o=PiServerDb",
                Form::NameOrUid,
                MatchKind::Uid,
                "jsmith",
                Referent::SomeoneElse,
            ),
            ("cn=list,o=sesta.com,o=isp", Form::Address, MatchKind::Address, "Info@isp.com", Referent::Ambiguous),
            ("cn=list,o=sesta.com,o=isp", Form::Address, MatchKind::Address, "smtp:info@isp.com", Referent::Ambiguous),
            ("cn=list,o=sesta.com,o=isp", Form::Address, MatchKind::Address, "js@sesta.com", Referent::Leaver),
            (
                "cn=list,o=siroe.com,o=isp",
                Form::Name,
                MatchKind::Name,
                "uid=jsmith,ou=People,o=sesta.com,o=isp",
                Referent::Leaver,
            ),
        ] {
            let (value, entry) = (value.as_bytes(), key(entry));
            let found =
                shared.referent(MatchedValue { form, kind, value, subject: 0, name: &name, entry: &entry }, &index);
            assert_eq!(found, expected, "{entry:?} {value:?}");
        }
    }

    /// joanna leaves, and so does one of two accounts called ann: the other one's user name is a part of joanna's.
    #[test]
    fn a_part_of_a_user_name_is_not_that_user_name() {
        let key = |dn: &str| DnKey::parse(dn.as_bytes()).unwrap();
        let mut shared = SharedIdentifiers::default();
        shared.add(b"ann".to_vec(), key("uid=ann,ou=b,o=x").as_bytes());
        let (name, entry) = (key("uid=joanna,ou=a,o=x"), key("cn=role,ou=b,o=x"));
        for (uids, value, expected) in [
            (&[("uid", "joanna")][..], "joanna", Referent::Leaver),
            (&[("uid", "joanna")], "(-,joanna,)", Referent::Leaver),
            // Both are in the value, and the subject has only one of them.
            (&[("uid", "joanna")], "ldap:///o=x??sub?(|(uid=joanna)(uid=ann))", Referent::Leaver),
            // An account with both user names.
            (&[("uid", "joanna"), ("uid", "ann")], "(-,joanna,)", Referent::Leaver),
            (&[("uid", "joanna"), ("uid", "ann")], "(-,ann.lee,)", Referent::Leaver),
            (&[("uid", "joanna"), ("uid", "ann")], "(-,ann,)", Referent::SomeoneElse),
        ] {
            let index = index_of("uid=joanna,ou=a,o=x", uids);
            let (form, kind, value) = (Form::Netgroup, MatchKind::Uid, value.as_bytes());
            let found =
                shared.referent(MatchedValue { form, kind, value, subject: 0, name: &name, entry: &entry }, &index);
            assert_eq!(found, expected, "{uids:?} {value:?}");
        }
    }

    /// An index with one subject.
    fn index_of(dn: &str, values: &[(&str, &str)]) -> SubjectIndex<usize> {
        let dn = Dn::parse(dn.as_bytes()).unwrap();
        let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
        for (attribute, value) in values {
            entry.push(AttributeDescription::parse(attribute.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        let mut index = SubjectIndex::default();
        index.add(0, &entry);
        index
    }
}
