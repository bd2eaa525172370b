//! What a deleted account could do through groups, beside its own memberships: a reviewer sees what else ends.
//!
//! | way | found |
//! | --- | --- |
//! | a group that a group of the account is in, however deep | by `member` and `uniqueMember` of groups that name groups |
//! | a group by a URL (`memberURL`, `mgrpDeliverTo`) | by base, scope and filter, evaluated on the account by the built-in tables |
//! | its primary group in Active Directory | `primaryGroupID`, which no `member` value shows (MS-ADA2, 2.45) |
//!
//! Nothing is written for any of these.

use std::collections::{BTreeMap, BTreeSet};

use super::Account;
use super::collect::Collected;
use super::references::Fates;
use crate::directory::key_hash::hash;
use crate::directory::references::MatchKind;
use crate::directory::references::kinds::is_member;
use crate::ldap::filter::{Filter, Truth};
use crate::ldap::url::{LdapUrl, percent_decoded};
use crate::ldap::{DnKey, Entry};
use crate::lifecycle::Step;

/// One way to access that ends with an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The account, by index.
    pub account: usize,
    /// How it has it.
    pub way: Way,
    /// The group: its name as spelled, or the number of a primary group.
    pub group: Vec<u8>,
    /// The group of the account that is in it, or the URL that finds the account.
    pub through: Vec<u8>,
}

/// How an account is in a group that does not name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Through a group that is in it.
    Nested,
    /// By a URL.
    Dynamic,
    /// By `primaryGroupID`.
    Primary,
}

impl Way {
    /// Its word: stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nested => "nested",
            Self::Dynamic => "dynamic",
            Self::Primary => "primary",
        }
    }
}

/// Whether an LDAP URL finds an entry: its base and scope hold it, and its filter matches.
pub fn finds(url: &[u8], entry: &Entry) -> bool {
    let Some(url) = LdapUrl::of_value(url) else { return false };
    let rest = url.rest.unwrap_or_default();
    let mut parts = rest.split('?').skip(1);
    let (scope, filter) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (key, base) = (entry.dn.key(), url.dn.key());
    // RFC 4516, 2: without a scope it is the base alone.
    let in_scope = match scope.to_ascii_lowercase().as_str() {
        "sub" => key.is_at_or_under(base),
        "one" => key.parent().as_ref() == Some(base),
        _ => key == base,
    };
    let filter = String::from_utf8(percent_decoded(filter)).unwrap_or_default();
    let matches =
        || filter.is_empty() || Filter::parse(&filter).is_ok_and(|filter| filter.evaluate(entry) == Truth::True);
    in_scope && matches()
}

/// Everything that ends with deleted accounts.
pub fn lost(accounts: &[Account], around: &Collected, fates: &Fates<'_>) -> Vec<Access> {
    let deleted = |index: usize| accounts.get(index).is_some_and(|account| account.decision.step == Step::Delete);
    let mut parents: BTreeMap<u64, Vec<(u64, &[u8])>> = BTreeMap::new();
    for edge in &around.nesting {
        parents.entry(edge.child).or_default().push((edge.parent, &edge.name));
    }
    let mut lost = BTreeSet::new();
    for kept in &around.kept {
        for reference in &kept.references {
            let description = &kept.entry.attributes[reference.at.0].description;
            let is_member = is_member(description.attribute_type()) && reference.how == MatchKind::Name;
            if !is_member || !deleted(reference.person) || !(fates.is_deleted)(reference.person) {
                continue;
            }
            let through = kept.entry.dn.raw_bytes();
            let mut seen = BTreeSet::from([hash(kept.entry.dn.key().as_bytes())]);
            let mut next: Vec<u64> = seen.iter().copied().collect();
            while let Some(group) = next.pop() {
                for (parent, name) in parents.get(&group).into_iter().flatten() {
                    if seen.insert(*parent) {
                        next.push(*parent);
                        let (group, through) = (name.to_vec(), through.to_vec());
                        lost.insert(Access { account: reference.person, way: Way::Nested, group, through });
                    }
                }
            }
        }
    }
    // A group that names the account itself is no more news.
    let direct: BTreeSet<(usize, &DnKey)> = around
        .kept
        .iter()
        .flat_map(|kept| kept.references.iter().map(|reference| (reference.person, kept.entry.dn.key())))
        .collect();
    lost.retain(|access| DnKey::parse(&access.group).is_ok_and(|key| !direct.contains(&(access.account, &key))));
    for found in around.dynamic.iter().filter(|found| deleted(found.account)) {
        lost.insert(found.clone());
    }
    for (index, account) in accounts.iter().enumerate().filter(|(index, _)| deleted(*index)) {
        for number in account.entry.values("primaryGroupID") {
            let group = number.bytes.to_vec();
            lost.insert(Access { account: index, way: Way::Primary, group, through: Vec::new() });
        }
    }
    lost.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Origin, Value};

    #[test]
    fn who_a_url_finds() {
        let mut entry =
            Entry { dn: Dn::parse(b"uid=a,ou=p,o=x").unwrap(), origin: Origin::default(), attributes: Vec::new() };
        entry.push(AttributeDescription::parse(b"uid").unwrap(), Value::new(b"a"));
        for (url, expected) in [
            ("ldap:///o=x??sub?(uid=a)", true),
            ("ldap:///o=x??sub?(uid=b)", false),
            ("ldap:///o=x??sub", true),
            ("ldap:///o=x??sub?", true),
            ("ldap:///ou=p,o=x??one?(uid=*)", true),
            ("ldap:///o=x??one?(uid=*)", false),
            ("ldap:///uid=a,ou=p,o=x", true),
            ("ldap:///o=x", false),
            ("ldap:///o=x??sub?(uid=%61)", true),
            ("ldap:///o=x??sub?(uid=", false),
            ("http://x", false),
        ] {
            assert_eq!(finds(url.as_bytes(), &entry), expected, "{url}");
        }
    }
}
