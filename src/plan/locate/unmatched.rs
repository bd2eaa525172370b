//! Rows of rosters that match no account in the scope of their roster.
//!
//! | row | |
//! | --- | --- |
//! | says that the person has left, or has an unknown status | a finding: what it asks for cannot be done |
//! | says that the person is active | counted and shown: the person may have no account |
//! | any, if no row of the roster matches an account | a finding: the keys of the roster are not those of the accounts |
//!
//! A row whose key is only alike to that of an account is also a decision item for that account: see
//! [`rosters`](super::rosters).

use std::fmt;

use super::pass::ScopeCount;
use crate::leavers::roster::RosterStatus;
use crate::plan::request::{NamedRoster, Request};
use crate::policy::Policy;
use crate::render::count::counted;
use crate::render::sanitize::Secrets;

/// How many rows are shown.
const SHOWN: usize = 5;

/// The rows of one roster that match no account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnmatchedRows {
    /// The rows that say that a person is active.
    active: Vec<UnmatchedRow>,
    /// The other rows.
    others: Vec<UnmatchedRow>,
    /// Whether no row matches an account.
    is_total: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct UnmatchedRow {
    line: u64,
    key: String,
}

impl UnmatchedRows {
    /// Those of each roster of a request. Keys that are secret are masked.
    pub fn of_rosters(request: &Request, policy: &Policy, scopes: &[ScopeCount]) -> Vec<Self> {
        let none = ScopeCount::default();
        let of_roster = |(index, NamedRoster { name, roster }): (usize, &NamedRoster)| {
            let attribute = policy.rosters.get(name).map_or("", |rules| rules.key.attribute_type());
            let scope = scopes.get(index).unwrap_or(&none);
            let mut unmatched = Self { is_total: scope.rows.is_empty(), ..Self::default() };
            for (_, row) in roster.rows.iter().enumerate().filter(|(index, _)| !scope.rows.contains_key(index)) {
                let kind =
                    if row.status == RosterStatus::Active { &mut unmatched.active } else { &mut unmatched.others };
                let key = if kind.len() < SHOWN { shown_key(policy, attribute, &row.key) } else { String::new() };
                kind.push(UnmatchedRow { line: row.line, key });
            }
            unmatched
        };
        request.rosters.iter().enumerate().map(of_roster).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.active.len() + self.others.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether they are a finding.
    pub fn is_finding(&self) -> bool {
        !self.others.is_empty() || self.is_total && !self.is_empty()
    }

    /// The first rows, those that are a finding before the others: `line 4 (7)`.
    pub fn first(&self) -> Vec<String> {
        let rows = self.others.iter().chain(&self.active);
        rows.take(SHOWN).map(|row| format!("line {} ({})", row.line, row.key)).collect()
    }
}

/// The key of a row, as it may be shown.
pub fn shown_key(policy: &Policy, attribute: &str, key: &str) -> String {
    Secrets::of(policy).shown_value(attribute, key.as_bytes())
}

impl fmt::Display for UnmatchedRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first();
        let more =
            if self.len() > first.len() { format!(" and {} more", self.len() - first.len()) } else { String::new() };
        write!(f, "{}: {}{more}", counted(self.len(), "row"), first.join(", "))
    }
}
