//! The stage `move`: renames the accounts that are moved.
//!
//! Which accounts are moved, and where to: [`moves`](crate::plan::moves).

use super::output::StageOutput;
use crate::ldap::Dn;
use crate::lifecycle::Step;
use crate::plan::model::DecisionItem;
use crate::plan::operation::{Kind, Operation, Stage, rename};
use crate::plan::settle::Settled;

/// Writes the stage.
pub fn build(settled: &Settled) -> StageOutput {
    let mut output = StageOutput::default();
    for obstacle in &settled.moves.obstacles {
        let entry = &settled.accounts[obstacle.account].entry;
        let name = obstacle.name.raw_bytes();
        let item = DecisionItem::of_account(obstacle.account, entry, obstacle.code, "dn", name);
        output.decision_items.push(item);
    }
    for (index, renaming) in &settled.moves.moved {
        let account = &settled.accounts[*index];
        let Some(parent) = renaming.new.parent_spelling().and_then(|parent| Dn::parse(parent).ok()) else { continue };
        let Some((record, undo, _)) = rename(&account.entry, &parent) else { continue };
        let is_restored = account.decision.step == Step::Restore;
        let reason = if is_restored { "restored: it is moved back" } else { "disabled: it is moved to [move] to" };
        output.touch(&account.entry);
        output.operations.push(Operation {
            stage: Stage::Move,
            kind: Kind::Move,
            record,
            inverse: Some(undo),
            accounts: vec![*index],
            service: None,
            reason: reason.to_owned(),
            evidence: account.entry.origin,
        });
    }
    output
}
