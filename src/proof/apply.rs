//! An entry's life under LDAP's rules: what a server would do with a change record.
//!
//! | operation | refused with |
//! | --- | --- |
//! | add | 68 the entry is there; 32 its parent is not; 65 no objectClass |
//! | delete | 32 not there; 66 it has children |
//! | modify | 32 not there; 16 a value or attribute to delete is not; 20 a value to add is; 67 an RDN value would go; 65 no objectClass, or a group without members where the schema has them as MUST; 19 an increment of what is no number |
//! | modrdn | 32 not there, or the new parent is not; 68 the new name is taken; 53 the RDN would change, which no plan does |
//! | any, with an assertion | 122 it does not hold |
//!
//! A modify is done whole or not at all. Values compare by the matching rule of their attribute. A modrdn takes the whole
//! subtree along.

use std::collections::{BTreeMap, BTreeSet};

use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::matches;
use crate::ldap::{
    Attribute, AttributeDescription, Change, ChangeRecord, Control, Dn, DnKey, Entry, ModOp, Modification, Origin, Rdn,
    ResultCode, Value,
};

/// OID of the assertion control (RFC 4528).
const ASSERTION: &str = "1.3.6.1.1.12";

/// The part of a directory that changes touch.
#[derive(Clone, Default)]
pub struct Model {
    /// Entries that are there.
    pub entries: BTreeMap<DnKey, Entry>,
    /// Names below each entry that may be deleted.
    pub children: BTreeMap<DnKey, BTreeSet<DnKey>>,
    /// Names of entries that are there and that nothing touches: parents.
    pub others: BTreeSet<DnKey>,
    /// What was renamed, in order: the old key and the new one.
    pub renames: Vec<(DnKey, DnKey)>,
    /// The schema has the members of groups as MAY.
    pub last_member_may_go: bool,
}

impl Model {
    /// Does what a server would do with a record.
    pub fn apply(&mut self, record: &ChangeRecord) -> Result<(), ResultCode> {
        let key = record.dn.key();
        for control in &record.controls {
            self.check_control(key, control)?;
        }
        match &record.change {
            Change::Add(attributes) => self.add(record, attributes),
            Change::Delete => self.delete(key),
            Change::Modify(modifications) => {
                let entry = self.entries.get(key).ok_or(ResultCode::NoSuchObject)?;
                let changed = modify(entry, modifications, self.last_member_may_go)?;
                self.entries.insert(key.clone(), changed);
                Ok(())
            }
            Change::ModifyDn { new_rdn, new_superior, .. } => self.rename(record, new_rdn, new_superior.as_ref()),
        }
    }

    fn rename(&mut self, record: &ChangeRecord, new_rdn: &Rdn, superior: Option<&Dn>) -> Result<(), ResultCode> {
        let old = record.dn.key().clone();
        if !self.entries.contains_key(&old) {
            return Err(ResultCode::NoSuchObject);
        }
        let same_rdn = DnKey::parse(new_rdn.spelling()).is_ok_and(|key| key.rdn_bytes() == old.rdn_bytes());
        let Some(superior) = superior.filter(|_| same_rdn) else { return Err(ResultCode::UnwillingToPerform) };
        let is_there = |key: &DnKey| self.entries.contains_key(key) || self.others.contains(key);
        if !is_there(superior.key()) || superior.key().is_at_or_under(&old) {
            return Err(ResultCode::NoSuchObject);
        }
        let name = [new_rdn.spelling(), b",", superior.spelling()].concat();
        let name = Dn::parse(&name).map_err(|_| ResultCode::InvalidDnSyntax)?;
        if *name.key() != old && is_there(name.key()) {
            return Err(ResultCode::EntryAlreadyExists);
        }
        let depth = record.dn.rdns().len();
        let below: Vec<DnKey> = self.entries.keys().filter(|key| key.is_at_or_under(&old)).cloned().collect();
        for key in below {
            let Some(mut entry) = self.entries.remove(&key) else { continue };
            let lower = entry.dn.rdns().len() - depth;
            let parts = entry.dn.rdns()[..lower].iter().map(Rdn::spelling).chain([name.spelling()]);
            let spelling = parts.collect::<Vec<_>>().join(&b',');
            entry.dn = Dn::parse(&spelling).map_err(|_| ResultCode::InvalidDnSyntax)?;
            let children = self.children.remove(&key);
            let moved = |child: &DnKey| {
                DnKey::from_key_bytes(&[name.key().as_bytes(), &child.as_bytes()[old.as_bytes().len()..]].concat())
            };
            if let Some(children) = children {
                self.children.insert(entry.dn.key().clone(), children.iter().map(moved).collect());
            }
            self.entries.insert(entry.dn.key().clone(), entry);
        }
        if let Some(siblings) = old.parent().and_then(|parent| self.children.get_mut(&parent)) {
            siblings.remove(&old);
        }
        self.children.entry(superior.key().clone()).or_default().insert(name.key().clone());
        self.renames.push((old, name.key().clone()));
        Ok(())
    }

    /// The name that an entry has now which had this one before any rename.
    pub fn name_now(&self, first: &DnKey) -> DnKey {
        self.renames.iter().fold(first.clone(), |key, (old, new)| renamed(&key, old, new))
    }

    fn add(&mut self, record: &ChangeRecord, attributes: &[Attribute]) -> Result<(), ResultCode> {
        let key = record.dn.key();
        if self.entries.contains_key(key) || self.others.contains(key) {
            return Err(ResultCode::EntryAlreadyExists);
        }
        let parent = key.parent().unwrap_or_default();
        if !parent.is_root() && !self.entries.contains_key(&parent) && !self.others.contains(&parent) {
            return Err(ResultCode::NoSuchObject);
        }
        let entry = Entry { dn: record.dn.clone(), origin: Origin::default(), attributes: attributes.to_vec() };
        if entry.values("objectClass").next().is_none() {
            return Err(ResultCode::ObjectClassViolation);
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
        Ok(())
    }

    fn check_control(&self, key: &DnKey, control: &Control) -> Result<(), ResultCode> {
        if control.oid != ASSERTION {
            return if control.critical { Err(ResultCode::UnwillingToPerform) } else { Ok(()) };
        }
        let entry = self.entries.get(key).ok_or(ResultCode::NoSuchObject)?;
        let holds = control.value.as_deref().is_some_and(|filter| assertion_holds(entry, filter));
        if holds { Ok(()) } else { Err(ResultCode::AssertionFailed) }
    }
}

/// The key that an entry has when the entry at or above it goes from `old` to `new`.
pub fn renamed(key: &DnKey, old: &DnKey, new: &DnKey) -> DnKey {
    if !key.is_at_or_under(old) {
        return key.clone();
    }
    DnKey::from_key_bytes(&[new.as_bytes(), &key.as_bytes()[old.as_bytes().len()..]].concat())
}

/// Whether an encoded filter (RFC 4511, 4.5.1.7) of `and` and equality holds for an entry.
fn assertion_holds(entry: &Entry, filter: &[u8]) -> bool {
    let Some((tag, content, [])) = element(filter) else { return false };
    match tag {
        0xa0 => {
            let mut rest = content;
            while !rest.is_empty() {
                let Some((_, _, after)) = element(rest) else { return false };
                // A conjunction of equalities, no deeper: that is all a plan writes.
                let one = &rest[..rest.len() - after.len()];
                if one[0] != 0xa3 || !assertion_holds(entry, one) {
                    return false;
                }
                rest = after;
            }
            true
        }
        0xa3 => {
            let Some((0x04, name, rest)) = element(content) else { return false };
            let Some((0x04, value, [])) = element(rest) else { return false };
            let Ok(description) = AttributeDescription::parse(name) else { return false };
            let attribute = entry.attributes.iter().find(|attribute| attribute.description == description);
            attribute.is_some_and(|attribute| position(attribute, value).is_some())
        }
        _ => false,
    }
}

/// The first BER element: tag, content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let add = |length: usize, digit: &u8| length.checked_mul(256).map(|length| length + usize::from(*digit));
        (digits.iter().try_fold(0, add)?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn position(attribute: &Attribute, value: &[u8]) -> Option<usize> {
    let rule = equality_rule(attribute.description.attribute_type());
    // Most values are spelled alike: look for the bytes first.
    let exact = attribute.values.iter().position(|known| *known.bytes == *value);
    exact.or_else(|| attribute.values.iter().position(|known| matches(rule, &known.bytes, value)))
}

/// The entry after all modifications, in order.
fn modify(entry: &Entry, modifications: &[Modification], last_member_may_go: bool) -> Result<Entry, ResultCode> {
    let mut changed = entry.clone();
    for modification in modifications {
        apply_modification(&mut changed, modification)?;
    }
    changed.attributes.retain(|attribute| !attribute.values.is_empty());
    let rdn = changed.dn.rdns().first().map_or(&[][..], |rdn| rdn.avas());
    let keeps_name = |ava: &crate::ldap::dn::Ava| {
        let rule = equality_rule(&ava.attribute_type);
        let has =
            |entry: &Entry| entry.values(&ava.attribute_type).any(|value| matches(rule, &value.bytes, &ava.value));
        // An export may lack the value; then the change is not what removed it.
        has(&changed) || !has(entry)
    };
    if !rdn.iter().all(keeps_name) {
        return Err(ResultCode::NotAllowedOnRdn);
    }
    if changed.values("objectClass").next().is_none() {
        return Err(ResultCode::ObjectClassViolation);
    }
    let lost_members = |class: &str, attribute: &str| {
        let has = |entry: &Entry| entry.values(attribute).next().is_some();
        changed.has_class(class) && has(entry) && !has(&changed)
    };
    if !last_member_may_go
        && (lost_members("groupOfNames", "member") || lost_members("groupOfUniqueNames", "uniqueMember"))
    {
        return Err(ResultCode::ObjectClassViolation);
    }
    Ok(changed)
}

fn apply_modification(entry: &mut Entry, modification: &Modification) -> Result<(), ResultCode> {
    let at = entry.attributes.iter().position(|attribute| attribute.description == modification.description);
    match modification.op {
        ModOp::Delete => {
            let attribute = at.map(|at| &mut entry.attributes[at]).filter(|attribute| !attribute.values.is_empty());
            let attribute = attribute.ok_or(ResultCode::NoSuchAttribute)?;
            if modification.values.is_empty() {
                attribute.values.clear();
            }
            for value in &modification.values {
                let at = position(attribute, &value.bytes).ok_or(ResultCode::NoSuchAttribute)?;
                attribute.values.remove(at);
            }
            Ok(())
        }
        ModOp::Add => {
            let at = at.unwrap_or_else(|| {
                let description = modification.description.clone();
                entry.attributes.push(Attribute { description, values: Vec::new() });
                entry.attributes.len() - 1
            });
            let attribute = &mut entry.attributes[at];
            for value in &modification.values {
                if position(attribute, &value.bytes).is_some() {
                    return Err(ResultCode::AttributeOrValueExists);
                }
                attribute.values.push(value.clone());
            }
            Ok(())
        }
        ModOp::Replace => {
            let values = modification.values.clone();
            match at {
                Some(at) => entry.attributes[at].values = values,
                None => entry.attributes.push(Attribute { description: modification.description.clone(), values }),
            }
            Ok(())
        }
        ModOp::Increment => {
            let number = |value: &Value| std::str::from_utf8(&value.bytes).ok()?.parse::<i64>().ok();
            let attribute = at.map(|at| &mut entry.attributes[at]).ok_or(ResultCode::NoSuchAttribute)?;
            let by = modification.values.first().and_then(number).ok_or(ResultCode::ConstraintViolation)?;
            for value in &mut attribute.values {
                let sum = number(value).and_then(|old| old.checked_add(by)).ok_or(ResultCode::ConstraintViolation)?;
                *value = Value::new(sum.to_string().as_bytes());
            }
            Ok(())
        }
    }
}
