//! Guards: they make the server refuse a deletion if what it was decided by has changed since the export.
//!
//! | guard | written as | refused with | where |
//! | --- | --- | --- | --- |
//! | values | a modify just before the deletion that deletes values and adds them again | 16 noSuchAttribute | everywhere |
//! | assert | the assertion control (RFC 4528) on the deletion itself | 122 assertionFailed | servers that support the control |
//! | none | nothing | | |
//!
//! | deleted entry | guarded by all values of |
//! | --- | --- |
//! | account | the attributes of `[disable]` and the statuses of services; and the stamp from which its grace was counted |
//! | alias | `aliasedObjectName` |
//! | private group | `gidNumber`, and the attributes of members |
//! | group that loses its last member | the attributes of members |
//! | entry below an account; an entry that has none of these | one value of an [ordinary](ORDINARY) attribute that is not in the name |
//!
//! With `assert`, an account is guarded by its identifier (`entryUUID`, `nsUniqueId`, `objectGUID`) as well, if the export shows
//! one: so another person who got the name is noticed; and by `modifyTimestamp` if its grace was counted from it. A value that
//! names an entry which the change set moves, or deletes before, is not a guard: a server that keeps referential integrity
//! changes it.
//!
//! Only values that the server can compare and that are not secrets are guards. A guard notices that a value is missing, not
//! that one was added: neither a modify nor a filter can say "no other value". With `assert`, the deletion of a group is
//! therefore guarded by `entryCSN` or `modifyTimestamp` as well, if the export shows one: so an added member is noticed.
//! Other accounts are not guarded by these, because servers write to them when people sign in. The reason of each operation names the guarded
//! attributes: [`sentence`](Guarded::sentence).

use crate::directory::identity::unique_id::UNIQUE_ID_ATTRIBUTES;
use crate::directory::membership::lists_members;
use crate::directory::references::reference_attributes::ALIASED_OBJECT;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::MatchingRule;
use crate::ldap::{Attribute, AttributeDescription, Control, DnKey, Entry, ModOp, Modification, Value};
use crate::policy::{Policy, ServerSchema};

use super::settle::Settled;

/// How deletions are guarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guard {
    /// By a modify with exact values.
    #[default]
    Values,
    /// By the assertion control.
    Assert,
    /// Not at all.
    None,
}

/// OID of the assertion control (RFC 4528).
const ASSERTION: &str = "1.3.6.1.1.12";

/// The attributes whose values are the best guards, in this order: people read them, and servers do not write them.
pub(super) const ORDINARY: [&str; 11] =
    ["description", "displayName", "sn", "cn", "ou", "mail", "givenName", "title", "owner", "serialNumber", "l"];

/// What the deletion of an entry was decided by.
#[derive(Clone, Copy, Debug)]
pub enum Basis {
    /// It is an account that a leaver names.
    Account {
        /// The line of the stamp from which the grace was counted; `None` if no stamp counted.
        stamp: Option<u64>,
        /// Whether the grace was counted from `modifyTimestamp`.
        is_by_modification: bool,
    },
    /// It is an alias of a deleted entry.
    Alias,
    /// It is the private group of a deleted account.
    PrivateGroup,
    /// It is a group that loses its last member.
    EmptiedGroup,
    /// It is below a deleted account.
    Child,
}

/// A value that guards an entry.
#[derive(Clone, Copy)]
pub struct GuardValue<'e> {
    /// The attribute description, as the entry spells it.
    pub description: &'e AttributeDescription,
    /// The value.
    pub value: &'e Value,
}

impl<'e> GuardValue<'e> {
    /// The first value of an attribute; `None` if it has none.
    pub fn first_of(attribute: &'e Attribute) -> Option<Self> {
        Some(Self { description: &attribute.description, value: attribute.values.first()? })
    }
}

/// What guards the deletion of an entry.
#[derive(Clone, Default)]
pub struct Guarded<'e> {
    /// The values; none if the entry has no suitable one.
    pub values: Vec<GuardValue<'e>>,
    /// The value of an operational attribute that every change of the entry replaces; only an assertion can use it.
    pub state: Option<GuardValue<'e>>,
    /// Values of an account that only an assertion can use: the identifier of its entry, and the date of its last change if
    /// its grace was counted from it.
    pub operational: Vec<GuardValue<'e>>,
    /// Whether its grace was counted from `modifyTimestamp`.
    pub is_by_modification: bool,
}

impl<'e> Guarded<'e> {
    /// The values that an assertion compares.
    pub fn asserted(&self) -> Vec<GuardValue<'e>> {
        self.values.iter().chain(&self.operational).copied().chain(self.state).collect()
    }

    /// When the server refuses the deletion; `None` if never.
    pub fn sentence(&self, guard: Guard) -> Option<String> {
        let sentence = match (guard, self.state) {
            (Guard::Assert, Some(state)) => {
                Some(format!("fails with 122 if the entry was changed since the export (by {})", state.description))
            }
            (Guard::Assert, None) => value_sentence(122, &attributes(&self.asserted())),
            (Guard::Values, _) => value_sentence(16, &attributes(&self.values)),
            (Guard::None, _) => None,
        };
        let is_date_guarded =
            guard == Guard::Assert && self.operational.iter().any(|value| value.description.is_type(MODIFIED));
        sentence.map(|sentence| {
            if self.is_by_modification && !is_date_guarded {
                sentence + "; the date from which its grace was counted, modifyTimestamp, is not guarded"
            } else {
                sentence
            }
        })
    }
}

/// The attributes of these values, each once.
fn attributes<'e>(values: &[GuardValue<'e>]) -> Vec<&'e str> {
    let mut names: Vec<&str> = Vec::new();
    for GuardValue { description, .. } in values {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(description.as_str())) {
            names.push(description.as_str());
        }
    }
    names
}

/// `None` without attributes.
fn value_sentence(code: u16, names: &[&str]) -> Option<String> {
    let sentence = || {
        format!(
            "fails with {code} if an exported value of {} is missing; added values and other changes are not noticed",
            any_of(names)
        )
    };
    (!names.is_empty()).then(sentence)
}

/// `a, b or c`
fn any_of(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => names.concat(),
    }
}

/// What guards the deletion of an entry.
///
/// `settled` says which entries the change set moves and deletes. A server that keeps referential integrity changes values that
/// name such an entry before the guard runs, so they are not guarded.
pub fn guarded<'e>(
    entry: &'e Entry,
    policy: &Policy,
    basis: Basis,
    schema: &ServerSchema,
    settled: &Settled,
) -> Guarded<'e> {
    // A secret does not belong in a change file.
    let is_compared = |guarded: &GuardValue<'_>| {
        schema.compares(guarded.description.attribute_type()) && !policy.is_secret(guarded.description.as_str())
    };
    let all = |test: &dyn Fn(&AttributeDescription, &Value) -> bool| -> Vec<GuardValue<'e>> {
        let values = entry.attributes.iter().flat_map(|attribute| {
            attribute.values.iter().map(|value| GuardValue { description: &attribute.description, value })
        });
        values.filter(|guarded| test(guarded.description, guarded.value)).filter(is_compared).collect()
    };
    let is_member = |description: &AttributeDescription| lists_members(description.attribute_type());
    // An alias or a group is deleted before what it names, and an entry before those above it.
    let is_dependent = !matches!(basis, Basis::Account { .. } | Basis::Child);
    let is_changed = |name: &DnKey| {
        let is_later = is_dependent || entry.dn.key() != name && entry.dn.key().is_at_or_under(name);
        settled.moves.moves(name) || !is_later && settled.deletes(name)
    };
    let is_kept = |guarded: &GuardValue<'_>| {
        !names_entries(guarded.description) || !DnKey::parse(&guarded.value.bytes).is_ok_and(|name| is_changed(&name))
    };
    let values = match basis {
        Basis::Account { stamp, .. } => {
            let statuses = || {
                let disable = &policy.disable;
                let fixed = disable.replace.iter().chain(&disable.present).map(|(description, _)| description);
                let bits = disable.bits.iter().map(|(description, _)| description);
                fixed.chain(bits).chain(policy.services.values().map(|service| &service.status))
            };
            let mut values: Vec<GuardValue<'e>> = Vec::new();
            for status in statuses() {
                let is_new = !values.iter().any(|known| known.description == status);
                values.extend(all(&|description, _| is_new && description == status));
            }
            if let (Some(line), Some(stamp)) = (stamp, &policy.stamp) {
                values.extend(all(&|description, value| *description == stamp.attribute && value.line == line));
            }
            values
        }
        Basis::Alias => all(&|description, _| description.is_type(ALIASED_OBJECT)),
        Basis::PrivateGroup => all(&|description, _| description.is_type("gidNumber") || is_member(description)),
        Basis::EmptiedGroup => all(&|description, _| is_member(description)),
        Basis::Child => Vec::new(),
    };
    let values: Vec<_> = values.into_iter().filter(is_kept).collect();
    let is_group = matches!(basis, Basis::PrivateGroup | Basis::EmptiedGroup);
    let state = is_group.then(|| state(entry)).flatten();
    let values =
        if values.is_empty() { ordinary(entry, policy, schema, &is_kept).into_iter().collect() } else { values };
    let mut operational = Vec::new();
    let is_by_modification = matches!(basis, Basis::Account { is_by_modification: true, .. });
    if matches!(basis, Basis::Account { .. }) {
        let date = Some(MODIFIED).filter(|_| is_by_modification);
        for name in UNIQUE_ID_ATTRIBUTES.into_iter().chain(date) {
            operational.extend(only_value(entry, name).filter(is_compared));
        }
    }
    Guarded { values, state, operational, is_by_modification }
}

/// The value of an attribute that has one.
fn only_value<'e>(entry: &'e Entry, name: &str) -> Option<GuardValue<'e>> {
    let attribute = entry.attributes.iter().find(|attribute| attribute.description.is_type(name))?;
    GuardValue::first_of(attribute).filter(|_| attribute.values.len() == 1)
}

/// Whether the values of an attribute are names of entries.
fn names_entries(description: &AttributeDescription) -> bool {
    let rule = equality_rule(description.attribute_type());
    matches!(rule, MatchingRule::DistinguishedName | MatchingRule::NameAndOptionalUid)
}

/// The first value of an ordinary attribute that every server can compare that is not in the name of the entry, and that
/// the change set does not change.
fn ordinary<'e>(
    entry: &'e Entry,
    policy: &Policy,
    schema: &ServerSchema,
    is_kept: &dyn Fn(&GuardValue<'_>) -> bool,
) -> Option<GuardValue<'e>> {
    let in_name = |name: &str| {
        let avas = entry.dn.rdn().map_or(&[][..], |rdn| rdn.avas());
        avas.iter().any(|ava| crate::ldap::attribute::same_type(&ava.attribute_type, name))
    };
    let serves = |name: &&str| {
        !in_name(name)
            && !policy.is_secret(name)
            && schema.compares(name)
            && equality_rule(name) != MatchingRule::OctetString
    };
    let ordinary =
        ORDINARY.into_iter().filter(serves).filter_map(|name| AttributeDescription::parse(name.as_bytes()).ok());
    ordinary.into_iter().find_map(|description| {
        let attribute = entry.attributes.iter().find(|attribute| attribute.description == description)?;
        GuardValue::first_of(attribute).filter(is_kept)
    })
}

/// Operational attributes that change whenever the entry changes, the more exact one first.
pub(super) const STATE_ATTRIBUTES: [&str; 2] = ["entryCSN", MODIFIED];

/// The date of the last change of an entry.
const MODIFIED: &str = "modifyTimestamp";

/// The value that an entry has only as long as it is as the export shows it.
pub(super) fn state(entry: &Entry) -> Option<GuardValue<'_>> {
    STATE_ATTRIBUTES.into_iter().find_map(|name| {
        let attribute = entry.attributes.iter().find(|attribute| attribute.description.is_type(name))?;
        GuardValue::first_of(attribute)
    })
}

/// The modifications that change nothing, and fail if the entry lacks one of the values.
pub fn modifications(guarded: &[GuardValue<'_>]) -> Vec<Modification> {
    let both = guarded.iter().flat_map(|GuardValue { description, value }| {
        [ModOp::Delete, ModOp::Add].map(|op| Modification {
            op,
            description: (*description).clone(),
            values: vec![(*value).clone()],
        })
    });
    both.collect()
}

/// The control that makes an operation fail unless the entry has all of the values.
pub fn assertion(guarded: &[GuardValue<'_>]) -> Option<Control> {
    let equalities: Vec<Vec<u8>> = guarded
        .iter()
        .map(|GuardValue { description, value }| {
            let pair = [ber(0x04, description.as_str().as_bytes()), ber(0x04, &value.bytes)].concat();
            ber(0xa3, &pair)
        })
        .collect();
    let filter = match equalities.as_slice() {
        [] => return None,
        [one] => one.clone(),
        all => ber(0xa0, &all.concat()),
    };
    Some(Control { oid: ASSERTION.to_owned(), critical: true, value: Some(filter) })
}

/// One BER element (X.690): tag, length, content. Filters are RFC 4511, 4.5.1.7.
fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => element.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            // A usize has eight bytes at most.
            element.extend(u8::try_from(length.len()).map(|digits| 0x80 | digits));
            element.extend(length);
        }
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    #[test]
    fn the_assertion_is_the_one_that_was_tested_on_servers() {
        let description = AttributeDescription::parse(b"inetUserStatus").unwrap();
        let control = assertion(&[GuardValue { description: &description, value: &Value::new(b"Active") }]).unwrap();
        assert_eq!(BASE64.encode(&control.value.unwrap()), "oxgEDmluZXRVc2VyU3RhdHVzBAZBY3RpdmU=");
        assert!(control.critical);
    }

    #[test]
    fn long_values_have_long_lengths() {
        let element = ber(0x04, &[b'x'; 300]);
        assert_eq!(&element[..4], &[0x04, 0x82, 0x01, 0x2c]);
    }
}
