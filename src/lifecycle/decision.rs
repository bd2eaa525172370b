//! What is done with one account today.
//!
//! Read from the top; the first row that holds decides.
//!
//! | asked for | policy | state | grace | step | reason |
//! | --- | --- | --- | --- | --- | --- |
//! | | a `[veto]` holds | | | hold | vetoed |
//! | | the first rule that fits says `refuse` | | | hold | refused-by-rule |
//! | delete | the first rule that fits says `disable` | | | as for disable | |
//! | from a later day on | | | | wait | not-yet-effective |
//! | delete | | active, nothing to wait for | 0 days | purge | purge-at-once |
//! | delete, disable | | active | | mark | mark |
//! | disable | | marked, released | | nothing | already-marked |
//! | delete | | marked | | wait | waiting-for-services |
//! | delete | | released | over | purge | purge |
//! | delete | | released | until a day | wait | in-grace |
//! | delete | | released | no stamp in the policy | review | grace-without-stamp |
//! | delete | | released | no date in the entry | review | grace-without-date |

use jiff::civil::Date;

use super::grace::{Grace, grace};
use super::state::{Service, State, state};
use crate::ldap::Entry;
use crate::leavers::Action;
use crate::policy::{Policy, RuleAction};

/// What the plan does with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its status is set.
    Mark,
    /// It is deleted, with everything that names or belongs to it.
    Purge,
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
            Self::Mark => "mark",
            Self::Purge => "purge",
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
    Mark,
    /// The account is marked already, and no more was asked for.
    AlreadyMarked,
    /// Services still hold something of the user.
    WaitingForServices(Vec<String>),
    /// Marked, released, and the grace is over.
    Purge,
    /// Active, but nothing is to be waited for: no service, no grace.
    PurgeAtOnce,
    /// The grace ends on this day.
    InGrace(Date),
    /// The policy asks for a grace and names no stamp.
    GraceWithoutStamp,
    /// The account carries no date that says when it was marked.
    GraceWithoutDate,
    /// The leaver leaves on this day.
    NotYetEffective(Date),
    /// A `[veto]` of the policy holds.
    Vetoed,
    /// A `[[rule]]` of the policy refuses.
    RefusedByRule,
    /// A group would lose its last member.
    LastMember(Vec<u8>),
    /// Nobody can take over what the account owns.
    NoSuccessor(Vec<u8>),
    /// An account that stays stands below it.
    AccountBelow(Vec<u8>),
}

impl Reason {
    /// The code in plan.json: stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::AlreadyMarked => "already-marked",
            Self::WaitingForServices(_) => "waiting-for-services",
            Self::Purge => "purge",
            Self::PurgeAtOnce => "purge-at-once",
            Self::InGrace(_) => "in-grace",
            Self::GraceWithoutStamp => "grace-without-stamp",
            Self::GraceWithoutDate => "grace-without-date",
            Self::NotYetEffective(_) => "not-yet-effective",
            Self::Vetoed => "vetoed",
            Self::RefusedByRule => "refused-by-rule",
            Self::LastMember(_) => "last-member",
            Self::NoSuccessor(_) => "no-successor",
            Self::AccountBelow(_) => "account-below",
        }
    }

    /// One sentence. Names from the directory in it are raw: escape it before showing it.
    pub fn sentence(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Mark => "active: it is marked now".to_owned(),
            Self::AlreadyMarked => "marked already".to_owned(),
            Self::WaitingForServices(names) => {
                format!("marked; not yet released by: {}", names.join(", "))
            }
            Self::Purge => "marked, every service released, grace over: it is deleted".to_owned(),
            Self::PurgeAtOnce => {
                "active, but no service holds anything and the policy asks for no grace: it is deleted".to_owned()
            }
            Self::InGrace(due) => format!("marked and released; due on {due}"),
            Self::GraceWithoutStamp => {
                "marked and released, but the policy asks for a grace ([grace] days) and names no \
                 [stamp] to read the date of the mark from; name one, or set days = 0"
                    .to_owned()
            }
            Self::GraceWithoutDate => {
                "marked and released, but its stamp attribute holds no date that can be read".to_owned()
            }
            Self::NotYetEffective(day) => format!("leaves on {day}"),
            Self::Vetoed => "a [veto] of the policy holds".to_owned(),
            Self::RefusedByRule => "a [[rule]] of the policy refuses".to_owned(),
            Self::LastMember(group) => format!("it is the last member of {}", text(group)),
            Self::NoSuccessor(entry) => format!("nobody can take over {}", text(entry)),
            Self::AccountBelow(entry) => format!("{}, which stays, stands below it", text(entry)),
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
}

/// Decides on one account.
pub fn decide(entry: &Entry, action: Action, effective: Option<Date>, policy: &Policy, as_of: Date) -> Decision {
    let (state, services) = state(entry, policy);
    let (step, reason) = step(entry, action, effective, policy, as_of, &state, &services);
    Decision { step, reason, state, services }
}

fn step(
    entry: &Entry,
    action: Action,
    effective: Option<Date>,
    policy: &Policy,
    as_of: Date,
    state: &State,
    services: &[Service],
) -> (Step, Reason) {
    if policy.veto.holds_for(entry) {
        return (Step::Hold, Reason::Vetoed);
    }
    let rule = policy.rules.iter().find(|rule| rule.fits(entry));
    let action = match rule.map(|rule| rule.action) {
        Some(RuleAction::Refuse) => return (Step::Hold, Reason::RefusedByRule),
        Some(RuleAction::Disable) => Action::Disable,
        _ => action,
    };
    if let Some(day) = effective.filter(|day| *day > as_of) {
        return (Step::Wait, Reason::NotYetEffective(day));
    }
    let waiting = services.iter().filter(|service| service.state == super::ServiceState::Waiting);
    let waiting: Vec<String> = waiting.map(|service| service.name.clone()).collect();
    match (state, action) {
        // Marked today, it would be due today: planning twice on one day must not give two plans.
        (State::Active, Action::Delete) if policy.grace.days == 0 && waiting.is_empty() => {
            (Step::Purge, Reason::PurgeAtOnce)
        }
        (State::Active, _) => (Step::Mark, Reason::Mark),
        (_, Action::Disable) => (Step::Nothing, Reason::AlreadyMarked),
        (State::Marked, _) => (Step::Wait, Reason::WaitingForServices(waiting)),
        (State::Released, _) => match grace(entry, policy, as_of) {
            Grace::Over => (Step::Purge, Reason::Purge),
            Grace::Until(day) => (Step::Wait, Reason::InGrace(day)),
            Grace::NoStamp => (Step::Hold, Reason::GraceWithoutStamp),
            Grace::NoDate => (Step::Hold, Reason::GraceWithoutDate),
        },
    }
}
