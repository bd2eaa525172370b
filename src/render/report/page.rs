//! What report.html shows in addition to the view: which changes belong to which account, and the lengths of bars.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::civil::Date;
use serde::Serialize;

use super::html::diff_html;
use super::view::{AccountView, DueView, View};
use crate::plan::Stage;
use crate::render::count::counted;

/// The view with what only report.html shows.
#[derive(Serialize)]
pub struct Page<'v> {
    #[serde(flatten)]
    view: &'v View,
    counts: Vec<(usize, &'static str)>,
    /// The stages that have operations.
    stages: Vec<Bar<'v>>,
    /// The decisions that were made.
    steps: Vec<Bar<'v>>,
    /// The groups that lose members, the largest share first. They are the rows of `limits` with an entry.
    groups: Vec<Bar<'v>>,
    timeline: Vec<DueDay<'v>>,
    /// The entries that change, in the order of their first operation.
    entries: Vec<ChangedEntry<'v>>,
    /// The indices of entries that change for several accounts, or for none.
    shared: Vec<usize>,
    /// What belongs to each account.
    belongings: Vec<Belongings>,
    /// The index of the account that each decision item is about.
    decision_item_accounts: Vec<Option<usize>>,
    /// What needs a person, with counts: decision items, held accounts, leavers without an account.
    decisions_needed: Vec<String>,
}

/// A row of a bar chart.
#[derive(Serialize)]
struct Bar<'v> {
    name: &'v str,
    count: u64,
    of: u64,
    /// The length of the bar, such as `33.3%`.
    length: String,
    limit: &'v str,
    exceeded: bool,
}

/// A day on which accounts are due.
#[derive(Serialize)]
struct DueDay<'v> {
    date: &'v str,
    /// Days after the day of the plan.
    days: i32,
    /// The position between the day of the plan and the last due day, such as `33.3%`.
    place: String,
    /// The leavers, each with the index of its account.
    leavers: Vec<(&'v str, Option<usize>)>,
}

/// An entry that changes.
#[derive(Serialize)]
struct ChangedEntry<'v> {
    dn: &'v str,
    /// The indices of its operations.
    operations: Vec<usize>,
    /// The indices of the accounts that it changes for.
    accounts: Vec<usize>,
    /// The entry before and after, as HTML.
    before_and_after: String,
}

/// What belongs to an account.
#[derive(Default, Serialize)]
struct Belongings {
    /// The stages with operations for it, separated by spaces.
    stages: String,
    /// The indices of its decision items.
    decision_items: Vec<usize>,
    /// The indices of entries that change for it alone.
    own: Vec<usize>,
    /// The indices of entries that change for other accounts as well.
    shared: Vec<usize>,
}

impl<'v> Page<'v> {
    /// The page of a view.
    pub fn of(view: &'v View) -> Self {
        let names: HashMap<&str, usize> =
            view.accounts.iter().enumerate().map(|(index, account)| (account.leaver.as_str(), index)).collect();
        let entries = changed_entries(view);
        let mut belongings: Vec<Belongings> = view.accounts.iter().map(|account| belongings(view, account)).collect();
        let mut shared = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match entry.accounts.as_slice() {
                [account] => belongings[*account].own.push(index),
                accounts => {
                    shared.push(index);
                    for account in accounts {
                        belongings[*account].shared.push(index);
                    }
                }
            }
        }
        let decision_item_accounts: Vec<Option<usize>> =
            view.decision_items.iter().map(|item| names.get(item.leaver.as_str()).copied()).collect();
        for (index, account) in decision_item_accounts.iter().enumerate() {
            if let Some(account) = account {
                belongings[*account].decision_items.push(index);
            }
        }
        Self {
            view,
            counts: view.summary.counts(),
            stages: stages(view),
            steps: steps(view),
            groups: groups(view),
            timeline: timeline(view, &names),
            entries,
            shared,
            belongings,
            decision_item_accounts,
            decisions_needed: decisions_needed(view),
        }
    }
}

fn decisions_needed(view: &View) -> Vec<String> {
    let counts = [
        (view.summary.decision_items, "decision item"),
        (view.summary.held, "held account"),
        (view.summary.conflicts, "unmatched leaver"),
    ];
    counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count, noun)).collect()
}

fn belongings(view: &View, account: &AccountView) -> Belongings {
    let has = |stage: &&str| account.operations.iter().any(|operation| view.operations[*operation].stage == *stage);
    let stages: Vec<&str> = Stage::ALL.iter().copied().map(Stage::name).filter(has).collect();
    Belongings { stages: stages.join(" "), ..Belongings::default() }
}

/// The operations grouped by entry. Only the first operation on an entry has a diff.
fn changed_entries(view: &View) -> Vec<ChangedEntry<'_>> {
    let mut accounts: Vec<Vec<usize>> = vec![Vec::new(); view.operations.len()];
    for (index, account) in view.accounts.iter().enumerate() {
        for operation in &account.operations {
            accounts[*operation].push(index);
        }
    }
    let mut indices: HashMap<&str, usize> = HashMap::new();
    let mut entries: Vec<ChangedEntry<'_>> = Vec::new();
    for (index, (operation, accounts)) in view.operations.iter().zip(accounts).enumerate() {
        let dn = operation.dn.as_str();
        let at = *indices.entry(dn).or_insert(entries.len());
        if at == entries.len() {
            entries.push(ChangedEntry {
                dn,
                operations: Vec::new(),
                accounts: Vec::new(),
                before_and_after: String::new(),
            });
        }
        let entry = &mut entries[at];
        entry.operations.push(index);
        entry.accounts.extend(accounts);
        if let Some(diff) = &operation.diff {
            entry.before_and_after = diff_html(diff);
        }
    }
    for entry in &mut entries {
        entry.accounts.sort_unstable();
        entry.accounts.dedup();
    }
    entries
}

/// Bars whose lengths are relative to the greatest count. Counts of zero have none.
fn bars<'v>(counts: Vec<(&'v str, usize)>) -> Vec<Bar<'v>> {
    let greatest = counts.iter().map(|(_, count)| *count).max().unwrap_or_default() as u64;
    let bar = |(name, count): (&'v str, usize)| {
        let count = count as u64;
        Bar { name, count, of: greatest, length: share(count, greatest), limit: "", exceeded: false }
    };
    counts.into_iter().filter(|(_, count)| *count > 0).map(bar).collect()
}

fn stages(view: &View) -> Vec<Bar<'_>> {
    let count = |stage: Stage| {
        let name = stage.name();
        (name, view.operations.iter().filter(|operation| operation.stage == name).count())
    };
    bars(Stage::ALL.iter().copied().map(count).collect())
}

fn steps(view: &View) -> Vec<Bar<'_>> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for account in &view.accounts {
        match counts.iter_mut().find(|(step, _)| *step == account.step) {
            Some((_, count)) => *count += 1,
            None => counts.push((account.step, 1)),
        }
    }
    counts.sort_unstable();
    bars(counts)
}

fn groups(view: &View) -> Vec<Bar<'_>> {
    let mut groups: Vec<Bar<'_>> = view
        .limits
        .iter()
        .filter_map(|row| {
            Some(Bar {
                name: row.entry.as_deref()?,
                count: row.affected,
                of: row.of,
                length: share(row.affected, row.of),
                limit: &row.limit,
                exceeded: row.exceeded,
            })
        })
        .collect();
    // A stable sort: groups with the same share keep their order.
    groups.sort_by_key(|row| {
        let lost = row.count.saturating_mul(1_000_000) / row.of.max(1);
        (Reverse(row.exceeded), Reverse(lost))
    });
    groups
}

fn timeline<'v>(view: &'v View, names: &HashMap<&str, usize>) -> Vec<DueDay<'v>> {
    let from = view.as_of.parse::<Date>().ok();
    let days = |day: &str| {
        let span = from.zip(day.parse::<Date>().ok()).map(|(from, day)| (day - from).get_days());
        span.unwrap_or_default()
    };
    let all: Vec<i32> = view.due.iter().map(|due| days(&due.day)).collect();
    let last = u64::try_from(all.iter().copied().max().unwrap_or_default()).unwrap_or_default();
    let day = |(due, days): (&'v DueView, i32)| DueDay {
        date: &due.day,
        days,
        place: share(u64::try_from(days).unwrap_or_default(), last),
        leavers: due.leavers.iter().map(|name| (name.as_str(), names.get(name.as_str()).copied())).collect(),
    };
    view.due.iter().zip(all).map(day).collect()
}

/// A part of a whole as a length in SVG, such as `33.3%`.
fn share(part: u64, whole: u64) -> String {
    let tenths = part.saturating_mul(1000) / whole.max(1);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (part, whole, length) in [(0, 0, "0.0%"), (1, 3, "33.3%"), (3, 3, "100.0%"), (1, 2000, "0.0%")] {
            assert_eq!(share(part, whole), length);
        }
    }
}
