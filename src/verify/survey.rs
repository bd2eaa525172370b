//! What exports made after a plan show of it, read once: the entries that its records are about, the parts of the
//! directory that the plan's exports held, and which attributes the exports show at all.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::directory::extent::{TIMES, Time, time_attributes, time_of};
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

/// What is looked for.
pub struct SurveyPass {
    wanted: KeySet,
    /// The names of the parts of the plan's exports, by hash.
    parts: HashMap<u64, usize>,
    /// What is noted of an attribute.
    roles: TypeMap<Role>,
    times: TypeMap<()>,
    interest: AttributeSelection,
}

/// What an attribute tells of the export that shows it.
#[derive(Clone, Copy)]
enum Role {
    /// The server sets it on every entry: the export shows operational attributes.
    AlwaysSet,
    /// It is operational, and records write it; by number.
    Written(usize),
}

/// What the exports show of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartSeen {
    /// The entry of that name is there.
    pub entry: bool,
    /// An entry below that name is there, and in no deeper part.
    pub below: bool,
    /// The newest time that they show.
    pub newest: Option<Time>,
}

/// What the exports show.
#[derive(Default)]
pub struct Survey {
    /// The entries that were wanted.
    pub now: Vec<Entry>,
    /// The names of all entries.
    pub structure: Structure,
    /// The parts, by number.
    pub parts: HashMap<usize, PartSeen>,
    /// Exports that show attributes which the server always sets.
    operational: BTreeSet<u16>,
    /// Operational attributes that records write, by number, and the exports that show them.
    written: HashSet<(u16, usize)>,
}

impl Survey {
    /// Adds what was found in a later block.
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
}

/// Which operational attributes the exports cannot show.
pub struct Visibility<'s> {
    server: Server,
    survey: &'s Survey,
    attributes: Vec<String>,
}

impl Visibility<'_> {
    /// Whether an export shows an attribute where an entry has it.
    ///
    /// Operational attributes are shown if an entry of the export shows one that the server sets on every entry, or
    /// the attribute itself.
    pub fn shows(&self, export: u16, description: &AttributeDescription) -> bool {
        let name = description.attribute_type();
        if !is_operational(self.server, name) || self.survey.operational.contains(&export) {
            return true;
        }
        let number = self.attributes.iter().position(|own| same_type(own, name));
        number.is_some_and(|number| self.survey.written.contains(&(export, number)))
    }
}

/// The operational attributes that records write, each once.
fn written(records: &[ChangeRecord], server: Server) -> Vec<String> {
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
    /// A pass for these names, these parts, and the attributes that the records write.
    pub fn new(wanted: KeySet, parts: &[DnKey], records: &[ChangeRecord], server: Server) -> Self {
        let mut roles = TypeMap::default();
        for name in always_set(server) {
            roles.insert(name, Role::AlwaysSet);
        }
        let names = written(records, server);
        names.iter().enumerate().for_each(|(number, name)| roles.insert(name, Role::Written(number)));
        let interest = TIMES.into_iter().chain(always_set(server)).chain(names.iter().map(String::as_str));
        Self {
            wanted,
            // Of parts with one name, the first stands for all.
            parts: parts.iter().enumerate().rev().map(|(number, part)| (hash(part.as_bytes()), number)).collect(),
            roles,
            times: time_attributes(),
            interest: interest.map(|name| (name, ())).collect(),
        }
    }
}

/// What the survey says of attributes.
pub fn visibility<'s>(survey: &'s Survey, records: &[ChangeRecord], server: Server) -> Visibility<'s> {
    Visibility { server, survey, attributes: written(records, server) }
}

impl Pass for SurveyPass {
    type Found = Survey;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Survey) -> Result<(), Unreadable> {
        found.structure.add_name(entry.key, entry.export, entry.record.line);
        for line in &entry.record.attributes {
            match self.roles.get(base_type(&line.description)) {
                Some(Role::AlwaysSet) => drop(found.operational.insert(entry.export)),
                Some(Role::Written(number)) => drop(found.written.insert((entry.export, number))),
                None => {}
            }
        }
        // The deepest part counts, as it did when the plan was made.
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
        if self.wanted.contains(entry.key) {
            found.now.push(entry.to_entry()?);
        }
        Ok(())
    }
}
