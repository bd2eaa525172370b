//! Step 6: one builder for each stage, from what is settled to operations. No builder depends on another.
//!
//! An operation after the stage `move` uses the names that entries have by then.

mod address_books;
mod entries;
mod moves;
mod references;
mod services;
mod status;

use std::collections::BTreeMap;

use super::gather::Gathered;
use super::model::DecisionItem;
use super::operation::{Kind, Operation, Stage, delete, modify};
use super::references::MemberLoss;
use super::request::PlanContext;
use super::settle::Settled;
use super::whole_lists;
use crate::ldap::{AttributeDescription, Control, Dn, DnKey, Entry, ModOp, Modification, Value};
use crate::lifecycle::state::{same_value, values_of};

/// The members that an attribute of a group loses.
#[derive(Clone, Debug)]
pub struct GroupLoss {
    /// The name of the group, as spelled.
    pub group: Vec<u8>,
    /// How many members it loses.
    pub loss: MemberLoss,
}

/// What a stage gives.
#[derive(Default)]
pub struct StageOutput {
    /// Its operations, in the order in which they run.
    pub operations: Vec<Operation>,
    /// What a person must decide.
    pub decision_items: Vec<DecisionItem>,
    /// Every touched entry as the exports show it, by the name that it has there.
    pub before: BTreeMap<DnKey, Entry>,
    /// Values removed from entries that name accounts.
    pub removed: u64,
    /// Values reassigned.
    pub reassigned: u64,
    /// For each attribute that loses members.
    pub members: Vec<GroupLoss>,
    /// Dependents that are deleted with accounts.
    pub dependents: u64,
    /// Entries below accounts that are deleted with them.
    pub children: u64,
}

/// Writes the operations of all stages.
pub fn build(settled: &Settled, gathered: &Gathered, context: PlanContext<'_>) -> StageOutput {
    let mut all = StageOutput::default();
    for output in [
        status::build(settled, context),
        moves::build(settled),
        address_books::build(settled, context),
        references::build(settled, gathered, context),
        services::build(settled, context),
        entries::build(settled, gathered, context),
    ] {
        all.add(output);
    }
    all
}

/// A modify of an account.
struct AccountChange<'c> {
    stage: Stage,
    kind: Kind,
    /// The account, by index.
    account: usize,
    /// The account as the record finds it.
    found: &'c Entry,
    /// The name that it has by then.
    name: &'c Dn,
    service: Option<&'c str>,
    modifications: Vec<Modification>,
    /// What follows the reason of the decision.
    notes: String,
}

/// The deletion of an entry.
struct Deletion<'d> {
    stage: Stage,
    kind: Kind,
    entry: &'d Entry,
    /// The account for which it is deleted, by index.
    account: Option<usize>,
    reason: String,
    control: Option<Control>,
}

impl StageOutput {
    fn add(&mut self, later: Self) {
        self.operations.extend(later.operations);
        self.decision_items.extend(later.decision_items);
        for (key, entry) in later.before {
            self.before.entry(key).or_insert(entry);
        }
        self.removed += later.removed;
        self.reassigned += later.reassigned;
        self.members.extend(later.members);
        self.dependents += later.dependents;
        self.children += later.children;
    }

    fn touch(&mut self, entry: &Entry) {
        self.before.entry(entry.dn.key().clone()).or_insert_with(|| entry.clone());
    }

    /// Adds a modify of an account, if it changes anything.
    fn modify_account(&mut self, settled: &Settled, context: PlanContext<'_>, change: AccountChange<'_>) {
        let AccountChange { stage, kind, account: index, found, name, service, modifications, notes } = change;
        if modifications.is_empty() {
            return;
        }
        let account = &settled.accounts[index];
        let modifications = whole_lists::written(found, modifications, context.schema);
        let (record, undo) = modify(found, name, modifications, context.schema);
        self.touch(&account.entry);
        self.operations.push(Operation {
            stage,
            kind,
            record,
            inverse: Some(undo),
            accounts: vec![index],
            service: service.map(str::to_owned),
            reason: format!("{}{notes}", account.decision.reason.sentence()),
            evidence: account.entry.origin,
        });
    }

    /// Adds the deletion of an entry.
    fn delete(&mut self, context: PlanContext<'_>, deletion: Deletion<'_>) {
        let Deletion { stage, kind, entry, account, reason, control } = deletion;
        let directory = &context.policy.directory;
        let (mut record, undo) = delete(entry, directory.server, directory.relax);
        record.controls.extend(control);
        self.touch(entry);
        self.operations.push(Operation {
            stage,
            kind,
            record,
            inverse: Some(undo),
            accounts: account.into_iter().collect(),
            service: None,
            reason,
            evidence: entry.origin,
        });
    }
}

/// The description as the entry spells it, if the entry has the attribute.
fn spelled(entry: &Entry, description: &AttributeDescription) -> AttributeDescription {
    let known = entry.attributes.iter().find(|attribute| attribute.description == *description);
    known.map_or_else(|| description.clone(), |attribute| attribute.description.clone())
}

/// The modifications by exact values that leave an attribute with one value; none if it has just that.
fn set(entry: &Entry, description: &AttributeDescription, wanted: &[u8]) -> Vec<Modification> {
    let is_wanted = |value: &[u8]| same_value(description.attribute_type(), value, wanted);
    let old: Vec<Value> = values_of(entry, description).filter(|value| !is_wanted(value)).map(Value::new).collect();
    let is_present = values_of(entry, description).any(is_wanted);
    let description = spelled(entry, description);
    let modification = |op, values| Modification { op, description: description.clone(), values };
    let mut modifications = Vec::new();
    if !old.is_empty() {
        modifications.push(modification(ModOp::Delete, old));
    }
    if !is_present {
        modifications.push(modification(ModOp::Add, vec![Value::new(wanted)]));
    }
    modifications
}

/// The modification that removes the values of an attribute that a test picks; none if it picks none.
fn remove(entry: &Entry, description: &AttributeDescription, test: impl Fn(&[u8]) -> bool) -> Option<Modification> {
    let old: Vec<Value> = values_of(entry, description).filter(|value| test(value)).map(Value::new).collect();
    let description = spelled(entry, description);
    (!old.is_empty()).then_some(Modification { op: ModOp::Delete, description, values: old })
}
