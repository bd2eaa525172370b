//! Where an account stands, read from its entry alone.
//!
//! | what `[disable]` writes to the account | every service released | state |
//! | --- | --- | --- |
//! | is there in part or not at all | | active |
//! | is there (`inetUserStatus: deleted`; bit 2 of userAccountControl) | no | disabled |
//! | is there | yes | released |
//!
//! Services, as Sun Communications knows them (technical note 819-6839; Schema Reference 819-4437):
//!
//! | service class | service status | service |
//! | --- | --- | --- |
//! | absent | absent | never assigned |
//! | present | absent | waiting: absent means active |
//! | | the released value (`removed`) | released |
//! | | any other | waiting; disabled if it is the mark (`deleted`) |
//! | present, and it goes with the entry (`csuser delete`) | | nothing to wait for |
//!
//! Values compare by their matching rule, so `Deleted` is `deleted`. A service is there if any of its classes is, or
//! its status: an entry may have lost the class and still hold a mailbox.

use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::matches;
use crate::ldap::{AttributeDescription, Entry};
use crate::policy::{Policy, ReleasePolicy, ServicePolicy};

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not disabled.
    Active,
    /// Disabled; at least one service still holds something of its user.
    Disabled,
    /// Disabled, and every service has given up what it held.
    Released,
}

impl State {
    /// Its word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Released => "released",
        }
    }
}

/// How one service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Neither class nor status.
    NotAssigned,
    /// Its tool has removed what it held.
    Released,
    /// It still holds something.
    Waiting,
    /// It still holds something, and the status asks its tool to remove it.
    Disabled,
    /// What it holds goes with the entry.
    WithEntry,
}

impl ServiceState {
    /// Its word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAssigned => "not-assigned",
            Self::Released => "released",
            Self::Waiting => "waiting",
            Self::Disabled => "disabled",
            Self::WithEntry => "with-entry",
        }
    }
}

/// A service of the policy, seen on one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in the policy: `mail`, `calendar`.
    pub name: String,
    /// How it stands.
    pub state: ServiceState,
    /// Its status as written, if there is one.
    pub status: Option<Vec<u8>>,
    /// The policy counts it as released where it was never assigned.
    pub unassigned_is_released: bool,
}

impl Service {
    /// Whether an entry may be deleted as far as this service goes.
    pub fn is_satisfied(&self) -> bool {
        match self.state {
            ServiceState::NotAssigned => self.unassigned_is_released,
            ServiceState::Released | ServiceState::WithEntry => true,
            ServiceState::Waiting | ServiceState::Disabled => false,
        }
    }
}

/// Reads the state of an account and of its services.
pub fn state(entry: &Entry, policy: &Policy) -> (State, Vec<Service>) {
    let services: Vec<Service> = policy.services.iter().map(|(name, rules)| service(entry, name, rules)).collect();
    let state = if !is_disabled(entry, policy) {
        State::Active
    } else if services.iter().all(Service::is_satisfied) {
        State::Released
    } else {
        State::Disabled
    };
    (state, services)
}

/// Whether everything that `[disable]` writes is in an entry.
pub fn is_disabled(entry: &Entry, policy: &Policy) -> bool {
    is_disabled_where(policy, |description| {
        let same = entry.attributes.iter().filter(|attribute| attribute.description == *description);
        same.flat_map(|attribute| &attribute.values).map(|value| &*value.bytes).collect()
    })
}

/// The attributes that tell whether an entry is disabled.
pub fn marking(policy: &Policy) -> impl Iterator<Item = &AttributeDescription> {
    let disable = &policy.disable;
    let written = disable.replace.iter().map(|(description, _)| description);
    let present = disable.present.iter().map(|(description, _)| description);
    written.chain(present).chain(disable.bits.iter().map(|(description, _)| description))
}

/// Whether everything that `[disable]` writes stands where these values do.
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

/// The number that an attribute holds, if it holds one value and that is a number.
pub fn number(entry: &Entry, description: &AttributeDescription) -> Option<i64> {
    only_number(&values_of(entry, description).collect::<Vec<_>>())
}

fn only_number(values: &[&[u8]]) -> Option<i64> {
    match values {
        [only] => std::str::from_utf8(only).ok()?.parse().ok(),
        _ => None,
    }
}

fn service(entry: &Entry, name: &str, rules: &ServicePolicy) -> Service {
    let status = values_of(entry, &rules.status).next();
    let assigned = status.is_some() || rules.classes.iter().any(|class| entry.has_class(class));
    let asks_for_removal = |value| same_value(rules.status.attribute_type(), value, rules.disable.as_bytes());
    let state = if !assigned {
        ServiceState::NotAssigned
    } else if status.is_some_and(|value| rules.says_released(value)) {
        ServiceState::Released
    } else if rules.release == ReleasePolicy::WithEntry {
        ServiceState::WithEntry
    } else if status.is_some_and(asks_for_removal) {
        ServiceState::Disabled
    } else {
        ServiceState::Waiting
    };
    let status = status.map(<[u8]>::to_vec);
    Service { name: name.to_owned(), state, status, unassigned_is_released: rules.unassigned_is_released }
}

/// The values of exactly this description.
pub fn values_of<'e>(entry: &'e Entry, description: &'e AttributeDescription) -> impl Iterator<Item = &'e [u8]> {
    let same = move |attribute: &&crate::ldap::Attribute| attribute.description == *description;
    entry.attributes.iter().filter(same).flat_map(|attribute| &attribute.values).map(|value| &*value.bytes)
}

/// Whether two values of an attribute type are the same by its matching rule.
pub fn same_value(attribute_type: &str, a: &[u8], b: &[u8]) -> bool {
    matches(equality_rule(attribute_type), a, b)
}
