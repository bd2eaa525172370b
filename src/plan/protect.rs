//! Accounts that no plan changes: `[protect]`.
//!
//! | key | protected |
//! | --- | --- |
//! | dn, subtree, filter | these entries |
//! | group | the members of these groups, and of the groups among the members, at any depth |
//! | bind | the account that the runbook binds as |
//! | `last_enabled` | in each of these groups (also in the groups among its members), the last account that is not disabled: it is held |
//!
//! A leaver that names a protected account refuses the whole plan. The last enabled member is held, because another account
//! could take its place.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::error::{PlanError, Protected};
use super::incomplete::Incomplete;
use super::model::{Account, Hold};
use super::retained::RetainedPasses;
use crate::directory::ScanError;
use crate::directory::key_hash::KeySet;
use crate::directory::references::named_dn;
use crate::directory::snapshot::Directory;
use crate::ldap::filter::Truth;
use crate::ldap::{Dn, DnKey, Entry};
use crate::lifecycle::state::is_disabled;
use crate::lifecycle::{Reason, Step};
use crate::policy::Policy;

/// The policy, with the members of its protected groups: [`ProtectPolicy::why`](crate::policy::ProtectPolicy::why) then
/// answers for every entry. Refused if the exports lack a group of `[protect]`.
pub fn with_members<D: Directory<RetainedPasses>>(
    directory: &D,
    policy: &Policy,
    policy_entries: &[Entry],
) -> Result<Policy, PlanError<D::Error>> {
    let members = Groups::new(directory, policy, policy_entries)?.members(&policy.protect.group)?;
    let mut policy = policy.clone();
    policy.protect.members = Arc::new(members.into_keys().collect());
    Ok(policy)
}

/// Refuses a plan in which a leaver names a protected account.
pub fn refuse_protected<E>(accounts: &[Account], policy: &Policy) -> Result<(), PlanError<E>> {
    let refused = accounts.iter().filter_map(|account| {
        let (dn, origin) = (account.entry.dn.clone(), account.entry.origin);
        Some(Protected { leaver: account.leaver, why: policy.protect.why(&account.entry)?, dn, origin })
    });
    let refused: Vec<Protected> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(PlanError::Protected(refused)) }
}

/// The groups of `[protect]`, with the entries of the exports.
pub struct Groups<'p, D> {
    directory: &'p D,
    policy: &'p Policy,
    /// The entries whose names the policy has.
    policy_entries: &'p [Entry],
}

/// The members of groups by name, and their entries; `None` for an entry that the exports lack.
type Members = BTreeMap<DnKey, Option<Entry>>;

impl<'p, D: Directory<RetainedPasses>> Groups<'p, D> {
    /// The groups; refused if the exports lack one.
    pub fn new(directory: &'p D, policy: &'p Policy, policy_entries: &'p [Entry]) -> Result<Self, PlanError<D::Error>> {
        let groups = policy.protect.group.iter().chain(&policy.protect.last_enabled);
        let missing = groups.filter(|dn| !policy_entries.iter().any(|entry| entry.dn == **dn));
        let missing: Vec<Incomplete> = missing.map(|dn| Incomplete::ProtectedGroup(dn.clone())).collect();
        if missing.is_empty() {
            Ok(Self { directory, policy, policy_entries })
        } else {
            Err(PlanError::Incomplete(missing))
        }
    }

    /// The accounts to hold because they are the last enabled members of a group.
    pub fn last_enabled_members(&self, group: &Dn, accounts: &[Account]) -> Result<Vec<Hold>, PlanError<D::Error>> {
        let members = self.members(std::slice::from_ref(group))?;
        let is_enabled = |entry: &&Entry| {
            self.policy.accounts.filter.evaluate(*entry) == Truth::True && !is_disabled(entry, self.policy)
        };
        let enabled: HashSet<&DnKey> =
            members.values().flatten().filter(is_enabled).map(|entry| entry.dn.key()).collect();
        let is_ending = |account: &&Account| matches!(account.decision.step, Step::Disable | Step::Delete);
        let ending: HashSet<&DnKey> = accounts.iter().filter(is_ending).map(|account| account.entry.dn.key()).collect();
        if enabled.is_empty() || !enabled.is_subset(&ending) {
            return Ok(Vec::new());
        }
        let held = accounts.iter().enumerate().filter(|(_, account)| enabled.contains(account.entry.dn.key()));
        let reason = || Reason::LastEnabledMember(group.raw_bytes().to_vec());
        Ok(held.map(|(account, _)| Hold { account, reason: reason() }).collect())
    }

    /// The members of groups, and of the groups among the members.
    fn members(&self, groups: &[Dn]) -> Result<Members, ScanError<D::Error>> {
        let of_group = |entry: &Entry| -> Vec<DnKey> {
            let values = entry.values("member").map(|value| ("member", value));
            let values = values.chain(entry.values("uniqueMember").map(|value| ("uniqueMember", value)));
            values.filter_map(|(name, value)| DnKey::parse(named_dn(name, &value.bytes)).ok()).collect()
        };
        let mut members = Members::new();
        let first = self.policy_entries.iter().filter(|entry| groups.contains(&entry.dn));
        let mut next: KeySet = first.flat_map(of_group).collect();
        // One round for each level of nesting. Each name is looked up once, so groups in a circle come to an end.
        while !next.is_empty() {
            let found = self.directory.entries(&next)?;
            members.extend(next.drain().map(|key| (key, None)));
            for entry in found {
                next.extend(of_group(&entry).into_iter().filter(|key| !members.contains_key(key)));
                members.insert(entry.dn.key().clone(), Some(entry));
            }
        }
        Ok(members)
    }
}
