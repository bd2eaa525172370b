//! An entry's life under LDAP's rules: what a server would do with a change record.
//!
//! | operation | refused with |
//! | --- | --- |
//! | add | 68 the entry is there; 32 its parent is not; what [`schema`] says |
//! | delete | 32 not there; 66 it has children |
//! | modify | 32 not there; 16 a value or attribute to delete is not; 20 a value to add is; 18 the values cannot be compared; 19 an increment of what is no number, 2 of anything where it is not known; what [`schema`] says |
//! | modrdn | 32 not there, or the new parent is not (80 in AD); 68 the new name is taken; 53 it would stand below itself, or keep its old name in AD |
//! | any, with an assertion | 122 it does not hold, 2 it is none |
//! | any, with a critical control that the server does not know | 12 |
//!
//! A modify is done whole or not at all. Values compare by the matching rule of their attribute. A modrdn takes the
//! whole subtree along. Where servers differ, [`Profile`] says which does what; the model is held against what slapd,
//! 389 Directory Server and Samba did (`tests/conformance/matrix.rs`), and against a slapd on random changes
//! (`tests/servers/random_runs.rs`).

mod assertion;
mod links;
mod modify;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use crate::ldap::attribute::same_type;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::dn::Ava;
use crate::ldap::matching::matches;
use crate::ldap::{
    Attribute, AttributeDescription, Change, ChangeRecord, Control, Dn, DnKey, Entry, Origin, Rdn, ResultCode, Value,
};
use crate::policy::Server;
use crate::policy::server::Profile;
pub use links::is_linked;
use schema::Rules;

/// OID of the assertion control (RFC 4528).
const ASSERTION: &str = "1.3.6.1.1.12";

/// OID of the relax rules control (draft-zeilenga-ldap-relax): it may write what is the server's own.
const RELAX: &str = "1.3.6.1.4.1.4203.666.5.12";

/// The part of a directory that changes touch.
#[derive(Clone)]
pub struct Model {
    /// Entries that are there.
    pub entries: BTreeMap<DnKey, Entry>,
    /// Names below each entry that may be deleted.
    pub children: BTreeMap<DnKey, BTreeSet<DnKey>>,
    /// Names of entries that are there and that nothing touches: parents.
    pub others: BTreeSet<DnKey>,
    /// What was renamed, in order: the old key and the new one.
    pub renames: Vec<(DnKey, DnKey)>,
    /// What is written now stood in the exports, so the schema of their server allows it: a rollback.
    pub stood_before: bool,
    /// What is known of the server.
    pub profile: Profile,
}

impl Model {
    /// An empty directory on such a server.
    pub fn new(server: Server) -> Self {
        Self {
            entries: BTreeMap::new(),
            children: BTreeMap::new(),
            others: BTreeSet::new(),
            renames: Vec::new(),
            stood_before: false,
            profile: server.profile(),
        }
    }

    /// Does what a server would do with a record.
    pub fn apply(&mut self, record: &ChangeRecord) -> Result<(), ResultCode> {
        let key = record.dn.key();
        let known = |control: &Control| self.knows(&control.oid);
        if record.controls.iter().any(|control| control.critical && !known(control)) {
            return Err(ResultCode::UnavailableCriticalExtension);
        }
        let relaxed = record.controls.iter().any(|control| control.oid == RELAX && known(control));
        let rules = Rules { profile: &self.profile, stood_before: self.stood_before || relaxed };
        match &record.change {
            Change::Modify(modifications) => rules.check_request(self.entries.get(key), modifications)?,
            Change::Add(attributes) => rules.check_attributes(attributes)?,
            Change::Delete | Change::ModifyDn { .. } => {}
        }
        for control in &record.controls {
            self.check_control(key, control)?;
        }
        match &record.change {
            Change::Add(attributes) => self.add(record, attributes),
            Change::Delete => self.delete(key),
            Change::Modify(modifications) => {
                let entry = self.entries.get(key).ok_or(ResultCode::NoSuchObject)?;
                let changed = modify::modify(entry, modifications, &self.profile)?;
                rules.check_entry(Some(entry), &changed)?;
                self.entries.insert(key.clone(), changed);
                Ok(())
            }
            Change::ModifyDn { new_rdn, delete_old_rdn, new_superior } => {
                self.rename(record, new_rdn, *delete_old_rdn, new_superior.as_ref())
            }
        }
    }

    fn knows(&self, oid: &str) -> bool {
        self.profile.controls.contains(&oid) || self.profile.assertion_control && oid == ASSERTION
    }

    fn is_there(&self, key: &DnKey) -> bool {
        self.entries.contains_key(key) || self.others.contains(key)
    }

    fn rename(
        &mut self,
        record: &ChangeRecord,
        new_rdn: &Rdn,
        delete_old_rdn: bool,
        superior: Option<&Dn>,
    ) -> Result<(), ResultCode> {
        let old = record.dn.key().clone();
        let entry = self.entries.get(&old).ok_or(ResultCode::NoSuchObject)?;
        if !delete_old_rdn && !self.profile.keeps_old_rdn {
            return Err(ResultCode::UnwillingToPerform);
        }
        let superior_spelling = superior.map_or_else(|| entry.dn.parent_spelling().unwrap_or_default(), Dn::spelling);
        let name = [new_rdn.spelling(), b",", superior_spelling].concat();
        let name = Dn::parse(&name).map_err(|_| ResultCode::InvalidDnSyntax)?;
        if superior.is_some_and(|superior| superior.key().is_at_or_under(&old)) {
            return Err(ResultCode::UnwillingToPerform);
        }
        if superior.is_some_and(|superior| !superior.is_root() && !self.is_there(superior.key())) {
            return Err(self.profile.codes.new_parent);
        }
        if *name.key() != old && self.is_there(name.key()) {
            return Err(ResultCode::EntryAlreadyExists);
        }
        let mut top = rename_values(entry, new_rdn, delete_old_rdn);
        top.dn = name.clone();
        let rules = Rules { profile: &self.profile, stood_before: self.stood_before };
        rules.check_entry(Some(entry), &top)?;
        self.entries.insert(old.clone(), top);
        self.move_subtree(&old, &name)?;
        self.renames.push((old, name.key().clone()));
        Ok(())
    }

    fn move_subtree(&mut self, old: &DnKey, name: &Dn) -> Result<(), ResultCode> {
        let below: Vec<DnKey> = self.entries.keys().filter(|key| key.is_at_or_under(old)).cloned().collect();
        for key in below {
            let Some(mut entry) = self.entries.remove(&key) else { continue };
            // The entry itself has its new name.
            if key != *old {
                let lower = entry.dn.rdns().len().saturating_sub(old.depth());
                let parts = entry.dn.rdns().iter().take(lower).map(Rdn::spelling).chain([name.spelling()]);
                let spelling = parts.collect::<Vec<_>>().join(&b',');
                entry.dn = Dn::parse(&spelling).map_err(|_| ResultCode::InvalidDnSyntax)?;
            }
            if let Some(children) = self.children.remove(&key) {
                let moved = children.iter().map(|child| renamed(child, old, name.key())).collect();
                self.children.insert(entry.dn.key().clone(), moved);
            }
            self.entries.insert(entry.dn.key().clone(), entry);
        }
        if let Some(siblings) = old.parent().and_then(|parent| self.children.get_mut(&parent)) {
            siblings.remove(old);
        }
        self.children.entry(name.key().parent().unwrap_or_default()).or_default().insert(name.key().clone());
        if self.profile.follows_moves {
            self.entries.values_mut().for_each(|entry| links::relink(entry, old, Some(name)));
        }
        Ok(())
    }

    /// The name that an entry has now which had this one before any rename.
    pub fn name_now(&self, first: &DnKey) -> DnKey {
        self.renames.iter().fold(first.clone(), |key, (old, new)| renamed(&key, old, new))
    }

    fn add(&mut self, record: &ChangeRecord, attributes: &[Attribute]) -> Result<(), ResultCode> {
        let key = record.dn.key();
        let mut entry = Entry { dn: record.dn.clone(), origin: Origin::default(), attributes: attributes.to_vec() };
        if !self.stood_before {
            let rdn = entry.dn.rdns().first().map_or(&[][..], |rdn| rdn.avas()).to_vec();
            rdn.iter().for_each(|ava| add_name(&mut entry, ava));
        }
        Rules { profile: &self.profile, stood_before: self.stood_before }.check_entry(None, &entry)?;
        if self.is_there(key) {
            return Err(ResultCode::EntryAlreadyExists);
        }
        let parent = key.parent().unwrap_or_default();
        if !parent.is_root() && !self.is_there(&parent) {
            return Err(ResultCode::NoSuchObject);
        }
        self.children.entry(parent).or_default().insert(key.clone());
        self.entries.insert(key.clone(), entry);
        Ok(())
    }

    fn delete(&mut self, key: &DnKey) -> Result<(), ResultCode> {
        if !self.entries.contains_key(key) {
            return Err(ResultCode::NoSuchObject);
        }
        if self.children.get(key).is_some_and(|children| !children.is_empty()) {
            return Err(ResultCode::NotAllowedOnNonLeaf);
        }
        self.entries.remove(key);
        if let Some(siblings) = key.parent().and_then(|parent| self.children.get_mut(&parent)) {
            siblings.remove(key);
        }
        if self.profile.follows_moves {
            self.entries.values_mut().for_each(|entry| links::relink(entry, key, None));
        }
        Ok(())
    }

    fn check_control(&self, key: &DnKey, control: &Control) -> Result<(), ResultCode> {
        if control.oid != ASSERTION || !self.profile.assertion_control {
            return Ok(());
        }
        let entry = self.entries.get(key).ok_or(ResultCode::NoSuchObject)?;
        let holds = assertion::holds(entry, control.value.as_deref().unwrap_or_default())?;
        if holds { Ok(()) } else { Err(ResultCode::AssertionFailed) }
    }
}

/// The entry with the values of its new name, and without those of the old one if they go.
fn rename_values(entry: &Entry, new_rdn: &Rdn, delete_old_rdn: bool) -> Entry {
    let old_rdn = entry.dn.rdns().first().map_or(&[][..], |rdn| rdn.avas());
    let holds = |rdn: &[Ava], one: &Ava| {
        let rule = equality_rule(&one.attribute_type);
        let same = |ava: &&Ava| same_type(&ava.attribute_type, &one.attribute_type);
        rdn.iter().filter(same).any(|ava| matches(rule, &ava.value, &one.value))
    };
    let mut changed = entry.clone();
    for ava in old_rdn.iter().filter(|ava| delete_old_rdn && !holds(new_rdn.avas(), ava)) {
        let rule = equality_rule(&ava.attribute_type);
        for attribute in &mut changed.attributes {
            if attribute.description.is(&ava.attribute_type) {
                attribute.values.retain(|value| !matches(rule, &value.bytes, &ava.value));
            }
        }
    }
    // An export may lack the values of a name: what the old name had is not added.
    for ava in new_rdn.avas().iter().filter(|ava| !holds(old_rdn, ava)) {
        add_name(&mut changed, ava);
    }
    changed.attributes.retain(|attribute| !attribute.values.is_empty());
    changed
}

/// Adds a value of its name to an entry that lacks it.
fn add_name(entry: &mut Entry, ava: &Ava) {
    let rule = equality_rule(&ava.attribute_type);
    let has = entry.values(&ava.attribute_type).any(|value| matches(rule, &value.bytes, &ava.value));
    let description = AttributeDescription::parse(ava.attribute_type.as_bytes());
    if let Some(description) = description.ok().filter(|_| !has) {
        entry.push(description, Value::new(&ava.value));
    }
}

/// The key that an entry has when the entry at or above it goes from `old` to `new`.
pub fn renamed(key: &DnKey, old: &DnKey, new: &DnKey) -> DnKey {
    if !key.is_at_or_under(old) {
        return key.clone();
    }
    DnKey::from_key_bytes(&[new.as_bytes(), &key.as_bytes()[old.as_bytes().len()..]].concat())
}
