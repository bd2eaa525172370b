//! The stage `entries`: what goes with accounts, then the accounts and what stands below them; children before what they
//! stand below, each guarded.
//!
//! Where a tool of the site deletes the entry itself, only what stands below it is deleted here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Built, Site};
use crate::ldap::{Control, DnKey, Entry};
use crate::plan::children::deleted_above;
use crate::plan::dependents::DependentKind;
use crate::plan::operation::{Kind, Operation, Stage, delete, modify};
use crate::plan::{Guard, guard};

/// Writes the stage.
pub fn build(built: &mut Built, site: &Site<'_>) {
    let mut doomed: BTreeMap<&DnKey, (&Entry, usize, Kind)> = BTreeMap::new();
    for kept in &site.around.kept {
        if let Some(above) = deleted_above(kept.entry.dn.key(), &site.deleted) {
            doomed.insert(kept.entry.dn.key(), (&kept.entry, above, Kind::Child));
        }
    }
    for (key, person) in &site.deleted {
        if let Some(dependent) = person.checked_sub(site.accounts.len()).map(|at| &site.dependents[at]) {
            built.dependents += 1;
            let kind = match dependent.kind {
                DependentKind::Alias => Kind::Alias,
                DependentKind::PrivateGroup | DependentKind::EmptiedGroup => Kind::Group,
                DependentKind::ManagedEntry => {
                    built.touch(&dependent.entry);
                    doomed.remove(key);
                    continue;
                }
            };
            doomed.insert(key, (&dependent.entry, *person, kind));
        } else if site.policy.directory.tools.file_deletes() {
            doomed.insert(key, (&site.accounts[*person].entry, *person, Kind::Account));
        } else {
            doomed.remove(key);
        }
    }
    let mut doomed: Vec<(&Entry, usize, Kind)> = doomed.into_values().rev().collect();
    // A dependent names an account or a dependent found before it. It goes first, as references do: where the server keeps
    // referential integrity, it would be changed otherwise, and its guard would fail.
    doomed.sort_by_key(|(_, person, _)| Reverse(person.checked_sub(site.accounts.len())));
    for (entry, person, kind) in doomed {
        let index = site.account_of(person);
        built.children += u64::from(kind == Kind::Child);
        let guarded = guard::guarded(entry, site.policy, kind, site.schema);
        let mut reason = match kind {
            Kind::Account => site.accounts[index].decision.reason.sentence(),
            Kind::Alias | Kind::Group => site.dependents[person - site.accounts.len()].reason().to_owned(),
            _ => "it is below the account".to_owned(),
        };
        if guarded.is_empty() && site.request.guard != Guard::None {
            reason.push_str("; unguarded: it has no value that serves");
        }
        let control = match site.request.guard {
            Guard::Assert => guard::assertion(&guarded),
            Guard::Values if !guarded.is_empty() => {
                let (record, _) = modify(entry, &entry.dn, guard::modifications(&guarded), site.schema);
                built.operations.push(Operation {
                    stage: Stage::Entries,
                    kind: Kind::Guard,
                    record,
                    inverse: None,
                    accounts: vec![index],
                    service: None,
                    reason: "changes nothing; fails with 16 if the entry has changed since the export".to_owned(),
                    evidence: entry.origin,
                });
                None
            }
            Guard::Values | Guard::None => None,
        };
        delete_entry(built, site, entry, (Stage::Entries, kind, Some(index)), &reason, control);
    }
}

/// An operation that deletes an entry.
pub fn delete_entry(
    built: &mut Built,
    site: &Site<'_>,
    entry: &Entry,
    (stage, kind, account): (Stage, Kind, Option<usize>),
    reason: &str,
    control: Option<Control>,
) {
    let (mut record, undo) = delete(entry, site.policy.directory.server, site.policy.directory.relax);
    record.controls.extend(control);
    built.touch(entry);
    built.operations.push(Operation {
        stage,
        kind,
        record,
        inverse: Some(undo),
        accounts: account.into_iter().collect(),
        service: None,
        reason: reason.to_owned(),
        evidence: entry.origin,
    });
}
