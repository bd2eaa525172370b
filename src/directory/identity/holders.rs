//! Which other entries have an identifier of a subject, and which of them a value means.
//!
//! A subject is an entry that the plan deletes. A holder is any other entry that has the same identifier: an account or not,
//! such as a list or a resource.
//!
//! | identifier | attributes | compared | a value with it means |
//! | --- | --- | --- | --- |
//! | user name | `uid`, `sAMAccountName` | as text in any case (RFC 4518) | the subject or holder in the same domain as the entry with the value; then the one whose name has the longest suffix in common with it; a tie is ambiguous |
//! | number | `uidNumber` | as an integer: `01042` is 1042 | ambiguous, if there is a holder |
//! | address | `mail`, `mailAlternateAddress`, `mailEquivalentAddress`, `mailLocalAddress`, `proxyAddresses`; `cn` of a `nisMailAlias` | as text in any case, without the prefix `smtp:` | ambiguous, if there is a holder |
//!
//! A DN means its entry, and has no other holders.
//!
//! | entry | holder |
//! | --- | --- |
//! | at or below a subject | no: it is deleted too |
//! | in an address book | no: it only says how to reach a person |
//! | a `contact` ([MS-ADSC]) that passes mail on to the address (`targetAddress`), or has no `targetAddress` | no, for the same reason |
//! | any other | yes |
//!
//! A [`Referent`] is a [`Resolution`](super::Resolution) to one of two parties, without a list of the others: `Leaver` and
//! `SomeoneElse` are `Exactly`, `Ambiguous` is `Several`.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

use crate::directory::EntryView;
use crate::directory::references::form::Form;
use crate::directory::references::subject_index::{MatchKind, SubjectIndex};
use crate::ldap::attribute::{base_type, is_one_of, same_type};
use crate::ldap::dn_key::prefixes;
use crate::ldap::domain::domain_rdns;
use crate::ldap::matching::{MatchingRule, normalize};
use crate::ldap::{DnKey, Entry};
use crate::ldif::AttributeLine;

/// Attributes whose values are user names.
pub const USER_NAMES: [&str; 2] = ["uid", "sAMAccountName"];

/// The attribute whose values are numbers of users.
pub const NUMBER: &str = "uidNumber";

/// Attributes whose values are the mail addresses of the entry itself (RFC 4524, 819-4437, draft-lachman, [MS-ADA3]).
pub const ADDRESSES: [&str; 5] =
    ["mail", "mailAlternateAddress", "mailEquivalentAddress", "mailLocalAddress", "proxyAddresses"];

/// The name of a mail alias in NIS maps: its address, if it has the class of one.
const ALIAS_NAME: (&str, &str) = ("cn", "nisMailAlias");

/// What kind of identifier a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// A user name.
    UserName,
    /// The number of a user.
    Number,
    /// A mail address.
    Address,
}

impl IdentifierKind {
    /// The kind of the values of an attribute type by which values of other entries may name an entry.
    pub fn of_attribute(attribute_type: &str) -> Option<Self> {
        if is_one_of(&USER_NAMES, attribute_type) {
            Some(Self::UserName)
        } else if same_type(attribute_type, NUMBER) {
            Some(Self::Number)
        } else if is_one_of(&ADDRESSES, attribute_type) || same_type(attribute_type, ALIAS_NAME.0) {
            Some(Self::Address)
        } else {
            None
        }
    }
}

/// The attributes whose values identify an entry.
pub fn identifying() -> impl Iterator<Item = &'static str> {
    USER_NAMES.into_iter().chain([NUMBER]).chain(ADDRESSES).chain([ALIAS_NAME.0])
}

/// An identifier in its normal form: two are the same if their normal forms are equal.
pub fn normal_form(kind: IdentifierKind, value: &[u8]) -> Vec<u8> {
    with_normal_form(kind, value, <[u8]>::to_vec)
}

/// Calls `take` with the normal form of an identifier. That of a short ASCII value is not copied to the heap.
pub fn with_normal_form<T>(kind: IdentifierKind, value: &[u8], take: impl FnOnce(&[u8]) -> T) -> T {
    let value = match kind {
        IdentifierKind::UserName => value,
        IdentifierKind::Number => return take(&normalize(MatchingRule::Integer, value)),
        IdentifierKind::Address => bare_address(value),
    };
    let mut short = [0; 128];
    if let Some(lower) = short.get_mut(..value.len())
        && value.iter().all(u8::is_ascii_graphic)
    {
        lower.copy_from_slice(value);
        lower.make_ascii_lowercase();
        return take(lower);
    }
    take(&normalize(MatchingRule::CaseIgnore, value))
}

/// An address without surrounding blanks and without the type prefix `smtp:` of [MS-ADA3].
fn bare_address(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value.split_at_checked(5) {
        Some((kind, address)) if kind.eq_ignore_ascii_case(b"smtp:") => address.trim_ascii(),
        _ => value,
    }
}

/// An entry that has an identifier of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The key of its name.
    pub entry: DnKey,
    /// Its name, as spelled.
    pub name: Box<[u8]>,
    /// The domains of its mail addresses, as spelled.
    pub mail_domains: Vec<Vec<u8>>,
}

impl Holder {
    /// An entry of the exports.
    pub fn of(entry: &EntryView<'_>) -> Self {
        let addresses = ADDRESSES.iter().flat_map(|name| entry.values(name));
        Self {
            entry: DnKey::from_key_bytes(entry.key),
            name: entry.record.dn.as_ref().into(),
            mail_domains: mail_domains(addresses.map(|line| line.value.bytes())),
        }
    }

    /// An entry that was read.
    pub fn of_entry(entry: &Entry) -> Self {
        let addresses = ADDRESSES.iter().flat_map(|name| entry.values(name));
        Self {
            entry: entry.dn.key().clone(),
            name: entry.dn.raw_bytes().into(),
            mail_domains: mail_domains(addresses.map(|value| &*value.bytes)),
        }
    }
}

/// The domains of mail addresses, each once, in the order of the alphabet.
pub fn mail_domains<'v>(addresses: impl Iterator<Item = &'v [u8]>) -> Vec<Vec<u8>> {
    let domains = addresses.filter_map(|address| bare_address(address).rsplitn(2, |byte| *byte == b'@').next());
    let mut domains: Vec<Vec<u8>> = domains.map(<[u8]>::to_vec).collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

/// The attributes by which [`is_held`] decides.
pub const HOLDER_ATTRIBUTES: [&str; 2] = ["objectClass", "targetAddress"];

/// Whether an entry holds the identifier that one of its lines has.
pub(super) fn is_held(entry: &EntryView<'_>, line: &AttributeLine<'_>) -> bool {
    let has_class =
        |class: &str| entry.values("objectClass").any(|line| line.value.bytes().eq_ignore_ascii_case(class.as_bytes()));
    let attribute_type = base_type(&line.description);
    if same_type(attribute_type, ALIAS_NAME.0) {
        return has_class(ALIAS_NAME.1);
    }
    if !is_one_of(&ADDRESSES, attribute_type) || !has_class("contact") {
        return true;
    }
    let address = normal_form(IdentifierKind::Address, line.value.bytes());
    let mut targets = entry.values("targetAddress").peekable();
    targets.peek().is_some()
        && !targets
            .any(|target| with_normal_form(IdentifierKind::Address, target.value.bytes(), |form| form == address))
}

/// The entry that a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referent {
    /// The leaver's account.
    Leaver,
    /// Another entry.
    SomeoneElse,
    /// One of several; this is a decision item.
    Ambiguous,
}

/// A value that matches a subject.
#[derive(Clone, Copy, Debug)]
pub struct MatchedValue<'v> {
    /// The form of its attribute.
    pub form: Form,
    /// How it matches.
    pub kind: MatchKind,
    /// The value.
    pub value: &'v [u8],
    /// The name of the subject.
    pub name: &'v DnKey,
    /// The name of the entry with the value.
    pub entry: &'v DnKey,
}

/// The holders of identifiers, by kind and normal form.
#[derive(Clone, Debug, Default)]
pub struct Holders(HashMap<IdentifierKind, HashMap<Vec<u8>, Vec<Holder>>>);

impl Holders {
    /// Notes an entry if its value of a line is an identifier of a subject too.
    pub fn note<Id: Copy + Eq + Hash>(
        &mut self,
        subjects: &SubjectIndex<Id>,
        kind: IdentifierKind,
        entry: &EntryView<'_>,
        line: &AttributeLine<'_>,
    ) {
        if let Some(identifier) = subjects.shared(kind, line.value.bytes(), entry.key)
            && is_held(entry, line)
        {
            self.add(kind, identifier, Holder::of(entry));
        }
    }

    /// Adds a holder of an identifier in normal form.
    pub fn add(&mut self, kind: IdentifierKind, identifier: Vec<u8>, holder: Holder) {
        let holders = self.0.entry(kind).or_default().entry(identifier).or_default();
        // An entry may have an address in several attributes; its lines follow one another.
        if holders.last() != Some(&holder) {
            holders.push(holder);
        }
    }

    /// The holders of an identifier in normal form.
    pub fn of(&self, kind: IdentifierKind, identifier: &[u8]) -> &[Holder] {
        self.0.get(&kind).and_then(|known| known.get(identifier)).map_or(&[], Vec::as_slice)
    }

    /// All holders except those that `excluded` picks.
    #[must_use]
    pub fn excluding(&self, excluded: &dyn Fn(&DnKey) -> bool) -> Self {
        let mut left = Self::default();
        for (kind, known) in &self.0 {
            for (identifier, holders) in known {
                for holder in holders.iter().filter(|holder| !excluded(&holder.entry)) {
                    left.add(*kind, identifier.clone(), holder.clone());
                }
            }
        }
        left
    }

    /// Adds the holders in later blocks.
    pub fn merge(&mut self, later: Self) {
        for (kind, known) in later.0 {
            let own = self.0.entry(kind).or_default();
            for (identifier, holders) in known {
                own.entry(identifier).or_default().extend(holders);
            }
        }
    }

    /// The entry that a value means, of a subject that it matches and the holders of the identifier in it.
    pub fn referent(&self, matched: MatchedValue<'_>) -> Referent {
        let MatchedValue { form, kind, value, name, entry } = matched;
        if self.0.is_empty() {
            return Referent::Leaver;
        }
        let Some(identifier) = form.identifier(kind, value) else { return Referent::Leaver };
        let holders = with_normal_form(identifier.kind, &identifier.value, |form| self.of(identifier.kind, form));
        match (identifier.kind, holders) {
            (_, []) => Referent::Leaver,
            (IdentifierKind::Number | IdentifierKind::Address, _) => Referent::Ambiguous,
            (IdentifierKind::UserName, _) => {
                let nearest = holders.iter().map(|holder| Nearness::of(&holder.entry, entry)).max();
                nearest.map_or(Referent::Leaver, |other| match other.cmp(&Nearness::of(name, entry)) {
                    Ordering::Less => Referent::Leaver,
                    Ordering::Equal => Referent::Ambiguous,
                    Ordering::Greater => Referent::SomeoneElse,
                })
            }
        }
    }
}

/// How near an entry is to the entry with a value that has its user name; the greatest is the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nearness {
    is_in_its_domain: bool,
    shared_rdns: usize,
}

impl Nearness {
    /// Of an entry to the entry with the value.
    pub fn of(named: &DnKey, entry: &DnKey) -> Self {
        let domain = domain_rdns(entry);
        let rdns = prefixes(named.as_bytes()).zip(prefixes(entry.as_bytes()));
        Self {
            is_in_its_domain: !domain.is_empty() && domain_rdns(named) == domain,
            shared_rdns: rdns.take_while(|((_, a), (_, b))| a == b).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(dn: &str) -> DnKey {
        DnKey::parse(dn.as_bytes()).unwrap()
    }

    fn holder(dn: &str) -> Holder {
        Holder { entry: key(dn), name: dn.as_bytes().into(), mail_domains: Vec::new() }
    }

    /// The jsmith of sesta.com leaves; siroe.com has another jsmith, who stays.
    #[test]
    fn a_user_name_means_the_nearest_entry() {
        let mut holders = Holders::default();
        let form = |kind, value: &str| normal_form(kind, value.as_bytes());
        let user_name = form(IdentifierKind::UserName, "JSMITH");
        holders.add(IdentifierKind::UserName, user_name, holder("uid=jsmith,ou=People,o=siroe.com,o=isp"));
        holders.add(IdentifierKind::Address, form(IdentifierKind::Address, "info@isp.com"), holder("uid=info,o=isp"));
        holders.add(IdentifierKind::Number, form(IdentifierKind::Number, "1042"), holder("uid=twin,o=isp"));
        let name = key("uid=jsmith,ou=People,o=sesta.com,o=isp");
        let (sesta, siroe) = ("cn=unix,ou=Groups,o=sesta.com,o=isp", "cn=unix,ou=Groups,o=siroe.com,o=isp");
        for (entry, form, kind, value, expected) in [
            (sesta, Form::Uid, MatchKind::Uid, "jsmith", Referent::Leaver),
            (siroe, Form::Uid, MatchKind::Uid, "jsmith", Referent::SomeoneElse),
            (siroe, Form::Uid, MatchKind::UidInAnotherCase, "JSmith", Referent::SomeoneElse),
            ("cn=unix,ou=Groups,o=isp", Form::Uid, MatchKind::Uid, "jsmith", Referent::Ambiguous),
            ("cn=unix,ou=Groups,o=isp", Form::Netgroup, MatchKind::Uid, "(-,jsmith,)", Referent::Ambiguous),
            ("cn=unix,ou=Groups,o=isp", Form::SudoUser, MatchKind::Uid, "!jsmith", Referent::Ambiguous),
            ("cn=unix,ou=Groups,o=isp", Form::Calendar, MatchKind::Uid, "jsmith:work$Work", Referent::Ambiguous),
            ("cn=unix,ou=Groups,o=isp", Form::Uid, MatchKind::Uid, "other", Referent::Leaver),
            // A part of a user name is not that user name.
            ("cn=unix,ou=Groups,o=isp", Form::Netgroup, MatchKind::Uid, "(-,jsmith.b,)", Referent::Leaver),
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
            (sesta, Form::Address, MatchKind::Address, "Info@isp.com", Referent::Ambiguous),
            (sesta, Form::Address, MatchKind::Address, "smtp:info@isp.com", Referent::Ambiguous),
            (sesta, Form::AddressOrUrl, MatchKind::Address, "mailto:info%40isp.com?subject=x", Referent::Ambiguous),
            (sesta, Form::Address, MatchKind::Address, "js@sesta.com", Referent::Leaver),
            (sesta, Form::SudoUser, MatchKind::Number, "#01042", Referent::Ambiguous),
            (sesta, Form::SudoUser, MatchKind::Number, "#104", Referent::Leaver),
            (siroe, Form::Name, MatchKind::Name, "uid=jsmith,ou=People,o=sesta.com,o=isp", Referent::Leaver),
        ] {
            let (value, entry) = (value.as_bytes(), key(entry));
            let found = holders.referent(MatchedValue { form, kind, value, name: &name, entry: &entry });
            assert_eq!(found, expected, "{entry:?} {value:?}");
        }
    }

    #[test]
    fn normal_forms() {
        use IdentifierKind::{Address, Number, UserName};
        for (kind, a, b, is_same) in [
            (UserName, "JSmith", "jsmith", true),
            (UserName, "\u{d6}Z", "\u{f6}z", true),
            (UserName, "o\u{308}z", "\u{f6}z", true),
            (UserName, "oz", "\u{f6}z", false),
            (UserName, " js  mith", "JS mith ", true),
            (UserName, "007", "7", false),
            (Number, "007", "7", true),
            (Number, "-1", "1", false),
            (Address, "SMTP:A@x", "a@X ", true),
            (Address, "M\u{fc}ller@x", "mu\u{308}LLER@X", true),
        ] {
            assert_eq!(normal_form(kind, a.as_bytes()) == normal_form(kind, b.as_bytes()), is_same, "{a} {b}");
        }
        let long = "A".repeat(200);
        assert_eq!(normal_form(UserName, long.as_bytes()), long.to_lowercase().as_bytes());
    }
}
