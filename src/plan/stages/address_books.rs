//! The stage `address-books`: deletes the address books of deleted accounts, and those without an owner.
//!
//! Which book belongs to which account: [`address_books`](crate::plan::address_books).

use super::output::{Deletion, StageOutput};
use crate::plan::operation::{Kind, Stage};
use crate::plan::request::PlanContext;
use crate::plan::settle::Settled;

/// Writes the stage.
pub fn build(settled: &Settled, context: PlanContext<'_>) -> StageOutput {
    let decision_items = settled.books.decision_items.clone();
    let mut output = StageOutput { decision_items, ..StageOutput::default() };
    for book in &settled.books.books {
        let account = book.account;
        let reason = if account.is_some() { "its address book" } else { "its owner is not in the exports" };
        for entry in &book.entries {
            let (stage, kind, reason) = (Stage::AddressBooks, Kind::AddressBookEntry, reason.to_owned());
            output.delete(context, Deletion { stage, kind, entry, account, reason, control: None });
        }
    }
    output
}
