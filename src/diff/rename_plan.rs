//! Which entries of BEFORE have new names in AFTER, and an order in which all of them can get there.
//!
//! An entry keeps its identity under a new name if both exports show the same `entryUUID`, `nsUniqueId` or `objectGUID`. A
//! rename takes along everything below the entry. An entry that is moved along to a name of AFTER is the entry of AFTER,
//! unless that one has the identity of another entry.
//!
//! If no order of renames works (two entries that were moved along change places), one rename is given up: the entry at the
//! new name is modified to become the entry of AFTER, or deleted and the other one added. An entry is also deleted where the
//! entry of AFTER has [another structural class](super::replacement), unless an entry stays below it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use super::Options;
use crate::ldap::{Dn, DnKey, Entry};

/// Attributes that identify an entry independently of its name.
const IDENTITIES: [&str; 3] = ["entryUUID", "nsUniqueId", "objectGUID"];

/// How an entry of AFTER gets its name. Numbers are indices into the lists of old and new entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenameStep {
    /// The new entry is added.
    Added { new: usize },
    /// The old entry is renamed from `from`, the name that it has by then.
    Renamed { old: usize, new: usize, from: Dn },
    /// The old entry was moved along with one above it, or takes the place of the new one by a modify.
    MovedAlong { old: usize, new: usize },
    /// The old entry at `from` is deleted to free its name, or the name above it, for a new entry.
    FreedName { old: usize, from: Dn },
}

/// The steps after which every entry of AFTER has its name, and what is left to delete.
pub struct RenamePlan {
    /// The steps, in order.
    pub steps: Vec<RenameStep>,
    /// Old entries to delete after the steps, by index, with the names that they have by then.
    pub deleted: Vec<(usize, Dn)>,
}

/// Plans the names of all new entries. `old` are the entries of BEFORE whose names AFTER does not have, `new` those of AFTER
/// whose names BEFORE does not have; both are in the order of their keys.
pub fn plan_renames(old: &[Entry], new: &[Entry], options: &Options) -> RenamePlan {
    let mut same_identity = same_identity(old, new);
    for (new, known) in new.iter().zip(&mut same_identity) {
        *known = known.filter(|known| !options.may_replace() || !options.needs_replacement(&old[*known], new));
    }
    loop {
        match attempt(old, new, &same_identity, options) {
            Ok(plan) => return plan,
            Err(blocked) => same_identity[blocked] = None,
        }
    }
}

/// For each new entry, the old one with the same identity.
fn same_identity(old: &[Entry], new: &[Entry]) -> Vec<Option<usize>> {
    let (old_by_identity, new_by_identity) = (by_identity(old), by_identity(new));
    let mut matches = vec![None; new.len()];
    for (identity, at) in new_by_identity {
        if let (Some(at), Some(Some(known))) = (at, old_by_identity.get(&identity)) {
            matches[at] = Some(*known);
        }
    }
    // Two identities of one old entry may be those of two new entries. Then neither counts.
    let mut used: HashMap<usize, u32> = HashMap::new();
    for known in matches.iter().flatten() {
        *used.entry(*known).or_default() += 1;
    }
    for known in &mut matches {
        *known = known.filter(|known| used.get(known) == Some(&1));
    }
    matches
}

/// The entries by the attribute and value of their identities; `None` where several entries have the same one.
fn by_identity(entries: &[Entry]) -> BTreeMap<(usize, Vec<u8>), Option<usize>> {
    let mut known = BTreeMap::new();
    for (number, name) in IDENTITIES.into_iter().enumerate() {
        for (at, entry) in entries.iter().enumerate() {
            let Some(value) = entry.values(name).next() else { continue };
            // The first two are text without regard to case; objectGUID is binary.
            let identity = if name == "objectGUID" { value.bytes.to_vec() } else { value.bytes.to_ascii_lowercase() };
            known.entry((number, identity)).and_modify(|known| *known = None).or_insert(Some(at));
        }
    }
    known
}

/// Plans with these identities. On failure, gives the index of a new entry whose rename is in the way.
fn attempt(
    old: &[Entry],
    new: &[Entry],
    same_identity: &[Option<usize>],
    options: &Options,
) -> Result<RenamePlan, usize> {
    let mut names = CurrentNames::new(old);
    // The new entry that each old one becomes.
    let becomes: HashMap<usize, usize> =
        same_identity.iter().enumerate().filter_map(|(at, known)| Some(((*known)?, at))).collect();
    let new_names: HashSet<&DnKey> = new.iter().map(|entry| entry.dn.key()).collect();
    let mut done: HashSet<&DnKey> = HashSet::new();
    let mut taken = vec![false; old.len()];
    let mut steps = Vec::new();
    let mut waiting: Vec<usize> = (0..new.len()).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        // An entry waits for its parent, and for the entry that has its name to get another one.
        waiting.retain(|&at| {
            let dn = &new[at].dn;
            let key = dn.key();
            let parent_waits =
                key.parent().is_some_and(|parent| new_names.contains(&parent) && !done.contains(&parent));
            if parent_waits {
                return true;
            }
            if let Some(occupant) = names.by_key.get(key).copied()
                && !becomes.contains_key(&occupant)
                && options.may_replace()
                && options.needs_replacement(&old[occupant], &new[at])
            {
                let leaving: Vec<usize> = names.below(key).filter(|below| becomes.contains_key(below)).collect();
                let stays = leaving.iter().any(|below| new[becomes[below]].dn.key().is_under(key));
                if !stays && !leaving.is_empty() {
                    return true;
                }
                for (old, from) in if stays { Vec::new() } else { names.remove_subtree(key) } {
                    taken[old] = true;
                    steps.push(RenameStep::FreedName { old, from });
                }
            }
            let occupant = names.by_key.get(key).copied();
            let step = match (same_identity[at], occupant) {
                (Some(known), Some(occupant)) if known == occupant => RenameStep::MovedAlong { old: known, new: at },
                (None, Some(occupant)) if !becomes.contains_key(&occupant) => {
                    RenameStep::MovedAlong { old: occupant, new: at }
                }
                (_, Some(_)) => return true,
                (None, None) => RenameStep::Added { new: at },
                (Some(known), None) => {
                    let from = names.of[known].clone();
                    if key.is_under(from.key()) || !names.rename(from.key(), dn) {
                        return true;
                    }
                    RenameStep::Renamed { old: known, new: at, from }
                }
            };
            if let RenameStep::Renamed { old, .. } | RenameStep::MovedAlong { old, .. } = &step {
                taken[*old] = true;
            }
            steps.push(step);
            done.insert(key);
            false
        });
        if waiting.len() == before {
            // Only a rename can block the others.
            return Err(waiting.iter().copied().find(|&at| same_identity[at].is_some()).unwrap_or(waiting[0]));
        }
    }
    let deleted = names.of.into_iter().enumerate().filter(|(at, _)| !taken[*at]).collect();
    Ok(RenamePlan { steps, deleted })
}

/// The names that the old entries have after the steps so far.
struct CurrentNames {
    of: Vec<Dn>,
    by_key: BTreeMap<DnKey, usize>,
}

impl CurrentNames {
    fn new(entries: &[Entry]) -> Self {
        let of: Vec<Dn> = entries.iter().map(|entry| entry.dn.clone()).collect();
        let by_key = of.iter().enumerate().map(|(at, dn)| (dn.key().clone(), at)).collect();
        Self { of, by_key }
    }

    /// The entries below a name.
    fn below(&self, name: &DnKey) -> impl Iterator<Item = usize> {
        let from = (Bound::Excluded(name), Bound::Unbounded);
        self.by_key.range::<DnKey, _>(from).take_while(|(key, _)| key.is_under(name)).map(|(_, at)| *at)
    }

    /// Removes the entry at a name and those below it, and returns them, leaves first.
    fn remove_subtree(&mut self, name: &DnKey) -> Vec<(usize, Dn)> {
        let subtree = self.by_key.get(name).copied().into_iter().chain(self.below(name)).collect::<Vec<_>>();
        for at in &subtree {
            self.by_key.remove(self.of[*at].key());
        }
        subtree.into_iter().rev().map(|at| (at, self.of[at].clone())).collect()
    }

    /// Renames an entry and those below it; `false` if one of the new names is invalid.
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
