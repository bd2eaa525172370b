//! Waves: one plan in several parts, each of them a plan of its own, for so many accounts at a time.
//!
//! The whole is planned first: it decides who is acted on, and holds the limits. Each wave is then planned from the
//! directory as the waves before it leave it. What a wave is asked for:
//!
//! | account | in the wave |
//! | --- | --- |
//! | of this wave | planned as in the whole |
//! | of another wave, or of none | held, and nobody's successor if it leaves; left out of what the wave shows |
//! | deleted by an earlier wave | is not asked for any more |
//!
//! When all waves are done, the directory must be as the whole plan would leave it: see [`difference`]. Where parts of a
//! plan depend on each other across waves (an account below another, say), it is not, and there are no waves.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Account, DecisionItem, Plan, Request, hold};
use crate::directory::Overlay;
use crate::directory::key_hash::KeySet;
use crate::ldap::{Attribute, Dn, DnKey, Entry};
use crate::leavers::{Identity, Leaver};
use crate::lifecycle::{Reason, Step};

/// The accounts of each wave: those that a plan does something for, or that other tools must do something for, so many at
/// a time, in the order of their leavers.
///
/// A plan with records and no account of its own (address books whose owners are gone) is one wave; one that does nothing
/// has none.
pub fn waves(whole: &Plan, size: usize) -> Vec<Arc<KeySet>> {
    let is_acted_on = |account: &&Account| match account.decision.step {
        Step::Nothing | Step::Hold => false,
        Step::Wait => matches!(account.decision.reason, Reason::WaitingForServices(_)),
        _ => true,
    };
    let records = whole.by_account();
    let accounts = whole.accounts.iter().zip(&records);
    let acted_on = accounts.filter(|(account, records)| !records.is_empty() || is_acted_on(account));
    let keys: Vec<DnKey> = acted_on.map(|(account, _)| account.entry.dn.key().clone()).collect();
    let waves: Vec<Arc<KeySet>> =
        keys.chunks(size.max(1)).map(|chunk| Arc::new(chunk.iter().cloned().collect())).collect();
    if waves.is_empty() && !whole.operations.is_empty() { vec![Arc::default()] } else { waves }
}

/// What a wave is asked for, once the waves before it left this behind.
pub fn request(whole: &Plan, request: &Request, wave: &Arc<KeySet>, before: &Overlay, is_last: bool) -> Request {
    let leaver = |account: &Account| -> Option<Leaver> {
        let mut leaver = whole.leavers.get(account.leaver)?.clone();
        let key = account.entry.dn.key();
        if !wave.contains(key) {
            // Whatever name it has by now.
            let name: &Dn = match before.get(key) {
                None => &account.entry.dn,
                Some(entry) => &entry.as_ref()?.dn,
            };
            leaver.identity = Identity::Dn(name.clone());
        }
        Some(leaver)
    };
    Request {
        leavers: whole.accounts.iter().filter_map(leaver).collect(),
        // Those that they name are among the leavers.
        rosters: Vec::new(),
        orphans: request.orphans && is_last,
        wave: Some(wave.clone()),
        ..request.clone()
    }
}

/// Holds all accounts that are not of the wave.
pub(super) fn hold_others(accounts: &mut [Account], wave: &KeySet) {
    for account in accounts.iter_mut().filter(|account| !wave.contains(account.entry.dn.key())) {
        hold(account, Reason::OtherWave);
    }
}

impl Plan {
    /// Leaves out whatever is not about the accounts of a wave; what is about nobody is in the report of the whole.
    pub fn keep_wave(&mut self, wave: &KeySet) {
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let mut leavers = Vec::new();
        let mut accounts = Vec::new();
        for (at, mut account) in std::mem::take(&mut self.accounts).into_iter().enumerate() {
            if !wave.contains(account.entry.dn.key()) {
                continue;
            }
            places.insert(at, accounts.len());
            leavers.extend(self.leavers.get(account.leaver).cloned());
            account.leaver = accounts.len();
            accounts.push(account);
        }
        let place = |account: &usize| places.get(account).copied();
        for operation in &mut self.operations {
            operation.accounts = operation.accounts.iter().filter_map(place).collect();
        }
        for row in &mut self.counted {
            row.accounts = row.accounts.iter().filter_map(place).collect();
        }
        let review = |review: DecisionItem| Some(DecisionItem { account: Some(place(&review.account?)?), ..review });
        self.decision_items = std::mem::take(&mut self.decision_items).into_iter().filter_map(review).collect();
        self.lost_access.retain_mut(|access| {
            let kept = place(&access.account);
            access.account = kept.unwrap_or_default();
            kept.is_some()
        });
        self.conflicts.clear();
        (self.leavers, self.accounts) = (leavers, accounts);
    }
}

/// An entry that all waves together leave otherwise than the whole plan does, if there is one.
pub fn difference<'e>(waves: &'e Overlay, whole: &'e BTreeMap<DnKey, Option<Arc<Entry>>>) -> Option<&'e DnKey> {
    let extra = waves.keys().filter(|key| !whole.contains_key(*key)).min();
    extra.or_else(|| {
        let other = |(key, entry): &(&DnKey, &Option<Arc<Entry>>)| match (waves.get(*key), entry) {
            (Some(Some(left)), Some(right)) => !is_same(left, right),
            (Some(None), None) => false,
            _ => true,
        };
        whole.iter().find(other).map(|(key, _)| key)
    })
}

/// Whether two states of an entry have the same name and values, in any order.
fn is_same(left: &Entry, right: &Entry) -> bool {
    let values = |attribute: &Attribute| {
        let mut values: Vec<_> = attribute.values.iter().map(|value| value.bytes.clone()).collect();
        values.sort_unstable();
        values
    };
    left.dn.raw_bytes() == right.dn.raw_bytes()
        && left.attributes.len() == right.attributes.len()
        && left.attributes.iter().all(|attribute| {
            let mut same = right.attributes.iter().filter(|other| other.description == attribute.description);
            same.next().is_some_and(|other| values(other) == values(attribute))
        })
}
