//! The state of an account and of its services, read from its entry alone.
//!
//! | what `[disable]` writes | every service released | state |
//! | --- | --- | --- |
//! | the entry lacks it, or a part of it | | active |
//! | the entry has it (`inetUserStatus: deleted`; bit 2 of userAccountControl) | no | disabled |
//! | the entry has it | yes | released |
//!
//! Services, as in Sun Communications (technical note 819-6839; Schema Reference 819-4437):
//!
//! | service class | service status | state of the service |
//! | --- | --- | --- |
//! | absent | absent | not assigned |
//! | present | absent | waiting: an absent status means active |
//! | | the released value (`removed`) | released |
//! | | the value that disables the service (`deleted`) | disabled |
//! | | any other | waiting |
//! | | several that differ | waiting, and the account is held |
//! | present, and the service is deleted with the entry (`csuser delete`) | | with the entry: nothing to wait for |
//!
//! Values are compared by the matching rule of their attribute, so `Deleted` equals `deleted`. An account has a service if
//! it has one of the service's classes or its status: an entry may have lost the class while a mailbox still exists.

use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::matches;
use crate::ldap::{AttributeDescription, Entry};
use crate::policy::{BitRule, Policy, ReleasePolicy, ServicePolicy};

/// The state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    /// Not disabled.
    Active,
    /// Disabled; at least one service is not released.
    Disabled,
    /// Disabled, and every service is released.
    Released,
}

impl State {
    /// Its word in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The state of one service of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ServiceState {
    /// The entry has neither the class nor the status.
    NotAssigned,
    /// The tool of the service has removed what the service held.
    Released,
    /// The service holds data, such as a mailbox.
    Waiting,
    /// The service holds data, and its status asks the tool to remove it.
    Disabled,
    /// What the service holds is deleted with the entry.
    WithEntry,
}

impl ServiceState {
    /// Its word in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A service of the policy, as one account has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountService {
    /// Its name in the policy: `mail` or `calendar`.
    pub name: String,
    /// Its state.
    pub state: ServiceState,
    /// The value of its status attribute, as in the export.
    pub status: Option<Vec<u8>>,
    /// Whether the policy counts the service as released if it was never assigned.
    pub unassigned_is_released: bool,
}

impl AccountService {
    /// Whether this service lets the entry be deleted.
    pub fn is_satisfied(&self) -> bool {
        match self.state {
            ServiceState::NotAssigned => self.unassigned_is_released,
            ServiceState::Released | ServiceState::WithEntry => true,
            ServiceState::Waiting | ServiceState::Disabled => false,
        }
    }
}

/// Reads the state of an account and of its services.
pub fn state(entry: &Entry, policy: &Policy) -> (State, Vec<AccountService>) {
    let services: Vec<AccountService> =
        policy.services.iter().map(|(name, rules)| service(entry, name, rules)).collect();
    let state = if !is_disabled(entry, policy) {
        State::Active
    } else if services.iter().all(AccountService::is_satisfied) {
        State::Released
    } else {
        State::Disabled
    };
    (state, services)
}

/// Whether an entry has everything that `[disable]` writes.
pub fn is_disabled(entry: &Entry, policy: &Policy) -> bool {
    is_disabled_where(policy, |description| {
        let same = entry.attributes.iter().filter(|attribute| attribute.description == *description);
        same.flat_map(|attribute| &attribute.values).map(|value| &*value.bytes).collect()
    })
}

/// Whether an entry has at least one of the values that `[disable]` writes.
///
/// An account may be disabled in part, such as one with the lock and its old shell. It may be unable to log in, so it
/// counts neither as an enabled member of a group nor as a successor, although [`is_disabled`] does not hold for it.
pub fn is_disabled_in_part(entry: &Entry, policy: &Policy) -> bool {
    let disable = &policy.disable;
    let has = |(description, wanted): &(AttributeDescription, Vec<u8>)| {
        values_of(entry, description).any(|value| same_value(description.attribute_type(), value, wanted))
    };
    let is_set = |(description, rule): &(AttributeDescription, BitRule)| {
        values_of(entry, description).filter_map(integer).any(|number| rule.sets_any(number))
    };
    disable.replace.iter().any(has) || disable.present.iter().any(has) || disable.bits.iter().any(is_set)
}

/// An attribute that should have one value, and has several that contradict each other: the status of a service with two
/// values, or an attribute that `[disable]` writes with that value and another one.
///
/// Values of an attribute have no order, so none of them is the one that counts.
pub fn contradictory_attribute<'p>(entry: &Entry, policy: &'p Policy) -> Option<&'p AttributeDescription> {
    let has_several = |description: &AttributeDescription| {
        let mut values = values_of(entry, description);
        let first = values.next();
        first.is_some_and(|first| values.any(|value| !same_value(description.attribute_type(), first, value)))
    };
    let statuses = policy.services.values().map(|rules| &rules.status);
    let disable = &policy.disable;
    let written = disable.replace.iter().chain(&disable.present).filter(|(description, wanted)| {
        values_of(entry, description).any(|value| same_value(description.attribute_type(), value, wanted))
    });
    statuses.chain(written.map(|(description, _)| description)).find(|description| has_several(description))
}

/// The attributes that show whether an entry is disabled: those that `[disable]` writes.
pub fn disable_attributes(policy: &Policy) -> impl Iterator<Item = &AttributeDescription> {
    let disable = &policy.disable;
    let written = disable.replace.iter().map(|(description, _)| description);
    let present = disable.present.iter().map(|(description, _)| description);
    written.chain(present).chain(disable.bits.iter().map(|(description, _)| description))
}

/// Whether `values`, which gives the values of an attribute, has everything that `[disable]` writes.
pub fn is_disabled_where<'v>(policy: &Policy, values: impl Fn(&AttributeDescription) -> Vec<&'v [u8]>) -> bool {
    let disable = &policy.disable;
    let is_only = |description: &AttributeDescription, values: &[&[u8]], wanted: &[u8]| {
        values.iter().all(|value| same_value(description.attribute_type(), value, wanted))
    };
    disable.replace.iter().all(|(description, wanted)| {
        let values = values(description);
        !values.is_empty() && is_only(description, &values, wanted)
    }) && disable.present.iter().all(|(description, wanted)| is_only(description, &values(description), wanted))
        && disable
            .bits
            .iter()
            .all(|(description, rule)| only_number(&values(description)).is_some_and(|number| rule.is_set(number)))
}

/// The value of an attribute as a number, if the attribute has one value and that value is a number.
pub fn number(entry: &Entry, description: &AttributeDescription) -> Option<i64> {
    only_number(&values_of(entry, description).collect::<Vec<_>>())
}

fn only_number(values: &[&[u8]]) -> Option<i64> {
    match values {
        [only] => integer(only),
        _ => None,
    }
}

fn integer(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn service(entry: &Entry, name: &str, rules: &ServicePolicy) -> AccountService {
    let statuses: Vec<&[u8]> = values_of(entry, &rules.status).collect();
    // Values have no order. Where they contradict each other, none of them decides: see `contradictory_attribute`.
    let status = statuses.iter().copied().min();
    let all = |says: &dyn Fn(&[u8]) -> bool| !statuses.is_empty() && statuses.iter().all(|value| says(value));
    let assigned = status.is_some() || rules.classes.iter().any(|class| entry.has_class(class));
    let asks_for_removal = |value: &[u8]| same_value(rules.status.attribute_type(), value, rules.disable.as_bytes());
    let state = if !assigned {
        ServiceState::NotAssigned
    } else if all(&|value| rules.says_released(value)) {
        ServiceState::Released
    } else if rules.release == ReleasePolicy::WithEntry {
        ServiceState::WithEntry
    } else if all(&asks_for_removal) {
        ServiceState::Disabled
    } else {
        ServiceState::Waiting
    };
    let status = status.map(<[u8]>::to_vec);
    AccountService { name: name.to_owned(), state, status, unassigned_is_released: rules.unassigned_is_released }
}

/// The values of exactly this attribute description, options included.
pub fn values_of<'e>(entry: &'e Entry, description: &'e AttributeDescription) -> impl Iterator<Item = &'e [u8]> {
    let same = move |attribute: &&crate::ldap::Attribute| attribute.description == *description;
    entry.attributes.iter().filter(same).flat_map(|attribute| &attribute.values).map(|value| &*value.bytes)
}

/// Whether two values of an attribute type are equal by its matching rule.
pub fn same_value(attribute_type: &str, a: &[u8], b: &[u8]) -> bool {
    matches(equality_rule(attribute_type), a, b)
}
