//! Who else has the user name or the mail address of somebody who is looked for.

use super::kinds::Form;
use super::persons::How;
use crate::ldap::DnKey;
use crate::ldap::dn_key::prefixes;

/// Somebody who is not looked for; whatever has a user name, or an account with an address.
#[derive(Clone, Debug)]
struct Namesake {
    /// The user name or address, in lower case.
    name: Vec<u8>,
    key: DnKey,
}

/// Whom a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Who is looked for.
    Theirs,
    /// Somebody else.
    AnotherOnes,
    /// One or the other: a person must decide.
    Unclear,
}

/// Everybody who shares a user name or an address with somebody who is looked for.
#[derive(Clone, Debug, Default)]
pub struct Namesakes(Vec<Namesake>);

impl Namesakes {
    /// Adds an entry by what it shares, in lower case.
    pub fn add(&mut self, name: Vec<u8>, key: &[u8]) {
        self.0.push(Namesake { name, key: DnKey::from_key_bytes(key) });
    }

    /// Those who are none of these.
    #[must_use]
    pub fn without(&self, these: &dyn Fn(&DnKey) -> bool) -> Self {
        Self(self.0.iter().filter(|namesake| !these(&namesake.key)).cloned().collect())
    }

    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whose an address book is that stands under the user name of a person: his who stands in the domain of the book. It is
    /// unclear where both do; and where neither does, as a mail address in that domain may be anybody's.
    pub fn whose_book(&self, uid: &[u8], book_domain: Option<&[u8]>, person: &DnKey) -> Whose {
        let uid = uid.to_ascii_lowercase();
        let mut others = self.0.iter().filter(|other| other.name == uid).peekable();
        if others.peek().is_none() {
            return Whose::Theirs;
        }
        let stands_there = |key: &DnKey| book_domain.is_some_and(|domain| domain_name(key) == domain);
        match (stands_there(person), others.any(|other| stands_there(&other.key))) {
            (true, false) => Whose::Theirs,
            (false, true) => Whose::AnotherOnes,
            _ => Whose::Unclear,
        }
    }

    /// Whom a value of an entry means, which seems to mean a person.
    ///
    /// A user name means the one of the domain that the entry stands in; of several or none, the one whose name ends like
    /// that of the entry, RDN by RDN, for the longest stretch; as near, it is unclear. An address that somebody else has as well is unclear in any case. A name means
    /// its entry.
    pub fn whose(&self, (form, how): (Form, How), value: &[u8], person: &DnKey, entry: &DnKey) -> Whose {
        if self.0.is_empty() || !matches!(how, How::Uid | How::UidInAnotherCase | How::Address) {
            return Whose::Theirs;
        }
        let nearness = |key: &DnKey| {
            let names = prefixes(key.as_bytes()).zip(prefixes(entry.as_bytes()));
            let domain = domain(entry);
            (!domain.is_empty() && self::domain(key) == domain, names.take_while(|((_, a), (_, b))| a == b).count())
        };
        let value = value.to_ascii_lowercase();
        let shares = |other: &&Namesake| match form {
            Form::Uid | Form::Address | Form::NameOrUid => value == other.name,
            _ => memchr::memmem::find(&value, &other.name).is_some(),
        };
        let nearest = self.0.iter().filter(shares).map(|other| nearness(&other.key)).max();
        match nearest {
            None => Whose::Theirs,
            Some(_) if how == How::Address => Whose::Unclear,
            Some(other) => match other.cmp(&nearness(person)) {
                std::cmp::Ordering::Less => Whose::Theirs,
                std::cmp::Ordering::Equal => Whose::Unclear,
                std::cmp::Ordering::Greater => Whose::AnotherOnes,
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
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("sesta.com"), Whose::Theirs),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("siroe.com"), Whose::AnotherOnes),
            ("uid=a,ou=b,o=siroe.com,o=isp", "uid=a,o=siroe.com,o=isp", Some("siroe.com"), Whose::Unclear),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", Some("example.com"), Whose::Unclear),
            ("uid=a,o=siroe.com,o=isp", "uid=a,o=sesta.com,o=isp", None, Whose::Unclear),
            ("uid=a,DC=Siroe,dc=com", "uid=a,dc=sesta,dc=com", Some("sesta.com"), Whose::Theirs),
            ("uid=a,DC=Siroe,dc=com", "uid=a,dc=sesta,dc=com", Some("siroe.com"), Whose::AnotherOnes),
        ] {
            let mut namesakes = Namesakes::default();
            assert_eq!(namesakes.whose_book(b"a", domain.map(str::as_bytes), &key(person)), Whose::Theirs);
            namesakes.add(b"a".to_vec(), key(other).as_bytes());
            let found = namesakes.whose_book(b"A", domain.map(str::as_bytes), &key(person));
            assert_eq!(found, expected, "{other} {person} {domain:?}");
        }
    }

    /// jsmith of sesta.com leaves; siroe.com has another, who stays.
    #[test]
    fn the_nearest_is_meant() {
        let key = |dn: &str| DnKey::parse(dn.as_bytes()).unwrap();
        let mut namesakes = Namesakes::default();
        namesakes.add(b"jsmith".to_vec(), key("uid=jsmith,ou=People,o=siroe.com,o=isp").as_bytes());
        namesakes.add(b"info@isp.com".to_vec(), key("uid=info,o=isp").as_bytes());
        let person = key("uid=jsmith,ou=People,o=sesta.com,o=isp");
        for (entry, form, how, value, expected) in [
            ("cn=unix,ou=Groups,o=sesta.com,o=isp", Form::Uid, How::Uid, "jsmith", Whose::Theirs),
            ("cn=unix,ou=Groups,o=siroe.com,o=isp", Form::Uid, How::Uid, "jsmith", Whose::AnotherOnes),
            ("cn=unix,ou=Groups,o=siroe.com,o=isp", Form::Uid, How::UidInAnotherCase, "JSmith", Whose::AnotherOnes),
            ("cn=unix,ou=Groups,o=isp", Form::Uid, How::Uid, "jsmith", Whose::Unclear),
            ("cn=unix,ou=Groups,o=isp", Form::Netgroup, How::Uid, "(-,jsmith,)", Whose::Unclear),
            ("cn=unix,ou=Groups,o=isp", Form::Uid, How::Uid, "other", Whose::Theirs),
            (
                "piEntryID=1,piPStoreOwner=a,o=sesta.com,o=PiServerDb",
                Form::NameOrUid,
                How::Uid,
                "jsmith",
                Whose::Theirs,
            ),
            (
                "piEntryID=1,piPStoreOwner=a,o=siroe.com,o=PiServerDb",
                Form::NameOrUid,
                How::Uid,
                "jsmith",
                Whose::AnotherOnes,
            ),
            ("cn=list,o=sesta.com,o=isp", Form::Address, How::Address, "Info@isp.com", Whose::Unclear),
            ("cn=list,o=sesta.com,o=isp", Form::Address, How::Address, "js@sesta.com", Whose::Theirs),
            (
                "cn=list,o=siroe.com,o=isp",
                Form::Name,
                How::Name,
                "uid=jsmith,ou=People,o=sesta.com,o=isp",
                Whose::Theirs,
            ),
        ] {
            let found = namesakes.whose((form, how), value.as_bytes(), &person, &key(entry));
            assert_eq!(found, expected, "{entry} {value}");
        }
    }
}
