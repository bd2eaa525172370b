//! What is done with one account today.
//!
//! Read from the top; the first row that holds decides.
//!
//! | asked for | when | step | reason |
//! | --- | --- | --- | --- |
//! | | it carries the blocking value of `[disconnect]` | nothing | disconnected |
//! | | a `[veto]` or a veto list names it | hold | vetoed |
//! | | it does not match `[accounts] provenance` | hold | made-by-hand |
//! | | no `[[rule]]` fits, or the first that fits refuses ([`rules`](super::rules)) | hold | no-rule, refused-by-rule |
//! | restore | | see below | |
//! | by a person | a roster says that it is active | hold | active-in-roster |
//! | by a roster | another roster of the same scope says that it is active | nothing | active-in-roster |
//! | from a later day on | | wait | not-yet-effective |
//! | disconnect | its attribute takes one value and has another | hold | no-room |
//! | disconnect | otherwise | disconnect | disconnect |
//! | delete, disable | see below | | |
//! | mail, calendar | see below | | |
//!
//! delete and disable:
//!
//! | asked for | state | grace | services ([`service_outcome`](super::service_outcome)) | step | reason |
//! | --- | --- | --- | --- | --- | --- |
//! | delete | active | 0 days | nothing to wait for | delete | delete-at-once |
//! | both | active, and `[disable] bits` do not fit it | | | hold | not-disableable |
//! | delete | active; disabled by the change files ([`disable`](super::disable)) | 0 days | strip some then | disable | disable-and-strip |
//! | both | active | | | disable | disable |
//! | both | disabled | no date, `[stamp] missing = "start"` | | stamp | stamp-started |
//! | disable | disabled | | | nothing | already-disabled |
//! | delete | disabled | | wait for some, strip none | wait | waiting-for-services |
//! | delete | disabled | until a day | strip some, or all released | wait | in-grace |
//! | delete | disabled | no stamp in the policy, or no date | strip some, or all released | hold | grace-without-stamp, grace-without-date |
//! | delete | disabled | over | strip some, wait for others | strip | strip |
//! | delete | disabled | over | all released | delete | delete |
//!
//! mail and calendar, the account stays:
//!
//! | service | grace of the service | step | reason |
//! | --- | --- | --- | --- |
//! | not in the policy | | hold | no-such-service |
//! | never assigned | | nothing | service-not-assigned |
//! | goes with the entry only | | hold | service-with-entry |
//! | waiting | | disable-service | disable-service |
//! | disabled | | wait | waiting-for-services |
//! | released | until a day | wait | in-grace |
//! | released | no stamp, no date | hold | grace-without-stamp, grace-without-date |
//! | released | over | strip | strip |
//!
//! restore:
//!
//! | account | step | reason |
//! | --- | --- | --- |
//! | active, no stamp, no service disabled | nothing | already-active |
//! | a service has been released: its mailbox is gone | hold | restore-after-release |
//! | disabled, and neither its stamp nor the history says that a change set disabled it | hold | restore-disabled-before |
//! | otherwise | restore | restore |

use std::fmt;

use jiff::civil::Date;

use super::disable::after_disable;
use super::grace::{DisabledSince, Grace, grace, stamps};
use super::history::History;
use super::rules::{Ruling, ruling};
use super::service_outcome::{ServiceOutcome, service_outcome};
use super::state::{Service, ServiceState, State, number, state};
use crate::ldap::Entry;
use crate::leavers::Action;
use crate::policy::{MissingStamp, Policy};

/// What the plan does with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its status is set.
    Disable,
    /// The status of a service is set.
    DisableService,
    /// It is disabled already, and gets the date from which its grace counts.
    Stamp,
    /// Services are taken off it; it stays.
    Strip,
    /// It is deleted, with everything that names or belongs to it.
    Delete,
    /// Its status is set back.
    Restore,
    /// It gets the blocking value and is never touched again.
    Disconnect,
    /// Nothing yet: something else must happen first, or time must pass.
    Wait,
    /// Nothing: it is as it should be.
    Nothing,
    /// Nothing: a person must decide.
    Hold,
}

impl Step {
    /// Its word in plan.json.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::DisableService => "disable-service",
            Self::Stamp => "stamp",
            Self::Strip => "strip",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Disconnect => "disconnect",
            Self::Wait => "wait",
            Self::Nothing => "nothing",
            Self::Hold => "hold",
        }
    }
}

/// Why, as a code and with what it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The account is active and is to be disabled.
    Disable,
    /// The account is active, and is disabled; with no days of grace, what is released already goes at once.
    DisableAndStrip {
        /// Services that are stripped.
        strip: Vec<String>,
        /// Services that are waited for before the entry goes.
        waiting: Vec<String>,
    },
    /// The service is to be removed from an account that stays.
    DisableService(String),
    /// The account is disabled and has no date: its grace begins today.
    StampStarted,
    /// The account is disabled already, and no more was asked for.
    AlreadyDisabled,
    /// Services still hold something of the user.
    WaitingForServices(Vec<String>),
    /// Released services go; the others are waited for.
    Strip {
        /// Services that are stripped.
        strip: Vec<String>,
        /// Services that are waited for before the entry goes, if it is to go.
        waiting: Vec<String>,
    },
    /// Disabled, released, and the grace is over.
    Delete,
    /// Active, but nothing is to be waited for: no service, no grace.
    DeleteAtOnce,
    /// The grace ends on this day.
    InGrace(Date),
    /// The policy asks for a grace and names no stamp.
    GraceWithoutStamp,
    /// The account carries no date that says when it was disabled.
    GraceWithoutDate,
    /// The leaver leaves on this day.
    NotYetEffective(Date),
    /// A veto holds: which.
    Vetoed(String),
    /// It was not provisioned: `[accounts] provenance` does not match.
    MadeByHand,
    /// A `[[rule]]` of the policy refuses what was asked for: its number from 1, and its action.
    RefusedByRule(usize, &'static str),
    /// No `[[rule]]` fits: the conditions of those that were tried.
    NoRule(Vec<String>),
    /// A roster says that it is active: which, and on which line.
    ActiveInRoster(String, u64),
    /// It carries the blocking value.
    Disconnected,
    /// It gets the blocking value.
    Disconnect,
    /// The policy has no `[disconnect]`.
    NoDisconnect,
    /// It is not one of the accounts that the policy's bits are for: the attribute.
    NotDisableable(String),
    /// The policy has no such service.
    NoSuchService(&'static str),
    /// The account never had the service.
    ServiceNotAssigned(&'static str),
    /// The service goes with the entry, not on its own.
    ServiceWithEntry(&'static str),
    /// It is brought back.
    Restore,
    /// Nothing is to be brought back.
    AlreadyActive,
    /// What these services held is gone.
    RestoreAfterRelease(Vec<String>),
    /// It is disabled, and nothing says that a change set disabled it.
    RestoreDisabledBefore,
    /// What was there before the mark is not known: the attribute.
    RestoreUnknown(String),
    /// The stamp attribute is single-valued and has another value: the attribute.
    StampOccupied(String),
    /// The attribute that the blocking value goes to takes one value, and has another.
    NoRoom(String),
    /// A group would lose its last member: which, and why it must keep one.
    LastMember(Vec<u8>, KeepsMember),
    /// A protected group would lose its last member that is enabled.
    LastEnabledMember(Vec<u8>),
    /// Nobody can take over what the account owns; why the manager cannot, if that is to be said.
    NoSuccessor(Vec<u8>, Option<&'static str>),
    /// An account that stays is below it.
    AccountBelow(Vec<u8>),
    /// A protected entry is below it.
    ProtectedBelow(Vec<u8>),
    /// Entries are below it that the policy does not count as its own.
    ChildrenBelow {
        /// The first of them.
        first: Vec<u8>,
        /// How many.
        count: usize,
    },
    /// The export does not show an operational attribute that the step depends on: the attribute.
    NotShown(String),
    /// It is acted on in another wave of the same plan.
    OtherWave,
}

/// Why a group must keep its last member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepsMember {
    /// `[references] last_member` asks for it.
    Policy,
    /// An object class of the group requires a member: which.
    Required(String),
    /// An object class of the group is not known, so it may require a member: which.
    UnknownClass(String),
    /// `last_member = "delete-group"`, but the group cannot be deleted: why.
    GroupStays(GroupStays),
}

/// Why a group is not deleted although it loses its last member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupStays {
    /// `[protect]` covers it.
    Protected,
    /// It has entries below it.
    EntriesBelow,
    /// Another attribute of it holds members that stay.
    OtherMembers,
}

impl fmt::Display for KeepsMember {
    /// What follows "it is the last member of the group".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => Ok(()),
            Self::Required(class) => write!(f, ", and the object class {class} requires a member"),
            Self::UnknownClass(class) => {
                write!(f, ", and the object class {class} is not known, so it may require a member")
            }
            Self::GroupStays(GroupStays::Protected) => f.write_str(", which is protected, so it is not deleted"),
            Self::GroupStays(GroupStays::EntriesBelow) => {
                f.write_str(", which has entries below it, so it is not deleted")
            }
            Self::GroupStays(GroupStays::OtherMembers) => {
                f.write_str(", whose other attributes still hold members, so it is not deleted")
            }
        }
    }
}

impl Reason {
    /// What would make another decision of it.
    pub fn to_change(&self) -> &'static str {
        match self {
            Self::Disable
            | Self::DisableAndStrip { .. }
            | Self::DisableService(_)
            | Self::StampStarted
            | Self::Disconnect => {
                "a veto, a roster that says active, another action in the list, or a [[rule]] that refuses"
            }
            Self::AlreadyDisabled => "the action delete instead of disable, or restore",
            Self::WaitingForServices(_) => {
                "the services' statuses saying removed, as their tools set them; or the action restore"
            }
            Self::Strip { .. } => "the other services' statuses saying removed: then the whole entry goes",
            Self::Delete | Self::DeleteAtOnce => {
                "a later date of the mark, more days of grace, a veto, or the action restore"
            }
            Self::InGrace(_) => "the day; or another date of the mark in the directory, or other days of [grace]",
            Self::GraceWithoutStamp => {
                "[stamp] in the policy, the change set that disabled it (--history), or days = 0"
            }
            Self::GraceWithoutDate => "a date in the stamp attribute, or the change set that disabled it (--history)",
            Self::NotYetEffective(_) => "the day; or another `effective` in the list",
            Self::Vetoed(_) => "taking it off the veto",
            Self::MadeByHand => "a value that [accounts] provenance looks for",
            Self::RefusedByRule(..) => "another action in the list, or in that [[rule]]",
            Self::NoRule(_) => "a [[rule]] that covers it",
            Self::ActiveInRoster(..) => "the roster saying that it has left",
            Self::Disconnected => "taking the blocking value away by hand",
            Self::NoDisconnect => "[disconnect] in the policy",
            Self::NotDisableable(_) => "other bits: it is not one of the accounts that may be disabled so",
            Self::NoSuchService(_) => "that service in the policy",
            Self::ServiceNotAssigned(_) => "an object class of the service",
            Self::ServiceWithEntry(_) => "the action delete: the service goes with the entry",
            Self::Restore => "another action in the list, or a roster that says it has left",
            Self::AlreadyActive => "a mark: there is nothing to bring back",
            Self::RestoreAfterRelease(_) => "a person: what the services held is gone, and must be set up again",
            Self::RestoreDisabledBefore => {
                "the change set that disabled it (--history); or enable it by hand, if that is meant"
            }
            Self::StampOccupied(_) => "that value removed, or another attribute in [stamp]",
            Self::NoRoom(_) => "that value gone, or another attribute in [disconnect]",
            Self::RestoreUnknown(_) => "[restore] for that attribute, or the change set that disabled it (--history)",
            Self::LastMember(_, KeepsMember::Policy) => "another member, or another [references] last_member",
            Self::LastMember(_, KeepsMember::Required(_)) => {
                "another member, or [references] last_member = \"successor\", \"placeholder:<dn>\" or \"delete-group\""
            }
            Self::LastMember(_, KeepsMember::UnknownClass(_)) => {
                "the schema of that class (--schema), another member, or another [references] last_member"
            }
            Self::LastMember(_, KeepsMember::GroupStays(_)) => "another member, or deleting the group by hand first",

            Self::LastEnabledMember(_) => "another member who can log in",
            Self::NoSuccessor(..) => "a successor in the list, a manager who stays, or [successor] fallback",
            Self::AccountBelow(_) => "that account moved away or deleted first",
            Self::ProtectedBelow(_) => "that entry moved away first, or taken off [protect]",
            Self::ChildrenBelow { .. } => {
                "[children] own with a filter that finds these entries, [children] other = \"delete\", or moving them away"
            }
            Self::NotShown(_) => "an export that shows operational attributes",
            Self::OtherWave => "the wave that it is in",
        }
    }

    /// The code in plan.json: stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::DisableAndStrip { .. } => "disable-and-strip",
            Self::DisableService(_) => "disable-service",
            Self::StampStarted => "stamp-started",
            Self::AlreadyDisabled => "already-disabled",
            Self::WaitingForServices(_) => "waiting-for-services",
            Self::Strip { .. } => "strip",
            Self::Delete => "delete",
            Self::DeleteAtOnce => "delete-at-once",
            Self::InGrace(_) => "in-grace",
            Self::GraceWithoutStamp => "grace-without-stamp",
            Self::GraceWithoutDate => "grace-without-date",
            Self::NotYetEffective(_) => "not-yet-effective",
            Self::Vetoed(_) => "vetoed",
            Self::MadeByHand => "made-by-hand",
            Self::RefusedByRule(..) => "refused-by-rule",
            Self::NoRule(_) => "no-rule",
            Self::ActiveInRoster(..) => "active-in-roster",
            Self::Disconnected => "disconnected",
            Self::Disconnect => "disconnect",
            Self::NoDisconnect => "no-disconnect",
            Self::NotDisableable(_) => "not-disableable",
            Self::NoSuchService(_) => "no-such-service",
            Self::ServiceNotAssigned(_) => "service-not-assigned",
            Self::ServiceWithEntry(_) => "service-with-entry",
            Self::Restore => "restore",
            Self::AlreadyActive => "already-active",
            Self::RestoreAfterRelease(_) => "restore-after-release",
            Self::RestoreUnknown(_) => "restore-unknown",
            Self::RestoreDisabledBefore => "restore-disabled-before",
            Self::StampOccupied(_) => "stamp-occupied",
            Self::NoRoom(_) => "no-room",
            Self::LastMember(..) => "last-member",
            Self::LastEnabledMember(_) => "last-enabled-member",
            Self::NoSuccessor(..) => "no-successor",
            Self::AccountBelow(_) => "account-below",
            Self::ProtectedBelow(_) => "protected-below",
            Self::ChildrenBelow { .. } => "children-below",
            Self::NotShown(_) => "not-shown",
            Self::OtherWave => "other-wave",
        }
    }

    /// One sentence. Names from the directory in it are raw: escape it before showing it.
    pub fn sentence(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Disable => "active: it is disabled now".to_owned(),
            Self::DisableAndStrip { strip, waiting } => format!(
                "active: it is disabled now; released by {}, which is stripped, the policy asking for no grace; not yet by: {}",
                strip.join(", "),
                waiting.join(", ")
            ),
            Self::DisableService(name) => format!("the service {name} is disabled for removal; the account stays"),
            Self::StampStarted => {
                "disabled already, but nothing says since when: it gets today's stamp, and its grace begins".to_owned()
            }
            Self::AlreadyDisabled => "disabled already".to_owned(),
            Self::WaitingForServices(names) => {
                format!("disabled; not yet released by: {}", names.join(", "))
            }
            Self::Strip { strip, waiting } if waiting.is_empty() => {
                format!("released by {}, which is stripped; the account stays", strip.join(", "))
            }
            Self::Strip { strip, waiting } => {
                format!("released by {}, which is stripped; not yet by: {}", strip.join(", "), waiting.join(", "))
            }
            Self::Delete => "disabled, every service released, grace over: it is deleted".to_owned(),
            Self::DeleteAtOnce => {
                "active, but no service holds anything and the policy asks for no grace: it is deleted".to_owned()
            }
            Self::InGrace(due) => format!("disabled and released; due on {due}"),
            Self::GraceWithoutStamp => {
                "disabled and released, but the policy asks for a grace ([grace] days) and names no \
                 [stamp] to read the date of the mark from; name one, give an earlier change set with --history, or set days = 0"
                    .to_owned()
            }
            Self::GraceWithoutDate => {
                "disabled and released, but nothing says since when: its stamp attribute holds no date that can be read"
                    .to_owned()
            }
            Self::NotYetEffective(day) => format!("leaves on {day}"),
            Self::Vetoed(which) => format!("a veto holds: {which}"),
            Self::MadeByHand => {
                "it does not match [accounts] provenance: made by hand, so it is never touched".to_owned()
            }
            Self::RefusedByRule(number, action) => {
                format!("[[rule]] {number} (action \"{action}\") does not allow what was asked for")
            }
            Self::NoRule(tried) => {
                format!("no [[rule]] covers it; tried: {}", tried.join("; "))
            }
            Self::ActiveInRoster(roster, line) => format!("the roster {roster} says that it is active (line {line})"),
            Self::Disconnected => "it carries the blocking value of [disconnect]: never touched".to_owned(),
            Self::Disconnect => "it gets the blocking value of [disconnect] and is left alone from then on".to_owned(),
            Self::NoDisconnect => "the policy has no [disconnect] to do it with".to_owned(),
            Self::NotDisableable(attribute) => format!(
                "its {attribute} is not that of an account which the policy disables this way ([disable] bits)"
            ),
            Self::NoSuchService(name) => format!("the policy has no [service.{name}]"),
            Self::ServiceNotAssigned(name) => format!("it does not have the service {name}"),
            Self::ServiceWithEntry(name) => format!("the service {name} goes with the entry, not on its own"),
            Self::Restore => "it is brought back".to_owned(),
            Self::AlreadyActive => "active already".to_owned(),
            Self::RestoreAfterRelease(names) => {
                format!("what it held is gone: {}; a person must set these services up again", names.join(", "))
            }
            Self::NoRoom(attribute) => {
                format!("{attribute} takes one value and has one: there is no room for what [disconnect] adds")
            }
            Self::RestoreDisabledBefore => "it is disabled, but neither a stamp nor the history says that a change set \
                 disabled it: a restore could enable an account that was disabled for another reason"
                .to_owned(),
            Self::StampOccupied(attribute) => {
                format!("disabled already, and no date can be written: {attribute} is single-valued and has a value")
            }
            Self::RestoreUnknown(attribute) => format!(
                "what {attribute} was before the mark is not known; name it under [restore], or give the change set \
                 that disabled it with --history"
            ),
            Self::LastMember(group, why) => format!("it is the last member of {}{why}", text(group)),
            Self::LastEnabledMember(group) => {
                format!("it is the last member of {} that is enabled ([protect] last_enabled)", text(group))
            }
            Self::NoSuccessor(entry, None) => format!("nobody can take over {}", text(entry)),
            Self::NoSuccessor(entry, Some(why)) => format!("nobody can take over {}: {why}", text(entry)),
            Self::AccountBelow(entry) => format!("the account {}, which stays, is below it", text(entry)),
            Self::ProtectedBelow(entry) => format!("the protected entry {} is below it", text(entry)),
            Self::ChildrenBelow { first, count: 1 } => {
                format!("an entry is below it that the policy does not count as its own: {}", text(first))
            }
            Self::ChildrenBelow { first, count } => format!(
                "{count} entries are below it that the policy does not count as its own, the first is {}",
                text(first)
            ),
            Self::NotShown(attribute) => format!(
                "its export does not show {attribute}, an operational attribute, so what the account has there is unknown"
            ),
            Self::OtherWave => "another wave acts on it".to_owned(),
        }
    }
}

/// What becomes of one account, and why.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is done.
    pub step: Step,
    /// Why.
    pub reason: Reason,
    /// Where the account stands.
    pub state: State,
    /// How its services stand.
    pub services: Vec<Service>,
    /// The action that counts: what was asked for, as the rules allow it.
    pub action: Action,
    /// The rule that counts, from 0.
    pub rule: Option<usize>,
    /// When it was disabled, if that is known.
    pub disabled_since: Option<DisabledSince>,
    /// The first day on which it may be deleted or stripped, if that is known.
    pub due: Option<Date>,
}

impl Decision {
    /// The services that are stripped.
    pub fn strip(&self) -> &[String] {
        match (&self.step, &self.reason) {
            (Step::Strip, Reason::Strip { strip, .. }) | (Step::Disable, Reason::DisableAndStrip { strip, .. }) => {
                strip
            }
            _ => &[],
        }
    }

    /// The service that is disabled or stripped on its own.
    pub fn service(&self) -> Option<&'static str> {
        service_of(self.action)
    }
}

/// The service that an action is about.
pub fn service_of(action: Action) -> Option<&'static str> {
    match action {
        Action::Mail => Some("mail"),
        Action::Calendar => Some("calendar"),
        _ => None,
    }
}

/// All that a decision rests on, next to the policy.
pub struct Case<'c> {
    /// The account.
    pub entry: &'c Entry,
    /// What is asked for.
    pub action: Action,
    /// From which day on.
    pub effective: Option<Date>,
    /// A veto list that names it: which.
    pub veto: Option<&'c str>,
    /// A roster that says it is active, and its line.
    pub active_in: Option<(&'c str, u64)>,
    /// A roster asks, not a person.
    pub asked_by_roster: bool,
    /// What earlier change sets did.
    pub history: &'c History,
    /// The day of the plan.
    pub as_of: Date,
}

/// Decides on one account.
pub fn decide(case: &Case<'_>, policy: &Policy) -> Decision {
    let (state, services) = state(case.entry, policy);
    let ruling = ruling(case.entry, case.action, &policy.rules);
    let (action, rule) = match ruling {
        Ruling::Do(action, rule) => (action, rule),
        Ruling::Refused(rule) => (case.action, Some(rule)),
        Ruling::Uncovered => (case.action, None),
    };
    let clock = grace(case.entry, service_of(action), policy, case.history, case.as_of);
    let since = match clock {
        Grace::Over(since) => since,
        Grace::Until(_, since) => Some(since),
        Grace::NoStamp | Grace::NoDate => None,
    };
    let (step, reason) = first(case, policy, &ruling).unwrap_or_else(|| match action {
        Action::Restore => restore(case, policy, state, &services),
        Action::Disconnect if policy.disconnect.is_none() => (Step::Hold, Reason::NoDisconnect),
        Action::Disconnect => (Step::Disconnect, Reason::Disconnect),
        Action::Mail => service("mail", &services, clock),
        Action::Calendar => service("calendar", &services, clock),
        Action::Delete | Action::Disable => account(case.entry, action, policy, state, &services, clock),
    });
    let due = match (step, clock) {
        (Step::Disable | Step::DisableService | Step::Stamp, _) if action != Action::Disable => {
            let days = service_of(action).map_or(policy.grace.days, |service| policy.grace.of_service(service));
            let days = if days == 0 { 0 } else { i64::from(days) + 1 };
            let dated = policy.stamp.is_some() || days == 0;
            let span = jiff::Span::new().try_days(days).and_then(|span| case.as_of.checked_add(span));
            span.ok().filter(|_| dated)
        }
        (Step::Wait, Grace::Until(day, _)) if state != State::Active || service_of(action).is_some() => Some(day),
        _ => None,
    };
    Decision { step, reason, state, services, action, rule, disabled_since: since, due }
}

/// The rows that hold whatever is asked for.
fn first(case: &Case<'_>, policy: &Policy, ruling: &Ruling) -> Option<(Step, Reason)> {
    let entry = case.entry;
    if policy.disconnect.as_ref().is_some_and(|blocking| {
        let same = |value: &[u8]| super::state::same_value(blocking.attribute.attribute_type(), value, &blocking.value);
        super::state::values_of(entry, &blocking.attribute).any(same)
    }) {
        return Some((Step::Nothing, Reason::Disconnected));
    }
    if let Some(veto) = policy.veto.why(entry).or(case.veto) {
        return Some((Step::Hold, Reason::Vetoed(veto.to_owned())));
    }
    let provenance = policy.accounts.provenance.as_ref();
    if provenance.is_some_and(|filter| filter.evaluate(entry) != crate::ldap::filter::Truth::True) {
        return Some((Step::Hold, Reason::MadeByHand));
    }
    match ruling {
        Ruling::Refused(rule) => {
            let action = policy.rules[*rule].action.name();
            return Some((Step::Hold, Reason::RefusedByRule(rule + 1, action)));
        }
        Ruling::Uncovered => {
            let tried = policy.rules.iter().map(crate::policy::Rule::condition).collect();
            return Some((Step::Hold, Reason::NoRule(tried)));
        }
        Ruling::Do(Action::Restore, _) => return None,
        Ruling::Do(..) => {}
    }
    if let Some((roster, line)) = case.active_in {
        let step = if case.asked_by_roster { Step::Nothing } else { Step::Hold };
        return Some((step, Reason::ActiveInRoster(roster.to_owned(), line)));
    }
    let later = case.effective.filter(|day| *day > case.as_of);
    later.map(|day| (Step::Wait, Reason::NotYetEffective(day)))
}

fn account(
    entry: &Entry,
    action: Action,
    policy: &Policy,
    state: State,
    services: &[Service],
    clock: Grace,
) -> (Step, Reason) {
    let outcome = service_outcome(services);
    if state == State::Active {
        // Disabled today, it would be due today: planning twice on one day must not give two plans.
        if action == Action::Delete && policy.grace.days == 0 && outcome == ServiceOutcome::Entry {
            return (Step::Delete, Reason::DeleteAtOnce);
        }
        let fits = |(description, bits): &&(_, crate::policy::BitRule)| {
            number(entry, description).is_some_and(|number| bits.covers(number))
        };
        return match policy.disable.bits.iter().find(|bits| !fits(bits)) {
            Some((attribute, _)) => (Step::Hold, Reason::NotDisableable(attribute.to_string())),
            None => (Step::Disable, marking(entry, action, policy)),
        };
    }
    let starts = policy.stamp.as_ref().is_some_and(|stamp| {
        // A stamp that is there and cannot be read is for a person.
        stamp.missing == MissingStamp::Start && stamps(entry, stamp, None).is_empty()
    });
    if clock == Grace::NoDate && starts {
        return (Step::Stamp, Reason::StampStarted);
    }
    match (action, outcome, clock) {
        (Action::Disable, ..) => (Step::Nothing, Reason::AlreadyDisabled),
        (_, ServiceOutcome::Hold(waiting), _) => (Step::Wait, Reason::WaitingForServices(waiting)),
        (_, _, Grace::Until(day, _)) => (Step::Wait, Reason::InGrace(day)),
        (_, _, Grace::NoStamp) => (Step::Hold, Reason::GraceWithoutStamp),
        (_, _, Grace::NoDate) => (Step::Hold, Reason::GraceWithoutDate),
        (_, ServiceOutcome::Strip { strip, waiting }, Grace::Over(_)) => {
            (Step::Strip, Reason::Strip { strip, waiting })
        }
        (_, ServiceOutcome::Entry, Grace::Over(_)) => (Step::Delete, Reason::Delete),
    }
}

/// Why an active account is disabled, and what is done along with it: what a plan of the same day would do next.
fn marking(entry: &Entry, action: Action, policy: &Policy) -> Reason {
    if action == Action::Delete && policy.grace.days == 0 {
        let (state, services) = state(&after_disable(entry, policy), policy);
        if let (State::Disabled, ServiceOutcome::Strip { strip, waiting }) = (state, service_outcome(&services)) {
            return Reason::DisableAndStrip { strip, waiting };
        }
    }
    Reason::Disable
}

fn service(name: &'static str, services: &[Service], clock: Grace) -> (Step, Reason) {
    let Some(service) = services.iter().find(|service| service.name == name) else {
        return (Step::Hold, Reason::NoSuchService(name));
    };
    match (service.state, clock) {
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
fn is_disabled_by_change_set(case: &Case<'_>, policy: &Policy, is_stamped: bool) -> bool {
    let key = case.entry.dn.key();
    if case.history.has_disabled(key) {
        return true;
    }
    // A change set that only wrote the stamp found the account disabled.
    let only_stamped = case.history.disabled(key, None).is_some();
    // Without a stamp in the policy and without history nothing could show it: the list decides.
    let can_be_shown = policy.stamp.is_some() || !case.history.is_empty();
    !only_stamped && (is_stamped || !can_be_shown)
}

fn restore(case: &Case<'_>, policy: &Policy, state: State, services: &[Service]) -> (Step, Reason) {
    let named = |wanted: ServiceState| -> Vec<String> {
        services.iter().filter(|service| service.state == wanted).map(|service| service.name.clone()).collect()
    };
    let stamped = policy.stamp.as_ref().is_some_and(|stamp| !stamps(case.entry, stamp, None).is_empty());
    let released = named(ServiceState::Released);
    if state == State::Active && !stamped && named(ServiceState::Disabled).is_empty() {
        (Step::Nothing, Reason::AlreadyActive)
    } else if !released.is_empty() {
        (Step::Hold, Reason::RestoreAfterRelease(released))
    } else if state != State::Active && !is_disabled_by_change_set(case, policy, stamped) {
        (Step::Hold, Reason::RestoreDisabledBefore)
    } else {
        (Step::Restore, Reason::Restore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Change, ChangeRecord, Dn, Origin, Value};
    use crate::lifecycle::history::Past;

    /// An account from lines `name: value`, split at `;`.
    fn account(lines: &str) -> Entry {
        let dn = Dn::parse(b"uid=a,ou=People,o=x").unwrap();
        let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
        for line in lines.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ").unwrap();
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// A case that only the list, the entry and the history are about.
    fn case<'a>(entry: &'a Entry, action: Action, history: &'a History) -> Case<'a> {
        Case {
            entry,
            action,
            effective: None,
            veto: None,
            active_in: None,
            asked_by_roster: false,
            history,
            as_of: date("2026-11-21"),
        }
    }

    /// `step reason`, and the day it is due.
    fn decided(entry: &Entry, action: Action, policy: &Policy, change: impl FnOnce(&mut Case<'_>)) -> String {
        let history = History::default();
        let mut case = case(entry, action, &history);
        change(&mut case);
        let decision = decide(&case, policy);
        let due = decision.due.map(|day| format!(" due {day}")).unwrap_or_default();
        format!("{} {}{due}", decision.step.name(), decision.reason.code())
    }

    const STAMPED: &str =
        "preset = \"sun-comms\"\n[stamp]\nattribute = \"description\"\nformat = \"left {{ as_of }}\"\n";
    const BOTH: &str = "objectClass: inetUser; objectClass: inetMailUser; objectClass: icsCalendarUser; ";

    /// What is asked for, the account (both services), days of grace, and what is done on 2026-11-21.
    #[test]
    fn delete_and_disable() {
        use Action::{Delete, Disable};
        for (asked, statuses, days, expected) in [
            (Delete, "inetUserStatus: active", 5, "disable disable due 2026-11-27"),
            (Delete, "", 5, "disable disable due 2026-11-27"),
            (Delete, "inetUserStatus: nonsense", 0, "disable disable due 2026-11-21"),
            (Delete, "mailUserStatus: removed", 0, "disable disable-and-strip due 2026-11-21"),
            (Delete, "mailUserStatus: removed", 5, "disable disable due 2026-11-27"),
            (Disable, "mailUserStatus: removed", 0, "disable disable"),
            (Disable, "inetUserStatus: Active", 5, "disable disable"),
            (Disable, "inetUserStatus: deleted", 5, "nothing already-disabled"),
            (
                Disable,
                "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed",
                0,
                "nothing already-disabled",
            ),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: deleted; icsStatus: active",
                0,
                "wait waiting-for-services",
            ),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: deleted; icsStatus: active; description: left 2026-11-20",
                5,
                "wait waiting-for-services due 2026-11-26",
            ),
            (Delete, "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: active", 0, "strip strip"),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: active",
                5,
                "hold grace-without-date",
            ),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: active; description: left 2026-11-20",
                5,
                "wait in-grace due 2026-11-26",
            ),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: active; description: left 2026-11-15",
                5,
                "strip strip",
            ),
            (Delete, "inetUserStatus: DELETED; mailUserStatus: Removed; icsStatus: removed", 0, "delete delete"),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed",
                5,
                "hold grace-without-date",
            ),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed; description: left 2026-11-16",
                5,
                "wait in-grace due 2026-11-22",
            ),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed; description: left 2026-11-15",
                5,
                "delete delete",
            ),
            (
                Delete,
                "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed; description: left soon",
                5,
                "hold grace-without-date",
            ),
            // A status without its mark is not a reason to delete, whatever the services say.
            (
                Delete,
                "inetUserStatus: active; mailUserStatus: removed; icsStatus: removed",
                5,
                "disable disable due 2026-11-27",
            ),
            (Delete, "inetUserStatus: active; mailUserStatus: removed; icsStatus: removed", 0, "delete delete-at-once"),
        ] {
            let policy = Policy::parse(&format!("{STAMPED}[grace]\ndays = {days}\n")).unwrap();
            let found = decided(&account(&format!("{BOTH}{statuses}")), asked, &policy, |_| {});
            assert_eq!(found, expected, "{asked:?} {statuses} {days}");
        }
    }

    /// The account stays; only its mail goes. 10 days of grace for mail.
    #[test]
    fn a_service_alone() {
        let policy = Policy::parse(&format!("{STAMPED}[grace]\ndays = 5\nmail = 10\n")).unwrap();
        for (lines, expected) in [
            ("objectClass: inetUser", "nothing service-not-assigned"),
            ("objectClass: inetMailUser", "disable-service disable-service due 2026-12-02"),
            ("objectClass: inetMailUser; mailUserStatus: active", "disable-service disable-service due 2026-12-02"),
            ("objectClass: inetMailUser; mailUserStatus: hold", "disable-service disable-service due 2026-12-02"),
            ("objectClass: inetMailUser; mailUserStatus: deleted", "wait waiting-for-services"),
            ("objectClass: inetMailUser; mailUserStatus: removed", "hold grace-without-date"),
            // The stamp of the account says nothing of the service.
            (
                "objectClass: inetMailUser; mailUserStatus: removed; description: left 2026-01-01",
                "hold grace-without-date",
            ),
            (
                "objectClass: inetMailUser; mailUserStatus: removed; description: mail left 2026-11-11",
                "wait in-grace due 2026-11-22",
            ),
            ("objectClass: inetMailUser; mailUserStatus: removed; description: mail left 2026-11-10", "strip strip"),
            (
                "objectClass: inetMailUser; inetUserStatus: deleted; mailUserStatus: removed; description: mail left 2026-11-10",
                "strip strip",
            ),
        ] {
            assert_eq!(decided(&account(lines), Action::Mail, &policy, |_| {}), expected, "{lines}");
        }
        let lines = "objectClass: icsCalendarUser; icsStatus: active";
        let calendar = Policy::parse("preset = \"sun-calendar\"\n").unwrap();
        assert_eq!(decided(&account(lines), Action::Calendar, &calendar, |_| {}), "hold service-with-entry");
        assert_eq!(decided(&account(lines), Action::Mail, &calendar, |_| {}), "hold no-such-service");
    }

    #[test]
    fn restore() {
        let policy = Policy::parse(STAMPED).unwrap();
        for (statuses, expected) in [
            ("inetUserStatus: active", "nothing already-active"),
            ("inetUserStatus: active; description: left 2026-11-01", "restore restore"),
            ("inetUserStatus: deleted; description: left 2026-11-01", "restore restore"),
            ("inetUserStatus: deleted", "hold restore-disabled-before"),
            ("inetUserStatus: active; mailUserStatus: deleted", "restore restore"),
            ("inetUserStatus: deleted; mailUserStatus: deleted", "hold restore-disabled-before"),
            ("inetUserStatus: deleted; mailUserStatus: removed", "hold restore-after-release"),
            ("inetUserStatus: deleted; icsStatus: removed", "hold restore-after-release"),
        ] {
            let found = decided(&account(&format!("{BOTH}{statuses}")), Action::Restore, &policy, |_| {});
            assert_eq!(found, expected, "{statuses}");
        }
    }

    /// What a change set did not disable, a restore does not enable.
    #[test]
    fn restore_of_what_was_disabled_before() {
        let record = ChangeRecord {
            dn: Dn::parse(b"uid=a,ou=People,o=x").unwrap(),
            controls: Vec::new(),
            change: Change::Modify(Vec::new()),
        };
        let without_stamp = "preset = \"sun-comms\"\n";
        for (policy, kind, stamp, expected) in [
            (STAMPED, Some("disable"), "", "restore restore"),
            (STAMPED, Some("disable"), "; description: left 2026-11-01", "restore restore"),
            // A change set that wrote the stamp alone found the account disabled.
            (STAMPED, Some("stamp"), "; description: left 2026-11-01", "hold restore-disabled-before"),
            (STAMPED, None, "; description: left 2026-11-01", "restore restore"),
            (STAMPED, None, "", "hold restore-disabled-before"),
            // Nothing could show it: the list decides.
            (without_stamp, None, "", "restore restore"),
            (without_stamp, Some("disable"), "", "restore restore"),
        ] {
            let policy = Policy::parse(policy).unwrap();
            let mut history = History::default();
            let past = kind.map(|kind| Past { kind, service: None, record: &record });
            history.add(date("2026-11-01"), past);
            let entry = account(&format!("{BOTH}inetUserStatus: deleted{stamp}"));
            let decision = decide(&case(&entry, Action::Restore, &history), &policy);
            let found = format!("{} {}", decision.step.name(), decision.reason.code());
            assert_eq!(found, expected, "{kind:?} {stamp}");
        }
    }

    /// Active Directory: the bits of userAccountControl, and `info` as the ILM article uses it.
    #[test]
    fn bits_and_dates() {
        for (missing, lines, expected) in [
            ("review", "userAccountControl: 512", "disable disable due 2027-02-20"),
            ("review", "userAccountControl: 66048", "disable disable due 2027-02-20"),
            ("review", "userAccountControl: 4096", "hold not-disableable"),
            ("review", "userAccountControl: 2560", "hold not-disableable"),
            ("review", "userAccountControl: 8704", "hold not-disableable"),
            ("review", "sAMAccountName: a", "hold not-disableable"),
            ("review", "userAccountControl: many", "hold not-disableable"),
            // The article's own code deletes at once what is disabled and has no date.
            ("review", "userAccountControl: 514", "hold grace-without-date"),
            ("start", "userAccountControl: 514", "stamp stamp-started due 2027-02-20"),
            ("review", "userAccountControl: 514; info: see ticket 4711", "hold grace-without-date"),
            ("review", "userAccountControl: 514; info: 23/08/2026 10:00:00", "hold grace-without-date"),
            ("review", "userAccountControl: 514; info: 2026-08-23", "wait in-grace due 2026-11-22"),
            ("review", "userAccountControl: 514; info: 2026-08-22", "delete delete"),
            // An administrator moved the date to give it more time.
            ("review", "userAccountControl: 514; info: 2026-11-20", "wait in-grace due 2027-02-19"),
            // Enabled again by hand, the date left behind: it begins again.
            ("review", "userAccountControl: 512; info: 2026-01-01", "disable disable due 2027-02-20"),
        ] {
            let text = format!("preset = \"active-directory\"\n[stamp]\nmissing = \"{missing}\"\n");
            let policy = Policy::parse(&text).unwrap();
            assert_eq!(decided(&account(lines), Action::Delete, &policy, |_| {}), expected, "{lines}");
        }
    }

    /// What comes before everything else, in this order.
    #[test]
    fn vetoes_rules_and_rosters() {
        let rules = "[[rule]]\nbase = \"ou=Staff,o=x\"\naction = \"disable\"\n\
                     [[rule]]\nfilter = \"(employeeType=student)\"\naction = \"refuse\"\n";
        let everything = format!(
            "{STAMPED}[accounts]\nprovenance = \"(l=here)\"\n[disconnect]\nattribute = \"title\"\nvalue = \"Unmanaged\"\n\
             [veto]\nfilter = \"(employeeType=held)\"\n{rules}"
        );
        let policy = Policy::parse(&everything).unwrap();
        for (lines, expected) in [
            ("title: UNMANAGED; employeeType: held", "nothing disconnected"),
            ("employeeType: held", "hold vetoed"),
            ("l: elsewhere", "hold made-by-hand"),
            ("l: here", "hold no-rule"),
            ("l: here; employeeType: student", "hold refused-by-rule"),
        ] {
            assert_eq!(decided(&account(lines), Action::Delete, &policy, |_| {}), expected, "{lines}");
            assert_eq!(decided(&account(lines), Action::Restore, &policy, |_| {}), expected, "{lines}");
        }
        let policy =
            Policy::parse(&format!("{STAMPED}[disconnect]\nattribute = \"title\"\nvalue = \"Unmanaged\"\n")).unwrap();
        let active = account("inetUserStatus: active");
        let with = |action, change: &dyn Fn(&mut Case<'_>)| decided(&active, action, &policy, |case| change(case));
        assert_eq!(with(Action::Delete, &|case| case.veto = Some("hold.txt, line 3")), "hold vetoed");
        assert_eq!(with(Action::Delete, &|case| case.active_in = Some(("hr", 7))), "hold active-in-roster");
        let by_roster = |case: &mut Case<'_>| {
            case.active_in = Some(("hr", 7));
            case.asked_by_roster = true;
        };
        assert_eq!(with(Action::Delete, &by_roster), "nothing active-in-roster");
        assert_eq!(with(Action::Delete, &|case| case.effective = Some(date("2026-11-22"))), "wait not-yet-effective");
        assert_eq!(
            with(Action::Delete, &|case| case.effective = Some(date("2026-11-21"))),
            "disable disable due 2026-11-27"
        );
        assert_eq!(with(Action::Disconnect, &|_| {}), "disconnect disconnect");
        let without = Policy::parse(STAMPED).unwrap();
        assert_eq!(decided(&active, Action::Disconnect, &without, |_| {}), "hold no-disconnect");
    }
}
