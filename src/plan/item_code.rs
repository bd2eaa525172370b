//! The codes of decision items: for each, what was found, what to do, and how the item can be answered. One table.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// How a decision item can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Answer {
    /// The value is removed.
    Remove,
    /// The value names the successor from now on.
    Reassign,
    /// Nothing is changed.
    Leave,
    /// The entry is deleted.
    Delete,
    /// The account is held.
    Hold,
    /// The services are stripped.
    Strip,
}

/// What a decision item is about: stable, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum ItemCode {
    /// A value has the `cn` of the leaver in the place of the account's RDN.
    NearMiss,
    /// The policy leaves this reference for review.
    Reference,
    /// `[protect]` covers the entry with the reference.
    InProtectedEntry,
    /// 389 DS keeps the entry with the reference.
    InManagedEntry,
    /// A URL, a filter or an access rule names the account.
    Mention,
    /// A URL, a filter or an access rule names an account that is moved.
    MovedMention,
    /// A user name is written in another case.
    UidInAnotherCase,
    /// Another account has the same user name or address.
    ReferenceUnclear,
    /// The last value of an attribute that allows everything without one.
    WouldOpen,
    /// No successor has a mail address.
    NoAddressToPassTo,
    /// The private group of the account.
    PrivateGroup,
    /// An address book without an owner, of a domain without accounts.
    OrphanOfUnknownDomain,
    /// A pointer to an address book that the exports lack.
    AddressBookMissing,
    /// An address book that may be that of another account.
    AddressBookAmbiguous,
    /// The single-valued stamp attribute holds a note.
    StampOccupied,
    /// Another entry has the name that a moved account would get.
    MoveCollision,
    /// Another account is below one that should be moved.
    MoveAccountBelow,
    /// A restored account stays in the container of disabled ones.
    RestoreNotMoved,
    /// The exports lack the container that accounts are moved to.
    MoveNoContainer,
    /// A stripped class is structural.
    StructuralClass,
    /// The successor in the list matches no account.
    SuccessorUnknown,
    /// The successor in the list matches several accounts.
    SuccessorAmbiguous,
    /// The successor in the list leaves or is disabled.
    SuccessorLeaves,
    /// The exports lack the policy's fallback.
    FallbackUnknown,
    /// The policy's fallback leaves or is disabled.
    FallbackLeaves,
    /// The exports lack the manager.
    ManagerUnknown,
    /// A veto matches no account.
    VetoUnmatched,
    /// A roster lists a disabled account as active.
    ActiveButDisabled,
    /// Several accounts have the key of a roster's row.
    RosterKeyAmbiguous,
    /// A status in a roster is unknown to the policy.
    RosterStatusUnknown,
    /// An account has no value that a roster could list it by.
    RosterKeyMissing,
    /// No roster lists an account.
    AbsentFromRoster,
    /// A pointer to an address book that is not below the policy's suffix.
    UnreadablePointer,
}

/// What reports say of a code.
struct Description {
    sentence: &'static str,
    advice: &'static str,
    answers: &'static [Answer],
}

impl ItemCode {
    /// The code in plan.json.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What was found: what follows "`attribute` of `entry` is `value`:".
    pub fn sentence(self) -> &'static str {
        self.description().sentence
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        self.description().advice
    }

    /// The answers that the item offers, the first of them the usual one.
    pub fn answers(self) -> &'static [Answer] {
        self.description().answers
    }

    #[expect(clippy::too_many_lines, reason = "one table")]
    fn description(self) -> Description {
        use Answer::{Delete, Hold, Leave, Reassign, Remove, Strip};
        let row = |sentence, advice, answers| Description { sentence, advice, answers };
        match self {
            Self::NearMiss => row(
                "it matches no entry, but has the leaver's cn in the place of the account's name",
                "decide whether it means the leaver",
                &[Remove, Reassign, Leave, Hold],
            ),
            Self::Reference => row(
                "it names the leaver, and the policy leaves it for review",
                "choose the new value",
                &[Remove, Reassign, Leave, Hold],
            ),
            Self::InProtectedEntry => row(
                "it names the leaver, but the policy protects the entry",
                "change the entry by hand",
                &[Leave, Hold],
            ),
            Self::InManagedEntry => row(
                "it names the leaver, but the server's Managed Entries plug-in maintains the entry",
                "change the entry by hand",
                &[Leave, Hold],
            ),
            Self::Mention => row("the value mentions the leaver", "edit it by hand, or leave it", &[Leave, Hold]),
            Self::MovedMention => row(
                "the account is moved, and the value mentions it by its old name",
                "edit it by hand, or leave it",
                &[Leave, Hold],
            ),
            Self::UidInAnotherCase => row(
                "it is the leaver's user name in another case, which some servers treat as a different name",
                "decide whether it means the leaver",
                &[Remove, Leave, Hold],
            ),
            Self::ReferenceUnclear => row(
                "another account has the same user name or address",
                "decide which account it means",
                &[Remove, Reassign, Leave, Hold],
            ),
            Self::WouldOpen => row(
                "it is the last value, and an empty list lets everyone send",
                "add another sender, then remove this one",
                &[Reassign, Leave, Remove, Hold],
            ),
            Self::NoAddressToPassTo => {
                row("no successor has a mail address", "set a new value by hand", &[Remove, Leave, Hold])
            }
            Self::PrivateGroup => row(
                "it is the leaver's private group, which no other account uses",
                "delete it by hand, or set [references] private_group = \"delete\"",
                &[Delete, Leave, Hold],
            ),
            Self::OrphanOfUnknownDomain => row(
                "no account of this domain is in the exports, so the address book may still have an owner",
                "also give the export of that domain",
                &[Leave, Delete],
            ),
            Self::AddressBookMissing => row(
                "it points to an address book that is not in the exports",
                "find the address book, or remove the pointer",
                &[Leave, Hold],
            ),
            Self::AddressBookAmbiguous => row(
                "it may be the address book of the leaver or of another account",
                "if it is the leaver's, delete it by hand",
                &[Leave, Delete, Hold],
            ),
            Self::StampOccupied => row(
                "it is single-valued and in use, so the account is disabled without a stamp",
                "keep this change set and give it to later plans with --history",
                &[Leave, Remove, Hold],
            ),
            Self::MoveCollision => row(
                "another entry has the name that the account would get",
                "rename one of the two, then plan again",
                &[Leave, Hold],
            ),
            Self::MoveAccountBelow => row(
                "another account is below this one, so it is not moved",
                "move the other account first, then plan again",
                &[Leave, Hold],
            ),
            Self::RestoreNotMoved => row(
                "the account is restored, but stays in the container of disabled accounts",
                "move it by hand, give the change set that moved it with --history, or set [move] back",
                &[Leave, Hold],
            ),
            Self::MoveNoContainer => row(
                "the exports do not hold the container, so the account is not moved",
                "create the container, or also give the export that holds it",
                &[Leave, Hold],
            ),
            Self::StructuralClass => row(
                "it is the structural class of the entry in the schema reference",
                "a server that enforces structural classes refuses the change (65); strip the service by hand there",
                &[Strip, Leave, Hold],
            ),
            Self::SuccessorUnknown => row(
                "the list names this successor, but it matches no account in the exports",
                "check the spelling in the list",
                &[Leave, Hold],
            ),
            Self::SuccessorAmbiguous => row(
                "the list names this successor, but it matches several accounts",
                "name one of them by its DN",
                &[Leave, Hold],
            ),
            Self::SuccessorLeaves => row(
                "the list names this successor, but that account leaves or is disabled",
                "name another successor in the list",
                &[Leave, Hold],
            ),
            Self::FallbackUnknown => row(
                "the exports do not hold this entry, so no account would take over",
                "name another [successor] fallback, or also give the export that holds it",
                &[Leave, Hold],
            ),
            Self::FallbackLeaves => row(
                "this account leaves or is disabled, so no account would take over",
                "name another [successor] fallback",
                &[Leave, Hold],
            ),
            Self::ManagerUnknown => row(
                "the exports do not hold this manager, so the manager cannot take over",
                "correct the manager, name a successor in the list, or also give the export that holds the manager",
                &[Leave, Hold],
            ),
            Self::VetoUnmatched => {
                row("this veto matches no account in the exports", "check the spelling in the list", &[Leave])
            }
            Self::ActiveButDisabled => row(
                "the roster lists the account as active, but it is disabled, and not by an earlier plan",
                "decide whether to restore it",
                &[Leave, Hold],
            ),
            Self::RosterKeyAmbiguous => row(
                "the roster lists it as left, but several accounts have this value",
                "narrow the roster's scope, or name one account by its DN",
                &[Leave, Hold],
            ),
            Self::RosterStatusUnknown => row(
                "the status in the roster is unknown to the policy",
                "add the status to the roster's section of the policy",
                &[Leave, Hold],
            ),
            Self::RosterKeyMissing => row(
                "the account lacks the attribute that rosters match on",
                "add the attribute, or decide whether the account has left",
                &[Leave, Delete, Hold],
            ),
            Self::AbsentFromRoster => {
                row("no roster lists the account", "decide whether it has left", &[Leave, Delete, Hold])
            }
            Self::UnreadablePointer => row(
                "it points to no address book below the policy's suffix",
                "find the address book by hand",
                &[Leave, Hold],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_described() {
        for code in ItemCode::VARIANTS {
            assert!(!code.sentence().is_empty() && !code.advice().is_empty(), "{code}");
            assert!(code.answers().contains(&Answer::Leave), "{code}");
            assert_eq!(code.name().parse(), Ok(*code));
            let is_plain = |text: &str| !text.ends_with('.') && !text.contains("  ");
            assert!(is_plain(code.sentence()) && is_plain(code.advice()), "{code}");
        }
    }
}
