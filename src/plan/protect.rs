//! Accounts that no plan changes: `[protect]`.
//!
//! | key | protected |
//! | --- | --- |
//! | dn, subtree, filter | these entries |
//! | group | the members of these groups, by every way of [`membership`], and of the groups among the members, at any depth |
//! | bind | the account that the runbook binds as |
//! | `last_enabled` | in each of these groups (also in the groups among its members), the last account that is not disabled, not even in part: it is held |
//!
//! A leaver that names a protected account refuses the whole plan. The last enabled member is held, because another account
//! could take its place.
//!
//! The plan is also refused if the members of such a group cannot be determined:
//!
//! - the exports lack the group;
//! - it is not a group;
//! - a value that says who its members are cannot be followed ([`Unresolved`]);
//! - a search for members begins at an entry that the exports lack, or its filter asks for an attribute that no entry shows,
//!   and that nothing knows or that is a back link such as `memberOf`;
//! - a sudo rule or a netgroup names a group that the exports lack;
//! - it names an entry outside the parts of the directory that the exports hold. A name inside them that no entry has is a
//!   deleted account, and placeholders are not accounts.

use std::collections::HashSet;
use std::sync::Arc;

use super::error::{PlanError, Protected};
use super::incomplete::Incomplete;
use super::locate::Located;
use super::model::{Account, Hold};
use super::request::PlanContext;
use super::retained::RetainedPasses;
use crate::directory::census::{Finding, Place};
use crate::directory::membership::{self, Members, Unresolved, is_placeholder_member};
use crate::directory::snapshot::Directory;
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::Truth;
use crate::ldap::vocabulary::Vocabulary;
use crate::ldap::{Dn, DnKey, Entry};
use crate::lifecycle::state::{is_disabled, is_disabled_in_part};
use crate::lifecycle::{Reason, Step};
use crate::policy::Policy;

/// Refuses a plan in which a leaver names a protected account.
pub fn refuse_protected<E>(accounts: &[Account], policy: &Policy) -> Result<(), PlanError<E>> {
    let refused = accounts.iter().filter_map(|account| {
        let (dn, origin) = (account.entry.dn.clone(), account.entry.origin);
        Some(Protected { leaver: account.leaver, why: policy.protect.why(&account.entry)?, dn, origin })
    });
    let refused: Vec<Protected> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(PlanError::Protected(refused)) }
}

/// The groups of `[protect]`, with the exports that show their members.
pub struct ProtectedGroups<'p, D> {
    directory: &'p D,
    located: &'p Located,
}

impl<'p, D: Directory<RetainedPasses>> ProtectedGroups<'p, D> {
    /// The groups; refused if the exports lack one.
    pub fn new(directory: &'p D, located: &'p Located) -> Result<Self, PlanError<D::Error>> {
        let protect = &located.policy.protect;
        let groups = protect.group.iter().chain(&protect.last_enabled);
        let missing = groups.filter(|dn| !located.entries.policy_entries.iter().any(|entry| entry.dn == **dn));
        let mut missing: Vec<Incomplete> = missing.map(|dn| Incomplete::ProtectedGroup(dn.clone())).collect();
        let is_named = |entry: &&Entry| protect.group.iter().chain(&protect.last_enabled).any(|dn| *dn == entry.dn);
        let mut others = Finding::default();
        for entry in located.entries.policy_entries.iter().filter(is_named).filter(|entry| !membership::is_group(entry))
        {
            let class = entry.values("objectClass").last();
            others.add(place(&Unresolved {
                origin: entry.origin,
                attribute: "objectClass".to_owned(),
                value: class.map(|class| class.bytes.to_vec()).unwrap_or_default(),
                why: "the entry is not a group: [protect] names it as one",
            }));
        }
        if others.count > 0 && directory.is_as_exported() {
            missing.push(Incomplete::ProtectedMembers(others));
        }
        if missing.is_empty() { Ok(Self { directory, located }) } else { Err(PlanError::Incomplete(missing)) }
    }

    /// The policy, with the members of its protected groups: [`ProtectPolicy::why`](crate::policy::ProtectPolicy::why) then
    /// answers for every entry.
    pub fn policy_with_members(&self) -> Result<Policy, PlanError<D::Error>> {
        let members = self.members(&self.located.policy.protect.group, &|_| false)?;
        let mut policy = self.located.policy.clone();
        policy.protect.members = Arc::new(members.names);
        Ok(policy)
    }

    /// The accounts to hold because they are the last enabled members of a group.
    pub fn last_enabled_members(
        &self,
        group: &Dn,
        accounts: &[Account],
        context: PlanContext<'_>,
    ) -> Result<Vec<Hold>, PlanError<D::Error>> {
        let policy = context.policy;
        let is_enabled = |entry: &Entry| {
            policy.accounts.filter.evaluate(entry) == Truth::True
                && !is_disabled(entry, policy)
                && !is_disabled_in_part(entry, policy)
        };
        let members = self.members(std::slice::from_ref(group), &is_enabled)?;
        let is_ending = |account: &&Account| matches!(account.decision.step, Step::Disable | Step::Delete);
        let ending: HashSet<&DnKey> = accounts.iter().filter(is_ending).map(|account| account.entry.dn.key()).collect();
        if !members.certain.iter().all(|member| ending.contains(member)) {
            return Ok(Vec::new());
        }
        let is_held = |account: &Account| {
            let key = account.entry.dn.key();
            members.picked.contains(key) && ending.contains(key)
        };
        let held = accounts.iter().enumerate().filter(|(_, account)| is_held(account));
        let reason = || Reason::LastEnabledMember(group.raw_bytes().to_vec());
        Ok(held.map(|(account, _)| Hold { account, reason: reason() }).collect())
    }

    /// The members of groups; refused if they cannot be determined.
    fn members(&self, groups: &[Dn], picks: &(dyn Fn(&Entry) -> bool + Sync)) -> Result<Members, PlanError<D::Error>> {
        let Located { policy, schema, entries, .. } = self.located;
        let vocabulary = Vocabulary { schema: schema.described(), rules: policy.directory.server.profile().filters };
        let groups: Vec<&Entry> = entries.policy_entries.iter().filter(|entry| groups.contains(&entry.dn)).collect();
        let members = membership::members(self.directory, &groups, vocabulary, picks)?;
        let mut unknown = Finding::default();
        for unresolved in &members.unresolved {
            unknown.add(place(unresolved));
        }
        // Only the exports themselves show which parts of the directory they hold.
        if self.directory.is_as_exported() {
            let lacks_base = |base: &DnKey| !entries.structure.holds_key(base.as_bytes());
            let bases = members.bases.iter().filter(|(base, _)| lacks_base(base));
            for unresolved in bases.map(|(_, unresolved)| unresolved).chain(&members.lacking) {
                unknown.add(place(unresolved));
            }
            let is_inside = |key: &DnKey| prefixes(key.as_bytes()).any(|(above, _)| entries.structure.holds_key(above));
            let outside = members.absent.iter().filter(|absent| !is_inside(&absent.key));
            for absent in outside.filter(|absent| !is_placeholder_member(&absent.value, policy)) {
                unknown.add(place(&Unresolved {
                    origin: absent.origin,
                    attribute: "member".to_owned(),
                    value: absent.value.clone(),
                    why: "the exports do not hold this part of the directory",
                }));
            }
        }
        let refused = vec![Incomplete::ProtectedMembers(unknown)];
        if refused[0].places().is_empty() { Ok(members) } else { Err(PlanError::Incomplete(refused)) }
    }
}

/// The place of a value that cannot be followed, with the value and why.
fn place(unresolved: &Unresolved) -> Place {
    let Unresolved { origin, attribute, value, why } = unresolved;
    let text = [attribute.as_bytes(), b": ", value, b": ", why.as_bytes()].concat();
    Place { export: origin.export, line: origin.line, text }
}
