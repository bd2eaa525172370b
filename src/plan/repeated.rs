//! Accounts that are held because an entry that appears more than once in the exports names them, is below them, or is in
//! their address book. The plan is made only if the run accepts that entries are repeated.
//!
//! A leaver that is such an entry itself is a [conflict](super::model::ConflictKind::Duplicate).

use std::collections::BTreeMap;

use super::address_books::BookDeletion;
use super::gather::Gathered;
use super::model::{Account, Fates, Hold};
use crate::directory::repeated::Repeated;
use crate::lifecycle::{Reason, Step};

/// The accounts that would be changed and that a repeated entry names or is below, each with the first of these entries.
pub fn holds(accounts: &[Account], fates: &Fates, gathered: &Gathered, repeated: &Repeated) -> Vec<Hold> {
    let mut first: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for related in gathered.related.iter().filter(|related| repeated.holds(related.entry.dn.key())) {
        let subjects = related.references.iter().map(|reference| reference.subject).chain(related.below);
        for account in subjects.map(|subject| fates.account_of(subject)) {
            keep_first(&mut first, account, related.entry.dn.raw_bytes());
        }
    }
    as_holds(first, accounts)
}

/// The accounts whose address books would be deleted and contain a repeated entry.
pub fn book_holds(accounts: &[Account], books: &[BookDeletion], repeated: &Repeated) -> Vec<Hold> {
    let mut first: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for book in books {
        let Some(account) = book.account else { continue };
        for entry in book.entries.iter().filter(|entry| repeated.holds(entry.dn.key())) {
            keep_first(&mut first, account, entry.dn.raw_bytes());
        }
    }
    as_holds(first, accounts)
}

/// Keeps the least name, so that the order of the exports does not matter.
fn keep_first(first: &mut BTreeMap<usize, Vec<u8>>, account: usize, name: &[u8]) {
    let known = first.entry(account).or_insert_with(|| name.to_vec());
    if name < known.as_slice() {
        *known = name.to_vec();
    }
}

fn as_holds(first: BTreeMap<usize, Vec<u8>>, accounts: &[Account]) -> Vec<Hold> {
    let is_changed =
        |account: usize| !matches!(accounts[account].decision.step, Step::Hold | Step::Wait | Step::Nothing);
    let hold = |(account, name)| Hold { account, reason: Reason::RepeatedEntry(name) };
    first.into_iter().filter(|(account, _)| is_changed(*account)).map(hold).collect()
}
