//! Who takes over what a deleted account owns.
//!
//! The policy's order, first that is eligible: `leaver` (the successor in the leaver list), `manager` (of the account;
//! of a manager who leaves as well, the next one up), `fallback` (the policy's own). Eligible is an entry that the
//! exports hold, that leaves with nobody in this plan, and that is not marked.

use std::collections::HashMap;

use super::collect::Collected;
use super::resolve::Match;
use super::{Account, Request};
use crate::ldap::{Dn, DnKey};
use crate::lifecycle::state::is_marked;
use crate::policy::{Policy, SuccessorSource};

/// For each account, those who could follow it, best first. Whether the exports hold them is not known yet.
pub fn wishes(
    accounts: &[Account],
    matches: &[Match],
    leaving: &HashMap<DnKey, usize>,
    policy: &Policy,
    request: &Request,
) -> Vec<Vec<Dn>> {
    // Identities of successors stand behind those of the leavers, in the order of the leavers that have one.
    let with_successor = (0..request.leavers.len()).filter(|leaver| request.leavers[*leaver].successor.is_some());
    let identity_of: HashMap<usize, usize> =
        with_successor.enumerate().map(|(nth, leaver)| (leaver, request.leavers.len() + nth)).collect();
    let one = |account: &Account| {
        let mut wished = Vec::new();
        for source in &policy.successor.order {
            match source {
                SuccessorSource::Leaver => {
                    let Some(identity) = identity_of.get(&account.leaver) else { continue };
                    let meant: Vec<&Match> =
                        matches.iter().filter(|found| found.identities.contains(identity)).collect();
                    // Several are as good as none: choosing is for a person.
                    if let [only] = meant.as_slice() {
                        wished.push(only.entry.dn.clone());
                    }
                }
                SuccessorSource::Manager => wished.extend(manager(account, accounts, leaving)),
                SuccessorSource::Fallback => wished.extend(policy.successor.fallback.clone()),
            }
        }
        wished
    };
    accounts.iter().map(one).collect()
}

/// The first manager up the line who does not leave; none where the line ends or runs in a circle.
fn manager(account: &Account, accounts: &[Account], leaving: &HashMap<DnKey, usize>) -> Option<Dn> {
    let mut below = account;
    for _ in 0..=accounts.len() {
        let manager = Dn::parse(&below.entry.values("manager").next()?.bytes).ok()?;
        match leaving.get(manager.key()) {
            Some(above) => below = &accounts[*above],
            None => return Some(manager),
        }
    }
    None
}

/// The first eligible one, spelled as its entry spells its name.
pub fn choose(wished: &[Dn], around: &Collected, leaving: &HashMap<DnKey, usize>, policy: &Policy) -> Option<Dn> {
    wished.iter().find_map(|dn| {
        let entry = &around.kept.iter().find(|kept| kept.entry.dn == *dn)?.entry;
        let eligible = !leaving.contains_key(dn.key()) && !is_marked(entry, policy);
        eligible.then(|| entry.dn.clone())
    })
}
