//! What is written on one entry for the values that name deleted or moved accounts.
//!
//! | the policy says | values | written as |
//! | --- | --- | --- |
//! | remove | every value that names the account for certain | `delete:` with the values as the entry spells them |
//! | remove, and the attribute has no equality rule (`nisNetgroupTriple`) | every such value | `replace:` with the values that stay |
//! | remove, and no member is left except placeholders | the last members | by `last_member`: see [`last_member`] |
//! | remove, and it is the last value of `mgrpAllowedBroadcaster` | | nothing: a decision item, because every sender would be allowed then |
//! | reassign | every value that names the account for certain | `delete:` them, `add:` the successor in the same form unless it is there already |
//! | reassign, and there is no successor, or one without a mail address | addresses | nothing: a decision item; a name holds the account |
//! | review | | nothing: a decision item |
//! | leave | | nothing |
//! | anything, and the entry is [kept](crate::policy::kept) (protected, vetoed, disconnected, made by hand), or 389 DS maintains it | | nothing: a decision item |
//! | anything, and the account is moved | every name of the account or of an entry below it | `delete:` them, `add:` the new names; nothing if the server follows moves by itself |
//! | anything, and the value does not name the account for certain | another case, a URL, a filter, an access rule, a shared address, a near miss | nothing: a decision item |
//!
//! How a value of each form is renamed and reassigned: [`Form`](crate::directory::references::Form).

pub mod cleared;
pub mod last_member;

pub use cleared::{Blocker, ClearedValues, may_mean_one_that_stays, values_to_clear};

use std::collections::{BTreeSet, HashSet};

use super::gather::{Reference, RelatedEntry};
use super::model::{Fates, SubjectId};
use super::request::PlanContext;
use crate::directory::membership::lists_members;
use crate::directory::references::reference_attributes::ALIASED_OBJECT;
use crate::directory::references::{MatchKind, Treatment};
use crate::ldap::managed_entries::is_managed;
use crate::ldap::matching::{MatchingRule, normalize};
use crate::ldap::{Attribute, DnKey, ModOp, Modification, Value};
use cleared::reassigned_value;
use last_member::{is_emptied, is_membership, replacements};

/// How many members an attribute loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberLoss {
    /// The members that are removed.
    pub removed: u64,
    /// The members that the attribute has in the exports.
    pub of: u64,
}

/// What is done with one entry.
#[derive(Default)]
pub struct EntryChange {
    /// The modifications, by exact values.
    pub modifications: Vec<Modification>,
    /// The subjects for which they are made.
    pub subjects: BTreeSet<SubjectId>,
    /// How many values are removed.
    pub removed: u64,
    /// How many values are reassigned.
    pub reassigned: u64,
    /// How many values get the new name of a moved account.
    pub renamed: u64,
    /// For each attribute that loses members.
    pub members: Vec<MemberLoss>,
}

/// Whether a value that names a deleted subject stays, and is a decision item. `cleared` are the values of its attribute that
/// do not stay.
pub fn is_for_review(
    related: &RelatedEntry,
    reference: &Reference,
    cleared: &ClearedValues<'_>,
    fates: &Fates,
    context: PlanContext<'_>,
) -> bool {
    let attribute_type = related.attribute(reference).description.attribute_type();
    let is_alias_target = attribute_type.eq_ignore_ascii_case(ALIASED_OBJECT);
    fates.is_deleted(reference.subject)
        && (reference.treatment != Treatment::Leave || is_alias_target)
        && context.policy.directory.tools.file_cleans(attribute_type)
        && !cleared.contains(reference.position.value)
}

/// Works out what is done with an entry, or why it cannot be done.
pub fn change(related: &RelatedEntry, fates: &Fates, context: PlanContext<'_>) -> Result<EntryChange, Vec<Blocker>> {
    let mut change = EntryChange::default();
    let mut blockers = Vec::new();
    if is_managed(&related.entry, context.policy.directory.server) {
        // The server refuses most changes of such an entry (53), and deletes or renames it with its origin.
        return Ok(change);
    }
    let is_kept = !related.references.is_empty() && context.policy.kept(&related.entry).is_some();
    for (index, attribute) in related.entry.attributes.iter().enumerate() {
        let cleared = values_to_clear(related, index, fates, context);
        let renamed: Vec<&Reference> = if is_kept {
            Vec::new()
        } else {
            let references = related.references_of(index).iter();
            references.filter(|reference| is_renamed(attribute, reference, fates, context)).collect()
        };
        if !cleared.is_empty() || !renamed.is_empty() {
            let values = AttributeValues { related, attribute, cleared, renamed };
            blockers.extend(values.change(&mut change, fates, context));
        }
    }
    if blockers.is_empty() { Ok(change) } else { Err(blockers) }
}

/// Whether a value gets the new name of a moved account.
fn is_renamed(attribute: &Attribute, reference: &Reference, fates: &Fates, context: PlanContext<'_>) -> bool {
    let name = attribute.description.attribute_type();
    let follows = || {
        let value = &attribute.values[reference.position.value].bytes;
        context.policy.moving.as_ref().is_some_and(|moving| moving.follows(name, value))
    };
    reference.kind == MatchKind::Name
        && reference.form.can_be_renamed()
        && !context.policy.directory.server.sets(name)
        && fates.renaming(reference.subject).is_some()
        && !follows()
}

/// The values of an attribute that are changed.
struct AttributeValues<'r> {
    related: &'r RelatedEntry,
    attribute: &'r Attribute,
    cleared: ClearedValues<'r>,
    renamed: Vec<&'r Reference>,
}

impl AttributeValues<'_> {
    /// Adds what is done with the attribute to the change of its entry. Gives what blocks it.
    fn change(&self, change: &mut EntryChange, fates: &Fates, context: PlanContext<'_>) -> Vec<Blocker> {
        let Self { related, attribute, cleared, renamed } = self;
        let name = attribute.description.attribute_type();
        let mut blockers = Vec::new();
        let new_names = renamed.iter().filter_map(|reference| {
            let value = &attribute.values[reference.position.value].bytes;
            reference.form.renamed_value(name, value, fates.renaming(reference.subject)?)
        });
        let mut new = NewValues { values: new_names.collect(), present: None };
        for reference in &cleared.reassigned {
            match reassigned_value(attribute, reference, fates) {
                Some(value) => new.add_if_absent(value, attribute, cleared),
                None => blockers.push(Blocker::NoSuccessor(reference.subject)),
            }
        }
        if lists_members(name) && !cleared.removed.is_empty() {
            change
                .members
                .push(MemberLoss { removed: cleared.removed.len() as u64, of: attribute.values.len() as u64 });
            if is_membership(attribute) && is_emptied(attribute, cleared, context.policy) {
                match replacements(related, attribute, cleared, fates, context) {
                    Ok(values) => values.into_iter().for_each(|value| new.add_if_absent(value, attribute, cleared)),
                    Err(found) => blockers.extend(found),
                }
            }
        }
        change.removed += cleared.removed.len() as u64;
        change.reassigned += cleared.reassigned.len() as u64;
        change.renamed += renamed.len() as u64;
        let old = || cleared.removed.iter().chain(&cleared.reassigned).chain(renamed);
        change.subjects.extend(old().map(|reference| reference.subject));
        let mut positions: Vec<usize> = old().map(|reference| reference.position.value).collect();
        positions.sort_unstable();
        positions.dedup();
        let modification = |op, values| Modification { op, description: attribute.description.clone(), values };
        if context.schema.compares(name) {
            let old = positions.into_iter().map(|position| attribute.values[position].clone()).collect();
            change.modifications.push(modification(ModOp::Delete, old));
            if !new.values.is_empty() {
                change.modifications.push(modification(ModOp::Add, new.values));
            }
        } else {
            let values = attribute.values.iter().enumerate();
            let left = values.filter(|(index, _)| positions.binary_search(index).is_err());
            let left = left.map(|(_, value)| value.clone()).chain(new.values).collect();
            change.modifications.push(modification(ModOp::Replace, left));
        }
        blockers
    }
}

/// What makes two values the same reference: the name, or the text in any case.
#[derive(PartialEq, Eq, Hash)]
enum ValueIdentity {
    Name(DnKey),
    Text(Vec<u8>),
}

impl ValueIdentity {
    fn of(value: &Value) -> Self {
        DnKey::parse(&value.bytes)
            .map_or_else(|_| Self::Text(normalize(MatchingRule::CaseIgnore, &value.bytes).into_owned()), Self::Name)
    }
}

/// The values that are added to an attribute.
struct NewValues {
    values: Vec<Value>,
    /// The values that the attribute has then; filled when it is first needed.
    present: Option<HashSet<ValueIdentity>>,
}

impl NewValues {
    /// Adds a value unless the attribute has it already, and keeps it.
    fn add_if_absent(&mut self, value: Value, attribute: &Attribute, cleared: &ClearedValues<'_>) {
        let Self { values, present } = self;
        let present = present.get_or_insert_with(|| {
            let stays = attribute.values.iter().enumerate().filter(|(index, _)| !cleared.contains(*index));
            stays.map(|(_, value)| value).chain(&*values).map(ValueIdentity::of).collect()
        });
        if present.insert(ValueIdentity::of(&value)) {
            values.push(value);
        }
    }
}
