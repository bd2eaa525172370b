//! The stage `entries`: accounts and what stands below them, children first, each guarded.
//!
//! Where a tool of the site deletes the entry itself, only what stands below it is deleted here.

use std::collections::BTreeMap;

use super::{Built, Site};
use crate::ldap::{Control, DnKey, Entry};
use crate::plan::operation::{Kind, Operation, Stage, delete, modify};
use crate::plan::{Guard, guard};

/// Writes the stage.
pub fn build(built: &mut Built, site: &Site<'_>) {
    let mut doomed: BTreeMap<&DnKey, (&Entry, usize, Kind)> = BTreeMap::new();
    for kept in &site.around.kept {
        if let Some(above) = kept.below.filter(|above| site.is_deleted(*above)) {
            doomed.insert(kept.entry.dn.key(), (&kept.entry, above, Kind::Child));
        }
    }
    for (key, index) in &site.deleted {
        if site.policy.directory.tools.file_deletes() {
            doomed.insert(key, (&site.accounts[*index].entry, *index, Kind::Account));
        } else {
            doomed.remove(key);
        }
    }
    for (entry, index, kind) in doomed.into_values().rev() {
        let guarded = guard::guarded(entry, site.policy, kind == Kind::Account);
        let mut reason = match kind {
            Kind::Account => site.accounts[index].decision.reason.sentence(),
            _ => "it stands below the account".to_owned(),
        };
        if guarded.is_empty() && site.request.guard != Guard::None {
            reason.push_str("; unguarded: it has no value that serves");
        }
        let control = match site.request.guard {
            Guard::Assert => guard::assertion(&guarded),
            Guard::Values if !guarded.is_empty() => {
                let (record, _) = modify(entry, &entry.dn, guard::modifications(&guarded));
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
        delete_entry(built, site, entry, (Stage::Entries, kind, index), &reason, control);
    }
}

/// An operation that deletes an entry.
pub fn delete_entry(
    built: &mut Built,
    site: &Site<'_>,
    entry: &Entry,
    (stage, kind, account): (Stage, Kind, usize),
    reason: &str,
    control: Option<Control>,
) {
    let (mut record, undo) = delete(entry, site.policy.directory.server);
    record.controls.extend(control);
    built.touch(entry);
    built.operations.push(Operation {
        stage,
        kind,
        record,
        inverse: Some(undo),
        accounts: vec![account],
        service: None,
        reason: reason.to_owned(),
        evidence: entry.origin,
    });
}
