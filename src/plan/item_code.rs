//! The codes of decision items: for each, why a person must decide, what the person can do, and the possible answers.

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
    /// A veto holds the entry with the reference.
    InVetoedEntry,
    /// The account with the reference has the blocking value.
    InDisconnectedAccount,
    /// The account with the reference was made by hand.
    InAccountMadeByHand,
    /// An entry points to the account as an alias does, but is not deleted with it.
    AliasStays,
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
    /// An address book without an owner, with an entry that is kept.
    AddressBookKept,
    /// An address book that may be that of another account.
    AddressBookAmbiguous,
    /// The single-valued stamp attribute holds a note.
    StampOccupied,
    /// Another entry has the name that a moved account would get.
    MoveCollision,
    /// Another account is below one that should be moved.
    MoveAccountBelow,
    /// An entry that is kept is below an account that should be moved.
    MoveKeptBelow,
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
    /// The account has several managers.
    ManagerAmbiguous,
    /// A veto matches no entry.
    VetoUnmatched,
    /// Another line of the policy that picks entries matches none.
    LineUnmatched,
    /// A roster lists a disabled account as active.
    ActiveButDisabled,
    /// Several accounts have the key of a roster's row.
    RosterKeyAmbiguous,
    /// Rows of a roster for the keys of an account disagree.
    RosterRowsDisagree,
    /// A roster has a key that is only similar to that of an account.
    RosterKeyAlike,
    /// Rows of a roster match no account.
    RosterRowsUnmatched,
    /// A status in a roster is unknown to the policy.
    RosterStatusUnknown,
    /// An account has no value that a roster could list it by.
    RosterKeyMissing,
    /// No roster lists an account.
    AbsentFromRoster,
    /// A pointer to an address book that is not below the policy's suffix.
    UnreadablePointer,
    /// The history is about an earlier account with this name.
    HistoryOfAnother,
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

    /// Whether the item is a line of the policy, or of a veto list, that matches nothing.
    pub fn is_unmatched_line(self) -> bool {
        matches!(self, Self::VetoUnmatched | Self::LineUnmatched)
    }

    /// Why a person must decide.
    pub fn sentence(self) -> &'static str {
        self.description().sentence
    }

    /// What the person can do, as an imperative.
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
                "the value matches no entry, but has the leaver's cn in the same place as the leaver's entry",
                "if it means the leaver, change or remove it by hand",
                &[Remove, Reassign, Leave, Hold],
            ),
            Self::Reference => row(
                "the value names the leaver, and the policy leaves this attribute to a person",
                "choose the new value, or remove this one",
                &[Remove, Reassign, Leave, Hold],
            ),
            Self::InProtectedEntry => row(
                "the value names the leaver, but the policy protects the entry",
                "change the entry by hand",
                &[Leave, Hold],
            ),
            Self::InVetoedEntry => row(
                "the value names the leaver, but a veto holds the entry",
                "change the entry by hand when the veto has ended",
                &[Leave, Hold],
            ),
            Self::InDisconnectedAccount => row(
                "the value names the leaver, but the entry is an account with the blocking value of [disconnect]",
                "change the entry by hand",
                &[Leave, Hold],
            ),
            Self::InAccountMadeByHand => row(
                "the value names the leaver, but the entry is an account that [accounts] provenance does not match",
                "change the entry by hand",
                &[Leave, Hold],
            ),
            Self::AliasStays => row(
                "the value names the leaver as an alias does, but the entry is not only an alias: it is of another class, is an account, or has members or entries below it",
                "change or remove the value, or delete the entry by hand",
                &[Remove, Delete, Leave, Hold],
            ),
            Self::InManagedEntry => row(
                "the value names the leaver, but the server's Managed Entries plug-in maintains the entry",
                "change the entry that it is generated from, or the plug-in's configuration",
                &[Leave, Hold],
            ),
            Self::Mention => {
                row("the value contains the leaver's name", "edit the value by hand, or leave it", &[Leave, Hold])
            }
            Self::MovedMention => row(
                "the account is moved, and the value contains its old DN",
                "edit the value by hand, or leave it",
                &[Leave, Hold],
            ),
            Self::UidInAnotherCase => row(
                "the value is the leaver's user name in a different case, which some servers treat as another user name",
                "if it means the leaver, change or remove it by hand",
                &[Remove, Leave, Hold],
            ),
            Self::ReferenceUnclear => row(
                "another entry shares this user name, number or address",
                "decide which account is meant; if it is the leaver, change or remove the value by hand",
                &[Remove, Reassign, Leave, Hold],
            ),
            Self::WouldOpen => row(
                "it is the last value, and an empty list lets everyone send",
                "add another sender, then remove this one",
                &[Reassign, Leave, Remove, Hold],
            ),
            Self::NoAddressToPassTo => {
                row("no successor has a mail address", "set an address by hand", &[Remove, Leave, Hold])
            }
            Self::PrivateGroup => row(
                "this is the leaver's private group, not used by any other account",
                "set [references] private_group = \"delete\" to delete it as well",
                &[Delete, Leave, Hold],
            ),
            Self::OrphanOfUnknownDomain => row(
                "no account of this domain is in the exports, so the address book may still have an owner",
                "give the export of that domain as well",
                &[Leave, Delete],
            ),
            Self::AddressBookMissing => row(
                "the pointer names an address book that is not in the exports",
                "give the export that contains it, or remove the pointer by hand",
                &[Leave, Hold],
            ),
            Self::AddressBookKept => row(
                "the address book has no owner, but an entry of it is protected or under a veto",
                "delete the book by hand, or remove the entry from [protect] or the veto",
                &[Leave],
            ),
            Self::AddressBookAmbiguous => row(
                "this may be the leaver's address book, or that of another account",
                "if it is the leaver's, delete it by hand",
                &[Leave, Delete, Hold],
            ),
            Self::StampOccupied => row(
                "the stamp attribute is single-valued and in use, so no date was written",
                "keep this change set and give it with --history, so that a later plan knows the date",
                &[Leave, Remove, Hold],
            ),
            Self::MoveCollision => row(
                "an entry with the DN that the account would be moved to exists",
                "rename one of the two entries, then plan again",
                &[Leave, Hold],
            ),
            Self::MoveAccountBelow => row(
                "another account is below this one, so it is not moved",
                "move the account below it first",
                &[Leave, Hold],
            ),
            Self::MoveKeptBelow => row(
                "an entry that must not change would change with this account, so it is not moved",
                "change that entry by hand first, or remove it from [protect] or the veto",
                &[Leave, Hold],
            ),
            Self::RestoreNotMoved => row(
                "the account is restored, but stays in the container of disabled accounts",
                "move it by hand, or give the change set that moved it with --history, or set [move] back",
                &[Leave, Hold],
            ),
            Self::MoveNoContainer => row(
                "the container of [move] is not in the exports, so the account is not moved",
                "create the container, or give the export that contains it",
                &[Leave, Hold],
            ),
            Self::StructuralClass => row(
                "in the schema reference, this is the structural class of the entry; a server that enforces it refuses the change (65)",
                "check the schema of the server before you apply the stage services",
                &[Strip, Leave, Hold],
            ),
            Self::SuccessorUnknown => row(
                "the leaver list names this successor, but no account matches",
                "check the spelling in the list",
                &[Leave, Hold],
            ),
            Self::SuccessorAmbiguous => row(
                "the leaver list names this successor, and several accounts match",
                "identify the successor by its DN in the list",
                &[Leave, Hold],
            ),
            Self::SuccessorLeaves => row(
                "the leaver list names this successor, but that account leaves or is disabled",
                "name another successor in the list",
                &[Leave, Hold],
            ),
            Self::FallbackUnknown => row(
                "[successor] fallback names an entry that is not in the exports, so no account can take over",
                "correct [successor] fallback, or give the export that contains the entry",
                &[Leave, Hold],
            ),
            Self::FallbackLeaves => row(
                "[successor] fallback names an account that leaves or is disabled, so no account can take over",
                "name another account in [successor] fallback",
                &[Leave, Hold],
            ),
            Self::ManagerUnknown => row(
                "the manager is not in the exports, so no manager can take over",
                "correct the value, name a successor in the list, or give the export that contains the manager",
                &[Leave, Hold],
            ),
            Self::ManagerAmbiguous => row(
                "the account has several managers, so no manager can take over",
                "leave one value of manager, or name a successor in the list",
                &[Leave, Hold],
            ),
            Self::VetoUnmatched => row(
                "this veto matches no entry",
                "check the spelling; what it should hold is held only if it has a similar value, such as 7 for 007",
                &[Leave],
            ),
            Self::LineUnmatched => row(
                "this line of the policy matches no entry of the exports",
                "check the spelling, give the export that contains the entry, or remove the line",
                &[Leave],
            ),
            Self::ActiveButDisabled => row(
                "the roster lists the account as active, but it is disabled, and not by an earlier plan",
                "restore it with the action restore, or correct the roster",
                &[Leave, Hold],
            ),
            Self::RosterKeyAmbiguous => row(
                "several accounts have this key of the roster, and the row does not say which of them it means",
                "narrow the scope of the roster, or name the account by its DN in a leaver list",
                &[Leave, Hold],
            ),
            Self::RosterRowsDisagree => row(
                "rows of the roster for this account disagree on whether the person has left",
                "correct the roster, or leave the account only the key of one person",
                &[Leave, Hold],
            ),
            Self::RosterKeyAlike => row(
                "a row of the roster has a similar key, such as 7 for 007, and may mean this account",
                "write the key in the roster exactly as the directory has it",
                &[Leave, Hold],
            ),
            Self::RosterRowsUnmatched => row(
                "these rows of the roster match no account in its scope",
                "check the keys; an account may have been deleted already, or be outside the scope of the roster",
                &[Leave],
            ),
            Self::RosterStatusUnknown => row(
                "the roster contains a status value that the policy does not list",
                "add the value to the roster's section in the policy, or correct the roster",
                &[Leave, Hold],
            ),
            Self::RosterKeyMissing => row(
                "the account lacks the attribute that rosters match on",
                "set the attribute, or narrow the scope of the roster",
                &[Leave, Delete, Hold],
            ),
            Self::AbsentFromRoster => row(
                "no roster lists the account",
                "find out whether the person has left; if so, add the account as a leaver",
                &[Leave, Delete, Hold],
            ),
            Self::UnreadablePointer => row(
                "the pointer is not the address of an address book below the suffix of the policy",
                "find the address book by hand",
                &[Leave, Hold],
            ),
            Self::HistoryOfAnother => row(
                "the history is about an earlier account with this DN, so nothing of it counts for this account",
                "check that this account is meant; if so, plan without the change sets of the earlier account",
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
