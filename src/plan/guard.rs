//! Guards: they make the server refuse a deletion if the entry has changed since the export.
//!
//! | guard | written as | refused with | where |
//! | --- | --- | --- | --- |
//! | values | a modify just before the deletion that deletes a value and adds it again | 16 noSuchAttribute | everywhere |
//! | assert | the assertion control (RFC 4528) on the deletion itself | 122 assertionFailed | servers that support the control |
//! | none | nothing | | |
//!
//! An account is guarded by the values on which the decision depends: its statuses, as far as the server can compare them. An
//! entry below an account is guarded by one of its values that every server can compare and that is not in its name.

use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::MatchingRule;
use crate::ldap::{Attribute, AttributeDescription, Control, Entry, ModOp, Modification, Value};
use crate::plan::operation::Kind;
use crate::policy::{Policy, ServerSchema};

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

/// The attributes that make an alias or a group a dependent; it is guarded by all values of the first that it has.
const DEPENDENT_ATTRIBUTES: [&str; 3] = ["aliasedObjectName", "member", "uniqueMember"];

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

/// The values that guard an entry; none if it has no suitable one.
pub fn guarded<'e>(entry: &'e Entry, policy: &Policy, kind: Kind, schema: &ServerSchema) -> Vec<GuardValue<'e>> {
    let is_compared = |guarded: &GuardValue<'_>| schema.compares(guarded.description.attribute_type());
    let first = |wanted: &AttributeDescription| {
        let attribute = entry.attributes.iter().find(|attribute| attribute.description == *wanted)?;
        GuardValue::first_of(attribute)
    };
    if kind == Kind::Account {
        let disabled = policy.disable.replace.iter().map(|(description, _)| description);
        let disabled = disabled.chain(policy.disable.bits.iter().map(|(description, _)| description));
        let statuses = policy.services.values().map(|service| &service.status);
        let statuses: Vec<GuardValue<'_>> = disabled.chain(statuses).filter_map(first).filter(is_compared).collect();
        if !statuses.is_empty() {
            return statuses;
        }
    }
    if matches!(kind, Kind::Alias | Kind::Group) {
        let known = |name: &&str| entry.values(name).next().is_some();
        let all = |name: &'static str| {
            let attributes = entry.attributes.iter().filter(move |attribute| attribute.description.is_type(name));
            attributes.flat_map(|attribute| {
                attribute.values.iter().map(move |value| GuardValue { description: &attribute.description, value })
            })
        };
        if let Some(name) = DEPENDENT_ATTRIBUTES.into_iter().find(known) {
            return all(name).collect();
        }
    }
    let in_name = |name: &str| {
        let avas = entry.dn.rdn().map_or(&[][..], |rdn| rdn.avas());
        avas.iter().any(|ava| crate::ldap::attribute::same_type(&ava.attribute_type, name))
    };
    let serves =
        |name: &&str| !in_name(name) && schema.compares(name) && equality_rule(name) != MatchingRule::OctetString;
    let ordinary =
        ORDINARY.into_iter().filter(serves).filter_map(|name| AttributeDescription::parse(name.as_bytes()).ok());
    ordinary.into_iter().find_map(|description| first(&description)).into_iter().collect()
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
