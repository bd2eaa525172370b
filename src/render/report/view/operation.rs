//! Operations, and what their proof shows.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ldap::Change;
use crate::plan::{Operation, WrittenWhole};
use crate::proof::{LostAttributes, Proof};
use crate::render::context::RenderContext;
use crate::render::report::entry_diff;
use crate::render::sanitize::sanitized;

/// An operation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OperationView {
    /// Its stage.
    pub stage: &'static str,
    /// What it does, as a code.
    pub kind: &'static str,
    /// The changetype of its record.
    pub changetype: &'static str,
    /// The entry.
    pub dn: String,
    /// The service that it changes, if it is about a single service.
    pub service: Option<String>,
    /// The leavers that it is for.
    pub leavers: Vec<String>,
    /// Why it is done.
    pub why: String,
    /// The place of the entry in the exports.
    pub evidence: String,
    /// The entry before and after, for reports. Only the first operation on an entry has it.
    #[serde(skip)]
    pub diff: Option<String>,
}

pub(super) fn operations(context: &RenderContext<'_>, proof: &Proof) -> Vec<OperationView> {
    let mut shown_already = HashSet::new();
    let operation = |operation: &Operation| {
        let key = operation.record.dn.key();
        let first = shown_already.insert(key.clone());
        let before = context.plan.before.get(key).filter(|_| first);
        let after = match proof.after.get(key) {
            None => before,
            Some(after) => after.as_deref(),
        };
        OperationView {
            stage: operation.stage.name(),
            kind: operation.kind.name(),
            changetype: match operation.record.change {
                Change::Add(_) => "add",
                Change::Delete => "delete",
                Change::Modify(_) => "modify",
                Change::ModifyDn { .. } => "modrdn",
            },
            dn: sanitized(operation.record.dn.raw_bytes()).into_owned(),
            service: operation.service.clone(),
            leavers: context
                .leavers(operation)
                .iter()
                .map(|leaver| sanitized(leaver.as_bytes()).into_owned())
                .collect(),
            why: sanitized(operation.reason.as_bytes()).into_owned(),
            evidence: context.place(operation.evidence),
            diff: before.map(|before| entry_diff::unified(before, after, context.secrets())),
        }
    };
    context.plan.operations.iter().map(operation).collect()
}

/// A record that writes all values of an attribute at once.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WrittenWholeView {
    /// The stage of the record.
    pub stage: &'static str,
    /// The DN of the record.
    pub dn: String,
    /// The attributes.
    pub attributes: Vec<String>,
    /// What guards the record.
    pub guard: String,
    /// Whether the server refuses the record if a value was added to the attribute since the export.
    pub notices_changes: bool,
}

impl WrittenWholeView {
    /// The record as a report shows it.
    pub fn of(written: &WrittenWhole) -> Self {
        Self {
            stage: written.stage.name(),
            dn: sanitized(&written.dn).into_owned(),
            attributes: written.attributes.iter().map(|attribute| attribute.as_str().to_owned()).collect(),
            guard: written.guard.sentence(),
            notices_changes: written.guard.notices_changes(),
        }
    }
}

/// The proof.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProofView {
    /// The checks. All of them passed.
    pub checks: Vec<CheckView>,
    /// What a rollback cannot restore.
    pub not_restored: Vec<NotRestored>,
    /// How many values still name a deleted entry because a decision item about them is open.
    pub open_decision_items: u64,
}

/// A check of the proof. It passed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckView {
    /// Its name.
    pub name: &'static str,
    /// What was checked, with counts.
    pub counted: String,
}

/// What a rollback cannot restore of an entry.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotRestored {
    /// The entry.
    pub dn: String,
    /// The attributes that only the server can set.
    pub attributes: Vec<String>,
}

impl ProofView {
    pub(super) fn of(proof: &Proof) -> Self {
        let lost = |lost: &LostAttributes| NotRestored {
            dn: sanitized(&lost.dn).into_owned(),
            attributes: lost.attributes.clone(),
        };
        Self {
            checks: proof
                .checks
                .iter()
                .map(|check| CheckView { name: check.name.into(), counted: check.counted.clone() })
                .collect(),
            not_restored: proof.lost.iter().map(lost).collect(),
            open_decision_items: proof.open_decision_items,
        }
    }
}
