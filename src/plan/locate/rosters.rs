//! What the rosters say of an account.
//!
//! A roster is about the accounts in its scope, and its key is looked up among these only: a `jsmith` in another domain is
//! another person. Of the rosters that are about an account:
//!
//! | the rosters say | the account | result |
//! | --- | --- | --- |
//! | active, in any of them | not disabled | kept: nothing is done, even if a list asks for it |
//! | active, in any of them | disabled, with our stamp or in the history | restore is planned |
//! | active, in any of them | disabled in another way | a decision item |
//! | inactive in at least one, active in none | | a leaver |
//! | inactive, and several accounts have the key | | a decision item for each |
//! | not listed in any, `absence = "disable"`, the roster proves complete | not disabled | disabled |
//! | not listed in any, `absence = "review"` | not disabled | a decision item |
//! | a status that is neither active nor inactive | | a decision item |

use std::collections::HashMap;

use crate::directory::EntryView;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::domain::is_in_domain;
use crate::ldap::filter::Truth;
use crate::ldap::matching::normalize;
use crate::leavers::roster::{Roster, RosterStatus};
use crate::policy::{Absence, RosterPolicy, Scope};

/// The rosters of a run, indexed for a lookup by account.
pub struct Rosters<'p> {
    all: Vec<IndexedRoster<'p>>,
}

struct IndexedRoster<'p> {
    policy: &'p RosterPolicy,
    /// By normalised key; of two rows with the same key, the one that says active.
    rows: HashMap<Vec<u8>, RosterRow>,
}

/// A row of a roster.
#[derive(Clone, Copy)]
struct RosterRow {
    verdict: Verdict,
    line: u64,
}

/// What one roster says of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The person is active.
    Active,
    /// The person has left.
    Inactive,
    /// A status in neither list of the policy.
    Unknown,
    /// Not listed.
    Absent,
    /// The account lacks the attribute that the roster matches on.
    NoKey,
}

/// What a roster says of an account, and on which line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RosterMatch {
    /// The roster, by index.
    pub roster: usize,
    /// What it says.
    pub verdict: Verdict,
    /// The line of its row; 0 without one.
    pub line: u64,
    /// What the policy does with an account that the roster does not list.
    pub absence: Absence,
}

impl<'p> Rosters<'p> {
    /// Indexes rosters, each with its section of the policy.
    pub fn new(rosters: impl IntoIterator<Item = (&'p RosterPolicy, &'p Roster)>) -> Self {
        let index = |(policy, roster): (&'p RosterPolicy, &'p Roster)| {
            let rule = equality_rule(policy.key.attribute_type());
            let mut rows = HashMap::new();
            for row in &roster.rows {
                let verdict = match row.status {
                    RosterStatus::Active => Verdict::Active,
                    RosterStatus::Inactive => Verdict::Inactive,
                    RosterStatus::Unknown(_) => Verdict::Unknown,
                };
                let new = RosterRow { verdict, line: row.line };
                let known = rows.entry(normalize(rule, row.key.as_bytes()).into_owned()).or_insert(new);
                if verdict == Verdict::Active {
                    *known = new;
                }
            }
            IndexedRoster { policy, rows }
        };
        Self { all: rosters.into_iter().map(index).collect() }
    }

    /// Whether there are no rosters.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Calls `take` with every attribute type that the rosters need of an account.
    pub fn for_each_type(&self, take: &mut dyn FnMut(&str)) {
        for roster in &self.all {
            take(roster.policy.key.attribute_type());
            if let Some(filter) = &roster.policy.scope.filter {
                filter.for_each_type(&mut |name| take(name));
            }
        }
    }

    /// What each roster that is about an account says of it.
    pub fn look_up(&self, account: &EntryView<'_>) -> Vec<RosterMatch> {
        let about = self.all.iter().enumerate().filter(|(_, roster)| covers(&roster.policy.scope, account));
        about.map(|(index, roster)| roster.look_up(index, account)).collect()
    }
}

impl IndexedRoster<'_> {
    fn look_up(&self, index: usize, account: &EntryView<'_>) -> RosterMatch {
        let key = self.policy.key.attribute_type();
        let rule = equality_rule(key);
        let mut found = RosterRow { verdict: Verdict::NoKey, line: 0 };
        for value in account.values(key) {
            let row = self.rows.get(&*normalize(rule, value.value.bytes())).copied();
            found = match (found.verdict, row) {
                // If an account has several keys, an active row wins.
                (Verdict::Active, _) => found,
                (_, Some(row)) => row,
                (Verdict::NoKey, None) => RosterRow { verdict: Verdict::Absent, line: 0 },
                (_, None) => found,
            };
        }
        RosterMatch { roster: index, verdict: found.verdict, line: found.line, absence: self.policy.absence }
    }
}

/// Whether an entry is in a scope.
fn covers(scope: &Scope, entry: &EntryView<'_>) -> bool {
    scope.base.as_ref().is_none_or(|base| entry.key.starts_with(base.key().as_bytes()))
        && scope.domain.as_ref().is_none_or(|domain| is_in_domain(&entry.record.dn, domain))
        && scope.filter.as_ref().is_none_or(|filter| filter.evaluate(entry) == Truth::True)
}
