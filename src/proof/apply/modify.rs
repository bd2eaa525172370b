//! The modify operation: its modifications in order, all of them or none (RFC 4511, 4.6; RFC 4525).

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::links::is_linked;
use super::schema::SchemaRules;
use crate::directory::key_hash::Quick;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::{MatchingRule, normalize};
use crate::ldap::{Attribute, Entry, ModOp, Modification, ResultCode, Value};

/// The entry after all modifications, or the result code of the first one that is refused.
pub fn modify(entry: &Entry, modifications: &[Modification], rules: SchemaRules<'_>) -> Result<Entry, ResultCode> {
    let mut changed = entry.clone();
    for modification in modifications {
        apply(&mut changed, modification, rules)?;
    }
    changed.attributes.retain(|attribute| !attribute.values.is_empty());
    Ok(changed)
}

/// The positions of the values of an attribute, for lookups by the matching rule.
pub struct Positions<'a> {
    rule: MatchingRule,
    values: &'a [Value],
    exact: HashMap<&'a [u8], usize, Quick>,
    /// By normal form; built at the first lookup of a value that is not in `exact`.
    normal: OnceCell<HashMap<Cow<'a, [u8]>, usize, Quick>>,
}

impl<'a> Positions<'a> {
    /// The positions of the values of this attribute.
    pub fn of(attribute: &'a Attribute) -> Self {
        let rule = equality_rule(attribute.description.attribute_type());
        let mut exact = HashMap::with_capacity_and_hasher(attribute.values.len(), Quick::default());
        for (at, value) in attribute.values.iter().enumerate() {
            exact.entry(&*value.bytes).or_insert(at);
        }
        Self { rule, values: &attribute.values, exact, normal: OnceCell::new() }
    }

    /// The position of the first value with the same bytes, or else of the first one that matches.
    pub fn find(&self, value: &[u8]) -> Option<usize> {
        if let Some(at) = self.exact.get(value) {
            return Some(*at);
        }
        if self.rule == MatchingRule::OctetString {
            return None;
        }
        let normal = self.normal.get_or_init(|| {
            let mut normal = HashMap::with_capacity_and_hasher(self.values.len(), Quick::default());
            for (at, value) in self.values.iter().enumerate() {
                normal.entry(normalize(self.rule, &value.bytes)).or_insert(at);
            }
            normal
        });
        normal.get(&*normalize(self.rule, value)).copied()
    }
}

fn apply(entry: &mut Entry, modification: &Modification, rules: SchemaRules<'_>) -> Result<(), ResultCode> {
    let profile = rules.profile;
    let at = entry.attributes.iter().position(|attribute| attribute.description == modification.description);
    let name = modification.description.attribute_type();
    let is_link = profile.follows_moves && is_linked(name);
    match modification.op {
        ModOp::Delete => {
            if !modification.values.is_empty() && !rules.schema.compares(name) {
                return Err(ResultCode::InappropriateMatching);
            }
            let value_absent = if is_link { profile.codes.missing_link } else { ResultCode::NoSuchAttribute };
            let absent = if modification.values.is_empty() { ResultCode::NoSuchAttribute } else { value_absent };
            let attribute = at.map(|at| &mut entry.attributes[at]).filter(|attribute| !attribute.values.is_empty());
            let attribute = attribute.ok_or(absent)?;
            if modification.values.is_empty() {
                attribute.values.clear();
            }
            let positions = Positions::of(attribute);
            // A value that the modification lists twice is deleted once.
            let deleted = modification.values.iter().map(|value| positions.find(&value.bytes).ok_or(absent));
            let deleted: HashSet<usize> = deleted.collect::<Result<_, _>>()?;
            let mut at = 0;
            attribute.values.retain(|_| {
                at += 1;
                !deleted.contains(&(at - 1))
            });
            Ok(())
        }
        ModOp::Add => {
            let at = at.unwrap_or_else(|| {
                let description = modification.description.clone();
                entry.attributes.push(Attribute { description, values: Vec::new() });
                entry.attributes.len() - 1
            });
            let attribute = &mut entry.attributes[at];
            if !attribute.values.is_empty() && !rules.schema.compares(name) {
                return Err(ResultCode::InappropriateMatching);
            }
            let positions = Positions::of(attribute);
            let mut added = HashSet::with_capacity(modification.values.len());
            for value in &modification.values {
                let is_new = added.insert(normalize(positions.rule, &value.bytes));
                if !is_new || positions.find(&value.bytes).is_some() {
                    return Err(if is_link { profile.codes.existing_link } else { ResultCode::AttributeOrValueExists });
                }
            }
            attribute.values.extend(modification.values.iter().cloned());
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
            if !profile.increments {
                return Err(ResultCode::ProtocolError);
            }
            if !matches!(equality_rule(name), MatchingRule::Integer | MatchingRule::Unknown) {
                return Err(ResultCode::ConstraintViolation);
            }
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
