//! Who else has the user name or the mail address of somebody who is looked for.

use super::kinds::Form;
use super::persons::MatchKind;
use crate::ldap::DnKey;
use crate::ldap::dn_key::prefixes;

/// Somebody who is not looked for; whatever has a user name, or an account with an address.
#[derive(Clone, Debug)]
struct SharedIdentifier {
    /// The user name or address, in lower case.
    name: Vec<u8>,
    key: DnKey,
}

/// Whom a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referent {
    /// Who is looked for.
    Leaver,
    /// Somebody else.
    SomeoneElse,
    /// One or the other: a person must decide.
    Ambiguous,
}

/// Everybody who shares a user name or an address with somebody who is looked for.
#[derive(Clone, Debug, Default)]
pub struct SharedIdentifiers(Vec<SharedIdentifier>);

impl SharedIdentifiers {
    /// Adds an entry by what it shares, in lower case.
    pub fn add(&mut self, name: Vec<u8>, key: &[u8]) {
        self.0.push(SharedIdentifier { name, key: DnKey::from_key_bytes(key) });
    }

    /// Those who are not among these.
    #[must_use]
    pub fn without(&self, these: &dyn Fn(&DnKey) -> bool) -> Self {
        Self(self.0.iter().filter(|namesake| !these(&namesake.key)).cloned().collect())
    }

    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whose an address book is that stands under the user name of a person: his who is in the domain of the book. It is
    /// unclear where both do; and where neither does, as a mail address in that domain may be anybody's.
    pub fn book_owner(&self, uid: &[u8], book_domain: Option<&[u8]>, person: &DnKey) -> Referent {
        let uid = uid.to_ascii_lowercase();
        let mut others = self.0.iter().filter(|other| other.name == uid).peekable();
        if others.peek().is_none() {
            return Referent::Leaver;
        }
        let stands_there = |key: &DnKey| book_domain.is_some_and(|domain| domain_name(key) == domain);
        match (stands_there(person), others.any(|other| stands_there(&other.key))) {
            (true, false) => Referent::Leaver,
            (false, true) => Referent::SomeoneElse,
            _ => Referent::Ambiguous,
        }
    }

    /// Whom a value of an entry means, which seems to mean a person.
    ///
    /// A user name means the one of the domain that the entry is in; of several or none, the one whose name ends like
    /// that of the entry, RDN by RDN, for the longest stretch; as near, it is unclear. An address that somebody else has as well is unclear in any case. A name means
    /// its entry.
    pub fn whose(&self, (form, how): (Form, MatchKind), value: &[u8], person: &DnKey, entry: &DnKey) -> Referent {
        if self.0.is_empty() || !matches!(how, MatchKind::Uid | MatchKind::UidInAnotherCase | MatchKind::Address) {
            return Referent::Leaver;
        }
        let nearness = |key: &DnKey| {
            let names = prefixes(key.as_bytes()).zip(prefixes(entry.as_bytes()));
            let domain = domain(entry);
            (!domain.is_empty() && self::domain(key) == domain, names.take_while(|((_, a), (_, b))| a == b).count())
        };
        let value = value.to_ascii_lowercase();
        let shares = |other: &&SharedIdentifier| match form {
            Form::Uid | Form::Address | Form::NameOrUid => value == other.name,
            _ => memchr::memmem::find(&value, &other.name).is_some(),
        };
        let nearest = self.0.iter().filter(shares).map(|other| nearness(&other.key)).max();
        match nearest {
            None => Referent::Leaver,
            Some(_) if how == MatchKind::Address => Referent::Ambiguous,
            Some(other) => match other.cmp(&nearness(person)) {
                std::cmp::Ordering::Less => Referent::Leaver,
                std::cmp::Ordering::Equal => Referent::Ambiguous,
                std::cmp::Ordering::Greater => Referent::SomeoneElse,
            },
        }
    }
}

/// The hosted domain of a name: its nearest `o`, or all its `dc`.
fn domain(key: &DnKey) -> Vec<&[u8]> {
    let rdns = |attribute: &'static [u8]| {
        prefixes(key.as_bytes()).map(|(_, rdn)| rdn).filter(move |rdn| rdn.starts_with(attribute))
    };
    rdns(b"o=").last().map_or_else(|| rdns(b"dc=").collect(), |organisation| vec![organisation])
}

/// The hosted domain of a name as it is written: `siroe.com`.
fn domain_name(key: &DnKey) -> Vec<u8> {
    let values = domain(key).into_iter().rev().map(|rdn| &rdn[memchr::memchr(b'=', rdn).map_or(0, |at| at + 1)..]);
    values.collect::<Vec<_>>().join(&b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_book_it_is() {
        let key = |dn: &str| DnKey::parse(dn.as_bytes()).unwrap();
        for (other, person, domain, expected) in [
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("sesta.com"), Referent::Leaver),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("siroe.com"), Referent::SomeoneElse),
            ("uid=a,ou=b,o=siroe.com,o=isp", "uid=a,o=siroe.com,o=isp", Some("siroe.com"), Referent::Ambiguous),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("example.com"), Referent::Ambiguous),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", None, Referent::Ambiguous),
            ("uid=a,DC=Siroe,dc=com", "uid=a,dc=sesta,dc=com", Some("sesta.com"), Referent::Leaver),
            ("uid=a,DC=Siroe,dc=com", "uid=a,dc=sesta,dc=com", Some("siroe.com"), Referent::SomeoneElse),
        ] {
            let mut namesakes = SharedIdentifiers::default();
            assert_eq!(namesakes.book_owner(b"a", domain.map(str::as_bytes), &key(person)), Referent::Leaver);
            namesakes.add(b"a".to_vec(), key(other).as_bytes());
            let found = namesakes.book_owner(b"A", domain.map(str::as_bytes), &key(person));
            assert_eq!(found, expected, "{other} {person} {domain:?}");
        }
    }

    /// jsmith of sesta.com leaves; siroe.com has another, who stays.
    #[test]
    fn the_nearest_is_meant() {
        let key = |dn: &str| DnKey::parse(dn.as_bytes()).unwrap();
        let mut namesakes = SharedIdentifiers::default();
        namesakes.add(b"jsmith".to_vec(), key("uid=jsmith,ou=People,o=siroe.com,o=isp").as_bytes());
        namesakes.add(b"info@isp.com".to_vec(), key("uid=info,o=isp").as_bytes());
        let person = key("uid=jsmith,ou=People,o=sesta.com,o=isp");
        for (entry, form, how, value, expected) in [
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
            ("cn=list,o=sesta.com,o=isp", Form::Address, MatchKind::Address, "js@sesta.com", Referent::Leaver),
            (
                "cn=list,o=siroe.com,o=isp",
                Form::Name,
                MatchKind::Name,
                "uid=jsmith,ou=People,o=sesta.com,o=isp",
                Referent::Leaver,
            ),
        ] {
            let found = namesakes.whose((form, how), value.as_bytes(), &person, &key(entry));
            assert_eq!(found, expected, "{entry} {value}");
        }
    }
}
