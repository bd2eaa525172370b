//! A finding of an audit, and its code.

use crate::directory::EntryView;
use crate::ldap::Origin;

/// What kind of problem a finding is. The names are stable: reports and scripts use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum FindingCode {
    /// A reference names no entry of the exports.
    Dangling,
    /// A reference names no entry, but an entry with that `cn` is in the same place.
    NearMiss,
    /// A value of a reference attribute is not a DN.
    BadReference,
    /// An address book has no owner.
    OrphanedBook,
    /// The policy would delete the account.
    Deletable,
    /// The account is disabled, and its grace cannot end.
    Stuck,
    /// A group has no members.
    EmptyGroup,
    /// A value that says who the members of a group are cannot be followed.
    UnknownMembers,
    /// Several accounts have the same user name.
    SameUid,
    /// Several accounts have the same mail address.
    SameMail,
    /// No `[[rule]]` covers the account.
    NoRule,
    /// `[accounts] provenance` does not take the account for a provisioned one.
    MadeByHand,
    /// A roster does not list the account.
    NotInRoster,
    /// The account lacks the attribute that a roster matches on.
    NoKeyForRoster,
    /// A row of a roster matches no account.
    RosterWithoutAccount,
    /// The DN of an entry is invalid.
    BadName,
    /// An entry appears more than once.
    Repeated,
    /// A code of [`crate::lifecycle::lint`].
    Status(&'static str),
    /// A code of [`crate::plan::completeness`].
    Incomplete(&'static str),
}

impl FindingCode {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status(name) | Self::Incomplete(name) => name,
            own => own.into(),
        }
    }
}

/// A problem that an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFinding {
    /// What kind of problem it is.
    pub code: FindingCode,
    /// The name of the entry, as in the export; empty for a row of a roster.
    pub dn: Vec<u8>,
    /// The attribute description; empty if the finding is about the entry as a whole.
    pub attribute: String,
    /// The value, as in the export.
    pub value: Vec<u8>,
    /// The problem, as a message.
    pub what: String,
    /// Where it is; for a row of a roster, its line.
    pub origin: Origin,
    /// The roster that it is in, if it is not in an export.
    pub roster: Option<String>,
    /// Codes of what the exports lack, if the finding may be due to that.
    pub may_be_due_to: Vec<&'static str>,
}

impl AuditFinding {
    /// A finding at a place, without an entry.
    pub fn at(origin: Origin, code: FindingCode, what: String) -> Self {
        Self {
            code,
            dn: Vec::new(),
            attribute: String::new(),
            value: Vec::new(),
            what,
            origin,
            roster: None,
            may_be_due_to: Vec::new(),
        }
    }

    /// A finding about an entry as a whole.
    pub fn of_entry(entry: &EntryView<'_>, code: FindingCode, what: String) -> Self {
        Self { dn: entry.record.dn.to_vec(), ..Self::at(entry.origin(), code, what) }
    }

    /// The same finding, about a value on a line of the entry.
    #[must_use]
    pub fn with_value(self, attribute: &str, value: &[u8], line: u64) -> Self {
        let origin = Origin { line, ..self.origin };
        Self { attribute: attribute.to_owned(), value: value.to_vec(), origin, ..self }
    }
}
