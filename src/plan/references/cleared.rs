//! The values of an attribute that are removed or reassigned, and what may block that.

use crate::directory::references::Treatment;
use crate::directory::references::reference_attributes::UNRESTRICTED_WHEN_EMPTY;
use crate::ldap::managed_entries::is_managed;
use crate::ldap::{Attribute, Value};
use crate::lifecycle::reason::KeepsMember;
use crate::plan::gather::{Reference, RelatedEntry};
use crate::plan::model::{Fates, SubjectId};
use crate::plan::request::PlanContext;

/// Why an account cannot be removed from an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// It is the last member, and the group must keep one.
    LastMember(SubjectId, KeepsMember),
    /// It has no successor.
    NoSuccessor(SubjectId),
}

/// The values of one attribute that name deleted subjects for certain, each once, in the order of their positions.
#[derive(Default)]
pub struct ClearedValues<'r> {
    /// Those that are removed.
    pub removed: Vec<&'r Reference>,
    /// Those that are replaced by the successor.
    pub reassigned: Vec<&'r Reference>,
}

impl ClearedValues<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.removed.len() + self.reassigned.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.reassigned.is_empty()
    }

    /// Whether the value with this index is one of them.
    pub fn contains(&self, value: usize) -> bool {
        let is_among =
            |list: &[&Reference]| list.binary_search_by_key(&value, |reference| reference.position.value).is_ok();
        is_among(&self.removed) || is_among(&self.reassigned)
    }
}

/// The values of the attribute with this index that are removed or reassigned. An entry that is [kept](crate::policy::kept)
/// keeps them.
pub fn values_to_clear<'r>(
    related: &'r RelatedEntry,
    attribute_index: usize,
    fates: &Fates,
    context: PlanContext<'_>,
) -> ClearedValues<'r> {
    if !related.references_of(attribute_index).is_empty() && context.policy.kept(&related.entry).is_some() {
        return ClearedValues::default();
    }
    clearable_values(related, attribute_index, fates, context)
}

/// The values that would be removed or reassigned if the entry may be changed.
pub(super) fn clearable_values<'r>(
    related: &'r RelatedEntry,
    attribute_index: usize,
    fates: &Fates,
    context: PlanContext<'_>,
) -> ClearedValues<'r> {
    let policy = context.policy;
    let attribute = &related.entry.attributes[attribute_index];
    let mut cleared = ClearedValues::default();
    let references = related.references_of(attribute_index);
    let may_change = !references.is_empty()
        && policy.directory.tools.file_cleans(attribute.description.attribute_type())
        && !is_managed(&related.entry, policy.directory.server);
    if !may_change {
        return cleared;
    }
    let mut last = None;
    for reference in references {
        // A value may name several subjects; these references follow one another.
        if last == Some(reference.position.value)
            || !fates.is_deleted(reference.subject)
            || may_mean_one_that_stays(references, reference, fates)
        {
            continue;
        }
        match reference.treatment {
            Treatment::Remove => cleared.removed.push(reference),
            Treatment::Reassign if can_be_reassigned(attribute, reference, fates) => cleared.reassigned.push(reference),
            _ => continue,
        }
        last = Some(reference.position.value);
    }
    if attribute.description.is_type(UNRESTRICTED_WHEN_EMPTY) && cleared.len() == attribute.values.len() {
        // It is better to leave the name of a deleted account than to allow every sender.
        cleared.removed.clear();
    }
    cleared
}

/// Whether another leaver has the identifier in a value, and stays after all. `references` are those of the attribute.
pub fn may_mean_one_that_stays(references: &[Reference], reference: &Reference, fates: &Fates) -> bool {
    let from = references.partition_point(|other| other.position < reference.position);
    let same_value = references[from..].iter().take_while(|other| other.position == reference.position);
    let by_identifier = |reference: &Reference| reference.kind.identifier().is_some();
    by_identifier(reference)
        && same_value.into_iter().any(|other| by_identifier(other) && !fates.is_deleted(other.subject))
}

/// Whether a value can name the successor: a name always can, or the account is held; an address needs an address.
fn can_be_reassigned(attribute: &Attribute, reference: &Reference, fates: &Fates) -> bool {
    reference.form.holds_dn() || reassigned_value(attribute, reference, fates).is_some()
}

/// The value that names the successor in place of a reference; `None` if there is none.
pub(super) fn reassigned_value(attribute: &Attribute, reference: &Reference, fates: &Fates) -> Option<Value> {
    let value = &attribute.values[reference.position.value].bytes;
    reference.form.reassigned_value(value, fates.successor(reference.subject)?)
}
