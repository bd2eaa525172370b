//! Whether an entry is the one that had its name earlier: by the identifier that the server gave it when it was added.
//!
//! A name can be used again: the account of a person who left is deleted, and a new person gets the same user name. The
//! server gives the new entry another identifier, which it keeps when it is renamed:
//!
//! | attribute | servers | source |
//! | --- | --- | --- |
//! | `entryUUID` | OpenLDAP, OpenDJ, 389 DS since 2.0 (plug-in) | RFC 4530 |
//! | `nsUniqueId` | 389 DS, DSEE | the servers' administration guides |
//! | `objectGUID` | Active Directory | \[MS-ADTS\] 3.1.1.1.4 |

use std::collections::HashSet;

use crate::ldap::Entry;
use crate::ldap::attribute::same_type;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::normalize;

/// The attributes with identifiers that a server gives to an entry once.
pub const UNIQUE_ID_ATTRIBUTES: [&str; 3] = ["entryUUID", "nsUniqueId", "objectGUID"];

/// The identifiers of one entry, in the order of [`UNIQUE_ID_ATTRIBUTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UniqueIds([Option<Vec<u8>>; UNIQUE_ID_ATTRIBUTES.len()]);

/// Whether two sets of identifiers are those of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameEntry {
    /// They share an identifier.
    Same,
    /// They have different identifiers of one kind.
    Different,
    /// They have no kind of identifier in common.
    Unknown,
}

impl UniqueIds {
    /// The identifiers of an entry, as far as the export shows them.
    pub fn of(entry: &Entry) -> Self {
        Self(UNIQUE_ID_ATTRIBUTES.map(|name| {
            let mut values = entry.values(name);
            // A second value cannot come from a server, and which of the two is right is unknown.
            values.next().filter(|_| values.next().is_none()).map(|value| normal(name, &value.bytes))
        }))
    }

    /// The identifiers of which plan.json has the text: see [`UniqueIds::texts`]. Other attributes are ignored.
    pub fn from_texts<'v>(texts: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        let mut ids = Self::default();
        for (attribute, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            let at = UNIQUE_ID_ATTRIBUTES.iter().position(|name| same_type(name, attribute));
            if let Some((at, value)) = at.zip(bytes_of(text)) {
                ids.0[at] = Some(normal(UNIQUE_ID_ATTRIBUTES[at], &value));
            }
        }
        ids
    }

    /// Each attribute with its identifier as printable text: as it is, or as `\XX` for each byte.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, String)> {
        let known = UNIQUE_ID_ATTRIBUTES.into_iter().zip(&self.0);
        known.filter_map(|(name, id)| Some((name, text_of(id.as_deref()?))))
    }

    /// Each identifier with its place in [`UNIQUE_ID_ATTRIBUTES`].
    pub fn parts(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.0.iter().enumerate().filter_map(|(at, id)| Some((at, id.as_deref()?)))
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Whether these are the identifiers of the same entry.
    pub fn compare(&self, other: &Self) -> SameEntry {
        let pairs = || self.0.iter().zip(&other.0).filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)));
        if pairs().next().is_none() {
            SameEntry::Unknown
        } else if pairs().all(|(a, b)| a == b) {
            SameEntry::Same
        } else {
            SameEntry::Different
        }
    }
}

/// The identifiers of several entries: by place in [`UNIQUE_ID_ATTRIBUTES`], and normal form.
#[derive(Clone, Debug, Default)]
pub struct UniqueIdSet(HashSet<(usize, Vec<u8>)>);

impl UniqueIdSet {
    /// Adds those of one entry.
    pub fn add(&mut self, ids: &UniqueIds) {
        self.0.extend(ids.parts().map(|(at, id)| (at, id.to_vec())));
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an entry with these identifiers is one of the entries.
    pub fn contains_one_of(&self, ids: &UniqueIds) -> bool {
        ids.parts().any(|(at, id)| self.0.contains(&(at, id.to_vec())))
    }

    /// Whether an entry with this attribute value is one of the entries.
    pub fn contains(&self, attribute_type: &str, value: &[u8]) -> bool {
        let at = UNIQUE_ID_ATTRIBUTES.iter().position(|name| same_type(name, attribute_type));
        !self.is_empty() && at.is_some_and(|at| self.0.contains(&(at, normal(UNIQUE_ID_ATTRIBUTES[at], value))))
    }
}

impl<'i> FromIterator<&'i UniqueIds> for UniqueIdSet {
    fn from_iter<I: IntoIterator<Item = &'i UniqueIds>>(all: I) -> Self {
        let mut set = Self::default();
        all.into_iter().for_each(|ids| set.add(ids));
        set
    }
}

fn text_of(id: &[u8]) -> String {
    match std::str::from_utf8(id) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') => text.to_owned(),
        _ => id.iter().flat_map(|byte| ['\\', hex(byte >> 4), hex(byte & 0xf)]).collect(),
    }
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or_default().to_ascii_uppercase()
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let Some(digits) = text.strip_prefix('\\') else { return Some(text.as_bytes().to_vec()) };
    digits.split('\\').map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

/// The normal form of an identifier. An `objectGUID` is 16 bytes for LDAP, and text in the output of some tools; the text has
/// the first three numbers with the lowest byte last, and may be in braces.
fn normal(name: &str, value: &[u8]) -> Vec<u8> {
    if name != "objectGUID" {
        return normalize(equality_rule(name), value).into_owned();
    }
    let Ok(mut bytes) = <[u8; 16]>::try_from(value) else {
        let inner = value.strip_prefix(b"{").and_then(|value| value.strip_suffix(b"}"));
        return inner.unwrap_or(value).to_ascii_lowercase();
    };
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    let groups = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]];
    groups.map(|group| data_encoding::HEXLOWER.encode(group)).join("-").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Origin, Value};

    fn ids(values: &[(&str, &str)]) -> UniqueIds {
        let dn = Dn::parse(b"uid=a,o=x").unwrap();
        let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
        for (name, value) in values {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        UniqueIds::of(&entry)
    }

    #[test]
    fn comparisons() {
        const A: &str = "597ae2f6-16a6-1027-98f4-d28b5365dc14";
        const B: &str = "597ae2f6-16a6-1027-98f4-d28b5365dc15";
        let upper = A.to_uppercase();
        for (first, second, expected) in [
            (&[("entryUUID", A)][..], &[("ENTRYUUID", upper.as_str())][..], SameEntry::Same),
            (&[("entryUUID", A)], &[("entryUUID", B)], SameEntry::Different),
            (&[("entryUUID", A)], &[("nsUniqueId", A)], SameEntry::Unknown),
            (&[("entryUUID", A), ("nsUniqueId", "1")], &[("entryUUID", A), ("nsUniqueId", "2")], SameEntry::Different),
            (&[("entryUUID", A), ("nsUniqueId", "1")], &[("nsUniqueId", "1")], SameEntry::Same),
            (&[("entryUUID", A), ("entryUUID", B)], &[("entryUUID", A)], SameEntry::Unknown),
            (&[], &[("objectGUID", A)], SameEntry::Unknown),
        ] {
            assert_eq!(ids(first).compare(&ids(second)), expected, "{first:?} {second:?}");
            assert_eq!(ids(second).compare(&ids(first)), expected, "{second:?} {first:?}");
        }
    }

    #[test]
    fn two_forms_of_a_guid() {
        let bytes: Vec<u8> = (0..16).collect();
        let dn = Dn::parse(b"cn=a,dc=x").unwrap();
        let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
        entry.push(AttributeDescription::parse(b"objectGUID").unwrap(), Value::new(&bytes));
        for text in ["03020100-0504-0706-0809-0A0B0C0D0E0F", "{03020100-0504-0706-0809-0a0b0c0d0e0f}"] {
            let text = ids(&[("objectGUID", text)]);
            assert_eq!(UniqueIds::of(&entry).compare(&text), SameEntry::Same);
        }
        let other = ids(&[("objectGUID", "00010203-0504-0706-0809-0A0B0C0D0E0F")]);
        assert_eq!(UniqueIds::of(&entry).compare(&other), SameEntry::Different);
    }

    #[test]
    fn text_and_back() {
        for value in ["597ae2f6-16a6-1027-98f4-d28b5365dc14", "\u{1}\\ \u{e9}"] {
            let known = ids(&[("nsUniqueId", value)]);
            let texts: Vec<(&str, String)> = known.texts().collect();
            assert!(texts[0].1.is_ascii(), "{texts:?}");
            assert_eq!(UniqueIds::from_texts(texts.iter().map(|(name, text)| (*name, text.as_str()))), known);
        }
    }
}
