//! What a deleted account could do through groups that do not list it, so that a reviewer sees what else it loses.
//!
//! | the account is in | found by |
//! | --- | --- |
//! | a group that one of its groups is a member of, at any depth | attributes of groups that hold the DNs of members ([`membership`](crate::directory::membership)) |
//! | a dynamic group (`memberURL`, `memberQueryURL`, `mgrpDeliverTo`) | base, scope and filter of the URL, evaluated on the account by the built-in tables |
//! | its primary group in Active Directory | `primaryGroupID`, which no `member` value shows (MS-ADA2, 2.45) |
//!
//! Nothing is written for any of these.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strum::IntoStaticStr;

use super::gather::{DynamicMember, Gathered, Query};
use super::model::{Account, Fates, SubjectId};
use crate::directory::key_hash::{Hashes, hash};
use crate::directory::membership::lists_members;
use crate::ldap::DnKey;

/// A membership that ends with an account, although the group does not list the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LostAccess {
    /// The account, by index.
    pub account: usize,
    /// How the account is a member.
    pub membership: MembershipKind,
    /// The name of the group as spelled, or the number of a primary group.
    pub group: Vec<u8>,
    /// The group of the account that is a member, or the URL that selects the account; empty for a primary group.
    pub through: Vec<u8>,
}

/// How an account is a member of a group that does not list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum MembershipKind {
    /// Through a group that is a member.
    Nested,
    /// By a URL.
    Dynamic,
    /// By `primaryGroupID`.
    Primary,
}

impl MembershipKind {
    /// Its word in plan.json: stable.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Which dynamic groups select the deleted accounts, and which groups are in which. `groups` has hashes of all names.
pub fn query(accounts: &[Account], groups: &Arc<Hashes>) -> Query {
    let deleted = accounts.iter().enumerate().filter(|(_, account)| account.is_deleted());
    let dynamic_members: Vec<DynamicMember> =
        deleted.map(|(account, found)| DynamicMember { account, entry: found.entry.clone() }).collect();
    let groups = if dynamic_members.is_empty() { Arc::default() } else { Arc::clone(groups) };
    Query { groups, dynamic_members, ..Query::default() }
}

/// Every membership that ends with a deleted account.
pub fn lost_access(accounts: &[Account], gathered: &Gathered, fates: &Fates) -> Vec<LostAccess> {
    let mut lost = nested(gathered, fates);
    // A group that lists the account is not news.
    let listed: BTreeSet<(SubjectId, &DnKey)> = gathered
        .related
        .iter()
        .flat_map(|related| related.references.iter().map(|reference| (reference.subject, related.entry.dn.key())))
        .collect();
    lost.retain(|access| {
        let is_listed = |key: &DnKey| listed.contains(&(SubjectId::Account(access.account), key));
        DnKey::parse(&access.group).is_ok_and(|key| !is_listed(&key))
    });
    for found in gathered.dynamic_groups.iter().filter(|found| fates.is_deleted(SubjectId::Account(found.account))) {
        lost.insert(LostAccess {
            account: found.account,
            membership: MembershipKind::Dynamic,
            group: found.group.clone(),
            through: found.url.clone(),
        });
    }
    for (index, account) in accounts.iter().enumerate().filter(|(_, account)| account.is_deleted()) {
        lost.extend(account.entry.values("primaryGroupID").map(|number| LostAccess {
            account: index,
            membership: MembershipKind::Primary,
            group: number.bytes.to_vec(),
            through: Vec::new(),
        }));
    }
    lost.into_iter().collect()
}

/// The groups above the groups that list deleted accounts.
fn nested(gathered: &Gathered, fates: &Fates) -> BTreeSet<LostAccess> {
    let mut parents: BTreeMap<u64, Vec<(u64, &[u8])>> = BTreeMap::new();
    for nesting in &gathered.nesting {
        parents.entry(nesting.child).or_default().push((nesting.parent, &nesting.name));
    }
    let mut lost = BTreeSet::new();
    for related in &gathered.related {
        for reference in &related.references {
            let SubjectId::Account(account) = reference.subject else { continue };
            let is_member = lists_members(related.attribute(reference).description.attribute_type());
            if !is_member
                || !reference.kind.is_certain()
                || reference.is_ambiguous
                || !fates.is_deleted(reference.subject)
            {
                continue;
            }
            let through = related.entry.dn.raw_bytes();
            let mut seen = BTreeSet::from([hash(related.entry.dn.key().as_bytes())]);
            let mut next: Vec<u64> = seen.iter().copied().collect();
            while let Some(group) = next.pop() {
                for (parent, name) in parents.get(&group).into_iter().flatten() {
                    if seen.insert(*parent) {
                        next.push(*parent);
                        let (group, through) = (name.to_vec(), through.to_vec());
                        lost.insert(LostAccess { account, membership: MembershipKind::Nested, group, through });
                    }
                }
            }
        }
    }
    lost
}
