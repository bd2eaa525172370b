//! Accounts that no plan touches: `[protect]`.
//!
//! | key | protected |
//! | --- | --- |
//! | dn, subtree, filter | those entries |
//! | group | the members of those groups, and of the groups among them, however deep |
//! | bind | the account that the runbook binds as |
//! | `last_enabled` | of each of those groups (members of groups in it too), the last account that is not disabled: it is held |
//!
//! A protected account that is named refuses the whole plan; the last enabled member is held, because another one
//! could take its place.

use std::collections::{BTreeMap, HashSet};

use super::complete::Incomplete;
use super::sight::Sight;
use super::{Account, PlanError, Protected, hold};
use crate::directory::ScanError;
use crate::directory::key_hash::KeySet;
use crate::directory::references::named_dn;
use crate::ldap::filter::Truth;
use crate::ldap::{Dn, DnKey, Entry};
use crate::lifecycle::state::is_disabled;
use crate::lifecycle::{Reason, Step};
use crate::policy::Policy;

/// Holds or refuses what is protected. `named` are the entries that the policy names, of those the exports hold.
pub(super) fn apply<S: Sight>(
    sight: &S,
    policy: &Policy,
    accounts: &mut [Account],
    named: &[Entry],
) -> Result<(), PlanError<S::Error>> {
    let protect = &policy.protect;
    let groups = protect.group.iter().chain(&protect.last_enabled);
    let missing: Vec<Incomplete> = groups
        .filter(|dn| !named.iter().any(|entry| entry.dn == **dn))
        .map(|dn| Incomplete::ProtectedGroup(dn.clone()))
        .collect();
    if !missing.is_empty() {
        return Err(PlanError::Incomplete(missing));
    }
    let members = members(sight, named, &protect.group)?;
    let why = |account: &Account| {
        let by_group = members.contains_key(account.entry.dn.key()).then_some("[protect] group: it is a member");
        protect.why(&account.entry).or(by_group)
    };
    let refused = accounts.iter().filter_map(|account| {
        let why = why(account)?;
        Some(Protected { leaver: account.leaver, dn: account.entry.dn.clone(), origin: account.entry.origin, why })
    });
    let refused: Vec<Protected> = refused.collect();
    if !refused.is_empty() {
        return Err(PlanError::Protected(refused));
    }
    for group in &protect.last_enabled {
        let members = self::members(sight, named, std::slice::from_ref(group))?;
        hold_the_last(accounts, group, members.values().flatten(), policy);
    }
    Ok(())
}

fn hold_the_last<'m>(accounts: &mut [Account], group: &Dn, members: impl Iterator<Item = &'m Entry>, policy: &Policy) {
    let is_enabled =
        |entry: &&Entry| policy.accounts.filter.evaluate(*entry) == Truth::True && !is_disabled(entry, policy);
    let enabled: HashSet<&DnKey> = members.filter(is_enabled).map(|entry| entry.dn.key()).collect();
    let goes = |account: &&Account| matches!(account.decision.step, Step::Disable | Step::Delete);
    let going: HashSet<&DnKey> = accounts.iter().filter(goes).map(|account| account.entry.dn.key()).collect();
    if enabled.is_empty() || !enabled.is_subset(&going) {
        return;
    }
    for account in accounts.iter_mut().filter(|account| enabled.contains(&account.entry.dn.key())) {
        hold(account, Reason::LastEnabledMember(group.raw_bytes().to_vec()));
    }
}

/// The members of groups and of the groups among them: their names, and the entries of those that the exports hold.
fn members<S: Sight>(
    sight: &S,
    named: &[Entry],
    groups: &[Dn],
) -> Result<BTreeMap<DnKey, Option<Entry>>, ScanError<S::Error>> {
    let of = |entry: &Entry| -> Vec<DnKey> {
        let values = entry.values("member").map(|value| ("member", value));
        let values = values.chain(entry.values("uniqueMember").map(|value| ("uniqueMember", value)));
        values.filter_map(|(name, value)| DnKey::parse(named_dn(name, &value.bytes)).ok()).collect()
    };
    let mut members: BTreeMap<DnKey, Option<Entry>> = BTreeMap::new();
    let begin = named.iter().filter(|entry| groups.contains(&entry.dn));
    let mut next: KeySet = begin.flat_map(of).collect();
    // A round for each level of nesting; a name is looked up once, so groups in a circle end.
    while !next.is_empty() {
        let found = sight.entries(&next)?;
        members.extend(next.drain().map(|key| (key, None)));
        for entry in found {
            next.extend(of(&entry).into_iter().filter(|key| !members.contains_key(key)));
            members.insert(entry.dn.key().clone(), Some(entry));
        }
    }
    Ok(members)
}
