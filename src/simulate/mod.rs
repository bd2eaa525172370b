//! Change records applied to exports, as a server would do it, and the exports afterwards.
//!
//! Three readings. The first ([`touched`]) takes what the records touch: the entries that they name, the parents of new
//! ones, the children of those that go, what stands below those that are moved, and in Active Directory the entries
//! whose links follow. The records are applied to these with the rules of [`apply`](crate::proof::apply). The last
//! ([`rewrite`]) copies the exports, with other text where an entry has changed.
//!
//! | entry | in the export afterwards |
//! | --- | --- |
//! | not changed | the bytes that was there, comments with them |
//! | changed, renamed, moved along | where it stood, as the writer writes it |
//! | added | behind its parent; at the end if that is in no export |
//! | deleted | gone, with the comments before it |

mod rewrite;
mod touched;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use thiserror::Error;

use crate::directory::census::Finding;
use crate::directory::scan::{Exports, ScanError};
use crate::directory::{Census, scan};
use crate::ldap::{Change, ChangeRecord, Dn, DnKey, Entry, Modification, Origin, ResultCode};
use crate::ldif::UrlPolicy;
use crate::policy::ServerSchema;
use crate::proof::apply::Model;

pub use rewrite::rewrite;
use touched::{Found, Touched};

/// What came of the records.
#[derive(Default)]
pub struct Outcome {
    /// How many were applied.
    pub applied: usize,
    /// Numbers of those that were refused, from 0, and why.
    pub refused: Vec<(usize, ResultCode)>,
    /// What is other in the exports.
    pub changes: Changes,
}

/// What is other in the exports afterwards.
#[derive(Default)]
pub struct Changes {
    /// Entries by where they stood; none for one that is gone.
    pub changed: HashMap<Origin, Option<Entry>>,
    /// New entries by where the entry stands that they follow, parents first.
    pub behind: HashMap<Origin, Vec<Entry>>,
    /// New entries that follow none.
    pub at_end: Vec<Entry>,
}

/// Why nothing was applied.
#[derive(Debug, Error)]
pub enum SimulateError<E> {
    /// The exports cannot be read.
    #[error(transparent)]
    Scan(ScanError<E>),
    /// An entry that the records touch is there twice.
    #[error("an entry is there twice")]
    Twice {
        /// Its name.
        dn: Dn,
        /// Where.
        origins: [Origin; 2],
    },
    /// A part of the exports is missing.
    #[error("{what}")]
    Incomplete {
        /// What is missing.
        what: &'static str,
        /// Where that shows.
        finding: Finding,
    },
}

/// Applies the records in order. Stops behind the first that is refused, unless it is to keep going.
pub fn simulate<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    server: impl Into<ServerSchema>,
    records: &[ChangeRecord],
    keep_going: bool,
) -> Result<Outcome, SimulateError<E::Error>> {
    run(exports, urls, server.into(), records, keep_going, None)
}

/// A record that was applied.
pub struct Applied<'a> {
    /// Its number, from 0.
    pub number: usize,
    /// Its entry before it.
    pub before: Option<&'a Entry>,
    /// Its entry behind it.
    pub after: Option<&'a Entry>,
    /// What the server took out of other entries along with it: by the name of each, the values that named a deleted entry.
    pub unlinked: Vec<(Dn, Modification)>,
}

/// What is shown of every record that is applied.
pub type Watch<'w> = dyn FnMut(Applied<'_>) + 'w;

/// [`simulate`], with every record that is applied shown to `watch`.
pub fn simulate_watched<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    server: impl Into<ServerSchema>,
    records: &[ChangeRecord],
    keep_going: bool,
    watch: &mut Watch<'_>,
) -> Result<Outcome, SimulateError<E::Error>> {
    run(exports, urls, server.into(), records, keep_going, Some(watch))
}

fn run<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    schema: ServerSchema,
    records: &[ChangeRecord],
    keep_going: bool,
    mut watch: Option<&mut Watch<'_>>,
) -> Result<Outcome, SimulateError<E::Error>> {
    let mut found = Found::default();
    let touched = Touched::by(records, schema.server());
    let census = scan(exports, urls, None, &touched, |more| found.merge(more)).map_err(SimulateError::Scan)?;
    check_whole(&census)?;
    let before = by_name(found.entries)?;
    let mut model = Model {
        entries: before.clone(),
        others: found.parents.keys().filter(|key| !before.contains_key(*key)).cloned().collect(),
        ..Model::new(schema)
    };
    for (parent, child) in found.children {
        model.children.entry(parent).or_default().insert(child);
    }
    let mut outcome = Outcome::default();
    for (number, record) in records.iter().enumerate() {
        let first = model.look_at(record.dn.key()).cloned();
        let is_delete = watch.is_some() && matches!(record.change, Change::Delete);
        let unlinked = if is_delete { model.links_to(record.dn.key()) } else { Vec::new() };
        match model.step(record) {
            Ok(()) => {
                outcome.applied += 1;
                let key = model.renames.last().filter(|_| matches!(record.change, Change::ModifyDn { .. }));
                let key = key.map_or(record.dn.key(), |(_, new)| new).clone();
                if let Some(watch) = &mut watch {
                    watch(Applied { number, before: first.as_ref(), after: model.look_at(&key), unlinked });
                }
            }
            Err(code) => {
                outcome.refused.push((number, code));
                if !keep_going {
                    break;
                }
            }
        }
    }
    model.follow_links();
    outcome.changes = changes(&before, &model.entries, &found.parents);
    Ok(outcome)
}

fn check_whole<E>(census: &Census) -> Result<(), SimulateError<E>> {
    let lacks = [
        (&census.cut, "a search ended before it had given every entry"),
        (&census.partial_lists, "lists of which the export holds a part only"),
        (&census.without_values, "entries without their values"),
    ];
    match lacks.into_iter().find(|(finding, _)| finding.count > 0) {
        None => Ok(()),
        Some((finding, what)) => Err(SimulateError::Incomplete { what, finding: finding.clone() }),
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

/// Entries that stood nowhere have this line.
const NOWHERE: u64 = 0;

fn changes(
    before: &BTreeMap<DnKey, Arc<Entry>>,
    after: &BTreeMap<DnKey, Arc<Entry>>,
    parents: &HashMap<DnKey, Origin>,
) -> Changes {
    let mut changes = Changes::default();
    let stood = after.values().filter(|entry| entry.origin.line != NOWHERE);
    let now: HashMap<Origin, &Entry> = stood.map(|entry| (entry.origin, entry.as_ref())).collect();
    for entry in before.values() {
        let is_same = |now: &&Entry| now.dn.raw_bytes() == entry.dn.raw_bytes() && now.attributes == entry.attributes;
        match now.get(&entry.origin) {
            Some(now) if is_same(now) => {}
            now => {
                changes.changed.insert(entry.origin, now.map(|now| Entry::clone(now)));
            }
        }
    }
    // Parents come before their children, so the place of a new parent is known.
    let mut places: HashMap<&DnKey, Option<Origin>> = HashMap::new();
    for (key, entry) in after.iter().filter(|(_, entry)| entry.origin.line == NOWHERE) {
        let parent = key.parent().unwrap_or_default();
        let place = match after.get(&parent) {
            Some(parent) if parent.origin.line != NOWHERE => Some(parent.origin),
            Some(parent) => places.get(parent.dn.key()).copied().flatten(),
            None => parents.get(&parent).copied(),
        };
        places.insert(key, place);
        match place {
            Some(place) => changes.behind.entry(place).or_default().push(Entry::clone(entry)),
            None => changes.at_end.push(Entry::clone(entry)),
        }
    }
    changes
}
