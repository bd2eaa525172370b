//! The references stage: one modify record for each entry that names deleted accounts.
//!
//! | the policy says | values | written as |
//! | --- | --- | --- |
//! | remove | every value that names the account, in any spelling | `delete:` with the values as the entry spells them |
//! | remove, and it is the last member | by `last_member`: `refuse` holds the account; `allow` removes it where the server can; `placeholder:` puts another there | |
//! | reassign | every value that names the account | `delete:` them, `add:` the successor unless it is there already |
//! | review | | nothing: a review item |
//! | a near miss | names no entry, but its RDN is the account's cn beside it | nothing: a review item |

use std::collections::{BTreeMap, BTreeSet};

use super::collect::{Kept, Treatment};
use crate::ldap::attribute::same_type;
use crate::ldap::{Dn, ModOp, Modification, Value};
use crate::policy::{LastMember, Policy};

/// Why an account cannot be taken out of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It is the last member, and the policy says to refuse.
    LastMember(usize),
    /// It has no successor.
    NoSuccessor(usize),
}

/// What is to be done with one entry.
pub struct Change {
    /// The modifications, by exact values.
    pub modifications: Vec<Modification>,
    /// The accounts that they are for.
    pub accounts: BTreeSet<usize>,
    /// Values removed and values reassigned.
    pub removed: u64,
    /// Values reassigned.
    pub reassigned: u64,
}

/// Works out the change of an entry, given the accounts that are deleted and their successors.
pub fn change(
    kept: &Kept,
    policy: &Policy,
    is_deleted: &dyn Fn(usize) -> bool,
    successors: &BTreeMap<usize, Dn>,
) -> Result<Change, Vec<Obstacle>> {
    let mut change = Change { modifications: Vec::new(), accounts: BTreeSet::new(), removed: 0, reassigned: 0 };
    let mut obstacles = Vec::new();
    for (attribute_at, attribute) in kept.entry.attributes.iter().enumerate() {
        let named = kept.references.iter().filter(|reference| {
            reference.at.0 == attribute_at && !reference.near_miss && is_deleted(reference.account)
        });
        let named: Vec<_> = named.filter(|reference| reference.treatment != Treatment::Review).collect();
        let Some(first) = named.first() else { continue };
        let modification = |op, values| Modification { op, description: attribute.description.clone(), values };
        let old: Vec<Value> = named.iter().map(|reference| attribute.values[reference.at.1].clone()).collect();
        let left = attribute.values.len() - old.len();
        let mut new: Vec<Value> = Vec::new();
        if first.treatment == Treatment::Reassign {
            for reference in &named {
                let Some(successor) = successors.get(&reference.account) else {
                    obstacles.push(Obstacle::NoSuccessor(reference.account));
                    continue;
                };
                let same = |value: &Value| Dn::parse(&value.bytes).is_ok_and(|dn| dn == *successor);
                if !attribute.values.iter().chain(&new).any(same) {
                    new.push(Value::new(successor.spelling()));
                }
            }
            change.reassigned += old.len() as u64;
        } else {
            let is_membership =
                ["member", "uniqueMember"].iter().any(|name| same_type(attribute.description.attribute_type(), name));
            if left == 0 && is_membership {
                match last_member(policy) {
                    Ok(placeholder) => new.extend(placeholder),
                    Err(()) => {
                        obstacles.extend(named.iter().map(|reference| Obstacle::LastMember(reference.account)));
                    }
                }
            }
            change.removed += old.len() as u64;
        }
        change.accounts.extend(named.iter().map(|reference| reference.account));
        change.modifications.push(modification(ModOp::Delete, old));
        if !new.is_empty() {
            change.modifications.push(modification(ModOp::Add, new));
        }
    }
    if obstacles.is_empty() { Ok(change) } else { Err(obstacles) }
}

/// What takes the place of the last member, or that the account must be held.
fn last_member(policy: &Policy) -> Result<Option<Value>, ()> {
    match &policy.references.last_member {
        LastMember::Allow if policy.directory.server.profile().last_member_may_go => Ok(None),
        LastMember::Placeholder(dn) => Ok(Some(Value::new(dn.spelling()))),
        _ => Err(()),
    }
}
