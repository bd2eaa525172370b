//! Which entries of BEFORE stand under new names in AFTER, and an order in which all of them can come there.
//!
//! An entry that is renamed takes along what stands below it. What is carried to a name of AFTER is that entry, unless
//! its identity is known under another. A renaming that no order allows (two that were carried and have changed places)
//! is given up: what stands at a name is changed into what is to are there, or deleted and the new entry added. It is
//! deleted, too, where it is of [another kind](super::kind), unless something stays below it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use super::Options;
use crate::ldap::{Dn, DnKey, Entry};

/// Attributes that say which entry it is, whatever its name.
const IDENTITIES: [&str; 3] = ["entryUUID", "nsUniqueId", "objectGUID"];

/// How an entry of AFTER amounts to its name. Numbers count in the lists of entries that are gone and new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is added.
    Added { new: usize },
    /// It is renamed; `from` is the name that it has just before.
    Renamed { gone: usize, new: usize, from: Dn },
    /// It was carried along.
    Carried { gone: usize, new: usize },
    /// None comes: one is deleted that has this name, where another is to stand or above.
    Cleared { gone: usize, from: Dn },
}

/// How all come there, in order, and the names of those that are to be deleted then.
pub struct Arrangement {
    /// In this order.
    pub arrivals: Vec<Arrival>,
    /// Entries that stay gone, with the name that they have now.
    pub deleted: Vec<(usize, Dn)>,
}

/// Finds names for all entries of AFTER. Both lists are in the order of their keys.
pub fn arrange(gone: &[Entry], new: &[Entry], options: &Options) -> Arrangement {
    let mut twins = twins(gone, new);
    for (new, twin) in new.iter().zip(&mut twins) {
        *twin = twin.filter(|twin| !options.may_replace() || !options.is_another_kind(&gone[*twin], new));
    }
    loop {
        match attempt(gone, new, &twins, options) {
            Ok(arrangement) => return arrangement,
            Err(stuck) => twins[stuck] = None,
        }
    }
}

/// For each new entry the one that is gone and has its identity.
fn twins(gone: &[Entry], new: &[Entry]) -> Vec<Option<usize>> {
    let (gone, new_by_identity) = (by_identity(gone), by_identity(new));
    let mut twins = vec![None; new.len()];
    for (identity, at) in new_by_identity {
        if let (Some(at), Some(Some(twin))) = (at, gone.get(&identity)) {
            twins[at] = Some(*twin);
        }
    }
    // Two identities of one entry may name two others: then neither is believed.
    let mut used: HashMap<usize, u32> = HashMap::new();
    for twin in twins.iter().flatten() {
        *used.entry(*twin).or_default() += 1;
    }
    for twin in &mut twins {
        *twin = twin.filter(|twin| used.get(twin) == Some(&1));
    }
    twins
}

/// Entries by attribute and value of their identity; none where several have the same.
fn by_identity(entries: &[Entry]) -> BTreeMap<(usize, Vec<u8>), Option<usize>> {
    let mut known = BTreeMap::new();
    for (number, name) in IDENTITIES.into_iter().enumerate() {
        for (at, entry) in entries.iter().enumerate() {
            let Some(value) = entry.values(name).next() else { continue };
            // The first two are text; a GUID in text is so too, and one in bytes is not changed by much.
            let identity = if name == "objectGUID" { value.bytes.to_vec() } else { value.bytes.to_ascii_lowercase() };
            known.entry((number, identity)).and_modify(|known| *known = None).or_insert(Some(at));
        }
    }
    known
}

/// One try; an error names the new entry whose twin is in the way.
fn attempt(gone: &[Entry], new: &[Entry], twins: &[Option<usize>], options: &Options) -> Result<Arrangement, usize> {
    let mut names = Names::new(gone);
    let becomes: HashMap<usize, usize> =
        twins.iter().enumerate().filter_map(|(at, twin)| Some(((*twin)?, at))).collect();
    let new_names: HashSet<&DnKey> = new.iter().map(|entry| entry.dn.key()).collect();
    let mut arrived: HashSet<&DnKey> = HashSet::new();
    let mut taken = vec![false; gone.len()];
    let mut arrivals = Vec::new();
    let mut waiting: Vec<usize> = (0..new.len()).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|&at| {
            let dn = &new[at].dn;
            let key = dn.key();
            let parent_waits =
                key.parent().is_some_and(|parent| new_names.contains(&parent) && !arrived.contains(&parent));
            if parent_waits {
                return true;
            }
            if let Some(there) = names.by_key.get(key).copied()
                && !becomes.contains_key(&there)
                && options.may_replace()
                && options.is_another_kind(&gone[there], &new[at])
            {
                let to_go: Vec<usize> = names.below(key).filter(|below| becomes.contains_key(below)).collect();
                let stays = to_go.iter().any(|below| new[becomes[below]].dn.key().is_under(key));
                if !stays && !to_go.is_empty() {
                    return true;
                }
                for (gone, from) in if stays { Vec::new() } else { names.clear(key) } {
                    taken[gone] = true;
                    arrivals.push(Arrival::Cleared { gone, from });
                }
            }
            let there = names.by_key.get(key).copied();
            let arrival = match (twins[at], there) {
                (Some(twin), Some(there)) if twin == there => Arrival::Carried { gone: twin, new: at },
                (None, Some(there)) if !becomes.contains_key(&there) => Arrival::Carried { gone: there, new: at },
                (_, Some(_)) => return true,
                (None, None) => Arrival::Added { new: at },
                (Some(twin), None) => {
                    let from = names.of[twin].clone();
                    if key.is_under(from.key()) || !names.rename(from.key(), dn) {
                        return true;
                    }
                    Arrival::Renamed { gone: twin, new: at, from }
                }
            };
            if let Arrival::Renamed { gone, .. } | Arrival::Carried { gone, .. } = &arrival {
                taken[*gone] = true;
            }
            arrivals.push(arrival);
            arrived.insert(key);
            false
        });
        if waiting.len() == before {
            // An entry without a twin waits only for one that has one.
            return Err(waiting.iter().copied().find(|&at| twins[at].is_some()).unwrap_or(waiting[0]));
        }
    }
    let deleted = names.of.into_iter().enumerate().filter(|(at, _)| !taken[*at]).collect();
    Ok(Arrangement { arrivals, deleted })
}

/// The names that entries have at the moment.
struct Names {
    of: Vec<Dn>,
    by_key: BTreeMap<DnKey, usize>,
}

impl Names {
    fn new(entries: &[Entry]) -> Self {
        let of: Vec<Dn> = entries.iter().map(|entry| entry.dn.clone()).collect();
        let by_key = of.iter().enumerate().map(|(at, dn)| (dn.key().clone(), at)).collect();
        Self { of, by_key }
    }

    /// The entries that stand below a name.
    fn below(&self, name: &DnKey) -> impl Iterator<Item = usize> {
        let from = (Bound::Excluded(name), Bound::Unbounded);
        self.by_key.range::<DnKey, _>(from).take_while(|(key, _)| key.is_under(name)).map(|(_, at)| *at)
    }

    /// Takes away what stands at a name and below, leaves first.
    fn clear(&mut self, name: &DnKey) -> Vec<(usize, Dn)> {
        let there = self.by_key.get(name).copied().into_iter().chain(self.below(name)).collect::<Vec<_>>();
        for at in &there {
            self.by_key.remove(self.of[*at].key());
        }
        there.into_iter().rev().map(|at| (at, self.of[at].clone())).collect()
    }

    /// Renames an entry and what stands below it; `false` if a name cannot be made.
    fn rename(&mut self, old: &DnKey, name: &Dn) -> bool {
        let below = self.by_key.range::<DnKey, _>(old..).take_while(|(key, _)| key.is_at_or_under(old));
        let below: Vec<(DnKey, usize)> = below.map(|(key, at)| (key.clone(), *at)).collect();
        let renamed: Option<Vec<Dn>> = below.iter().map(|(_, at)| self.of[*at].renamed(old, name)).collect();
        let Some(renamed) = renamed else { return false };
        for ((key, at), dn) in below.into_iter().zip(renamed) {
            self.by_key.remove(&key);
            self.by_key.insert(dn.key().clone(), at);
            self.of[at] = dn;
        }
        true
    }
}
