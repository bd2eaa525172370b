//! The reasons of decisions: for each its code, a sentence that says why, and what to do to change the decision.
//!
//! The code is the name of the variant in kebab case (`NotYetEffective` is `not-yet-effective`). Codes are written to
//! plan.json and are stable. A new reason is a variant of [`Reason`] and an arm of `Reason::explanation`.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;

/// Why an account gets its step, with the facts that the sentence names.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Reason {
    /// The account is active and is to be disabled.
    Disable,
    /// The account is active and is disabled; without days of grace, released services are stripped in the same run.
    DisableAndStrip {
        /// The services that are stripped.
        strip: Vec<String>,
        /// The services that must be released before the entry is deleted.
        waiting: Vec<String>,
    },
    /// The service of this name is to be removed from an account that stays.
    DisableService(String),
    /// The account is disabled, and no date shows since when: its grace starts today.
    StampStarted,
    /// The account is disabled already, and nothing else was requested.
    AlreadyDisabled,
    /// These services are not released yet.
    WaitingForServices(Vec<String>),
    /// Released services are stripped; the account waits for the others.
    Strip {
        /// The services that are stripped.
        strip: Vec<String>,
        /// The services that must be released before the entry is deleted; empty if the account stays.
        waiting: Vec<String>,
    },
    /// The account is disabled, its services are released, and its grace is over.
    Delete,
    /// The account is active, but there is nothing to wait for: no service and no grace.
    DeleteAtOnce,
    /// The grace ends on this day.
    InGrace(Date),
    /// The policy has days of grace, but no stamp to read a date from.
    GraceWithoutStamp,
    /// No date shows since when the account is disabled.
    GraceWithoutDate,
    /// The request takes effect on this later day.
    NotYetEffective(Date),
    /// This veto matches the account.
    Vetoed(String),
    /// The account does not match `[accounts] provenance`.
    MadeByHand,
    /// A `[[rule]]` refuses the requested action: the number of the rule, from 1, and its action.
    RefusedByRule(usize, &'static str),
    /// No `[[rule]]` matches: the conditions of the rules.
    NoRule(Vec<String>),
    /// A roster lists the account as active: the roster and its line.
    ActiveInRoster(String, u64),
    /// A roster lists a key as active that is similar to that of the account: the roster and its line.
    SimilarKeyActive(String, u64),
    /// These lines of the lists ask different things for the account; line 0 is the command line.
    LeaversDisagree(Vec<u64>),
    /// This attribute should have one value, and has several that contradict each other.
    ContradictoryValues(String),
    /// The successor that the list names cannot take over: its name in the list, and why.
    SuccessorUnusable(String, &'static str),
    /// The account has the blocking value.
    Disconnected,
    /// The account gets the blocking value.
    Disconnect,
    /// The policy has no `[disconnect]`.
    NoDisconnect,
    /// The value of this attribute does not fit `[disable] bits`.
    NotDisableable(String),
    /// The policy does not have this service.
    NoSuchService(&'static str),
    /// The account does not have this service.
    ServiceNotAssigned(&'static str),
    /// This service is deleted with the entry only.
    ServiceWithEntry(&'static str),
    /// The account is restored.
    Restore,
    /// The account is active, so there is nothing to restore.
    AlreadyActive,
    /// These services are released: what they held is deleted.
    RestoreAfterRelease(Vec<String>),
    /// The account is disabled, and nothing shows that a change set disabled it.
    RestoreDisabledBefore,
    /// The value that this attribute had before the account was disabled is unknown.
    RestoreUnknown(String),
    /// This stamp attribute is single-valued and has another value.
    StampOccupied(String),
    /// This attribute of `[disconnect]` is single-valued and has another value.
    NoRoom(String),
    /// A group would lose its last member: the group, and why it must keep one.
    LastMember(Vec<u8>, KeepsMember),
    /// This protected group would lose its last enabled member.
    LastEnabledMember(Vec<u8>),
    /// No account can take over this entry; if it is known, why the manager cannot.
    NoSuccessor(Vec<u8>, Option<&'static str>),
    /// This account, which stays, is below it.
    AccountBelow(Vec<u8>),
    /// This protected entry is below it.
    ProtectedBelow(Vec<u8>),
    /// An entry that a veto holds is below it: the entry, and the veto.
    VetoedBelow(Vec<u8>, String),
    /// An entry that no plan may delete would be deleted with it: the entry, and why it is kept.
    DeletesKept(Vec<u8>, String),
    /// The server deletes this entry with it, and the entry has members that stay.
    ManagedEntryHasMembers(Vec<u8>),
    /// The server deletes an entry with it that has this entry below it.
    ManagedEntryHasEntriesBelow(Vec<u8>),
    /// Entries are below it that `[children] own` does not match.
    ChildrenBelow {
        /// The first of them.
        first: Vec<u8>,
        /// Their number.
        count: usize,
    },
    /// This entry, which appears more than once in the exports, names the account or belongs to it.
    RepeatedEntry(Vec<u8>),
    /// The export lacks this operational attribute, on which the step depends.
    NotShown(String),
    /// A command of another system is needed that cannot be written: why.
    NoCommand(String),
    /// Another wave of the same plan changes the account.
    OtherWave,
}

/// Why a group must keep its last member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepsMember {
    /// `[references] last_member = "refuse"`.
    Policy,
    /// This object class of the group requires a member.
    Required(String),
    /// The definition of this object class of the group is unknown, so it may require a member.
    UnknownClass(String),
    /// `last_member = "delete-group"`, but the group cannot be deleted.
    GroupStays(GroupStays),
}

/// Why a group that loses its last member cannot be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupStays {
    /// `[protect]` covers it.
    Protected,
    /// It has entries below it.
    EntriesBelow,
    /// It has members of other kinds, which stay.
    OtherMembers,
    /// It is an account itself.
    Account,
}

impl fmt::Display for KeepsMember {
    /// The clause that follows "it is the last member of GROUP".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => Ok(()),
            Self::Required(class) => write!(f, ", and the object class {class} requires a member"),
            Self::UnknownClass(class) => {
                write!(f, ", and the object class {class} is unknown, so it may require a member")
            }
            Self::GroupStays(GroupStays::Protected) => f.write_str(", which is protected, so it is not deleted"),
            Self::GroupStays(GroupStays::EntriesBelow) => {
                f.write_str(", which has entries below it, so it is not deleted")
            }
            Self::GroupStays(GroupStays::OtherMembers) => {
                f.write_str(", which has members of other kinds, so it is not deleted")
            }
            Self::GroupStays(GroupStays::Account) => f.write_str(", which is an account itself, so it is not deleted"),
        }
    }
}

/// What a reason says to a person.
struct Explanation {
    why: Cow<'static, str>,
    to_change: &'static str,
}

/// An [`Explanation`] of a fixed sentence or of a formatted one.
fn because(why: impl Into<Cow<'static, str>>, to_change: &'static str) -> Explanation {
    Explanation { why: why.into(), to_change }
}

impl Reason {
    /// The code in plan.json.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// Why, as one sentence without a full stop.
    ///
    /// It contains names as the directory has them: escape it before showing it.
    pub fn sentence(&self) -> String {
        self.explanation().why.into_owned()
    }

    /// What to do to get another decision: an imperative that completes "to change this: ".
    pub fn to_change(&self) -> &'static str {
        self.explanation().to_change
    }

    #[expect(clippy::too_many_lines, reason = "a table: one arm for each reason")]
    fn explanation(&self) -> Explanation {
        const NO_CHANGE: &str = "add a veto, list the account as active in a roster, change the action in the list, or \
                                 refuse the action with a [[rule]]";
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Disable => because("the account is active and is to be disabled", NO_CHANGE),
            Self::DisableAndStrip { strip, waiting } => because(
                format!(
                    "the account is active and is to be disabled; because [grace] days is 0, released services are \
                     stripped in the same run: {}; not released yet: {}",
                    strip.join(", "),
                    waiting.join(", ")
                ),
                NO_CHANGE,
            ),
            Self::DisableService(name) => because(
                format!("the service {name} is disabled, so that its tool removes what it holds; the account stays"),
                NO_CHANGE,
            ),
            Self::StampStarted => {
                because("the account is disabled, but nothing shows since when, so its grace starts today", NO_CHANGE)
            }
            Self::AlreadyDisabled => {
                because("the account is already disabled", "use the action delete or the action restore")
            }
            Self::WaitingForServices(names) => because(
                format!("disabled; not released yet: {}", names.join(", ")),
                "run the tools of these services, which set their status to released, or use the action restore",
            ),
            Self::Strip { strip, waiting } if waiting.is_empty() => because(
                format!("released: {}; the service is stripped, and the account stays", strip.join(", ")),
                "add a veto, change the action in the list, or give the service more days in [grace]",
            ),
            Self::Strip { strip, waiting } => because(
                format!("released and stripped now: {}; not released yet: {}", strip.join(", "), waiting.join(", ")),
                "wait until the other services are released; then the entry is deleted",
            ),
            Self::Delete => because(
                "the account is disabled, every service is released, and the grace is over",
                "write a later date into the stamp, raise [grace] days, add a veto, or use the action restore",
            ),
            Self::DeleteAtOnce => because(
                "the account is active, but no service holds data and [grace] days is 0",
                "raise [grace] days, add a veto, or use the action disable",
            ),
            Self::InGrace(due) => because(
                format!("disabled and released; due on {due}"),
                "wait until that date, write another date into the stamp, or change [grace] days",
            ),
            Self::GraceWithoutStamp => because(
                "disabled and released, but [grace] days needs the date when the account was disabled, and the policy \
                 has no [stamp] to read it from",
                "add [stamp] to the policy, pass the change set that disabled the account (--history), or set days = 0",
            ),
            Self::GraceWithoutDate => because(
                "disabled and released, but nothing shows since when: the stamp attribute has no date that can be read",
                "write a date into the stamp attribute, or pass the change set that disabled the account (--history)",
            ),
            Self::NotYetEffective(day) => because(
                format!("the account leaves on {day}"),
                "wait until that date, or change `effective` in the list",
            ),
            Self::Vetoed(which) => because(format!("a veto matches: {which}"), "remove the account from the veto"),
            Self::MadeByHand => because(
                "the account does not match [accounts] provenance: it was made by hand and is never changed",
                "give the account a value that [accounts] provenance matches",
            ),
            Self::RefusedByRule(number, action) => because(
                format!("[[rule]] {number} (action \"{action}\") does not allow the requested action"),
                "change the action in the list, or the action of that [[rule]]",
            ),
            Self::NoRule(tried) => because(
                format!("no [[rule]] matches the account; tried: {}", tried.join("; ")),
                "add a [[rule]] that matches the account",
            ),
            Self::ActiveInRoster(roster, line) => because(
                format!("the roster {roster} lists the account as active (line {line})"),
                "mark the account as left in the roster",
            ),
            Self::SimilarKeyActive(roster, line) => because(
                format!("the roster {roster} lists a similar key as active (line {line}), which may mean this account"),
                "write the key in the roster exactly as the directory has it",
            ),
            Self::LeaversDisagree(lines) => {
                let line = |line: &u64| if *line == 0 { "the command line".to_owned() } else { format!("line {line}") };
                let lines: Vec<String> = lines.iter().map(line).collect();
                because(
                    format!("the lists ask different things for the same account: {}", lines.join(", ")),
                    "keep one of these lines",
                )
            }
            Self::ContradictoryValues(attribute) => because(
                format!("{attribute} has several values that contradict each other"),
                "leave one value of that attribute, and export again",
            ),
            Self::SuccessorUnusable(name, why) => because(
                format!("the list names the successor {name}, but {why}"),
                "correct the successor in the list, or leave it empty so that [successor] decides",
            ),
            Self::Disconnected => because(
                "the account has the blocking value of [disconnect], so it is never changed",
                "remove the blocking value by hand",
            ),
            Self::Disconnect => because(
                "the account gets the blocking value of [disconnect] and is never changed after that",
                NO_CHANGE,
            ),
            Self::NoDisconnect => because("the policy has no [disconnect]", "add [disconnect] to the policy"),
            Self::NotDisableable(attribute) => because(
                format!("the value of {attribute} does not fit [disable] bits"),
                "use different bits in [disable]; this kind of account cannot be disabled this way",
            ),
            Self::NoSuchService(name) => {
                because(format!("the policy has no [service.{name}]"), "add that section to the policy")
            }
            Self::ServiceNotAssigned(name) => because(
                format!("the account does not have the service {name}"),
                "give the account an object class of the service",
            ),
            Self::ServiceWithEntry(name) => because(
                format!("the service {name} is deleted with the entry, not separately"),
                "use the action delete",
            ),
            Self::Restore => because(
                "a restore is requested",
                "change the action in the list, or mark the account as left in a roster",
            ),
            Self::AlreadyActive => {
                because("the account is already active", "disable the account first; now there is nothing to restore")
            }
            Self::RestoreAfterRelease(names) => because(
                format!("already released, so what these services held is deleted: {}", names.join(", ")),
                "set up these services again by hand",
            ),
            Self::RestoreDisabledBefore => because(
                "the account is disabled, but neither a stamp nor the history shows that a change set disabled it; a \
                 restore could enable an account that was disabled for another reason",
                "pass the change set that disabled the account (--history), or enable it by hand",
            ),
            Self::RestoreUnknown(attribute) => because(
                format!("the value of {attribute} before the account was disabled is unknown"),
                "name the attribute under [restore], or pass the change set that disabled the account (--history)",
            ),
            Self::StampOccupied(attribute) => because(
                format!("already disabled, and no date can be written: {attribute} is single-valued and already set"),
                "remove that value, or name another attribute in [stamp]",
            ),
            Self::NoRoom(attribute) => because(
                format!("{attribute} is single-valued and already set, so [disconnect] cannot add a value"),
                "remove that value, or name another attribute in [disconnect]",
            ),
            Self::LastMember(group, why) => because(
                format!("it is the last member of {}{why}", text(group)),
                match why {
                    KeepsMember::Policy => "add another member, or change [references] last_member",
                    KeepsMember::Required(_) => {
                        "add another member, or set [references] last_member to \"successor\", \"placeholder:<dn>\" or \
                         \"delete-group\""
                    }
                    KeepsMember::UnknownClass(_) => {
                        "pass the schema of that class (--schema), add another member, or change [references] last_member"
                    }
                    KeepsMember::GroupStays(_) => "add another member, or delete the group by hand first",
                },
            ),
            Self::LastEnabledMember(group) => because(
                format!("it is the last enabled member of {} ([protect] last_enabled)", text(group)),
                "add another member that can log in",
            ),
            Self::NoSuccessor(entry, why) => because(
                match why {
                    None => format!("no account can take over {}", text(entry)),
                    Some(why) => format!("no account can take over {}: {why}", text(entry)),
                },
                "name a successor in the list, set a manager who stays, or set [successor] fallback",
            ),
            Self::AccountBelow(entry) => because(
                format!("the account {}, which stays, is below it", text(entry)),
                "move or delete that account first",
            ),
            Self::ProtectedBelow(entry) => because(
                format!("the protected entry {} is below it", text(entry)),
                "move that entry first, or remove it from [protect]",
            ),
            Self::VetoedBelow(entry, veto) => because(
                format!("{} is below it, and a veto matches that entry: {veto}", text(entry)),
                "move that entry first, or remove it from the veto",
            ),
            Self::DeletesKept(entry, why) => because(
                format!("{} would be deleted with it, but {why}", text(entry)),
                "change that entry by hand first, or remove it from [protect] or the veto",
            ),
            Self::ManagedEntryHasMembers(entry) => because(
                format!("the server would delete {} with it, which has members that stay", text(entry)),
                "move these members to another group first",
            ),
            Self::ManagedEntryHasEntriesBelow(entry) => because(
                format!("the server would delete an entry with it that has {} below it", text(entry)),
                "move or delete the entry below it first",
            ),
            Self::ChildrenBelow { first, count } => because(
                if *count == 1 {
                    format!("an entry is below it that [children] own does not match: {}", text(first))
                } else {
                    format!(
                        "{count} entries are below it that [children] own does not match; the first is {}",
                        text(first)
                    )
                },
                "match these entries with [children] own, set [children] other = \"delete\", or move them",
            ),
            Self::RepeatedEntry(entry) => because(
                format!(
                    "{} appears more than once in the exports, and names the account or belongs to it",
                    text(entry)
                ),
                "give exports that contain the entry only once",
            ),
            Self::NotShown(attribute) => because(
                format!(
                    "the export lacks the operational attribute {attribute}, so its value in the account is unknown"
                ),
                "export again with operational attributes",
            ),
            Self::NoCommand(why) => because(
                format!("the runbook needs a command of another system, which cannot be written: {why}"),
                "give the account an unambiguous value, pass the change set that moved it (--history), or run the command by \
                 hand and use [directory] tools = \"ldap\"",
            ),
            Self::OtherWave => because("another wave of this plan changes it", "run the wave that it is in"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_names_in_kebab_case() {
        let day = Date::constant(2026, 11, 21);
        for (reason, code) in [
            (Reason::Disable, "disable"),
            (Reason::DisableAndStrip { strip: Vec::new(), waiting: Vec::new() }, "disable-and-strip"),
            (Reason::InGrace(day), "in-grace"),
            (Reason::NotYetEffective(day), "not-yet-effective"),
            (Reason::RefusedByRule(1, "refuse"), "refused-by-rule"),
            (Reason::LastMember(Vec::new(), KeepsMember::Policy), "last-member"),
            (Reason::ChildrenBelow { first: Vec::new(), count: 2 }, "children-below"),
            (Reason::RepeatedEntry(Vec::new()), "repeated-entry"),
        ] {
            assert_eq!(reason.code(), code);
        }
    }
}
