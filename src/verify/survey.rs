//! One reading of the exports that were made after a plan. It collects the entries of the plan's records, the parts of the
//! directory that the plan's exports held, and which operational attributes each export shows.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::directory::extent::{TIMES, Time, time_attributes, time_of};
use crate::directory::identity::unique_id::{UNIQUE_ID_ATTRIBUTES, UniqueIdSet};
use crate::directory::key_hash::{KeySet, hash};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass, Structure};
use crate::ldap::attribute::{base_type, same_type};
use crate::ldap::attribute_types::canonical_name;
use crate::ldap::dn_key::prefixes;
use crate::ldap::server_attributes::{always_set, is_operational};
use crate::ldap::{AttributeDescription, Change, ChangeRecord, DnKey, Entry, TypeMap};
use crate::ldif::AttributeSelection;
use crate::policy::Server;
use crate::verify::NotShown;
use crate::verify::identity::Identities;
use crate::verify::trust::PlannedPart;

/// How many entries may be missing that neither this change set nor another wave deletes: others delete entries too. With
/// more of them, the exports may be cut off.
pub const FEW_ENTRIES: u64 = 2;

/// The entries that a survey keeps.
#[derive(Default)]
pub struct WantedEntries {
    /// Those with these names.
    pub names: KeySet,
    /// Those with these identifiers.
    pub ids: UniqueIdSet,
}

/// What the survey searches for.
pub struct SurveyPass {
    wanted: KeySet,
    /// The identifiers of entries that may have another name now.
    wanted_ids: UniqueIdSet,
    /// The parts of the plan's exports, as indices, by the hashes of their names.
    parts: HashMap<u64, usize>,
    /// The operational attributes that the survey notes.
    noted: TypeMap<NotedAttribute>,
    times: TypeMap<()>,
    interest: AttributeSelection,
}

/// Why the survey notes an operational attribute.
#[derive(Clone, Copy)]
enum NotedAttribute {
    /// The server sets it on every entry, so an export with it shows operational attributes.
    AlwaysSet,
    /// Records write it. The number is its index in [`written_operational`].
    Written(usize),
}

/// What the exports show of a part of the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartSeen {
    /// Whether the entry with the name of the part exists.
    pub entry: bool,
    /// Whether an entry below that name exists that belongs to no deeper part.
    pub below: bool,
    /// The newest time in the entries of the part.
    pub newest: Option<Time>,
}

/// What the exports show.
#[derive(Default)]
pub struct Survey {
    /// The wanted entries.
    pub now: Vec<Entry>,
    /// The names of all entries.
    pub structure: Structure,
    /// The parts of the plan's exports, by index.
    pub parts: HashMap<usize, PartSeen>,
    /// Exports with attributes that the server sets on every entry.
    operational: BTreeSet<u16>,
    /// Exports with an operational attribute that records write, and the index of the attribute.
    written: HashSet<(u16, usize)>,
}

impl Survey {
    /// Adds what a later block of the exports gave.
    pub fn merge(&mut self, other: Self) {
        self.now.extend(other.now);
        self.structure.merge(other.structure);
        self.operational.extend(other.operational);
        self.written.extend(other.written);
        for (part, seen) in other.parts {
            let known = self.parts.entry(part).or_default();
            known.entry |= seen.entry;
            known.below |= seen.below;
            known.newest = known.newest.max(seen.newest);
        }
    }

    /// A survey of one export that shows all attributes of these entries.
    #[cfg(test)]
    pub fn showing_all(now: Vec<Entry>) -> Self {
        Self { now, structure: Self::places(), operational: BTreeSet::from([0]), ..Self::default() }
    }

    /// A survey of one export that shows only user attributes of these entries.
    #[cfg(test)]
    pub fn without_operational(now: Vec<Entry>) -> Self {
        Self { now, structure: Self::places(), ..Self::default() }
    }

    /// The entries above those of the tests.
    #[cfg(test)]
    fn places() -> Structure {
        let mut structure = Structure::default();
        for name in ["o=x", "ou=b,o=x"] {
            structure.add_name(DnKey::parse(name.as_bytes()).unwrap().as_bytes(), 0, 1);
        }
        structure.finish();
        structure
    }
}

/// The entries of the exports, counted.
#[derive(Clone, Copy, Debug)]
struct Counts {
    planned: u64,
    missing: u64,
}

/// What the exports can show of a change set.
pub struct Evidence<'s> {
    server: Server,
    survey: &'s Survey,
    /// The operational attributes that the records write.
    written: Vec<String>,
    /// The parts of the directory that the exports of the plan held, all of which these exports have; `None` if the change
    /// set does not list them.
    parts: Option<&'s [PlannedPart]>,
    /// The entries that the records delete.
    deleted: KeySet,
    /// How many entries the exports of the plan held, and how many of them these lack that no change set deletes.
    counts: Option<Counts>,
    /// The identifiers of the entries that the change set is for.
    identities: &'s Identities,
}

impl<'s> Evidence<'s> {
    /// The evidence for a change set with these records. `parts` are those that the exports of the plan held; `None` if the
    /// change set does not list them.
    pub fn new(
        survey: &'s Survey,
        records: &[ChangeRecord],
        server: Server,
        parts: Option<&'s [PlannedPart]>,
        identities: &'s Identities,
    ) -> Self {
        let deleted = records.iter().filter(|record| matches!(record.change, Change::Delete));
        let deleted = deleted.map(|record| record.dn.key().clone()).collect();
        Self { server, survey, written: written_operational(records, server), parts, deleted, counts: None, identities }
    }

    /// The same evidence, with how many entries the exports of the plan held and these hold. `records` are those of the change
    /// set and of the other waves of its plan: they delete and add entries; others may have deleted a few more.
    #[must_use]
    pub fn with_counts<'r>(
        self,
        planned: Option<u64>,
        found: u64,
        records: impl IntoIterator<Item = &'r ChangeRecord>,
    ) -> Self {
        let Some(planned) = planned else { return self };
        let (mut deleted, mut added) = (HashSet::new(), HashSet::new());
        for record in records {
            let exists = self.survey.structure.holds_key(record.dn.key().as_bytes());
            match record.change {
                // A deletion that is not done explains nothing.
                Change::Delete if !exists => drop(deleted.insert(record.dn.key())),
                Change::Add(_) if exists => drop(added.insert(record.dn.key())),
                _ => {}
            }
        }
        let missing = (planned + added.len() as u64).saturating_sub(found + deleted.len() as u64);
        Self { counts: Some(Counts { planned, missing }), ..self }
    }

    /// How many entries of the plan's exports are missing that no change set deletes.
    pub fn missing_entries(&self) -> u64 {
        self.counts.map_or(0, |counts| counts.missing)
    }

    /// The identifiers of the entries that the change set is for.
    pub fn identities(&self) -> &'s Identities {
        self.identities
    }

    /// The entries of the records, as they are now.
    pub fn entries(&self) -> &'s [Entry] {
        &self.survey.now
    }

    /// What the exports do not show of the place of an entry that they do not have; `None` if they show enough to say that it
    /// does not exist.
    ///
    /// | the exports | it |
    /// | --- | --- |
    /// | have the entry directly above it | does not exist |
    /// | lack that entry, which the change set deletes as well, or which the exports of the plan lacked | as for the entry above that |
    /// | lack that entry | is not shown |
    /// | lack more entries of the plan's exports than the change set deletes and [`FEW_ENTRIES`] | is not shown |
    pub fn hides(&self, name: &DnKey) -> Option<NotShown> {
        if let Some(Counts { planned, missing }) = self.counts.filter(|counts| counts.missing > FEW_ENTRIES) {
            return Some(NotShown::Entries { missing, planned });
        }
        let Some(parts) = self.parts else {
            let mut above = prefixes(name.as_bytes()).map(|(above, _)| above);
            return (!above.any(|above| self.survey.structure.holds_key(above))).then_some(NotShown::Place);
        };
        let is_top = |name: &DnKey| parts.iter().any(|part| part.is_entry && part.name.key() == name);
        let is_missing = |name: &DnKey| parts.iter().any(|part| !part.is_entry && part.name.key() == name);
        let mut entry = name.clone();
        // Above the topmost entry of a part there is nothing to see. That the part itself is shown was checked before.
        while !is_top(&entry) {
            let parent = entry.parent()?;
            if self.survey.structure.holds_key(parent.as_bytes()) || is_missing(&parent) {
                return None;
            }
            if !self.deleted.contains(parent.as_bytes()) {
                return Some(NotShown::Parent);
            }
            entry = parent;
        }
        None
    }

    /// Whether an export shows an attribute if an entry has it.
    ///
    /// An operational attribute is shown if an entry of the export has that attribute or one that the server sets on every
    /// entry.
    pub fn shows(&self, export: u16, description: &AttributeDescription) -> bool {
        let name = description.attribute_type();
        if !is_operational(self.server, name) || self.survey.operational.contains(&export) {
            return true;
        }
        let number = self.written.iter().position(|own| same_type(own, name));
        number.is_some_and(|number| self.survey.written.contains(&(export, number)))
    }
}

/// The operational attributes that records write, each once.
fn written_operational(records: &[ChangeRecord], server: Server) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |description: &AttributeDescription| {
        let name = canonical_name(description.attribute_type());
        if is_operational(server, name) && !names.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    };
    for record in records {
        match &record.change {
            Change::Modify(modifications) => modifications.iter().for_each(|change| add(&change.description)),
            Change::Add(attributes) => attributes.iter().for_each(|attribute| add(&attribute.description)),
            Change::Delete | Change::ModifyDn { .. } => {}
        }
    }
    names
}

impl SurveyPass {
    /// A pass that searches for these names and parts, and for the operational attributes that the records write.
    pub fn new(wanted: WantedEntries, parts: &[DnKey], records: &[ChangeRecord], server: Server) -> Self {
        let mut noted = TypeMap::default();
        for name in always_set(server) {
            noted.insert(name, NotedAttribute::AlwaysSet);
        }
        let names = written_operational(records, server);
        names.iter().enumerate().for_each(|(number, name)| noted.insert(name, NotedAttribute::Written(number)));
        let interest = TIMES.into_iter().chain(always_set(server)).chain(names.iter().map(String::as_str));
        let interest = interest.chain(UNIQUE_ID_ATTRIBUTES);
        let WantedEntries { names: wanted, ids: wanted_ids } = wanted;
        Self {
            wanted,
            wanted_ids,
            // Parts with the same name share the index of the first one.
            parts: parts.iter().enumerate().rev().map(|(number, part)| (hash(part.as_bytes()), number)).collect(),
            noted,
            times: time_attributes(),
            interest: interest.map(|name| (name, ())).collect(),
        }
    }
}

impl Pass for SurveyPass {
    type Found = Survey;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Survey) -> Result<(), Unreadable> {
        found.structure.add_name(entry.key, entry.export, entry.record.line);
        let mut is_wanted = self.wanted.contains(entry.key);
        for line in &entry.record.attributes {
            is_wanted |= self.wanted_ids.contains(base_type(&line.description), line.value.bytes());
            match self.noted.get(base_type(&line.description)) {
                Some(NotedAttribute::AlwaysSet) => drop(found.operational.insert(entry.export)),
                Some(NotedAttribute::Written(number)) => drop(found.written.insert((entry.export, number))),
                None => {}
            }
        }
        // An entry belongs to the deepest part that it is in, as in the plan.
        let above = prefixes(entry.key).filter_map(|(above, _)| Some((*self.parts.get(&hash(above))?, above.len())));
        let root = self.parts.get(&hash(b"")).map(|part| (*part, 0));
        if let Some((part, length)) = above.chain(root).max_by_key(|(_, length)| *length) {
            let seen = found.parts.entry(part).or_default();
            if length == entry.key.len() {
                seen.entry = true;
            } else {
                seen.below = true;
            }
            seen.newest = seen.newest.max(time_of(entry, &self.times));
        }
        if is_wanted {
            found.now.push(entry.to_entry()?);
        }
        Ok(())
    }
}
