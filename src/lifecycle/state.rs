//! Where an account stands, read from its entry alone.
//!
//! Sun Communications (technical note 819-6839; Schema Reference 819-4437):
//!
//! | status attribute of the account | every service released | state |
//! | --- | --- | --- |
//! | absent, or any other value than the mark | | active |
//! | the mark (`inetUserStatus: deleted`) | no | marked |
//! | the mark | yes | released |
//!
//! | service class | service status | service |
//! | --- | --- | --- |
//! | absent | | never assigned: nothing to wait for |
//! | present | absent | active: absent means active |
//! | present | the released value (`removed`) | released |
//! | present | any other | waiting |
//!
//! Values compare by their matching rule, so `Deleted` is `deleted`. A service is there if any of its classes is, or
//! its status: an entry may have lost the class and still hold a mailbox.

use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::matches;
use crate::ldap::{AttributeDescription, Entry};
use crate::policy::{Policy, ServicePolicy};

/// Where an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Not marked.
    Active,
    /// Marked; at least one service still holds something of its user.
    Marked,
    /// Marked, and every service has given up what it held.
    Released,
}

impl State {
    /// Its word in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Marked => "marked",
            Self::Released => "released",
        }
    }
}

/// How one service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Neither class nor status: nothing to wait for.
    NotAssigned,
    /// Its tool has removed what it held.
    Released,
    /// It still holds something.
    Waiting,
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
}

/// Reads the state of an account and of its services.
pub fn state(entry: &Entry, policy: &Policy) -> (State, Vec<Service>) {
    let services: Vec<Service> = policy.services.iter().map(|(name, rules)| service(entry, name, rules)).collect();
    let state = if !is_marked(entry, policy) {
        State::Active
    } else if services.iter().any(|service| service.state == ServiceState::Waiting) {
        State::Marked
    } else {
        State::Released
    };
    (state, services)
}

/// Whether every attribute that the policy sets to disable an account has its value already, and no other.
pub fn is_marked(entry: &Entry, policy: &Policy) -> bool {
    policy.disable.replace.iter().all(|(description, wanted)| {
        let mut values = values_of(entry, description).peekable();
        values.peek().is_some() && values.all(|value| same_value(description.attribute_type(), value, wanted))
    })
}

fn service(entry: &Entry, name: &str, rules: &ServicePolicy) -> Service {
    let status = values_of(entry, &rules.status).next();
    let assigned = status.is_some() || rules.classes.iter().any(|class| entry.has_class(class));
    let is_released = |value: &[u8]| same_value(rules.status.attribute_type(), value, rules.released.as_bytes());
    let state = match status {
        Some(value) if is_released(value) => ServiceState::Released,
        None if !assigned => ServiceState::NotAssigned,
        _ => ServiceState::Waiting,
    };
    Service { name: name.to_owned(), state, status: status.map(<[u8]>::to_vec) }
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
