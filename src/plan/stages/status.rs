//! The stage `status`: accounts are disabled, stamped, restored, or get the blocking value. All by exact values.
//!
//! | step | written |
//! | --- | --- |
//! | disable | each attribute of `[disable]`: the old value deleted, the new one added; bits are turned on in the number; the stamp |
//! | stamp | the stamp |
//! | disable-service | the status of the service, and a stamp that begins with the name of the service |
//! | restore | what disabling changed: bits are turned off; other attributes get the value of `[restore]`, else every value that the change set which disabled the account removed (`--history`); the stamps are removed, and the statuses of disabled services become active |
//! | disconnect | the blocking value |
//!
//! A multi-valued operational attribute of which the account shows no value (`nsAccountLock` of 389 DS, where `true` next to
//! `false` leaves the account open) is added and then replaced in the same modify: if it is already there, the server refuses
//! the record (20), and no other value is left next to the new one.
//!
//! The stamp is written only if there is none. A stamp that an active account has from an earlier time is replaced, or the old
//! date would end the grace before it begins. A note that a person wrote is never overwritten: if the attribute is
//! single-valued and in use, the account is disabled without a stamp, which is a decision item. If the attribute of the
//! blocking value is, the account is held.

use super::output::{AccountChange, StageOutput, remove, set, set_all, spelled};
use crate::ldap::server_attributes::is_operational;
use crate::ldap::{AttributeDescription, Entry, ModOp, Modification, Origin, Value};
use crate::lifecycle::state::{number, values_of};
use crate::lifecycle::{ServiceState, Step, disable, grace};
use crate::plan::item_code::ItemCode;
use crate::plan::model::{Account, DecisionItem};
use crate::plan::operation::{Kind, Stage};
use crate::plan::request::PlanContext;
use crate::plan::settle::Settled;
use crate::plan::status_values::{disabled_values, new_stamp, occupied_stamp_attribute, prior_values};
use crate::policy::{Policy, ServerSchema};

/// Writes the stage.
pub fn build(settled: &Settled, context: PlanContext<'_>) -> StageOutput {
    let mut output = StageOutput::default();
    for (index, account) in settled.accounts.iter().enumerate() {
        let entry = &account.entry;
        let service = account.decision.service();
        let (kind, modifications) = match account.decision.step {
            Step::Disable => {
                let mut modifications = disable_account(entry, context.policy, context.schema);
                modifications.extend(stamp(&mut output, index, account, None, context));
                (Kind::Disable, modifications)
            }
            Step::Stamp => (Kind::Stamp, stamp(&mut output, index, account, None, context)),
            Step::DisableService => {
                let mut modifications = disable_service(entry, service, context.policy);
                modifications.extend(stamp(&mut output, index, account, service, context));
                (Kind::DisableService, modifications)
            }
            Step::Restore => (Kind::Restore, restore(account, context)),
            Step::Disconnect => (Kind::Disconnect, disconnect(entry, context.policy)),
            Step::Strip | Step::Delete | Step::Wait | Step::Nothing | Step::Hold => continue,
        };
        let change = AccountChange {
            stage: Stage::Status,
            kind,
            account: index,
            found: entry,
            name: &entry.dn,
            service,
            modifications,
            notes: String::new(),
        };
        output.modify_account(settled, context, change);
    }
    output
}

fn disable_account(entry: &Entry, policy: &Policy, schema: &ServerSchema) -> Vec<Modification> {
    let mut modifications = Vec::new();
    for (description, wanted) in disable::writes(entry, policy) {
        modifications.extend(set(entry, description, &wanted));
        let name = description.attribute_type();
        let may_have_other_values = is_operational(schema.server(), name) && !schema.takes_one_value(name);
        if may_have_other_values && values_of(entry, description).next().is_none() {
            let values = vec![Value::new(&wanted)];
            modifications.push(Modification { op: ModOp::Replace, description: description.clone(), values });
        }
    }
    modifications
}

fn disable_service(entry: &Entry, service: Option<&str>, policy: &Policy) -> Vec<Modification> {
    let rules = service.and_then(|name| policy.services.get(name));
    rules.map(|rules| set(entry, &rules.status, rules.disable.as_bytes())).unwrap_or_default()
}

/// The stamp of today, unless the account has it already. If the attribute has no room for it, that is a decision item.
fn stamp(
    output: &mut StageOutput,
    index: usize,
    account: &Account,
    service: Option<&str>,
    context: PlanContext<'_>,
) -> Vec<Modification> {
    let entry = &account.entry;
    let Some(stamp) = &context.policy.stamp else { return Vec::new() };
    let Some(today) = new_stamp(entry, service, context) else { return Vec::new() };
    if let Some(attribute) = occupied_stamp_attribute(entry, context) {
        let notes = grace::notes(entry, &stamp.attribute, stamp);
        let note = notes.first().copied().unwrap_or_default();
        let item = DecisionItem::of_account(index, entry, ItemCode::StampOccupied, &attribute, note);
        output.decision_items.push(DecisionItem { evidence: line_of(entry, &stamp.attribute), ..item });
        return Vec::new();
    }
    // A stamp from an earlier time, or one that cannot be read.
    let stale = remove(entry, &stamp.attribute, |value| grace::is_stamp(stamp, service, value));
    let description = spelled(entry, &stamp.attribute);
    let add = Modification { op: ModOp::Add, description, values: vec![Value::new(today.as_bytes())] };
    stale.into_iter().chain([add]).collect()
}

/// The line of an attribute's first value, or of the entry if it has none.
fn line_of(entry: &Entry, description: &AttributeDescription) -> Origin {
    let known = entry.attributes.iter().find(|attribute| attribute.description == *description);
    let line = known.and_then(|attribute| attribute.values.first()).map_or(entry.origin.line, |value| value.line);
    Origin { line, ..entry.origin }
}

fn restore(account: &Account, context: PlanContext<'_>) -> Vec<Modification> {
    let (entry, policy) = (&account.entry, context.policy);
    let mut modifications = Vec::new();
    for description in disabled_values(entry, context) {
        // Without these values the account is held.
        if let Some(values) = prior_values(entry, description, context) {
            let values: Vec<&[u8]> = values.iter().map(|value| &*value.bytes).collect();
            modifications.extend(set_all(entry, description, &values));
        }
    }
    for (description, bits) in &policy.disable.bits {
        let Some(old) = number(entry, description) else { continue };
        modifications.extend(set(entry, description, (old & !i64::from(bits.set)).to_string().as_bytes()));
    }
    for service in account.decision.services.iter().filter(|service| service.state == ServiceState::Disabled) {
        let Some(rules) = policy.services.get(&service.name) else { continue };
        modifications.extend(set(entry, &rules.status, rules.active.as_bytes()));
    }
    if let Some(stamp) = &policy.stamp {
        let services = std::iter::once(None).chain(policy.services.keys().map(|name| Some(name.as_str())));
        let services: Vec<Option<&str>> = services.collect();
        let is_stamp = |value: &[u8]| services.iter().any(|service| grace::is_stamp(stamp, *service, value));
        modifications.extend(remove(entry, &stamp.attribute, is_stamp));
    }
    modifications
}

fn disconnect(entry: &Entry, policy: &Policy) -> Vec<Modification> {
    let Some(blocking) = &policy.disconnect else { return Vec::new() };
    let description = spelled(entry, &blocking.attribute);
    vec![Modification { op: ModOp::Add, description, values: vec![Value::new(&blocking.value)] }]
}
