//! The changes in the order in which they run: additions and renames with parents first, modifications, deletions with leaves
//! first. An entry that another one replaces is deleted just before that one is added.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use super::modifications::{compared_attributes, modifications};
use super::rename_plan::{RenameStep, plan_renames};
use crate::ldap::server::Profile;
use crate::ldap::{Change, ChangeRecord, Dn, DnKey, Entry, ModOp, Modification, Rdn};
use crate::plan::WrittenWhole;
use crate::plan::whole_lists::guard_record;
use crate::proof::apply::{is_linked, relink, rename_values};

/// The difference of two exports.
#[derive(Default)]
pub struct Difference {
    /// The entries that differ.
    pub pairs: Vec<Pair>,
    /// The changes that turn one export into the other, in order.
    pub steps: Vec<Step>,
    /// Names at which an entry is deleted and another one added.
    pub replaced: Vec<Dn>,
    /// Records that write all values of an attribute, because the server cannot compare them.
    pub written_whole: Vec<WrittenWhole>,
    /// Names of entries whose modify the server refuses, because it changes their structural class.
    pub refused: Vec<Dn>,
}

/// An entry before and after.
pub struct Pair {
    /// `None` for an added entry.
    pub before: Option<Entry>,
    /// `None` for a deleted entry.
    pub after: Option<Entry>,
}

/// A change.
pub struct Step {
    /// The kind of the change.
    pub kind: StepKind,
    /// The change record.
    pub record: ChangeRecord,
    /// The entry that changes, as an index into [`Difference::pairs`].
    pub pair: usize,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// An entry is added.
    Add,
    /// An entry is renamed or moved.
    Rename,
    /// Values of an entry change.
    Modify,
    /// An entry is deleted.
    Delete,
}

impl Difference {
    /// The number of changes of a kind.
    pub fn count(&self, kind: StepKind) -> usize {
        self.steps.iter().filter(|step| step.kind == kind).count()
    }

    /// The change records, in order.
    pub fn records(self) -> Vec<ChangeRecord> {
        self.steps.into_iter().map(|step| step.record).collect()
    }

    fn push(&mut self, kind: StepKind, dn: &Dn, change: Change, pair: usize) {
        let record = ChangeRecord { dn: dn.clone(), controls: Vec::new(), change };
        self.steps.push(Step { kind, record, pair });
    }

    fn pair(&mut self, before: Option<Entry>, after: Option<Entry>) -> usize {
        self.pairs.push(Pair { before, after });
        self.pairs.len() - 1
    }
}

/// An entry that is in both exports, to be compared after all renames.
struct Compared {
    before: Entry,
    after: Entry,
    /// The pair that was made for its rename.
    pair: Option<usize>,
}

/// The changes from the entries of one export that differ to those of the other. The entries at the `replaced` names are
/// deleted and added, not modified.
pub fn steps(
    mut before: BTreeMap<DnKey, Entry>,
    after: BTreeMap<DnKey, Entry>,
    replaced: &BTreeSet<DnKey>,
    options: &Options,
) -> Difference {
    let profile = options.server.profile();
    let schema = options.server_schema();
    let mut both = Vec::new();
    let mut new = Vec::new();
    for (key, after) in after {
        let same = if replaced.contains(&key) { None } else { before.remove(&key) };
        match same {
            Some(before) => both.push(Compared { before, after, pair: None }),
            None => new.push(after),
        }
    }
    let old: Vec<Entry> = before.into_values().collect();
    let plan = plan_renames(&old, &new, options);

    let new_names: BTreeSet<&DnKey> = new.iter().map(|entry| entry.dn.key()).collect();
    let mut difference = Difference::default();
    let mut renames: Vec<(DnKey, Dn)> = Vec::new();
    // Linked values are added after all entries, because the entries that they name may be added later.
    let mut links = Vec::new();
    for step in plan.steps {
        match step {
            RenameStep::FreedName { old: at, from } => {
                let pair = difference.pair(Some(old[at].clone()), None);
                difference.push(StepKind::Delete, &from, Change::Delete, pair);
                if new_names.contains(from.key()) {
                    difference.replaced.push(from);
                }
            }
            RenameStep::Added { new: at } => {
                let pair = difference.pair(None, Some(new[at].clone()));
                let (later, now) = compared_attributes(&new[at], options)
                    .into_iter()
                    .partition(|attribute| profile.follows_moves && is_linked(attribute.description.attribute_type()));
                difference.push(StepKind::Add, &new[at].dn, Change::Add(now), pair);
                links.push((at, later, pair));
            }
            RenameStep::Renamed { old: from_entry, new: at, from } => {
                let old = &old[from_entry];
                let Some((change, renamed)) = rename(old, &new[at], &from, &profile) else { continue };
                renames.push((from.key().clone(), new[at].dn.clone()));
                let pair = difference.pair(Some(old.clone()), Some(new[at].clone()));
                difference.push(StepKind::Rename, &from, change, pair);
                both.push(Compared { before: renamed, after: new[at].clone(), pair: Some(pair) });
            }
            RenameStep::MovedAlong { old: from_entry, new: at } => {
                let mut before = old[from_entry].clone();
                before.dn = new[at].dn.clone();
                both.push(Compared { before, after: new[at].clone(), pair: None });
            }
        }
    }
    for (at, later, pair) in links {
        let add = |attribute: crate::ldap::Attribute| Modification {
            op: ModOp::Add,
            description: attribute.description,
            values: attribute.values,
        };
        let modifications: Vec<_> = later.into_iter().map(add).collect();
        if !modifications.is_empty() {
            difference.push(StepKind::Modify, &new[at].dn, Change::Modify(modifications), pair);
        }
    }
    both.sort_by(|a, b| a.after.dn.cmp(&b.after.dn));
    for Compared { mut before, after, pair } in both {
        if profile.follows_moves {
            for (old, new) in &renames {
                relink(&mut before, old, Some(new));
            }
        }
        if options.needs_replacement(&before, &after) {
            difference.refused.push(after.dn.clone());
        }
        let modifications = modifications(&before, &after, options);
        if !modifications.is_empty() {
            let dn = before.dn.clone();
            let mut record = ChangeRecord { dn, controls: Vec::new(), change: Change::Modify(modifications) };
            difference.written_whole.extend(guard_record(&mut record, &before, &schema));
            let pair = pair.unwrap_or_else(|| difference.pair(Some(before), Some(after)));
            difference.steps.push(Step { kind: StepKind::Modify, record, pair });
        }
    }
    let mut deleted = plan.deleted;
    deleted.sort_by(|a, b| b.1.cmp(&a.1));
    for (at, dn) in deleted {
        let pair = difference.pair(Some(old[at].clone()), None);
        difference.push(StepKind::Delete, &dn, Change::Delete, pair);
    }
    difference
}

/// The modrdn from the name `from` to the name of `new`, and the entry after it; `None` if a name is invalid.
fn rename(old: &Entry, new: &Entry, from: &Dn, profile: &Profile) -> Option<(Change, Entry)> {
    let new_rdn = Rdn::parse(new.dn.rdn_spelling()).ok()?;
    let old_rdn = old.dn.rdn()?;
    // The values of the old RDN are kept if the new entry has all of them.
    let has = |name: &str, value: &[u8]| new.values(name).any(|own| *own.bytes == *value);
    let keeps = *old_rdn != new_rdn && old_rdn.avas().iter().all(|ava| has(&ava.attribute_type, &ava.value));
    let delete_old_rdn = !keeps || !profile.keeps_old_rdn;
    let mut renamed = rename_values(old, &new_rdn, delete_old_rdn);
    renamed.dn = new.dn.clone();
    let is_new_parent = from.key().parent() != new.dn.key().parent();
    let new_superior = if is_new_parent { Some(Dn::parse(new.dn.parent_spelling()?).ok()?) } else { None };
    Some((Change::ModifyDn { new_rdn, delete_old_rdn, new_superior }, renamed))
}
