//! Batches (`--wave N`): one plan in several parts, each a plan of its own, for N accounts at a time.
//!
//! The whole is planned first: it decides which accounts are changed, and checks the limits. Each batch is then planned from
//! the directory as the batches before it leave it. What a batch is asked for:
//!
//! | account | in the batch |
//! | --- | --- |
//! | of this batch | planned as in the whole |
//! | of another batch, or of none | held, not a successor if it leaves, and left out of the reports of the batch |
//! | deleted by an earlier batch | not asked for any more |
//!
//! When all batches are done, the directory must be as the whole plan would leave it: see [`difference`]. If accounts of
//! different batches depend on each other (one is below the other, for instance), it is not, and no batches are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::{Account, DecisionItem};
use super::outcome::Plan;
use super::request::Request;
use crate::directory::Overlay;
use crate::directory::key_hash::KeySet;
use crate::ldap::{Attribute, Dn, DnKey, Entry};
use crate::leavers::{Identity, Leaver};
use crate::lifecycle::{Reason, Step};

/// The accounts of each batch by name: those that a plan changes, or that other tools must change, `size` at a time, in the
/// order of their leavers.
///
/// A plan with records and without accounts (address books without an owner) is one batch; one that does nothing has none.
pub fn split(whole: &Plan, size: usize) -> Vec<Arc<KeySet>> {
    let is_acted_on = |account: &&Account| match account.decision.step {
        Step::Nothing | Step::Hold => false,
        Step::Wait => matches!(account.decision.reason, Reason::WaitingForServices(_)),
        _ => true,
    };
    let records = whole.by_account();
    let accounts = whole.accounts.iter().zip(&records);
    let acted_on = accounts.filter(|(account, records)| !records.is_empty() || is_acted_on(account));
    let keys: Vec<DnKey> = acted_on.map(|(account, _)| account.entry.dn.key().clone()).collect();
    let batches: Vec<Arc<KeySet>> =
        keys.chunks(size.max(1)).map(|chunk| Arc::new(chunk.iter().cloned().collect())).collect();
    if batches.is_empty() && !whole.operations.is_empty() { vec![Arc::default()] } else { batches }
}

/// What a batch is asked for. `before` is what the batches before it leave.
pub fn request(whole: &Plan, request: &Request, batch: &Arc<KeySet>, before: &Overlay, is_last: bool) -> Request {
    let leaver = |account: &Account| -> Option<Leaver> {
        let mut leaver = whole.leavers.get(account.leaver)?.clone();
        let key = account.entry.dn.key();
        if !batch.contains(key) {
            // The name that it has by now.
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
        // The accounts that they name are among the leavers.
        rosters: Vec::new(),
        orphans: request.orphans && is_last,
        batch: Some(batch.clone()),
        ..request.clone()
    }
}

impl Plan {
    /// Removes everything that is not about the accounts of a batch; what is about no account is in the report of the whole.
    pub fn keep_batch(&mut self, batch: &KeySet) {
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let mut leavers = Vec::new();
        let mut accounts = Vec::new();
        for (index, mut account) in std::mem::take(&mut self.accounts).into_iter().enumerate() {
            if !batch.contains(account.entry.dn.key()) {
                continue;
            }
            places.insert(index, accounts.len());
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
        let item = |item: DecisionItem| Some(DecisionItem { account: Some(place(&item.account?)?), ..item });
        self.decision_items = std::mem::take(&mut self.decision_items).into_iter().filter_map(item).collect();
        self.lost_access.retain_mut(|access| {
            let kept = place(&access.account);
            access.account = kept.unwrap_or_default();
            kept.is_some()
        });
        self.conflicts.clear();
        (self.leavers, self.accounts) = (leavers, accounts);
    }
}

/// An entry that all batches together leave differently from the whole plan, if there is one.
pub fn difference<'e>(batches: &'e Overlay, whole: &'e BTreeMap<DnKey, Option<Arc<Entry>>>) -> Option<&'e DnKey> {
    let extra = batches.keys().filter(|key| !whole.contains_key(*key)).min();
    extra.or_else(|| {
        let other = |(key, entry): &(&DnKey, &Option<Arc<Entry>>)| match (batches.get(*key), entry) {
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
