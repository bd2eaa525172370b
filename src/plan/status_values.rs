//! What can be written to the status attributes of an account, and what an account gets back when it is restored.

use super::model::Account;
use super::request::PlanContext;
use crate::ldap::{AttributeDescription, Entry, Value};
use crate::lifecycle::state::{same_value, values_of};
use crate::lifecycle::{Step, grace};

/// The values that an attribute had before the account was disabled: by `[restore]`, else all that the change set which disabled
/// it removed (`--history`). Empty if it had none, `None` if they are unknown.
pub fn prior_values(entry: &Entry, description: &AttributeDescription, context: PlanContext<'_>) -> Option<Vec<Value>> {
    let restore = &context.policy.restore;
    if let Some((_, value)) = restore.replace.iter().find(|(known, _)| known == description) {
        return Some(vec![Value::new(value)]);
    }
    if restore.remove.contains(description) {
        return Some(Vec::new());
    }
    context.history.deleted_values(entry.dn.key(), description).map(<[Value]>::to_vec)
}

/// The attributes of `[disable]` of which a disabled account has the value, with that value.
pub fn disabled_values<'p>(entry: &Entry, context: PlanContext<'p>) -> impl Iterator<Item = &'p AttributeDescription> {
    let disable = &context.policy.disable;
    let written = disable.replace.iter().chain(&disable.present);
    let has_value = |description: &AttributeDescription, wanted: &[u8]| {
        values_of(entry, description).any(|value| same_value(description.attribute_type(), value, wanted))
    };
    written.filter(move |(description, wanted)| has_value(description, wanted)).map(|(description, _)| description)
}

/// The first attribute of a disabled account of which the value before it was disabled is unknown.
pub fn unknown_prior_value(entry: &Entry, context: PlanContext<'_>) -> Option<String> {
    let mut unknown =
        disabled_values(entry, context).filter(|description| prior_values(entry, description, context).is_none());
    unknown.next().map(AttributeDescription::to_string)
}

/// The stamp attribute, if it is single-valued and its value is not a stamp.
pub fn occupied_stamp_attribute(entry: &Entry, context: PlanContext<'_>) -> Option<String> {
    let stamp = context.policy.stamp.as_ref()?;
    let is_single_valued = context.schema.takes_one_value(stamp.attribute.attribute_type());
    let is_occupied = is_single_valued && !grace::notes(entry, &stamp.attribute, stamp).is_empty();
    is_occupied.then(|| stamp.attribute.as_str().to_owned())
}

/// The attribute of `[disconnect]`, if it is single-valued and has a value.
pub fn full_blocking_attribute(entry: &Entry, context: PlanContext<'_>) -> Option<String> {
    let attribute = &context.policy.disconnect.as_ref()?.attribute;
    let is_single_valued = context.schema.takes_one_value(attribute.attribute_type());
    (is_single_valued && values_of(entry, attribute).next().is_some()).then(|| attribute.as_str().to_owned())
}

/// The value of the stamp of today for an account or for one of its services; `None` if the account has it already, and if the
/// policy has no stamp.
pub fn new_stamp(entry: &Entry, service: Option<&str>, context: PlanContext<'_>) -> Option<String> {
    let stamp = context.policy.stamp.as_ref()?;
    let today = grace::stamp_value(stamp, service, context.request.as_of);
    let is_present = values_of(entry, &stamp.attribute).any(|value| value == today.as_bytes());
    (!is_present).then_some(today)
}

/// Whether the plan disables an account, or a service of it, without the stamp that is needed.
pub fn lacks_stamp(account: &Account, context: PlanContext<'_>) -> bool {
    matches!(account.decision.step, Step::Disable | Step::DisableService | Step::Stamp)
        && new_stamp(&account.entry, account.decision.service(), context).is_some()
        && occupied_stamp_attribute(&account.entry, context).is_some()
}
