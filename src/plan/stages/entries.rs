//! The stage `entries`: deletes dependents, then accounts and the entries below them; children before their parents, each
//! with a guard.
//!
//! If a tool of the site deletes the account, only the entries below it are deleted here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::output::{Deletion, StageOutput};
use crate::ldap::{Control, DnKey, Entry};
use crate::lifecycle::grace::DateSource;
use crate::plan::children::nearest_above;
use crate::plan::gather::Gathered;
use crate::plan::guard::{self, Basis, Guard};
use crate::plan::model::{DependentKind, SubjectId};
use crate::plan::operation::{Kind, Operation, Stage, modify};
use crate::plan::request::PlanContext;
use crate::plan::settle::Settled;

/// An entry that the stage deletes.
struct DeletedEntry<'d> {
    entry: &'d Entry,
    kind: Kind,
    /// The subject that it is, or that it is below.
    subject: SubjectId,
}

/// Writes the stage.
pub fn build(settled: &Settled, gathered: &Gathered, context: PlanContext<'_>) -> StageOutput {
    let mut output = StageOutput::default();
    let mut entries: BTreeMap<&DnKey, DeletedEntry<'_>> = BTreeMap::new();
    for related in &gathered.related {
        let key = related.entry.dn.key();
        if let Some(subject) = nearest_above(key, &settled.deleted) {
            entries.insert(key, DeletedEntry { entry: &related.entry, kind: Kind::Child, subject });
        }
    }
    for (key, subject) in &settled.deleted {
        match subject_entry(settled, *subject, context) {
            Some(entry) => {
                entries.insert(key, entry);
            }
            None => {
                entries.remove(key);
            }
        }
        if let SubjectId::Dependent(index) = subject {
            output.dependents += 1;
            let dependent = &settled.dependents[*index];
            if dependent.kind == DependentKind::ManagedEntry {
                output.touch(&dependent.entry);
            }
        }
    }
    let mut entries: Vec<DeletedEntry<'_>> = entries.into_values().rev().collect();
    // A dependent names an account, or a dependent that was found earlier. Like other references it is deleted first: a server
    // that keeps referential integrity would change it, and its guard would fail.
    entries.sort_by_key(|entry| Reverse(entry.subject.dependent()));
    for entry in entries {
        output.children += u64::from(entry.kind == Kind::Child);
        delete_guarded(&mut output, settled, &entry, context);
    }
    output
}

/// The entry of a deleted subject; `None` if the server, or a tool of the site, deletes it.
fn subject_entry<'s>(settled: &'s Settled, subject: SubjectId, context: PlanContext<'_>) -> Option<DeletedEntry<'s>> {
    match subject {
        SubjectId::Account(index) => {
            let entry = &settled.accounts[index].entry;
            let by_file = context.policy.directory.tools.file_deletes();
            by_file.then_some(DeletedEntry { entry, kind: Kind::Account, subject })
        }
        SubjectId::Dependent(index) => {
            let dependent = &settled.dependents[index];
            let kind = match dependent.kind {
                DependentKind::Alias => Kind::Alias,
                DependentKind::PrivateGroup | DependentKind::EmptiedGroup => Kind::Group,
                DependentKind::ManagedEntry => return None,
            };
            Some(DeletedEntry { entry: &dependent.entry, kind, subject })
        }
    }
}

/// What the deletion of an entry was decided by.
fn basis(settled: &Settled, deleted: &DeletedEntry<'_>) -> Basis {
    match (deleted.kind, deleted.subject) {
        (Kind::Account, SubjectId::Account(index)) => {
            let since = settled.accounts[index].decision.disabled_since;
            Basis::Account {
                stamp: since.filter(|since| since.source == DateSource::Stamp).map(|since| since.line),
                is_by_modification: since.is_some_and(|since| since.source == DateSource::ModifyTimestamp),
            }
        }
        (Kind::Alias | Kind::Group, SubjectId::Dependent(index)) => match settled.dependents[index].kind {
            DependentKind::Alias => Basis::Alias,
            DependentKind::PrivateGroup => Basis::PrivateGroup,
            DependentKind::EmptiedGroup => Basis::EmptiedGroup,
            DependentKind::ManagedEntry => Basis::Child,
        },
        _ => Basis::Child,
    }
}

/// Deletes an entry, with the guard that the request asks for.
fn delete_guarded(output: &mut StageOutput, settled: &Settled, deleted: &DeletedEntry<'_>, context: PlanContext<'_>) {
    let DeletedEntry { entry, kind, subject } = *deleted;
    let account = settled.fates.account_of(subject);
    let guarded = guard::guarded(entry, context.policy, basis(settled, deleted), context.schema, settled);
    let mut reason = match (kind, subject) {
        (Kind::Account, _) => settled.accounts[account].decision.reason.sentence(),
        (Kind::Alias | Kind::Group, SubjectId::Dependent(index)) => settled.dependents[index].reason().to_owned(),
        _ => "it is below the account".to_owned(),
    };
    let sentence = guarded.sentence(context.request.guard);
    if sentence.is_none() && context.request.guard != Guard::None {
        reason.push_str("; not guarded: it has no suitable value");
    }
    let control: Option<Control> = match context.request.guard {
        Guard::Assert => {
            reason.extend(sentence.iter().flat_map(|sentence| ["; ", sentence.as_str()]));
            guard::assertion(&guarded.asserted())
        }
        Guard::Values if !guarded.values.is_empty() => {
            let (record, _) = modify(entry, &entry.dn, guard::modifications(&guarded.values), context.schema);
            output.operations.push(Operation {
                stage: Stage::Entries,
                kind: Kind::Guard,
                record,
                inverse: None,
                accounts: vec![account],
                service: None,
                reason: format!("changes nothing; {}", sentence.unwrap_or_default()),
                evidence: entry.origin,
            });
            None
        }
        Guard::Values | Guard::None => None,
    };
    output.delete(context, Deletion { stage: Stage::Entries, kind, entry, account: Some(account), reason, control });
}
