//! What is done with one account today.
//!
//! The tables are read from the top; the first row that applies decides.
//!
//! | action | condition | step | reason |
//! | --- | --- | --- | --- |
//! | | the account has the blocking value of `[disconnect]` | nothing | disconnected |
//! | | a `[veto]` or a veto list matches it | hold | vetoed |
//! | | it does not match `[accounts] provenance` | hold | made-by-hand |
//! | | no `[[rule]]` matches, or the first that matches refuses ([`rules`](super::rules)) | hold | no-rule, refused-by-rule |
//! | all but disconnect | an attribute has values that contradict each other ([`state`](super::state)) | hold | contradictory-values |
//! | restore | it is effective on a later day | wait | not-yet-effective |
//! | restore | in all other cases | see below | |
//! | requested by a person | a roster lists the account as active | hold | active-in-roster |
//! | requested by a roster | another roster of the same scope lists the account as active | nothing | active-in-roster |
//! | any but restore | a roster lists a similar key as active | hold | similar-key-active |
//! | every other action | it is effective on a later day | wait | not-yet-effective |
//! | disconnect | the policy has no `[disconnect]` | hold | no-disconnect |
//! | disconnect | its attribute is single-valued and has another value | hold | no-room |
//! | disconnect | in all other cases | disconnect | disconnect |
//! | delete, disable | see below | | |
//! | mail, calendar | see below | | |
//!
//! The actions delete and disable:
//!
//! | action | state | grace | services ([`service_outcome`](super::service_outcome)) | step | reason |
//! | --- | --- | --- | --- | --- | --- |
//! | delete | active | 0 days | none to wait for | delete | delete-at-once |
//! | both | active, and `[disable] bits` do not fit it | | | hold | not-disableable |
//! | delete | active; disabled by the change files ([`disable`](super::disable)) | 0 days | strip some | disable | disable-and-strip |
//! | both | active | | | disable | disable |
//! | both | disabled | no date, `[stamp] missing = "start"` | | stamp | stamp-started |
//! | disable | disabled | | | nothing | already-disabled |
//! | delete | disabled | | wait for some, strip none | wait | waiting-for-services |
//! | delete | disabled | until a day | strip some, or all released | wait | in-grace |
//! | delete | disabled | no stamp in the policy, or no date | strip some, or all released | hold | grace-without-stamp, grace-without-date |
//! | delete | disabled | over | strip some, wait for others | strip | strip |
//! | delete | disabled | over | all released | delete | delete |
//!
//! The actions mail and calendar, with which the account stays:
//!
//! | service | grace of the service | step | reason |
//! | --- | --- | --- | --- |
//! | not in the policy | | hold | no-such-service |
//! | never assigned | | nothing | service-not-assigned |
//! | deleted with the entry only | | hold | service-with-entry |
//! | waiting | | disable-service | disable-service |
//! | disabled | | wait | waiting-for-services |
//! | released | until a day | wait | in-grace |
//! | released | no stamp, no date | hold | grace-without-stamp, grace-without-date |
//! | released | over | strip | strip |
//!
//! The action restore:
//!
//! | account | step | reason |
//! | --- | --- | --- |
//! | active, no stamp, no service disabled | nothing | already-active |
//! | a service is released, so its data is deleted | hold | restore-after-release |
//! | disabled, and neither its stamp nor the history shows that a change set disabled it | hold | restore-disabled-before |
//! | in all other cases | restore | restore |

use jiff::civil::Date;

use super::disable::after_disable;
use super::grace::{DisabledSince, Grace, grace, stamps};
use super::history::History;
use super::reason::Reason;
use super::rules::{RuleVerdict, verdict};
use super::service_outcome::{ServiceOutcome, service_outcome};
use super::state::{AccountService, ServiceState, State, contradictory_attribute, number, state};
use crate::ldap::Entry;
use crate::ldap::filter::Truth;
use crate::leavers::Action;
use crate::policy::{BitRule, MissingStamp, Policy, Rule};

/// What the plan does with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Step {
    /// Sets the status that disables the account.
    Disable,
    /// Sets the status of a service to the value that asks its tool to remove what it holds.
    DisableService,
    /// Writes the date from which the grace counts to an account that is disabled already.
    Stamp,
    /// Removes the classes and attributes of released services; the account stays.
    Strip,
    /// Deletes the entry, the references to it, and what exists only for it.
    Delete,
    /// Sets the status back.
    Restore,
    /// Writes the blocking value; later plans do not change the account.
    Disconnect,
    /// Changes nothing yet: time must pass, or a tool must run first.
    Wait,
    /// Changes nothing: the account is as it should be.
    Nothing,
    /// Changes nothing: a person must decide.
    Hold,
}

impl Step {
    /// Its word in plan.json.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What is done with one account, and why.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is done.
    pub step: Step,
    /// Why.
    pub reason: Reason,
    /// The state of the account in the export.
    pub state: State,
    /// The services of the policy, with their state in this account.
    pub services: Vec<AccountService>,
    /// The action that is carried out: the requested one, as the rules allow it.
    pub action: Action,
    /// The index of the rule that applies.
    pub rule: Option<usize>,
    /// Since when the account is disabled, if that is known.
    pub disabled_since: Option<DisabledSince>,
    /// The first day on which it may be deleted or stripped, if that is known.
    pub due: Option<Date>,
}

impl Decision {
    /// The names of the services that are stripped.
    pub fn strip(&self) -> &[String] {
        match (&self.step, &self.reason) {
            (Step::Strip, Reason::Strip { strip, .. }) | (Step::Disable, Reason::DisableAndStrip { strip, .. }) => {
                strip
            }
            _ => &[],
        }
    }

    /// The service that is disabled or stripped while the account stays.
    pub fn service(&self) -> Option<&'static str> {
        self.action.service()
    }
}

/// What a decision depends on, in addition to the policy.
pub struct DecisionInput<'c> {
    /// The account.
    pub entry: &'c Entry,
    /// The requested action.
    pub action: Action,
    /// The day from which the request is effective; at once without one.
    pub effective: Option<Date>,
    /// The place in a veto list that names the account.
    pub veto: Option<&'c str>,
    /// A roster that lists the account as active, and the line.
    pub active_in: Option<(&'c str, u64)>,
    /// A roster that lists a key as active that is only similar to that of the account, and the line.
    pub maybe_active_in: Option<(&'c str, u64)>,
    /// Whether a roster requests this, not a person.
    pub asked_by_roster: bool,
    /// What earlier change sets did.
    pub history: &'c History,
    /// The day of the plan.
    pub as_of: Date,
}

/// Decides on one account.
pub fn decide(input: &DecisionInput<'_>, policy: &Policy) -> Decision {
    let (state, services) = state(input.entry, policy);
    let verdict = verdict(input.entry, input.action, &policy.rules);
    let (action, rule) = match verdict {
        RuleVerdict::Allowed { action, rule } => (action, rule),
        RuleVerdict::Refused { rule } => (input.action, Some(rule)),
        RuleVerdict::NoMatch => (input.action, None),
    };
    let grace = grace(input.entry, action.service(), policy, input.history, input.as_of);
    let since = match grace {
        Grace::Over(since) => since,
        Grace::Until(_, since) => Some(since),
        Grace::NoStamp | Grace::NoDate => None,
    };
    let (step, reason) = universal_rules(input, policy, &verdict).unwrap_or_else(|| match action {
        Action::Restore => restore(input, policy, state, &services),
        Action::Disconnect if policy.disconnect.is_none() => (Step::Hold, Reason::NoDisconnect),
        Action::Disconnect => (Step::Disconnect, Reason::Disconnect),
        Action::Mail => service("mail", &services, grace),
        Action::Calendar => service("calendar", &services, grace),
        Action::Delete | Action::Disable if state == State::Active => {
            active_account(input.entry, action, policy, &services)
        }
        Action::Delete | Action::Disable => disabled_account(input.entry, action, policy, &services, grace),
    });
    let due = match (step, grace) {
        (Step::Disable | Step::DisableService | Step::Stamp, _) if action != Action::Disable => {
            let days = action.service().map_or(policy.grace.days, |service| policy.grace.of_service(service));
            let days = if days == 0 { 0 } else { i64::from(days) + 1 };
            let dated = policy.stamp.is_some() || days == 0;
            let span = jiff::Span::new().try_days(days).and_then(|span| input.as_of.checked_add(span));
            span.ok().filter(|_| dated)
        }
        (Step::Wait, Grace::Until(day, _)) if state != State::Active || action.service().is_some() => Some(day),
        _ => None,
    };
    Decision { step, reason, state, services, action, rule, disabled_since: since, due }
}

/// The rows of the first table that apply to every action.
fn universal_rules(input: &DecisionInput<'_>, policy: &Policy, verdict: &RuleVerdict) -> Option<(Step, Reason)> {
    let entry = input.entry;
    if policy.has_blocking_value(entry) {
        return Some((Step::Nothing, Reason::Disconnected));
    }
    if let Some(veto) = policy.veto.why_itself(entry).or(input.veto) {
        return Some((Step::Hold, Reason::Vetoed(veto.to_owned())));
    }
    let provenance = policy.accounts.provenance.as_ref();
    if provenance.is_some_and(|filter| filter.evaluate(entry) != Truth::True) {
        return Some((Step::Hold, Reason::MadeByHand));
    }
    match verdict {
        RuleVerdict::Refused { rule } => {
            let action = policy.rules[*rule].action.name();
            return Some((Step::Hold, Reason::RefusedByRule(rule + 1, action)));
        }
        RuleVerdict::NoMatch => {
            let tried = policy.rules.iter().map(Rule::condition).collect();
            return Some((Step::Hold, Reason::NoRule(tried)));
        }
        RuleVerdict::Allowed { .. } => {}
    }
    let action = match verdict {
        RuleVerdict::Allowed { action, .. } => *action,
        RuleVerdict::Refused { .. } | RuleVerdict::NoMatch => input.action,
    };
    if action != Action::Disconnect
        && let Some(attribute) = contradictory_attribute(entry, policy)
    {
        return Some((Step::Hold, Reason::ContradictoryValues(attribute.to_string())));
    }
    // A roster that lists an account as active does not object to its restoration.
    let is_restored = action == Action::Restore;
    if let Some((roster, line)) = input.active_in.filter(|_| !is_restored) {
        let step = if input.asked_by_roster { Step::Nothing } else { Step::Hold };
        return Some((step, Reason::ActiveInRoster(roster.to_owned(), line)));
    }
    if let Some((roster, line)) = input.maybe_active_in {
        return Some((Step::Hold, Reason::SimilarKeyActive(roster.to_owned(), line)));
    }
    let later = input.effective.filter(|day| *day > input.as_of);
    later.map(|day| (Step::Wait, Reason::NotYetEffective(day)))
}

fn active_account(entry: &Entry, action: Action, policy: &Policy, services: &[AccountService]) -> (Step, Reason) {
    // If it were disabled today, it would be due today: planning twice on one day must not give two plans.
    let has_nothing_to_wait_for = policy.grace.days == 0 && service_outcome(services) == ServiceOutcome::DeleteEntry;
    if action == Action::Delete && has_nothing_to_wait_for {
        return (Step::Delete, Reason::DeleteAtOnce);
    }
    let fits =
        |(description, bits): &&(_, BitRule)| number(entry, description).is_some_and(|number| bits.covers(number));
    match policy.disable.bits.iter().find(|bits| !fits(bits)) {
        Some((attribute, _)) => (Step::Hold, Reason::NotDisableable(attribute.to_string())),
        None => (Step::Disable, disable_reason(entry, action, policy)),
    }
}

/// Why an active account is disabled, and which services are stripped in the same run: those that a second plan of the
/// same day would strip.
fn disable_reason(entry: &Entry, action: Action, policy: &Policy) -> Reason {
    if action == Action::Delete && policy.grace.days == 0 {
        let (state, services) = state(&after_disable(entry, policy), policy);
        if let (State::Disabled, ServiceOutcome::Strip { strip, waiting }) = (state, service_outcome(&services)) {
            return Reason::DisableAndStrip { strip, waiting };
        }
    }
    Reason::Disable
}

fn disabled_account(
    entry: &Entry,
    action: Action,
    policy: &Policy,
    services: &[AccountService],
    grace: Grace,
) -> (Step, Reason) {
    let starts = policy.stamp.as_ref().is_some_and(|stamp| {
        // If there is a stamp that cannot be read, a person must look at it.
        stamp.missing == MissingStamp::Start && stamps(entry, stamp, None).is_empty()
    });
    if grace == Grace::NoDate && starts {
        return (Step::Stamp, Reason::StampStarted);
    }
    match (action, service_outcome(services), grace) {
        (Action::Disable, ..) => (Step::Nothing, Reason::AlreadyDisabled),
        (_, ServiceOutcome::Wait(waiting), _) => (Step::Wait, Reason::WaitingForServices(waiting)),
        (_, _, Grace::Until(day, _)) => (Step::Wait, Reason::InGrace(day)),
        (_, _, Grace::NoStamp) => (Step::Hold, Reason::GraceWithoutStamp),
        (_, _, Grace::NoDate) => (Step::Hold, Reason::GraceWithoutDate),
        (_, ServiceOutcome::Strip { strip, waiting }, Grace::Over(_)) => {
            (Step::Strip, Reason::Strip { strip, waiting })
        }
        (_, ServiceOutcome::DeleteEntry, Grace::Over(_)) => (Step::Delete, Reason::Delete),
    }
}

fn service(name: &'static str, services: &[AccountService], grace: Grace) -> (Step, Reason) {
    let Some(service) = services.iter().find(|service| service.name == name) else {
        return (Step::Hold, Reason::NoSuchService(name));
    };
    match (service.state, grace) {
        (ServiceState::NotAssigned, _) => (Step::Nothing, Reason::ServiceNotAssigned(name)),
        (ServiceState::WithEntry, _) => (Step::Hold, Reason::ServiceWithEntry(name)),
        (ServiceState::Waiting, _) => (Step::DisableService, Reason::DisableService(name.to_owned())),
        (ServiceState::Disabled, _) => (Step::Wait, Reason::WaitingForServices(vec![name.to_owned()])),
        (ServiceState::Released, Grace::Until(day, _)) => (Step::Wait, Reason::InGrace(day)),
        (ServiceState::Released, Grace::NoStamp) => (Step::Hold, Reason::GraceWithoutStamp),
        (ServiceState::Released, Grace::NoDate) => (Step::Hold, Reason::GraceWithoutDate),
        (ServiceState::Released, Grace::Over(_)) => {
            (Step::Strip, Reason::Strip { strip: vec![name.to_owned()], waiting: Vec::new() })
        }
    }
}

/// Whether a change set disabled an account, as far as its stamp and the history show.
fn is_disabled_by_change_set(input: &DecisionInput<'_>, policy: &Policy, is_stamped: bool) -> bool {
    let key = input.entry.dn.key();
    if input.history.has_disabled(key) {
        return true;
    }
    // A change set that only wrote the stamp found the account disabled.
    let only_stamped = input.history.disabled(key, None).is_some();
    // With neither a stamp in the policy nor a history there is no evidence either way; then the list decides.
    let can_be_shown = policy.stamp.is_some() || !input.history.is_empty();
    !only_stamped && (is_stamped || !can_be_shown)
}

fn restore(input: &DecisionInput<'_>, policy: &Policy, state: State, services: &[AccountService]) -> (Step, Reason) {
    let in_state = |wanted: ServiceState| -> Vec<String> {
        services.iter().filter(|service| service.state == wanted).map(|service| service.name.clone()).collect()
    };
    let is_stamped = policy.stamp.as_ref().is_some_and(|stamp| !stamps(input.entry, stamp, None).is_empty());
    let released = in_state(ServiceState::Released);
    if state == State::Active && !is_stamped && in_state(ServiceState::Disabled).is_empty() {
        (Step::Nothing, Reason::AlreadyActive)
    } else if !released.is_empty() {
        (Step::Hold, Reason::RestoreAfterRelease(released))
    } else if state != State::Active && !is_disabled_by_change_set(input, policy, is_stamped) {
        (Step::Hold, Reason::RestoreDisabledBefore)
    } else {
        (Step::Restore, Reason::Restore)
    }
}

#[cfg(test)]
mod tests;
