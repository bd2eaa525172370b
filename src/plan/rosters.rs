//! What the rosters say of an account.
//!
//! A roster is about the accounts of its scope, and its key is looked for among these only: a `jsmith` in another
//! domain is another person. Of the rosters that are about one account:
//!
//! | the rosters say | the account | becomes |
//! | --- | --- | --- |
//! | active, in any of them | not disabled | kept: nothing is done, whoever asks |
//! | active, in any of them | disabled, and carries our own stamp or is in the history | restore is planned |
//! | active, in any of them | disabled by somebody else | a decision item |
//! | inactive, in at least one; active in none | | a leaver |
//! | inactive, and the key is that of several accounts | | a decision item each |
//! | not listed in any, `absence = "disable"`, roster proven complete | not disabled | disabled |
//! | not listed in any, `absence = "review"` | not disabled | a decision item |
//! | a status that is neither active nor inactive | | a decision item |

use std::collections::HashMap;

use super::identity::is_in_domain;
use crate::directory::EntryView;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::filter::Truth;
use crate::ldap::matching::normalize;
use crate::leavers::roster::{Roster, RosterStatus};
use crate::policy::{Absence, RosterPolicy, Scope};

/// A roster of this run.
#[derive(Clone)]
pub struct NamedRoster {
    /// Its name in the policy.
    pub name: String,
    /// What it holds.
    pub roster: Roster,
}

/// The rosters of a run, ready to be looked up entry by entry.
pub struct Rosters<'p> {
    all: Vec<Indexed<'p>>,
}

struct Indexed<'p> {
    policy: &'p RosterPolicy,
    /// Normalised key → the row; of two rows with one key, the one that says active.
    rows: HashMap<Vec<u8>, (Verdict, u64)>,
}

/// What one roster says of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Employed.
    Active,
    /// Has left.
    Inactive,
    /// A status in neither list of the policy.
    Unknown,
    /// Not listed.
    Absent,
    /// The account has no key to be listed by.
    NoKey,
}

/// What a roster says of an account, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The roster, by index.
    pub roster: usize,
    /// What it says.
    pub verdict: Verdict,
    /// The line of its row; 0 without one.
    pub line: u64,
    /// What it means that an account is absent.
    pub absence: Absence,
}

impl<'p> Rosters<'p> {
    /// Takes the rosters, each with its section of the policy.
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
                let known = rows.entry(normalize(rule, row.key.as_bytes()).into_owned()).or_insert((verdict, row.line));
                if verdict == Verdict::Active {
                    *known = (verdict, row.line);
                }
            }
            Indexed { policy, rows }
        };
        Self { all: rosters.into_iter().map(index).collect() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The attribute types that are looked at.
    pub fn for_each_type(&self, take: &mut dyn FnMut(&str)) {
        for roster in &self.all {
            take(roster.policy.key.attribute_type());
            if let Some(filter) = &roster.policy.scope.filter {
                filter.for_each_type(&mut |name| take(name));
            }
        }
    }

    /// What each roster that is about an account says of it.
    pub fn look(&self, account: &EntryView<'_>) -> Vec<Hit> {
        let about = self.all.iter().enumerate().filter(|(_, roster)| covers(&roster.policy.scope, account));
        about.map(|(index, roster)| roster.look(index, account)).collect()
    }
}

impl Indexed<'_> {
    fn look(&self, index: usize, account: &EntryView<'_>) -> Hit {
        let key = self.policy.key.attribute_type();
        let rule = equality_rule(key);
        let mut found = (Verdict::NoKey, 0);
        for line in account.values(key) {
            let row = self.rows.get(&*normalize(rule, line.value.bytes())).copied();
            found = match (found.0, row) {
                // Of several keys of one account, the one that keeps it counts.
                (Verdict::Active, _) => found,
                (_, Some(row)) => row,
                (Verdict::NoKey, None) => (Verdict::Absent, 0),
                (_, None) => found,
            };
        }
        Hit { roster: index, verdict: found.0, line: found.1, absence: self.policy.absence }
    }
}

/// Whether a scope holds an entry.
fn covers(scope: &Scope, entry: &EntryView<'_>) -> bool {
    scope.base.as_ref().is_none_or(|base| entry.key.starts_with(base.key().as_bytes()))
        && scope.domain.as_ref().is_none_or(|domain| is_in_domain(&entry.record.dn, domain))
        && scope.filter.as_ref().is_none_or(|filter| filter.evaluate(entry) == Truth::True)
}
