//! Change records applied to exports as a server would apply them, and the exports afterwards.
//!
//! The exports are read twice. The first reading ([`targets`]) collects the entries that the records may change: those that
//! they name, everything below moved entries, and in Active Directory the entries with links to deleted and moved ones; of the
//! parents of new entries and the children of deleted ones, it collects the names. The records are applied to these by the
//! model of a server in [`apply`](crate::proof::apply). The second reading ([`rewrite`]) copies the exports, with the changes in place:
//!
//! | entry | in the text afterwards |
//! | --- | --- |
//! | unchanged | the same bytes, with its comments |
//! | changed, renamed, moved | in its old place, written again |
//! | added | after its parent; at the end if its parent is in no export |
//! | deleted | left out, with the comments before it |

pub(crate) mod gaps;
mod rewrite;
mod targets;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use thiserror::Error;

use crate::directory::census::Finding;
use crate::directory::scan;
use crate::directory::scan::{Exports, ScanError};
use crate::ldap::{Change, ChangeRecord, Dn, DnKey, Entry, Modification, Origin, ResultCode};
use crate::ldif::UrlPolicy;
use crate::policy::ServerSchema;
use crate::proof::apply::Model;

use gaps::first_gap;
pub use rewrite::rewrite;
use targets::{Targets, TargetsPass};

/// The result of applying records.
#[derive(Default)]
pub struct Outcome {
    /// Number of records that were applied.
    pub applied: usize,
    /// The refused records: their indices, and the result codes.
    pub refused: Vec<(usize, ResultCode)>,
    /// How the exports change.
    pub changes: Changes,
}

/// How exports change, entry by entry.
#[derive(Default)]
pub struct Changes {
    /// Changed entries by their places in the exports; `None` for a deleted entry.
    pub changed: HashMap<Origin, Option<Entry>>,
    /// Added entries by the place of the entry that they follow, parents first.
    pub added_after: HashMap<Origin, Vec<Entry>>,
    /// Added entries whose parent is in no export, parents first.
    pub added_at_end: Vec<Entry>,
}

/// Why records are not applied.
#[derive(Debug, Error)]
pub enum SimulateError<E> {
    /// The exports cannot be read.
    #[error(transparent)]
    Scan(ScanError<E>),
    /// An entry that the records change appears twice in the exports.
    #[error("an entry appears twice in the exports")]
    Twice {
        /// The name of the entry.
        dn: Dn,
        /// The places of both.
        origins: [Origin; 2],
    },
    /// The exports are incomplete.
    #[error("{what}")]
    Incomplete {
        /// What shows that, as a message.
        what: &'static str,
        /// The places that show it.
        finding: Finding,
    },
}

/// Applies the records in order and stops after the first refused one, unless `keep_going` is set.
pub fn simulate<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    schema: impl Into<ServerSchema>,
    records: &[ChangeRecord],
    keep_going: bool,
) -> Result<Outcome, SimulateError<E::Error>> {
    let mut simulation = Simulation::new(exports, urls, schema.into(), records)?;
    let mut outcome = Outcome::default();
    for (number, record) in records.iter().enumerate() {
        match simulation.apply(record) {
            Ok(()) => outcome.applied += 1,
            Err(code) => {
                outcome.refused.push((number, code));
                if !keep_going {
                    break;
                }
            }
        }
    }
    outcome.changes = simulation.changes();
    Ok(outcome)
}

/// The entries of exports that records may change, while the records are applied one by one.
pub struct Simulation {
    model: Model,
    /// The entries as they are in the exports.
    before: BTreeMap<DnKey, Arc<Entry>>,
    /// Places of the parents of added and moved entries.
    parents: HashMap<DnKey, Origin>,
}

impl Simulation {
    /// Collects what these records may change. No other records can be applied.
    pub fn new<E: Exports>(
        exports: &E,
        urls: UrlPolicy<'_>,
        schema: ServerSchema,
        records: &[ChangeRecord],
    ) -> Result<Self, SimulateError<E::Error>> {
        let mut targets = Targets::default();
        let pass = TargetsPass::new(records, schema.server());
        let census = scan(exports, urls, None, &pass, |found| targets.merge(found)).map_err(SimulateError::Scan)?;
        if let Some(gap) = first_gap(&census) {
            return Err(SimulateError::Incomplete { what: gap.what, finding: gap.finding.clone() });
        }
        let before = by_name(targets.entries)?;
        let mut model = Model {
            entries: before.clone(),
            existing: targets.parents.keys().filter(|key| !before.contains_key(*key)).cloned().collect(),
            ..Model::new(schema)
        };
        for (parent, child) in targets.children {
            model.children.entry(parent).or_default().insert(child);
        }
        Ok(Self { model, before, parents: targets.parents })
    }

    /// An entry as it is now.
    pub fn entry(&mut self, key: &DnKey) -> Option<&Entry> {
        self.model.entry(key)
    }

    /// The values that the server removes from other entries when it deletes this one, by the names of those entries.
    pub fn links_to(&mut self, key: &DnKey) -> Vec<(Dn, Modification)> {
        self.model.links_to(key)
    }

    /// Applies a record, or gives the result code with which the server refuses it.
    pub fn apply(&mut self, record: &ChangeRecord) -> Result<(), ResultCode> {
        self.model.apply_one_of_many(record)
    }

    /// The name that the entry of a record has after the record was applied.
    pub fn name_after(&self, record: &ChangeRecord) -> DnKey {
        let renamed = self.model.renames.last().filter(|_| matches!(record.change, Change::ModifyDn { .. }));
        renamed.map_or(record.dn.key(), |(_, new)| new).clone()
    }

    /// How the exports change by the records that were applied.
    pub fn changes(mut self) -> Changes {
        self.model.update_links();
        changes(&self.before, &self.model.entries, &self.parents)
    }
}

fn by_name<E>(entries: Vec<Entry>) -> Result<BTreeMap<DnKey, Arc<Entry>>, SimulateError<E>> {
    let mut names = BTreeMap::new();
    for entry in entries {
        let origin = entry.origin;
        if let Some(first) = names.insert(entry.dn.key().clone(), Arc::new(entry)) {
            return Err(SimulateError::Twice { dn: first.dn.clone(), origins: [first.origin, origin] });
        }
    }
    Ok(names)
}

/// The line of an entry that is in no export. Lines count from 1.
const NO_LINE: u64 = 0;

fn changes(
    before: &BTreeMap<DnKey, Arc<Entry>>,
    after: &BTreeMap<DnKey, Arc<Entry>>,
    parents: &HashMap<DnKey, Origin>,
) -> Changes {
    let mut changes = Changes::default();
    let exported = after.values().filter(|entry| entry.origin.line != NO_LINE);
    let now: HashMap<Origin, &Entry> = exported.map(|entry| (entry.origin, entry.as_ref())).collect();
    for entry in before.values() {
        let is_same = |now: &&Entry| now.dn.raw_bytes() == entry.dn.raw_bytes() && now.attributes == entry.attributes;
        match now.get(&entry.origin) {
            Some(now) if is_same(now) => {}
            now => {
                changes.changed.insert(entry.origin, now.map(|now| Entry::clone(now)));
            }
        }
    }
    // Parents come before their children in `after`, so the place of an added parent is known when it is needed.
    let mut places: HashMap<&DnKey, Option<Origin>> = HashMap::new();
    for (key, entry) in after.iter().filter(|(_, entry)| entry.origin.line == NO_LINE) {
        let parent = key.parent().unwrap_or_default();
        let place = match after.get(&parent) {
            Some(parent) if parent.origin.line != NO_LINE => Some(parent.origin),
            Some(parent) => places.get(parent.dn.key()).copied().flatten(),
            None => parents.get(&parent).copied(),
        };
        places.insert(key, place);
        match place {
            Some(place) => changes.added_after.entry(place).or_default().push(Entry::clone(entry)),
            None => changes.added_at_end.push(Entry::clone(entry)),
        }
    }
    changes
}
