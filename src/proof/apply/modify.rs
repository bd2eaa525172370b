//! A modify, done whole or not at all: its modifications in order (RFC 4511, 4.6; RFC 4525).

use std::collections::BTreeSet;

use super::links::is_linked;
use super::schema::has_no_equality;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::{MatchingRule, matches};
use crate::ldap::{Attribute, Entry, ModOp, Modification, ResultCode, Value};
use crate::policy::server::Profile;

/// The entry after all modifications.
pub fn modify(entry: &Entry, modifications: &[Modification], profile: &Profile) -> Result<Entry, ResultCode> {
    let mut changed = entry.clone();
    for modification in modifications {
        apply(&mut changed, modification, profile)?;
    }
    changed.attributes.retain(|attribute| !attribute.values.is_empty());
    Ok(changed)
}

/// Where a value stands in an attribute.
pub fn position(attribute: &Attribute, value: &[u8]) -> Option<usize> {
    let rule = equality_rule(attribute.description.attribute_type());
    // Most values are spelled alike: look for the bytes first.
    let exact = attribute.values.iter().position(|known| *known.bytes == *value);
    exact.or_else(|| attribute.values.iter().position(|known| matches(rule, &known.bytes, value)))
}

fn apply(entry: &mut Entry, modification: &Modification, profile: &Profile) -> Result<(), ResultCode> {
    let at = entry.attributes.iter().position(|attribute| attribute.description == modification.description);
    let name = modification.description.attribute_type();
    let is_link = profile.follows_moves && is_linked(name);
    match modification.op {
        ModOp::Delete => {
            if !modification.values.is_empty() && has_no_equality(name) {
                return Err(ResultCode::InappropriateMatching);
            }
            let value_absent = if is_link { profile.codes.no_link } else { ResultCode::NoSuchAttribute };
            let absent = if modification.values.is_empty() { ResultCode::NoSuchAttribute } else { value_absent };
            let attribute = at.map(|at| &mut entry.attributes[at]).filter(|attribute| !attribute.values.is_empty());
            let attribute = attribute.ok_or(absent)?;
            if modification.values.is_empty() {
                attribute.values.clear();
            }
            // A value that is named twice goes once.
            let gone = modification.values.iter().map(|value| position(attribute, &value.bytes).ok_or(absent));
            let gone: BTreeSet<usize> = gone.collect::<Result<_, _>>()?;
            for at in gone.into_iter().rev() {
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
            if !attribute.values.is_empty() && has_no_equality(name) {
                return Err(ResultCode::InappropriateMatching);
            }
            for value in &modification.values {
                if position(attribute, &value.bytes).is_some() {
                    return Err(if is_link { profile.codes.link_there } else { ResultCode::AttributeOrValueExists });
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
