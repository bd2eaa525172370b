//! Entries that no plan changes or deletes, although it has a reason to.
//!
//! The first row that applies counts.
//!
//! | an entry | is kept as |
//! | --- | --- |
//! | that `[protect]` covers | protected |
//! | that `[veto] dn`, `[veto] filter` or a veto list matches, or that is below an entry that one of them matches | vetoed |
//! | an account with the blocking value of `[disconnect]` | disconnected |
//! | an account that `[accounts] provenance` does not match | made by hand |
//!
//! This is the only place that decides it. What follows from it:
//!
//! | the plan would | instead |
//! | --- | --- |
//! | change or delete the entry because a leaver names it | the plan is refused, or the account is held ([`lifecycle`](crate::lifecycle)) |
//! | delete it with an account: as a child, a dependent, an emptied group, or a part of an address book | the account is held |
//! | delete it as a part of an address book without an owner | the book stays: a decision item |
//! | remove or replace a value in it, or write a new name into it | the value stays: a decision item |
//! | give it a new name, because an account above it is moved | the account is not moved: a decision item |

use super::{Policy, ProtectedBy};
use crate::ldap::Entry;
use crate::ldap::filter::Truth;
use crate::lifecycle::state::{same_value, values_of};

/// Why an entry is neither changed nor deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept<'p> {
    /// `[protect]` covers it.
    Protected(ProtectedBy),
    /// This veto holds it: a key of the policy, or a line of a list.
    Vetoed(&'p str),
    /// It is an account with the blocking value.
    Disconnected,
    /// It is an account that was made by hand.
    MadeByHand,
}

impl Kept<'_> {
    /// Why, for a sentence about the entry.
    pub fn because(self) -> String {
        match self {
            Self::Protected(by) => format!("it is protected by the policy: {}", by.sentence()),
            Self::Vetoed(veto) => format!("a veto matches it: {veto}"),
            Self::Disconnected => "it has the blocking value of [disconnect]".to_owned(),
            Self::MadeByHand => "[accounts] provenance does not match it".to_owned(),
        }
    }
}

impl Policy {
    /// Why a plan neither changes nor deletes an entry; `None` if it may.
    pub fn kept(&self, entry: &Entry) -> Option<Kept<'_>> {
        if let Some(by) = self.protect.why(entry) {
            return Some(Kept::Protected(by));
        }
        if let Some(veto) = self.veto.why(entry) {
            return Some(Kept::Vetoed(veto));
        }
        let provenance = self.accounts.provenance.as_ref();
        if self.disconnect.is_none() && provenance.is_none() {
            return None;
        }
        if !self.accounts.covers(entry.dn.key().as_bytes(), entry) {
            return None;
        }
        if self.has_blocking_value(entry) {
            return Some(Kept::Disconnected);
        }
        let is_provisioned = provenance.is_none_or(|filter| filter.evaluate(entry) == Truth::True);
        (!is_provisioned).then_some(Kept::MadeByHand)
    }

    /// Whether an entry has the blocking value of `[disconnect]`.
    pub fn has_blocking_value(&self, entry: &Entry) -> bool {
        self.disconnect.as_ref().is_some_and(|blocking| {
            let same = |value: &[u8]| same_value(blocking.attribute.attribute_type(), value, &blocking.value);
            values_of(entry, &blocking.attribute).any(same)
        })
    }
}
