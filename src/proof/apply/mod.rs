//! A model of a directory server: what it does with a change record, and the result code with which it refuses one.
//!
//! | operation | result code and its cause |
//! | --- | --- |
//! | add | 68 the entry exists; 32 its parent does not; the codes in [`schema`] |
//! | delete | 32 the entry does not exist; 66 it has children |
//! | modify | 32 the entry does not exist; 16 a value or attribute to delete is absent; 20 a value to add is present; 18 the values cannot be compared; 19 the value to increment is not a number; 2 the server has no increment; the codes in [`schema`] |
//! | modrdn | 32 the entry or the new parent does not exist (80 for the parent in AD); 68 the new name is taken; 71 the entry is topmost; 53 the new parent is the entry or below it, or AD would keep the old RDN |
//! | any, with an assertion | 122 the assertion is false; 2 it cannot be decoded |
//! | any, with a critical control that the server does not support | 12 |
//!
//! A modify is applied whole or not at all (RFC 4511, 4.6). Values are compared by the matching rule of their attribute.
//! A modrdn renames the whole subtree. Where 389 DS manages entries
//! ([`managed_entries`](crate::ldap::managed_entries)), it deletes them with their origin, and adds them again with it.
//!
//! [`Profile`] holds the differences between servers. The model is compared with recorded answers of slapd, 389 Directory
//! Server and Samba (`tests/conformance/matrix.rs`), and with slapd on random changes (`tests/servers/random_runs.rs`).

mod assertion;
mod links;
mod modify;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ldap::attribute::same_type;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::change::RELAX_RULES;
use crate::ldap::dn::Ava;
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::managed_entries::{MANAGED_ENTRY, has_plug_in, is_managed, managed_by_origin};
use crate::ldap::matching::matches;
use crate::ldap::renames::renamed;
use crate::ldap::server::Profile;
use crate::ldap::server_attributes::is_read_only;
use crate::ldap::{
    Attribute, AttributeDescription, Change, ChangeRecord, Control, Dn, DnKey, Entry, ModOp, Modification, Origin, Rdn,
    Renames, ResultCode, Value,
};
use crate::policy::ServerSchema;
use links::Links;
pub use links::{LINKED, is_linked, relink, relink_all};
use schema::SchemaRules;
pub use schema::changes_structural_class;

/// OID of the assertion control (RFC 4528).
const ASSERTION: &str = "1.3.6.1.1.12";

/// The part of a directory that changes touch, on one kind of server.
#[derive(Clone)]
pub struct Model {
    /// The entries that changes may touch, by their current names.
    pub entries: BTreeMap<DnKey, Arc<Entry>>,
    /// The children of the entries that changes may delete or move, as far as they matter for that.
    pub children: BTreeMap<DnKey, BTreeSet<DnKey>>,
    /// Names of other entries that exist, such as parents. Their content is not needed.
    pub existing: BTreeSet<DnKey>,
    /// The renames so far, in order: the old key and the new one.
    pub renames: Renames,
    /// Whether the records restore what was in the exports, as a rollback does. The schema of their server allowed that, so it
    /// is not checked again.
    pub restored_state: bool,
    /// How the server behaves.
    pub profile: Profile,
    /// Managed entries that 389 DS deleted with their origins, by the names of the origins.
    pub(crate) managed: BTreeMap<DnKey, Vec<Arc<Entry>>>,
    /// The schema of the server.
    pub schema: ServerSchema,
    /// The renames and deletions that linked values have to follow.
    pub(crate) links: Links,
}

impl Model {
    /// An empty directory on a server with this schema.
    pub fn new(server: impl Into<ServerSchema>) -> Self {
        let schema = server.into();
        Self {
            entries: BTreeMap::new(),
            children: BTreeMap::new(),
            existing: BTreeSet::new(),
            renames: Renames::default(),
            managed: BTreeMap::new(),
            links: Links::default(),
            restored_state: false,
            profile: schema.profile(),
            schema,
        }
    }

    /// Applies a record and updates all links, or gives the result code of the refusal.
    pub fn apply(&mut self, record: &ChangeRecord) -> Result<(), ResultCode> {
        let done = self.apply_one_of_many(record);
        self.update_links();
        done
    }

    /// Like [`apply`](Self::apply), but updates the links of an entry only when a later record touches it.
    ///
    /// Call [`update_links`](Self::update_links) after the last record.
    pub fn apply_one_of_many(&mut self, record: &ChangeRecord) -> Result<(), ResultCode> {
        let key = record.dn.key();
        self.entry(key);
        let known = |control: &Control| self.supports(&control.oid);
        if record.controls.iter().any(|control| control.critical && !known(control)) {
            return Err(ResultCode::UnavailableCriticalExtension);
        }
        let relaxed = record.controls.iter().any(|control| control.oid == RELAX_RULES && known(control));
        let rules = SchemaRules {
            profile: &self.profile,
            schema: &self.schema,
            restored_state: self.restored_state || relaxed,
            is_relaxed: relaxed,
        };
        match &record.change {
            Change::Modify(modifications) => {
                rules.check_request(self.entries.get(key).map(AsRef::as_ref), modifications)?;
            }
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
                let changed = modify::modify(entry, modifications, rules)?;
                rules.check_entry(Some(entry), &changed)?;
                self.entries.insert(key.clone(), Arc::new(changed));
                Ok(())
            }
            Change::ModifyDn { new_rdn, delete_old_rdn, new_superior } => {
                self.rename(record, new_rdn, *delete_old_rdn, new_superior.as_ref())
            }
        }
    }

    /// An entry as it is now, with its links updated.
    pub fn entry(&mut self, key: &DnKey) -> Option<&Entry> {
        let entry = self.entries.get_mut(key)?;
        if self.profile.follows_moves {
            self.links.follow(Arc::make_mut(entry));
        }
        Some(entry)
    }

    /// Updates the linked values of all entries, if the server maintains links.
    pub fn update_links(&mut self) {
        if self.profile.follows_moves {
            self.entries.values_mut().for_each(|entry| self.links.follow(Arc::make_mut(entry)));
        }
    }

    /// The values that the server removes from other entries when it deletes this one, by the names of those entries.
    pub fn links_to(&mut self, key: &DnKey) -> Vec<(Dn, Modification)> {
        if !self.profile.follows_moves {
            return Vec::new();
        }
        self.update_links();
        let mut keys = KeyBuffer::new();
        let mut found = Vec::new();
        for entry in self.entries.values().filter(|entry| entry.dn.key() != key) {
            for attribute in entry.attributes.iter().filter(|known| is_linked(known.description.attribute_type())) {
                let mut names = |value: &&Value| keys.key_of(&value.bytes).is_ok_and(|named| named == key.as_bytes());
                let values: Vec<Value> = attribute.values.iter().filter(|value| names(value)).cloned().collect();
                if !values.is_empty() {
                    let description = attribute.description.clone();
                    found.push((entry.dn.clone(), Modification { op: ModOp::Delete, description, values }));
                }
            }
        }
        found
    }

    fn supports(&self, oid: &str) -> bool {
        self.profile.controls.contains(&oid) || self.profile.assertion_control && oid == ASSERTION
    }

    fn exists(&self, key: &DnKey) -> bool {
        self.entries.contains_key(key) || self.existing.contains(key)
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
        let name = record.new_name().filter(|name| name.key().depth() > 1).ok_or(ResultCode::InvalidDnSyntax)?;
        // A topmost entry cannot be renamed (slapd 2.5: 71, and 64 if only the spelling changes).
        if !old.parent().is_some_and(|parent| self.exists(&parent)) {
            return Err(ResultCode::AffectsMultipleDsas);
        }
        if superior.is_some_and(|superior| superior.key().is_at_or_under(&old)) {
            return Err(ResultCode::UnwillingToPerform);
        }
        if superior.is_some_and(|superior| !superior.is_root() && !self.exists(superior.key())) {
            return Err(self.profile.codes.missing_new_parent);
        }
        if *name.key() != old && self.exists(name.key()) {
            return Err(ResultCode::EntryAlreadyExists);
        }
        let mut top = rename_values(entry, new_rdn, delete_old_rdn);
        top.dn = name.clone();
        let rules = SchemaRules {
            profile: &self.profile,
            schema: &self.schema,
            restored_state: self.restored_state,
            is_relaxed: false,
        };
        rules.check_entry(Some(entry), &top)?;
        self.entries.insert(old.clone(), Arc::new(top));
        self.move_subtree(&old, &name)?;
        self.renames.push(old, name.key().clone());
        Ok(())
    }

    fn move_subtree(&mut self, old: &DnKey, name: &Dn) -> Result<(), ResultCode> {
        let below = self.entries.range(old.clone()..).map(|(key, _)| key);
        let below: Vec<DnKey> = below.take_while(|key| key.is_at_or_under(old)).cloned().collect();
        for key in below {
            let Some(mut entry) = self.entries.remove(&key) else { continue };
            // The renamed entry itself already has its new name.
            if key != *old {
                let renamed = entry.dn.renamed(old, name).ok_or(ResultCode::InvalidDnSyntax)?;
                Arc::make_mut(&mut entry).dn = renamed;
            }
            if let Some(children) = self.children.remove(&key) {
                let moved = children.iter().map(|child| renamed(child, old, name.key())).collect();
                self.children.insert(entry.dn.key().clone(), moved);
            }
            self.links.rename(&key, entry.dn.key());
            self.entries.insert(entry.dn.key().clone(), entry);
        }
        if let Some(siblings) = old.parent().and_then(|parent| self.children.get_mut(&parent)) {
            siblings.remove(old);
        }
        self.children.entry(name.key().parent().unwrap_or_default()).or_default().insert(name.key().clone());
        if self.profile.follows_moves {
            self.links.add(old, Some(name));
        }
        Ok(())
    }

    /// The current name of the entry that had the name `first` before all renames.
    pub fn current_name(&self, first: &DnKey) -> DnKey {
        self.renames.after(first, 0)
    }

    fn add(&mut self, record: &ChangeRecord, attributes: &[Attribute]) -> Result<(), ResultCode> {
        let key = record.dn.key();
        let is_dropped = |attribute: &&Attribute| {
            self.profile.drops_read_only_in_add
                && is_read_only(self.profile.server, attribute.description.attribute_type())
        };
        let kept = attributes.iter().filter(|attribute| !is_dropped(attribute)).cloned().collect();
        let mut entry = Entry { dn: record.dn.clone(), origin: Origin::default(), attributes: kept };
        if !self.restored_state {
            let rdn = entry.dn.rdn().map_or(&[][..], |rdn| rdn.avas()).to_vec();
            for ava in &rdn {
                add_name(&mut entry, ava);
            }
        }
        SchemaRules {
            profile: &self.profile,
            schema: &self.schema,
            restored_state: self.restored_state,
            is_relaxed: false,
        }
        .check_entry(None, &entry)?;
        if self.exists(key) {
            return Err(ResultCode::EntryAlreadyExists);
        }
        let parent = key.parent().unwrap_or_default();
        if !parent.is_root() && !self.exists(&parent) {
            return Err(ResultCode::NoSuchObject);
        }
        self.children.entry(parent).or_default().insert(key.clone());
        self.links.begin_at(key);
        for managed in self.managed.remove(key).unwrap_or_default() {
            let description = AttributeDescription::parse(MANAGED_ENTRY.as_bytes());
            entry.push(description.map_err(|_| ResultCode::Other)?, Value::new(managed.dn.raw_bytes()));
            self.entries.insert(managed.dn.key().clone(), managed);
        }
        self.entries.insert(key.clone(), Arc::new(entry));
        Ok(())
    }

    fn delete(&mut self, key: &DnKey) -> Result<(), ResultCode> {
        let entry = self.entries.get(key).ok_or(ResultCode::NoSuchObject)?;
        let origin = has_plug_in(self.profile.server).then(|| Arc::clone(entry));
        if self.children.get(key).is_some_and(|children| !children.is_empty()) {
            return Err(ResultCode::NotAllowedOnNonLeaf);
        }
        self.entries.remove(key);
        for managed in origin.iter().flat_map(|origin| managed_by_origin(origin)) {
            if self.entries.get(&managed).is_some_and(|entry| is_managed(entry, self.profile.server)) {
                let deleted = self.entries.remove(&managed);
                self.managed.entry(key.clone()).or_default().extend(deleted);
            }
        }
        if let Some(siblings) = key.parent().and_then(|parent| self.children.get_mut(&parent)) {
            siblings.remove(key);
        }
        if self.profile.follows_moves {
            self.links.add(key, None);
        }
        Ok(())
    }

    fn check_control(&self, key: &DnKey, control: &Control) -> Result<(), ResultCode> {
        if control.oid != ASSERTION || !self.profile.assertion_control {
            return Ok(());
        }
        let entry = self.entries.get(key).ok_or(ResultCode::NoSuchObject)?;
        let holds = assertion::holds(entry, control.value.as_deref().unwrap_or_default(), &self.schema)?;
        if holds { Ok(()) } else { Err(ResultCode::AssertionFailed) }
    }
}

/// The entry with the values of its new RDN, and without those of its old one if `delete_old_rdn` is set.
pub fn rename_values(entry: &Entry, new_rdn: &Rdn, delete_old_rdn: bool) -> Entry {
    let old_rdn = entry.dn.rdn().map_or(&[][..], |rdn| rdn.avas());
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
    // An export may lack values of an RDN. Values that the old RDN had, too, are not added.
    for ava in new_rdn.avas().iter().filter(|ava| !holds(old_rdn, ava)) {
        add_name(&mut changed, ava);
    }
    changed.attributes.retain(|attribute| !attribute.values.is_empty());
    changed
}

/// Adds a value of an RDN to an entry that lacks it.
fn add_name(entry: &mut Entry, ava: &Ava) {
    let rule = equality_rule(&ava.attribute_type);
    let has = entry.values(&ava.attribute_type).any(|value| matches(rule, &value.bytes, &ava.value));
    let description = AttributeDescription::parse(ava.attribute_type.as_bytes());
    if let Some(description) = description.ok().filter(|_| !has) {
        entry.push(description, Value::new(&ava.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{ModOp, Modification};
    use crate::policy::Server;

    fn dn(name: &str) -> Dn {
        Dn::parse(name.as_bytes()).unwrap()
    }

    fn description(name: &str) -> AttributeDescription {
        AttributeDescription::parse(name.as_bytes()).unwrap()
    }

    /// A model with these entries: each a name, and `attribute: value` lines.
    fn directory(server: Server, entries: &[(&str, &str)]) -> Model {
        let mut model = Model::new(server);
        model.existing.insert(dn("o=x").key().clone());
        model.existing.insert(dn("ou=gone,o=x").key().clone());
        for (name, lines) in entries {
            let mut entry = Entry { dn: dn(name), origin: Origin::default(), attributes: Vec::new() };
            for line in lines.lines() {
                let (attribute, value) = line.trim().split_once(": ").unwrap();
                entry.push(description(attribute), Value::new(value.as_bytes()));
            }
            model.entries.insert(entry.dn.key().clone(), Arc::new(entry));
        }
        model
    }

    fn modify(name: &str, modifications: &[(ModOp, &str, &str)]) -> ChangeRecord {
        let modification = |(op, attribute, value): &(ModOp, &str, &str)| Modification {
            op: *op,
            description: description(attribute),
            values: if value.is_empty() { Vec::new() } else { vec![Value::new(value.as_bytes())] },
        };
        let change = Change::Modify(modifications.iter().map(modification).collect());
        ChangeRecord { dn: dn(name), controls: Vec::new(), change }
    }

    /// A person of a site whose schema allows a `roomNumber` and two `employeeNumber`s without inetOrgPerson, in an export
    /// without `sn`.
    const PERSON: &str = "objectClass: person\nobjectClass: posixAccount\ncn: a\nuid: a\nuidNumber: 1\ngidNumber: 1\n\
                          homeDirectory: /a\nroomNumber: 7\nemployeeNumber: 1\nemployeeNumber: 2\nmanager: nobody";

    /// What the export shows is allowed; a change that adds a violation is refused; a rollback may restore one.
    #[test]
    fn only_what_a_change_makes_worse_is_refused() {
        use ModOp::{Add, Delete, Replace};
        use ResultCode::{InvalidAttributeSyntax, NamingViolation, ObjectClassViolation};
        let worse = Err(ObjectClassViolation);
        for (modifications, forward, rollback) in [
            (&[(Replace, "description", "x")][..], Ok(()), Ok(())),
            (&[(Add, "employeeNumber", "3")], Ok(()), Ok(())),
            (&[(Add, "roomNumber", "8")], Ok(()), Ok(())),
            (&[(Add, "mail", "a@b")], worse, Ok(())),
            (&[(Add, "nobodyKnows", "x")], Ok(()), Ok(())),
            (&[(Delete, "manager", "nobody")], Ok(()), Ok(())),
            (&[(Add, "manager", "no name")], Err(InvalidAttributeSyntax), Ok(())),
            (&[(Delete, "cn", "")], Err(NamingViolation), Err(NamingViolation)),
            (&[(Delete, "uidNumber", "1")], worse, worse),
            (&[(Delete, "objectClass", "posixAccount")], worse, worse),
            (
                &[
                    (Delete, "objectClass", "posixAccount"),
                    (Delete, "uidNumber", ""),
                    (Delete, "gidNumber", ""),
                    (Delete, "homeDirectory", ""),
                    (Delete, "uid", ""),
                ],
                Ok(()),
                Ok(()),
            ),
        ] {
            let record = modify("cn=a,o=x", modifications);
            let shown = || modifications.iter().map(|(_, name, value)| format!("{name}: {value}")).collect::<Vec<_>>();
            let mut model = directory(Server::OpenLdap, &[("cn=a,o=x", PERSON)]);
            assert_eq!(model.clone().apply(&record), forward, "{:?}", shown());
            model.restored_state = true;
            assert_eq!(model.apply(&record), rollback, "{:?} in a rollback", shown());
        }
    }

    /// Links of Active Directory follow a moved entry, with its spelling, and are removed with a deleted one.
    #[test]
    fn links_follow() {
        let content = [
            ("ou=s,o=x", "objectClass: organizationalUnit\nou: s"),
            ("cn=a\\, b,ou=s,o=x", "objectClass: user\ncn: a, b"),
            ("cn=g,o=x", "objectClass: group\ncn: g\nmember: CN=A\\2C b,OU=S,O=X\nowner: cn=a\\, b,ou=s,o=x"),
        ];
        let moving = |from: &str, to: &str| ChangeRecord {
            dn: dn(from),
            controls: Vec::new(),
            change: Change::ModifyDn {
                new_rdn: Rdn::parse(dn(from).rdn_spelling()).unwrap(),
                delete_old_rdn: true,
                new_superior: Some(dn(to)),
            },
        };
        for (server, record, member) in [
            (Server::ActiveDirectory, moving("cn=a\\, b,ou=s,o=x", "ou=gone,o=x"), Some("cn=a\\, b,ou=gone,o=x")),
            (Server::ActiveDirectory, moving("ou=s,o=x", "ou=gone,o=x"), Some("CN=A\\2C b,ou=s,ou=gone,o=x")),
            (Server::OpenLdap, moving("ou=s,o=x", "ou=gone,o=x"), Some("CN=A\\2C b,OU=S,O=X")),
            (
                Server::ActiveDirectory,
                ChangeRecord { dn: dn("cn=a\\, b,ou=s,o=x"), controls: Vec::new(), change: Change::Delete },
                None,
            ),
        ] {
            let mut model = directory(server, &content);
            assert_eq!(model.apply(&record), Ok(()));
            let group = &model.entries[dn("cn=g,o=x").key()];
            let values =
                |name| group.values(name).map(|value| value.bytes.escape_ascii().to_string()).collect::<Vec<_>>();
            let expected: Vec<String> = member.iter().map(|name| name.as_bytes().escape_ascii().to_string()).collect();
            assert_eq!(values("member"), expected);
            assert_eq!(values("owner"), ["cn=a\\\\, b,ou=s,o=x"]);
        }
    }
}
