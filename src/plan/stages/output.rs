//! What the stages give, and how they write records.

use std::collections::BTreeMap;

use crate::ldap::{AttributeDescription, Control, Dn, DnKey, Entry, ModOp, Modification, Value};
use crate::lifecycle::state::{same_value, values_of};
use crate::plan::model::DecisionItem;
use crate::plan::operation::{Kind, Operation, Stage, delete, modify};
use crate::plan::references::MemberLoss;
use crate::plan::request::PlanContext;
use crate::plan::settle::Settled;
use crate::plan::whole_lists;
use crate::render::sanitize::Secrets;

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
    /// Values that get the new name of a moved account.
    pub renamed: u64,
    /// For each attribute that loses members.
    pub members: Vec<GroupLoss>,
    /// Dependents that are deleted with accounts.
    pub dependents: u64,
    /// Entries below accounts that are deleted with them.
    pub children: u64,
}

/// A modify of an account.
pub(super) struct AccountChange<'c> {
    pub(super) stage: Stage,
    pub(super) kind: Kind,
    /// The account, by index.
    pub(super) account: usize,
    /// The account as the record finds it.
    pub(super) found: &'c Entry,
    /// The name that it has by then.
    pub(super) name: &'c Dn,
    pub(super) service: Option<&'c str>,
    pub(super) modifications: Vec<Modification>,
    /// What follows the reason of the decision.
    pub(super) notes: String,
}

/// The deletion of an entry.
pub(super) struct Deletion<'d> {
    pub(super) stage: Stage,
    pub(super) kind: Kind,
    pub(super) entry: &'d Entry,
    /// The account for which it is deleted, by index.
    pub(super) account: Option<usize>,
    pub(super) reason: String,
    pub(super) control: Option<Control>,
}

impl StageOutput {
    pub(super) fn add(&mut self, later: Self) {
        self.operations.extend(later.operations);
        self.decision_items.extend(later.decision_items);
        for (key, entry) in later.before {
            self.before.entry(key).or_insert(entry);
        }
        self.removed += later.removed;
        self.reassigned += later.reassigned;
        self.renamed += later.renamed;
        self.members.extend(later.members);
        self.dependents += later.dependents;
        self.children += later.children;
    }

    /// Notes that an operation touches an entry.
    pub(super) fn touch(&mut self, entry: &Entry) {
        self.before.entry(entry.dn.key().clone()).or_insert_with(|| entry.clone());
    }

    /// Adds a modify of an account, if it changes anything.
    pub(super) fn modify_account(&mut self, settled: &Settled, context: PlanContext<'_>, change: AccountChange<'_>) {
        let AccountChange { stage, kind, account: index, found, name, service, modifications, notes } = change;
        if modifications.is_empty() {
            return;
        }
        let account = &settled.accounts[index];
        let modifications = without_old_secrets(found, modifications, context);
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
    pub(super) fn delete(&mut self, context: PlanContext<'_>, deletion: Deletion<'_>) {
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

/// The modifications with a `replace` in place of a `delete` of all values of a secret: the old values belong in the rollback
/// only.
fn without_old_secrets(found: &Entry, modifications: Vec<Modification>, context: PlanContext<'_>) -> Vec<Modification> {
    let secrets = Secrets::of(context.policy).with_schema(context.schema.described());
    let mut written: Vec<Modification> = Vec::new();
    for mut modification in modifications {
        let description = &modification.description;
        if secrets.is_secret(description.as_str()) {
            let count = found.attributes.iter().filter(|own| own.description == *description);
            let count: usize = count.map(|own| own.values.len()).sum();
            if modification.op == ModOp::Delete && !modification.values.is_empty() && modification.values.len() == count
            {
                modification = Modification { op: ModOp::Replace, values: Vec::new(), ..modification };
            } else if let Some(replaced) = written.last_mut().filter(|last| {
                last.op == ModOp::Replace && last.description == *description && modification.op == ModOp::Add
            }) {
                replaced.values.append(&mut modification.values);
                continue;
            }
        }
        written.push(modification);
    }
    written
}

/// The description as the entry spells it, if the entry has the attribute.
pub(super) fn spelled(entry: &Entry, description: &AttributeDescription) -> AttributeDescription {
    let known = entry.attributes.iter().find(|attribute| attribute.description == *description);
    known.map_or_else(|| description.clone(), |attribute| attribute.description.clone())
}

/// The modifications by exact values that leave an attribute with one value; none if it has just that.
pub(super) fn set(entry: &Entry, description: &AttributeDescription, wanted: &[u8]) -> Vec<Modification> {
    set_all(entry, description, &[wanted])
}

/// The modifications by exact values that leave an attribute with these values; none if it has just them.
pub(super) fn set_all(entry: &Entry, description: &AttributeDescription, wanted: &[&[u8]]) -> Vec<Modification> {
    let is_same = |a: &[u8], b: &[u8]| same_value(description.attribute_type(), a, b);
    let is_wanted = |value: &[u8]| wanted.iter().any(|wanted| is_same(value, wanted));
    let old: Vec<Value> = values_of(entry, description).filter(|value| !is_wanted(value)).map(Value::new).collect();
    let is_present = |wanted: &[u8]| values_of(entry, description).any(|value| is_same(value, wanted));
    let new: Vec<Value> = wanted.iter().filter(|wanted| !is_present(wanted)).map(|wanted| Value::new(wanted)).collect();
    let description = spelled(entry, description);
    let modification = |op, values| Modification { op, description: description.clone(), values };
    let parts = [(ModOp::Delete, old), (ModOp::Add, new)].into_iter();
    parts.filter(|(_, values)| !values.is_empty()).map(|(op, values)| modification(op, values)).collect()
}

/// The modification that removes the values of an attribute that a test picks; none if it picks none.
pub(super) fn remove(
    entry: &Entry,
    description: &AttributeDescription,
    test: impl Fn(&[u8]) -> bool,
) -> Option<Modification> {
    let old: Vec<Value> = values_of(entry, description).filter(|value| test(value)).map(Value::new).collect();
    let description = spelled(entry, description);
    (!old.is_empty()).then_some(Modification { op: ModOp::Delete, description, values: old })
}
