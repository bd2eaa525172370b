//! What is done with a group that would lose its last member, by `[references] last_member`.
//!
//! | `last_member` | the last member |
//! | --- | --- |
//! | `refuse` | stays, and the account is held |
//! | `allow` | is removed, if the server or the schema allows a group without members; else it stays, and the account is held |
//! | `placeholder:<dn>` | is replaced by the placeholder |
//! | `successor` | is replaced by the successor of the account; without one, the account is held |
//! | `delete-group` | the group is deleted; if that is not possible, the account is held |
//!
//! A group loses its last member when an attribute of the classes of RFC 4519 (`member`, `uniqueMember`) has nothing left but
//! placeholders: these classes require a value of it, also if the group has members of other kinds. Other attributes may be
//! empty. For `delete-group`, however, every kind of [`membership`](crate::directory::membership) counts: a group that has a
//! member of any kind left, or an entry below it, or that is an account itself, is not deleted. An LDAP URL in `labeledURI` and
//! a `mailForwardingAddress` count as members that stay.
//!
//! A placeholder is a member that is not an account ([`is_placeholder_member`]). A group with nothing but placeholders has no
//! members.

use super::cleared::{Blocker, ClearedValues, clearable_values};
use crate::directory::membership::{self, is_placeholder_member};
use crate::directory::references::named_dn;
use crate::directory::references::reference_attributes::is_member;
use crate::ldap::attribute::same_type;
use crate::ldap::filter::Truth;
use crate::ldap::url::LdapUrl;
use crate::ldap::{Attribute, Entry, Value};
use crate::lifecycle::reason::{GroupStays, KeepsMember};
use crate::plan::gather::RelatedEntry;
use crate::plan::model::{Fates, SubjectId};
use crate::plan::request::PlanContext;
use crate::policy::{LastMember, Policy};

/// Whether the values of an attribute are the members of a group.
pub fn is_membership(attribute: &Attribute) -> bool {
    is_member(attribute.description.attribute_type())
}

/// Whether an attribute has nothing left but placeholders.
pub(super) fn is_emptied(attribute: &Attribute, cleared: &ClearedValues<'_>, policy: &Policy) -> bool {
    let name = attribute.description.attribute_type();
    let mut left = attribute.values.iter().enumerate().filter(|(index, _)| !cleared.contains(*index));
    !cleared.removed.is_empty() && left.all(|(_, value)| is_placeholder_member(named_dn(name, &value.bytes), policy))
}

/// Whether an entry is a group that loses its last member, and that the policy deletes for that reason.
pub fn is_emptied_group(related: &RelatedEntry, fates: &Fates, context: PlanContext<'_>) -> bool {
    let policy = context.policy;
    if !matches!(policy.references.last_member, LastMember::DeleteGroup) {
        return false;
    }
    let loses_all = |(index, attribute): (usize, &Attribute)| {
        // A group that is kept would be emptied too: that holds the account.
        let cleared = clearable_values(related, index, fates, context);
        is_emptied(attribute, &cleared, policy)
    };
    let attributes =
        || related.entry.attributes.iter().enumerate().filter(|(_, attribute)| !attribute.values.is_empty());
    let mut memberships = attributes().filter(|(_, attribute)| is_membership(attribute)).peekable();
    memberships.peek().is_some()
        && memberships.all(loses_all)
        && !has_other_members(related, fates, context)
        && policy.accounts.filter.evaluate(&*related.entry) != Truth::True
}

/// The subjects that a group loses: those that its members of all kinds name and that are removed.
pub fn removed_members(related: &RelatedEntry, fates: &Fates, context: PlanContext<'_>) -> Vec<SubjectId> {
    let attributes = related.entry.attributes.iter().enumerate();
    let lists = attributes.filter(|(_, attribute)| membership::lists_members(attribute.description.attribute_type()));
    let removed = lists.flat_map(|(index, _)| clearable_values(related, index, fates, context).removed);
    removed.map(|reference| reference.subject).collect()
}

/// Whether a group has members that stay, apart from those of `member` and `uniqueMember`.
pub fn has_other_members(related: &RelatedEntry, fates: &Fates, context: PlanContext<'_>) -> bool {
    let attributes = related.entry.attributes.iter().enumerate();
    let mut others = attributes.filter(|(_, attribute)| {
        !is_membership(attribute) && membership::lists_members(attribute.description.attribute_type())
    });
    related.unlisted_members.any_stays(fates)
        || has_members_by_another_service(&related.entry)
        || others.any(|(index, attribute)| {
            let cleared = clearable_values(related, index, fates, context);
            (0..attribute.values.len()).any(|value| !cleared.contains(value))
        })
}

/// Whether a group has members that are kept for another service: a search in `labeledURI` (slapo-dynlist), or addresses that
/// its mail is forwarded to.
fn has_members_by_another_service(entry: &Entry) -> bool {
    entry.values("mailForwardingAddress").next().is_some()
        || entry.values("labeledURI").any(|value| LdapUrl::of_value(&value.bytes).is_some())
}

/// The values that replace the last members, or why the accounts must be held.
pub(super) fn replacements(
    related: &RelatedEntry,
    attribute: &Attribute,
    cleared: &ClearedValues<'_>,
    fates: &Fates,
    context: PlanContext<'_>,
) -> Result<Vec<Value>, Vec<Blocker>> {
    let entry = &*related.entry;
    let policy = context.policy;
    let removed = || cleared.removed.iter().map(|reference| reference.subject);
    let keep = |why: KeepsMember| Err(removed().map(|subject| Blocker::LastMember(subject, why.clone())).collect());
    match &policy.references.last_member {
        LastMember::Placeholder(dn) => Ok(vec![Value::new(dn.raw_bytes())]),
        LastMember::Successor => {
            let name = |subject: SubjectId| Some(Value::new(fates.successor(subject)?.dn.raw_bytes()));
            let names: Option<Vec<Value>> = removed().map(name).collect();
            names.ok_or_else(|| removed().map(Blocker::NoSuccessor).collect())
        }
        LastMember::Allow => keeps_member(entry, attribute, context).map_or(Ok(Vec::new()), keep),
        LastMember::Refuse => keep(KeepsMember::Policy),
        LastMember::DeleteGroup => keep(KeepsMember::GroupStays(if policy.protect.covers(entry) {
            GroupStays::Protected
        } else if policy.accounts.filter.evaluate(entry) == Truth::True {
            GroupStays::Account
        } else if has_other_members(related, fates, context) || has_members_elsewhere(entry, attribute) {
            GroupStays::OtherMembers
        } else {
            GroupStays::EntriesBelow
        })),
    }
}

/// Whether the other one of `member` and `uniqueMember` has values.
fn has_members_elsewhere(entry: &Entry, attribute: &Attribute) -> bool {
    let others = entry.attributes.iter().filter(|other| other.description != attribute.description);
    others.filter(|other| is_membership(other)).any(|other| !other.values.is_empty())
}

/// Why an entry must keep a value of an attribute; `None` if it need not: on this server, or by its classes.
fn keeps_member(entry: &Entry, attribute: &Attribute, context: PlanContext<'_>) -> Option<KeepsMember> {
    if context.policy.directory.server.profile().allows_empty_groups {
        return None;
    }
    let name = attribute.description.attribute_type();
    let keeps = |class: &[u8]| {
        let spelled = || String::from_utf8_lossy(class).into_owned();
        let known = std::str::from_utf8(class).ok().and_then(|class| context.schema.class(class));
        let Some(rules) = known else { return Some(KeepsMember::UnknownClass(spelled())) };
        let is_required = rules.required().iter().any(|required| same_type(required, name));
        is_required.then(|| KeepsMember::Required(spelled()))
    };
    let mut all: Vec<KeepsMember> = entry.values("objectClass").filter_map(|class| keeps(&class.bytes)).collect();
    // A class that requires a member is a better reason than an unknown one.
    let required = all.iter().position(|why| matches!(why, KeepsMember::Required(_)));
    (!all.is_empty()).then(|| all.swap_remove(required.unwrap_or(0)))
}
