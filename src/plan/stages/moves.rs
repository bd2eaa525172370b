//! The stage `move`: disabled accounts go to the policy's container, restored ones back.
//!
//! | account | goes to |
//! | --- | --- |
//! | disabled by this plan, or disabled already and waiting, and not below `[move] to` | `[move] to` |
//! | restored, and below `[move] to` | where the change set that moved it (`--history`) took it from, else `[move] back` |
//! | anything else | stays |
//!
//! The RDN stays as it is spelled. An account is not moved, and a person must decide, where
//!
//! - an entry of the export, or another account of this plan, has the name that it would get;
//! - another account stands below it;
//! - the container is not in the exports.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Built, Site};
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::Truth;
use crate::ldap::{Dn, DnKey, Entry};
use crate::lifecycle::state::State;
use crate::lifecycle::{Reason, Step};
use crate::plan::collect::{Collected, Kept};
use crate::plan::operation::{Kind, Operation, Stage, name_below, rename};
use crate::plan::{Account, DecisionItem};
use crate::policy::Policy;

/// Who is moved, and who cannot be.
#[derive(Default)]
pub struct Moves {
    /// The old and the new name of each account that is moved.
    pub moved: BTreeMap<usize, (Dn, Dn)>,
    /// Those accounts by their old name.
    by_name: HashMap<DnKey, usize>,
    /// Accounts that should be moved and cannot: why, and the name that is in the way.
    pub obstacles: Vec<(usize, &'static str, Dn)>,
}

impl Moves {
    /// The name of an entry when the moves are done.
    pub fn name_after(&self, dn: &Dn) -> Dn {
        let above = prefixes(dn.key().as_bytes()).filter_map(|(above, _)| self.by_name.get(above)).min();
        let Some((old, new)) = above.and_then(|index| self.moved.get(index)) else { return dn.clone() };
        dn.renamed(old.key(), new).unwrap_or_else(|| dn.clone())
    }
}

/// The name that an account should get, if it should move.
pub fn target(account: &Account, policy: &Policy, moved_from: Option<&Dn>) -> Option<Dn> {
    let moving = policy.moving.as_ref()?;
    let decision = &account.decision;
    let dn = &account.entry.dn;
    let is_there = moving.contains(dn.key().as_bytes());
    if decision.step == Step::Restore {
        let before = moved_from.and_then(|old| Dn::parse(old.parent_spelling()?).ok());
        let back = before.or_else(|| moving.back.clone()).filter(|_| is_there)?;
        return name_below(dn.rdn_spelling(), &back);
    }
    let stays_disabled = match decision.step {
        Step::Disable | Step::Stamp => true,
        // Before its day nothing is done with it.
        Step::Wait if matches!(decision.reason, Reason::NotYetEffective(_)) => false,
        Step::Wait | Step::Strip => decision.state != State::Active,
        Step::Nothing => decision.reason == Reason::AlreadyDisabled,
        _ => false,
    };
    let is_whole = decision.action.disables_account();
    if !stays_disabled || !is_whole || is_there {
        return None;
    }
    name_below(dn.rdn_spelling(), &moving.to)
}

/// Works out who is moved.
pub fn moves(accounts: &[Account], around: &Collected, policy: &Policy) -> Moves {
    let mut found = Moves::default();
    let there: HashSet<&DnKey> = around.kept.iter().map(|kept| kept.entry.dn.key()).collect();
    let mut below: HashMap<usize, Vec<&Kept>> = HashMap::new();
    for kept in &around.kept {
        if let Some(above) = kept.below {
            below.entry(above).or_default().push(kept);
        }
    }
    let wished = accounts
        .iter()
        .enumerate()
        .filter_map(|(index, account)| Some((index, account, target(account, policy, account.history_name.as_ref())?)));
    let stays = |(index, account): (usize, &Account)| {
        let is_there = policy.is_moved(account.entry.dn.key().as_bytes());
        let stays = account.decision.step == Step::Restore
            && is_there
            && target(account, policy, account.history_name.as_ref()).is_none();
        stays.then(|| (index, "restore-not-moved", account.entry.dn.clone()))
    };
    found.obstacles.extend(accounts.iter().enumerate().filter_map(stays));
    let mut taken: BTreeSet<DnKey> = BTreeSet::new();
    for (index, account, new) in wished {
        let is_account = |entry: &Entry| policy.accounts.filter.evaluate(entry) == Truth::True;
        let own = account.entry.dn.key();
        let mut below = below.get(&index).into_iter().flatten().filter(|kept| kept.entry.dn.key() != own);
        let account_below = below.find(|kept| is_account(&kept.entry));
        let container = new.key().parent().unwrap_or_default();
        if !there.contains(&container) {
            found.obstacles.push((index, "move-no-container", new));
        } else if there.contains(new.key()) || taken.contains(new.key()) {
            found.obstacles.push((index, "move-collision", new));
        } else if let Some(kept) = account_below {
            found.obstacles.push((index, "move-account-below", kept.entry.dn.clone()));
        } else {
            taken.insert(new.key().clone());
            found.by_name.insert(own.clone(), index);
            found.moved.insert(index, (account.entry.dn.clone(), new));
        }
    }
    found
}

/// Writes the stage.
pub fn build(built: &mut Built, site: &Site<'_>) {
    for (index, code, name) in &site.moves.obstacles {
        let entry = &site.accounts[*index].entry;
        built.decision_items.push(DecisionItem {
            account: Some(*index),
            code,
            dn: entry.dn.raw_bytes().to_vec(),
            attribute: "dn".to_owned(),
            value: name.raw_bytes().to_vec(),
            evidence: entry.origin,
        });
    }
    for (index, (_, new)) in &site.moves.moved {
        let account = &site.accounts[*index];
        let Some(parent) = new.parent_spelling().and_then(|parent| Dn::parse(parent).ok()) else { continue };
        let Some((record, undo, _)) = rename(&account.entry, &parent) else { continue };
        built.touch(&account.entry);
        built.operations.push(Operation {
            stage: Stage::Move,
            kind: Kind::Move,
            record,
            inverse: Some(undo),
            accounts: vec![*index],
            service: None,
            reason: if account.decision.step == Step::Restore {
                "restored: it goes back".to_owned()
            } else {
                "disabled: it goes to [move] to".to_owned()
            },
            evidence: account.entry.origin,
        });
    }
}
