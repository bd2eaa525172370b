//! Operations: the change records of a plan, with what undoes them and what they rest on.

use crate::ldap::{Change, ChangeRecord, Entry, ModOp, Modification, Origin};

/// Operations that are run together, in this order: one file each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Accounts are marked.
    Status,
    /// Accounts are moved.
    Move,
    /// Values that name accounts are removed or reassigned.
    References,
    /// Address-book subtrees are deleted, leaves first.
    AddressBooks,
    /// Services are stripped from accounts that stay.
    Services,
    /// Accounts are deleted, their children before them.
    Entries,
}

impl Stage {
    /// All stages, in the order in which they run.
    pub const ALL: [Self; 6] =
        [Self::Status, Self::Move, Self::References, Self::AddressBooks, Self::Services, Self::Entries];

    /// Its word on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Move => "move",
            Self::References => "references",
            Self::AddressBooks => "address-books",
            Self::Services => "services",
            Self::Entries => "entries",
        }
    }

    /// Name of its file in `apply/`, which sorts in the order of the stages.
    pub fn apply_file(self) -> String {
        format!("{}0-{}.ldif", self as u8 + 1, self.name())
    }

    /// Name of its file in `rollback/`, which sorts in the opposite order.
    pub fn rollback_file(self) -> String {
        format!("{}0-{}.ldif", Self::ALL.len() - self as usize, self.name())
    }
}

/// What an operation does, in the words of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Marks an account.
    Mark,
    /// Changes an entry that names accounts.
    Reference,
    /// Deletes an entry of an address book.
    AddressBookEntry,
    /// Makes the server check an entry just before its deletion; changes nothing.
    Guard,
    /// Deletes an entry below an account.
    Child,
    /// Deletes an account.
    Account,
}

impl Kind {
    /// Its word in plan.json.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Reference => "reference",
            Self::AddressBookEntry => "address-book-entry",
            Self::Guard => "guard",
            Self::Child => "child",
            Self::Account => "account",
        }
    }
}

/// One change record of the plan.
#[derive(Clone)]
pub struct Operation {
    /// When it runs.
    pub stage: Stage,
    /// What it is.
    pub kind: Kind,
    /// The change.
    pub record: ChangeRecord,
    /// What undoes it; `None` for a guard, which changes nothing.
    pub inverse: Option<ChangeRecord>,
    /// The accounts it is done for, as indices into the plan's accounts.
    pub accounts: Vec<usize>,
    /// Why, in one line.
    pub reason: String,
    /// Where the entry stands in the exports.
    pub evidence: Origin,
}

/// The modifications that undo others: in reverse order, with `add` and `delete` changed over.
///
/// Only for modifications by exact values, which is all that a plan writes.
pub fn inverse(modifications: &[Modification]) -> Vec<Modification> {
    let undo = |modification: &Modification| Modification {
        op: match modification.op {
            ModOp::Add => ModOp::Delete,
            ModOp::Delete => ModOp::Add,
            other => other,
        },
        ..modification.clone()
    };
    modifications.iter().rev().map(undo).collect()
}

/// The record that modifies an entry, and the one that undoes it.
pub fn modify(entry: &Entry, modifications: Vec<Modification>) -> (ChangeRecord, ChangeRecord) {
    let record = |modifications| ChangeRecord {
        dn: entry.dn.clone(),
        controls: Vec::new(),
        change: Change::Modify(modifications),
    };
    let undo = record(inverse(&modifications));
    (record(modifications), undo)
}

/// The record that deletes an entry, and the one that adds it again.
///
/// What a server sets by itself is left out of the addition: it would be refused.
pub fn delete(entry: &Entry) -> (ChangeRecord, ChangeRecord) {
    let record = |change| ChangeRecord { dn: entry.dn.clone(), controls: Vec::new(), change };
    let kept = entry.attributes.iter().filter(|attribute| !is_set_by_server(attribute.description.attribute_type()));
    (record(Change::Delete), record(Change::Add(kept.cloned().collect())))
}

/// Whether a server sets an attribute by itself, so that no one can write it.
///
/// NO-USER-MODIFICATION of RFC 4512 (3.4, 4.2), RFC 4530, and of OpenLDAP, 389 DS, DSEE, OpenDJ; back links such as
/// memberOf.
pub fn is_set_by_server(attribute_type: &str) -> bool {
    const SET_BY_SERVER: [&str; 29] = [
        "createTimestamp",
        "creatorsName",
        "modifyTimestamp",
        "modifiersName",
        "structuralObjectClass",
        "governingStructureRule",
        "subschemaSubentry",
        "entryDN",
        "entryUUID",
        "entryCSN",
        "contextCSN",
        "hasSubordinates",
        "numSubordinates",
        "subordinateCount",
        "entryid",
        "parentid",
        "nsUniqueId",
        "nscpEntryDN",
        "dncomp",
        "memberOf",
        "isMemberOf",
        "nsRole",
        "objectGUID",
        "objectSid",
        "whenCreated",
        "whenChanged",
        "uSNCreated",
        "uSNChanged",
        "pwdChangedTime",
    ];
    SET_BY_SERVER.iter().any(|name| name.eq_ignore_ascii_case(attribute_type))
}
