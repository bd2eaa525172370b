//! The changes in their order: additions and renamings parents first, modifications, deletions leaves first. What stands
//! where another kind of entry is to stand is deleted before that is added.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use super::modifications::{content, modifications};
use super::names::{Arrival, arrange};
use crate::ldap::server::Profile;
use crate::ldap::{Change, ChangeRecord, Dn, DnKey, Entry, ModOp, Modification, Rdn};
use crate::plan::WrittenWhole;
use crate::plan::whole_lists::guard_record;
use crate::proof::apply::{is_linked, relink, rename_values};

/// How two exports differ.
#[derive(Default)]
pub struct Difference {
    /// The entries that differ.
    pub pairs: Vec<Pair>,
    /// What turns one export into the other.
    pub steps: Vec<Step>,
    /// Names at which an entry is deleted and another one added.
    pub replaced: Vec<Dn>,
    /// Records that write all values of an attribute, as the server cannot compare them.
    pub written_whole: Vec<WrittenWhole>,
    /// Names of entries that are modified although that gives them another structural class, which their server refuses.
    pub refused: Vec<Dn>,
}

/// An entry before and after.
pub struct Pair {
    /// None for one that is added.
    pub before: Option<Entry>,
    /// None for one that is deleted.
    pub after: Option<Entry>,
}

/// One change.
pub struct Step {
    /// What is done.
    pub kind: StepKind,
    /// The change itself.
    pub record: ChangeRecord,
    /// Which of the pairs it is of.
    pub pair: usize,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// An entry comes.
    Add,
    /// An entry gets another name.
    Rename,
    /// Values change.
    Modify,
    /// An entry goes.
    Delete,
}

impl Difference {
    /// How many steps are of a kind.
    pub fn count(&self, kind: StepKind) -> usize {
        self.steps.iter().filter(|step| step.kind == kind).count()
    }

    /// The changes alone.
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

/// An entry whose values are compared once all names are as they will be.
struct Compared {
    before: Entry,
    after: Entry,
    /// Of the pair that was made for its renaming.
    pair: Option<usize>,
}

/// The steps from the entries that differ of one export to those of the other; what stands at the names that are
/// `replaced` is deleted and another entry added.
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
    let gone: Vec<Entry> = before.into_values().collect();
    let arrangement = arrange(&gone, &new, options);

    let new_names: BTreeSet<&DnKey> = new.iter().map(|entry| entry.dn.key()).collect();
    let mut difference = Difference::default();
    let mut renames: Vec<(DnKey, Dn)> = Vec::new();
    // Links that an addition cannot carry, as what they name may not be there yet.
    let mut links = Vec::new();
    for arrival in arrangement.arrivals {
        match arrival {
            Arrival::Cleared { gone: old, from } => {
                let pair = difference.pair(Some(gone[old].clone()), None);
                difference.push(StepKind::Delete, &from, Change::Delete, pair);
                if new_names.contains(from.key()) {
                    difference.replaced.push(from);
                }
            }
            Arrival::Added { new: at } => {
                let pair = difference.pair(None, Some(new[at].clone()));
                let (later, now) = content(&new[at], options)
                    .into_iter()
                    .partition(|attribute| profile.follows_moves && is_linked(attribute.description.attribute_type()));
                difference.push(StepKind::Add, &new[at].dn, Change::Add(now), pair);
                links.push((at, later, pair));
            }
            Arrival::Renamed { gone: old, new: at, from } => {
                let Some((change, renamed)) = rename(&gone[old], &new[at], &from, &profile) else { continue };
                renames.push((from.key().clone(), new[at].dn.clone()));
                let pair = difference.pair(Some(gone[old].clone()), Some(new[at].clone()));
                difference.push(StepKind::Rename, &from, change, pair);
                both.push(Compared { before: renamed, after: new[at].clone(), pair: Some(pair) });
            }
            Arrival::Carried { gone: old, new: at } => {
                let mut before = gone[old].clone();
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
        if options.is_another_kind(&before, &after) {
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
    let mut deleted = arrangement.deleted;
    deleted.sort_by(|a, b| b.1.cmp(&a.1));
    for (at, dn) in deleted {
        let pair = difference.pair(Some(gone[at].clone()), None);
        difference.push(StepKind::Delete, &dn, Change::Delete, pair);
    }
    difference
}

/// The change that gives an entry its new name, and the entry after it.
fn rename(old: &Entry, new: &Entry, from: &Dn, profile: &Profile) -> Option<(Change, Entry)> {
    let new_rdn = Rdn::parse(new.dn.rdn_spelling()).ok()?;
    let old_rdn = old.dn.rdn()?;
    // The values of the old name stay where the new entry has them all.
    let has = |name: &str, value: &[u8]| new.values(name).any(|own| *own.bytes == *value);
    let keeps = *old_rdn != new_rdn && old_rdn.avas().iter().all(|ava| has(&ava.attribute_type, &ava.value));
    let delete_old_rdn = !keeps || !profile.keeps_old_rdn;
    let mut renamed = rename_values(old, &new_rdn, delete_old_rdn);
    renamed.dn = new.dn.clone();
    let is_new_parent = from.key().parent() != new.dn.key().parent();
    let new_superior = if is_new_parent { Some(Dn::parse(new.dn.parent_spelling()?).ok()?) } else { None };
    Some((Change::ModifyDn { new_rdn, delete_old_rdn, new_superior }, renamed))
}
