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

use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::normalize;
use crate::ldap::{Entry, Value};

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
            values.next().filter(|_| values.next().is_none()).map(|value| normal(name, value))
        }))
    }

    /// The identifiers that are known under these names of attributes.
    pub fn from_values<'v>(values: impl Fn(&str) -> Option<&'v [u8]>) -> Self {
        Self(
            UNIQUE_ID_ATTRIBUTES
                .map(|name| values(name).map(|value| normalize(equality_rule(name), value).into_owned())),
        )
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Each attribute with its identifier, in normal form.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        UNIQUE_ID_ATTRIBUTES.into_iter().zip(&self.0).filter_map(|(name, id)| Some((name, id.as_deref()?)))
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

fn normal(name: &str, value: &Value) -> Vec<u8> {
    normalize(equality_rule(name), &value.bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Origin};

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
}
