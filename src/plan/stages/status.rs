//! The stage `status`: accounts are disabled, stamped, set back, or given the blocking value. By exact values.
//!
//! | step | written |
//! | --- | --- |
//! | mark | each attribute of `[disable]`: the old value deleted, the new one added; bits are turned on in the number that is there; the stamp |
//! | stamp | the stamp |
//! | disable-service | the status of the service, and a stamp with the name of the service before it |
//! | restore | what the mark changed, set back: bits turned off, then the first of `[restore]`, the change set that disabled it (`--history`); the stamps and the marks of services removed |
//! | disconnect | the blocking value |
//!
//! An operational attribute that takes several values, and of which the account shows none (`nsAccountLock` of 389 DS, of which
//! `true` beside `false` leaves the account open), is added and then replaced in the same modify: a lock that is there
//! already refuses the record (20), and no other value is left next to the new one.
//!
//! The stamp is written only where there is none. One that is left from an earlier life (the account is active) is
//! replaced, or the old date would end the grace before it begins. A note that people wrote is never overwritten: where
//! the attribute takes one value only and holds one, the account is disabled without a stamp, and a person must look. Where
//! the blocking value has no room, the account is held.

use super::{Built, Site, remove, set, spelled};
use crate::ldap::server_attributes::is_operational;
use crate::ldap::{AttributeDescription, Entry, ModOp, Modification, Origin, Value};
use crate::lifecycle::state::{number, values_of};
use crate::lifecycle::{History, ServiceState, Step, disable, grace};
use crate::plan::operation::{Kind, Stage};
use crate::plan::{Account, DecisionItem};
use crate::policy::{Policy, ServerSchema};

/// Writes the stage.
pub fn build(built: &mut Built, site: &Site<'_>) {
    for (index, account) in site.accounts.iter().enumerate() {
        let entry = &account.entry;
        let service = account.decision.service();
        let (kind, modifications) = match account.decision.step {
            Step::Disable => {
                let mut modifications = mark(entry, site.policy, site.schema);
                modifications.extend(stamp(built, site, (index, account), None));
                (Kind::Disable, modifications)
            }
            Step::Stamp => (Kind::Stamp, stamp(built, site, (index, account), None)),
            Step::DisableService => {
                let mut modifications = disable_service(entry, service, site.policy);
                modifications.extend(stamp(built, site, (index, account), service));
                (Kind::DisableService, modifications)
            }
            Step::Restore => (Kind::Restore, restore(account, site.policy, &site.request.history)),
            Step::Disconnect => (Kind::Disconnect, disconnect(entry, site.policy)),
            Step::Strip | Step::Delete | Step::Wait | Step::Nothing | Step::Hold => continue,
        };
        built.modify_account(site, (Stage::Status, kind), index, (entry, &entry.dn), service, modifications);
    }
}

fn mark(entry: &Entry, policy: &Policy, schema: &ServerSchema) -> Vec<Modification> {
    let mut modifications = Vec::new();
    for (description, wanted) in disable::writes(entry, policy) {
        modifications.extend(set(entry, description, &wanted));
        let name = description.attribute_type();
        let may_have_others = is_operational(schema.server(), name) && !schema.takes_one_value(name);
        if may_have_others && values_of(entry, description).next().is_none() {
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

/// The stamp of today, where there is none that says more.
fn stamp(
    built: &mut Built,
    site: &Site<'_>,
    (index, account): (usize, &Account),
    service: Option<&str>,
) -> Vec<Modification> {
    // Delegated Administrator marks by itself, but writes no date: where the policy wants one, a file does.
    let Some(stamp) = &site.policy.stamp else { return Vec::new() };
    let entry = &account.entry;
    let today = grace::stamp_value(stamp, service, site.request.as_of);
    if values_of(entry, &stamp.attribute).any(|value| value == today.as_bytes()) {
        return Vec::new();
    }
    // Left from an earlier life, or in no readable form.
    let stale = remove(entry, &stamp.attribute, |value| grace::is_stamp(stamp, service, value));
    let notes = grace::notes(entry, &stamp.attribute, stamp);
    if site.schema.takes_one_value(stamp.attribute.attribute_type())
        && let Some(note) = notes.first()
    {
        built.decision_items.push(DecisionItem {
            account: Some(index),
            code: "stamp-occupied",
            dn: entry.dn.raw_bytes().to_vec(),
            attribute: stamp.attribute.as_str().to_owned(),
            value: note.to_vec(),
            evidence: line_of(entry, &stamp.attribute),
        });
        return Vec::new();
    }
    let description = spelled(entry, &stamp.attribute);
    let add = Modification { op: ModOp::Add, description, values: vec![Value::new(today.as_bytes())] };
    stale.into_iter().chain([add]).collect()
}

fn line_of(entry: &Entry, description: &AttributeDescription) -> Origin {
    let known = entry.attributes.iter().find(|attribute| attribute.description == *description);
    let line = known.and_then(|attribute| attribute.values.first()).map_or(entry.origin.line, |value| value.line);
    Origin { line, ..entry.origin }
}

/// What an attribute gets back; `None` where nothing says.
#[expect(clippy::option_option, reason = "two questions: is it known, and was there a value")]
fn first_value(
    entry: &Entry,
    description: &AttributeDescription,
    policy: &Policy,
    history: &History,
) -> Option<Option<Vec<u8>>> {
    let named = policy.restore.replace.iter().find(|(known, _)| known == description);
    let removed = policy.restore.remove.contains(description);
    let past = || history.deleted_values(entry.dn.key(), description);
    match (named, removed) {
        (Some((_, value)), _) => Some(Some(value.clone())),
        (None, true) => Some(None),
        (None, false) => past().map(|values| values.first().map(|value| value.bytes.to_vec())),
    }
}

/// The first attribute of the mark that nothing says the earlier value of.
pub fn unknown_before(entry: &Entry, policy: &Policy, history: &History) -> Option<String> {
    let written = policy.disable.replace.iter().chain(&policy.disable.present);
    let disabled = written.filter(|(description, wanted)| {
        values_of(entry, description)
            .any(|value| crate::lifecycle::state::same_value(description.attribute_type(), value, wanted))
    });
    let mut unknown = disabled.filter(|(description, _)| first_value(entry, description, policy, history).is_none());
    unknown.next().map(|(description, _)| description.to_string())
}

fn restore(account: &Account, policy: &Policy, history: &History) -> Vec<Modification> {
    let entry = &account.entry;
    let mut modifications = Vec::new();
    for (description, wanted) in policy.disable.replace.iter().chain(&policy.disable.present) {
        let asks_for_removal =
            |value: &[u8]| crate::lifecycle::state::same_value(description.attribute_type(), value, wanted);
        if !values_of(entry, description).any(asks_for_removal) {
            continue;
        }
        match first_value(entry, description, policy, history) {
            Some(Some(value)) => modifications.extend(set(entry, description, &value)),
            Some(None) => modifications.extend(remove(entry, description, |_| true)),
            None => {}
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
        let names = std::iter::once(None).chain(policy.services.keys().map(|name| Some(name.as_str())));
        let names: Vec<Option<&str>> = names.collect();
        let any = |value: &[u8]| names.iter().any(|service| grace::is_stamp(stamp, *service, value));
        modifications.extend(remove(entry, &stamp.attribute, any));
    }
    modifications
}

fn disconnect(entry: &Entry, policy: &Policy) -> Vec<Modification> {
    let Some(blocking) = &policy.disconnect else { return Vec::new() };
    let description = spelled(entry, &blocking.attribute);
    vec![Modification { op: ModOp::Add, description, values: vec![Value::new(&blocking.value)] }]
}

/// The attribute that has no room for the stamp: it is single-valued, and its value is not a stamp.
pub fn occupied_stamp(entry: &Entry, policy: &Policy, schema: &ServerSchema) -> Option<String> {
    let stamp = policy.stamp.as_ref()?;
    let takes_one = schema.takes_one_value(stamp.attribute.attribute_type());
    let is_occupied = takes_one && !grace::notes(entry, &stamp.attribute, stamp).is_empty();
    is_occupied.then(|| stamp.attribute.as_str().to_owned())
}

/// The attribute that has no room for the blocking value.
pub fn without_room(entry: &Entry, policy: &Policy, schema: &ServerSchema) -> Option<String> {
    let attribute = &policy.disconnect.as_ref()?.attribute;
    let takes_one = schema.takes_one_value(attribute.attribute_type());
    (takes_one && values_of(entry, attribute).next().is_some()).then(|| attribute.as_str().to_owned())
}
