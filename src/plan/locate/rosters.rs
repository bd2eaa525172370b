//! What the rosters say of an account.
//!
//! A roster is about the accounts in its scope, and its key is looked up among these only: a `jsmith` in another domain is
//! another person. An account that change sets of `--history` moved is also in the scope of its
//! [former names](crate::directory::identity::former_names). Of the rosters that are about an account:
//!
//! | the rosters say | the account | result |
//! | --- | --- | --- |
//! | active, in any of them | not disabled | kept: nothing is done, even if a list asks for it |
//! | active, in any of them | disabled, with our stamp or in the history | restore is planned; a decision item if other accounts have the key, too |
//! | active, in any of them | disabled in another way | a decision item |
//! | rows that disagree, in any of them | | a decision item; kept if one of the rows says active |
//! | a row whose key is only [alike](crate::directory::identity::compare), in any of them: any row if no row has the key itself, else one that does not say inactive | | a decision item; kept if that row says active |
//! | inactive in at least one, active in none | | a leaver |
//! | inactive, and several accounts have the key | | a decision item for each |
//! | not listed in any, `absence = "disable"`, the roster proves complete | not disabled | disabled |
//! | not listed in any, `absence = "review"` | not disabled | a decision item |
//! | a status that is neither active nor inactive | | a decision item |
//!
//! Of one roster, an account with one key and one row has what that row says. Where several rows have the key, or the account
//! has several keys, what they say together counts, in whatever order they are:
//!
//! | they say | together |
//! | --- | --- |
//! | the same | that |
//! | active, and not listed by the other keys | active |
//! | an unknown status, and not listed by the other keys | unknown |
//! | anything else: one left and one active, one left and one not listed | they disagree |

use std::collections::{BTreeSet, HashMap};

use crate::directory::EntryView;
use crate::directory::identity::compare::{loose_form, normal_form};
use crate::directory::identity::former_names::FormerNames;
use crate::ldap::DnKey;
use crate::ldap::domain::is_in_domain;
use crate::ldap::filter::Truth;
use crate::leavers::roster::{Roster, RosterStatus};
use crate::policy::{Absence, RosterPolicy, Scope};

/// The rosters of a run, indexed for a lookup by account.
pub struct Rosters<'p> {
    all: Vec<IndexedRoster<'p>>,
    former_names: FormerNames,
}

struct IndexedRoster<'p> {
    policy: &'p RosterPolicy,
    rows: Vec<IndexedRow>,
    /// The rows, by index, by normalised key.
    by_key: HashMap<Vec<u8>, Vec<usize>>,
    /// The rows, by index, by what is left of their key without leading zeros and punctuation.
    by_loose_key: HashMap<Vec<u8>, Vec<usize>>,
}

/// A row of a roster.
#[derive(Clone, Copy)]
struct IndexedRow {
    verdict: Verdict,
    line: u64,
}

/// What one roster says of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Rows for the keys of the account disagree.
    Contradictory,
}

/// What a roster says of an account, and on which lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterMatch {
    /// The roster, by index.
    pub roster: usize,
    /// What it says.
    pub verdict: Verdict,
    /// The lines of the rows with a key of the account, in order.
    pub lines: Vec<u64>,
    /// The line of the first row that says active. With [`Verdict::Contradictory`], others say something else.
    pub active_line: Option<u64>,
    /// The first row whose key is only alike. If a row has a key of the account, only alike rows that do not say inactive count.
    pub alike: Option<AlikeRow>,
    /// What the policy does with an account that the roster does not list.
    pub absence: Absence,
}

impl RosterMatch {
    /// The line of the first row; 0 without one.
    pub fn line(&self) -> u64 {
        self.lines.first().copied().unwrap_or_default()
    }

    /// Whether a row lists the account.
    pub fn is_listed(&self) -> bool {
        !self.lines.is_empty()
    }
}

/// A row whose key is alike to a key of an account, but not equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlikeRow {
    /// Its line.
    pub line: u64,
    /// Whether a row with such a key says active.
    pub is_active: bool,
}

/// What a roster says of an account, and the rows, by index, that have its keys.
pub struct LookedUp {
    /// What it says.
    pub matched: RosterMatch,
    /// The rows.
    pub rows: BTreeSet<usize>,
}

impl<'p> Rosters<'p> {
    /// Indexes rosters, each with its section of the policy.
    pub fn new(rosters: impl IntoIterator<Item = (&'p RosterPolicy, &'p Roster)>, former_names: FormerNames) -> Self {
        let index = |(policy, roster): (&'p RosterPolicy, &'p Roster)| {
            let key = policy.key.attribute_type();
            let mut by_key: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
            let mut by_loose_key: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
            for (index, row) in roster.rows.iter().enumerate() {
                let normal = normal_form(key, row.key.as_bytes());
                if let Some(loose) = loose_form(&normal) {
                    by_loose_key.entry(loose).or_default().push(index);
                }
                by_key.entry(normal.into_owned()).or_default().push(index);
            }
            let row = |row: &crate::leavers::roster::RosterRow| IndexedRow {
                verdict: match row.status {
                    RosterStatus::Active => Verdict::Active,
                    RosterStatus::Inactive => Verdict::Inactive,
                    RosterStatus::Unknown(_) => Verdict::Unknown,
                },
                line: row.line,
            };
            IndexedRoster { policy, rows: roster.rows.iter().map(row).collect(), by_key, by_loose_key }
        };
        Self { all: rosters.into_iter().map(index).collect(), former_names }
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
    pub fn look_up(&self, account: &EntryView<'_>) -> Vec<LookedUp> {
        let former = self.former_names.of_entry(account.key);
        let names: Vec<&[u8]> = std::iter::once(account.key).chain(former.iter().map(DnKey::as_bytes)).collect();
        let about = self.all.iter().enumerate().filter(|(_, roster)| covers(&roster.policy.scope, account, &names));
        about.map(|(index, roster)| roster.look_up(index, account)).collect()
    }
}

impl IndexedRoster<'_> {
    fn look_up(&self, index: usize, account: &EntryView<'_>) -> LookedUp {
        let key = self.policy.key.attribute_type();
        let keys: BTreeSet<Vec<u8>> =
            account.values(key).map(|value| normal_form(key, value.value.bytes()).into_owned()).collect();
        let mut said: BTreeSet<Verdict> = BTreeSet::new();
        let mut rows: BTreeSet<usize> = BTreeSet::new();
        for key in &keys {
            match self.by_key.get(key) {
                None => {
                    said.insert(Verdict::Absent);
                }
                Some(found) => {
                    said.extend(found.iter().map(|row| self.rows[*row].verdict));
                    rows.extend(found);
                }
            }
        }
        let lines = |rows: &mut dyn Iterator<Item = &usize>| -> Vec<u64> {
            let mut lines: Vec<u64> = rows.map(|row| self.rows[*row].line).collect();
            lines.sort_unstable();
            lines
        };
        let is_active = |row: &&usize| self.rows[**row].verdict == Verdict::Active;
        let matched = RosterMatch {
            roster: index,
            verdict: together(&said),
            lines: lines(&mut rows.iter()),
            active_line: lines(&mut rows.iter().filter(is_active)).first().copied(),
            alike: self.alike(&keys, &rows),
            absence: self.policy.absence,
        };
        LookedUp { matched, rows }
    }

    /// The rows whose keys are alike to these, but are not among those that have them.
    fn alike(&self, keys: &BTreeSet<Vec<u8>>, equal: &BTreeSet<usize>) -> Option<AlikeRow> {
        let loose = keys.iter().filter_map(|key| loose_form(key));
        let rows: Vec<usize> = loose.filter_map(|loose| self.by_loose_key.get(&loose)).flatten().copied().collect();
        let objects = |row: &usize| equal.is_empty() || self.rows[*row].verdict != Verdict::Inactive;
        let rows: Vec<usize> = rows.into_iter().filter(|row| !equal.contains(row) && objects(row)).collect();
        let line = rows.iter().map(|row| self.rows[*row].line).min()?;
        let is_active = rows.iter().any(|row| self.rows[*row].verdict == Verdict::Active);
        Some(AlikeRow { line, is_active })
    }
}

/// The second table of the module.
fn together(said: &BTreeSet<Verdict>) -> Verdict {
    let mut verdicts = said.iter().copied();
    match (verdicts.next(), verdicts.next(), verdicts.next()) {
        (None, ..) => Verdict::NoKey,
        (Some(only), None, _) => only,
        // The set is in the order of the variants.
        (Some(listed @ (Verdict::Active | Verdict::Unknown)), Some(Verdict::Absent), None) => listed,
        _ => Verdict::Contradictory,
    }
}

/// Whether an entry that has or had these names is in a scope.
fn covers(scope: &Scope, entry: &EntryView<'_>, names: &[&[u8]]) -> bool {
    let is_inside = |name: &&[u8]| {
        scope.base.as_ref().is_none_or(|base| name.starts_with(base.key().as_bytes()))
            && scope.domain.as_ref().is_none_or(|domain| is_in_domain(name, domain))
    };
    names.iter().any(is_inside) && scope.filter.as_ref().is_none_or(|filter| filter.evaluate(entry) == Truth::True)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rows_say_together() {
        use Verdict::{Absent, Active, Contradictory, Inactive, NoKey, Unknown};
        for (said, expected) in [
            (&[][..], NoKey),
            (&[Absent], Absent),
            (&[Inactive], Inactive),
            (&[Absent, Active], Active),
            (&[Unknown, Absent], Unknown),
            (&[Inactive, Absent], Contradictory),
            (&[Inactive, Active], Contradictory),
            (&[Inactive, Unknown], Contradictory),
            (&[Active, Unknown], Contradictory),
            (&[Active, Absent, Inactive], Contradictory),
        ] {
            assert_eq!(together(&said.iter().copied().collect()), expected, "{said:?}");
        }
    }
}
