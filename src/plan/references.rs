//! The references stage: one modify record for each entry that names deleted or moved accounts.
//!
//! | the policy says | values | written as |
//! | --- | --- | --- |
//! | remove | every value that names the account, in any spelling | `delete:` with the values as the entry spells them |
//! | remove, and it is the last member | by `last_member`: `refuse` holds the account; `allow` removes it where the server can; `placeholder:` puts another there | |
//! | reassign | every value that names the account | `delete:` them, `add:` the successor unless it is there already |
//! | review | | nothing: a review item |
//! | anything, and the account is moved | every value that names it or an entry below it | `delete:` them, `add:` the new names; nothing where the server follows moves by itself |
//! | a near miss | names no entry, but its RDN is the account's cn beside it | nothing: a review item |

use std::collections::{BTreeMap, BTreeSet};

use super::collect::{Kept, Reference, Treatment};
use crate::directory::references::named_dn;
use crate::ldap::attribute::same_type;
use crate::ldap::{Attribute, Dn, ModOp, Modification, Value};
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
#[derive(Default)]
pub struct Change {
    /// The modifications, by exact values.
    pub modifications: Vec<Modification>,
    /// The accounts that they are for.
    pub accounts: BTreeSet<usize>,
    /// Values removed.
    pub removed: u64,
    /// Values reassigned.
    pub reassigned: u64,
    /// Values that get the new name of a moved account.
    pub renamed: u64,
    /// For each attribute with members: how many it loses, of how many.
    pub members: Vec<(u64, u64)>,
}

/// What becomes of the accounts, as far as references depend on it.
pub struct Fates<'f> {
    /// Whether an account is deleted.
    pub is_deleted: &'f dyn Fn(usize) -> bool,
    /// Who takes over from each.
    pub successors: &'f BTreeMap<usize, Dn>,
    /// The old and the new name of each account that is moved, unless the server itself follows.
    pub moved: &'f BTreeMap<usize, (Dn, Dn)>,
}

/// Works out the change of an entry.
pub fn change(kept: &Kept, policy: &Policy, fates: &Fates<'_>) -> Result<Change, Vec<Obstacle>> {
    let mut change = Change::default();
    let mut obstacles = Vec::new();
    for (attribute_at, attribute) in kept.entry.attributes.iter().enumerate() {
        let here = || kept.references.iter().filter(|reference| reference.at.0 == attribute_at && !reference.near_miss);
        let cleaned = policy.directory.tools.file_cleans(attribute.description.attribute_type());
        let named: Vec<&Reference> = here()
            .filter(|reference| cleaned && (fates.is_deleted)(reference.account))
            .filter(|reference| matches!(reference.treatment, Treatment::Remove | Treatment::Reassign))
            .collect();
        let renamed: Vec<&Reference> =
            here().filter(|reference| fates.moved.contains_key(&reference.account)).collect();
        if named.is_empty() && renamed.is_empty() {
            continue;
        }
        let modification = |op, values| Modification { op, description: attribute.description.clone(), values };
        let old = named.iter().chain(&renamed);
        let old: Vec<Value> = old.map(|reference| attribute.values[reference.at.1].clone()).collect();
        let left = attribute.values.len() - named.len();
        let mut new: Vec<Value> = renamed
            .iter()
            .filter_map(|reference| rewritten(attribute, reference, fates.moved.get(&reference.account)?))
            .collect();
        change.renamed += renamed.len() as u64;
        let is_membership = is_membership(attribute);
        if named.first().is_some_and(|first| first.treatment == Treatment::Reassign) {
            for reference in &named {
                let Some(successor) = fates.successors.get(&reference.account) else {
                    obstacles.push(Obstacle::NoSuccessor(reference.account));
                    continue;
                };
                let same = |value: &Value| Dn::parse(&value.bytes).is_ok_and(|dn| dn == *successor);
                if !attribute.values.iter().chain(&new).any(same) {
                    new.push(Value::new(successor.spelling()));
                }
            }
            change.reassigned += named.len() as u64;
        } else if !named.is_empty() {
            if left == 0 && is_membership {
                match last_member(policy) {
                    Ok(placeholder) => new.extend(placeholder),
                    Err(()) => {
                        obstacles.extend(named.iter().map(|reference| Obstacle::LastMember(reference.account)));
                    }
                }
            }
            change.removed += named.len() as u64;
            if is_membership {
                change.members.push((named.len() as u64, attribute.values.len() as u64));
            }
        }
        change.accounts.extend(named.iter().chain(&renamed).map(|reference| reference.account));
        change.modifications.push(modification(ModOp::Delete, old));
        if !new.is_empty() {
            change.modifications.push(modification(ModOp::Add, new));
        }
    }
    if obstacles.is_empty() { Ok(change) } else { Err(obstacles) }
}

/// Whether the values of an attribute are the members of a group.
fn is_membership(attribute: &Attribute) -> bool {
    ["member", "uniqueMember"].iter().any(|name| same_type(attribute.description.attribute_type(), name))
}

/// A value with the new name of a moved account in place of the old one; what stands before and behind the name stays.
fn rewritten(attribute: &Attribute, reference: &Reference, (old, new): &(Dn, Dn)) -> Option<Value> {
    let value = &attribute.values[reference.at.1].bytes;
    let named = named_dn(attribute.description.attribute_type(), value);
    let dn = Dn::parse(named).ok()?;
    let below = dn.rdns().len().checked_sub(old.rdns().len())?;
    let mut text = Vec::new();
    for rdn in &dn.rdns()[..below] {
        text.extend_from_slice(rdn.spelling());
        text.push(b',');
    }
    text.extend_from_slice(new.spelling());
    text.extend_from_slice(&value[named.len()..]);
    Some(Value::new(&text))
}

/// What takes the place of the last member, or that the account must be held.
fn last_member(policy: &Policy) -> Result<Option<Value>, ()> {
    match &policy.references.last_member {
        LastMember::Allow if policy.directory.server.profile().last_member_may_go => Ok(None),
        LastMember::Placeholder(dn) => Ok(Some(Value::new(dn.spelling()))),
        _ => Err(()),
    }
}
