//! Whether a roster is complete.
//!
//! | doubt | condition | refuses anyway |
//! | --- | --- | --- |
//! | empty | no row can be used | yes |
//! | short | fewer rows than expected | yes |
//! | shrunk | fewer rows than the minimum share of the last roster's rows | yes |
//! | no last roster | the policy has a minimum share, but no number of rows of a last roster is known, and no number of rows is expected | yes |
//! | stale | its day is older than the maximum age | yes |
//! | from the future | its day is later than tomorrow: it is not that day in any time zone yet | yes |
//! | no proof of size | neither its trailer nor the policy says how many rows it must have | no |
//! | no date | the policy has a maximum age, but the roster has no day | yes |
//! | faulty | it has [`RowFault`](super::RowFault)s: each may be the row of a person who seems to be missing | no |
//!
//! A doubt that refuses anyway means that the file is not the right one, or that a check of the policy cannot be made, so that
//! its rows are not used either. On the first run there is no last roster: `expected_rows` takes its place. The other
//! doubts mean that the file may be incomplete. This matters only if the policy acts on people who are not listed.

use std::cmp::Ordering;
use std::fmt;

use jiff::civil::Date;

use super::Roster;
use crate::ldap::time::days_between;

/// What a roster must fulfil before the plan may act on people who are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Completeness {
    /// The minimum number of rows.
    pub expected_rows: Option<u64>,
    /// The minimum number of rows in percent of `last_rows`.
    pub min_percent: Option<f64>,
    /// The number of rows of the last roster.
    pub last_rows: Option<u64>,
    /// The maximum age in days.
    pub max_age_days: Option<u32>,
}

/// Why a roster may be incomplete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doubt {
    /// Neither the trailer nor the policy has the number of rows.
    NoProofOfSize,
    /// The roster has fewer rows than expected.
    Short {
        /// The number of rows.
        rows: u64,
        /// The minimum number of rows.
        expected: u64,
    },
    /// The roster has far fewer rows than the last one.
    Shrunk {
        /// The number of rows.
        rows: u64,
        /// The number of rows of the last roster.
        last: u64,
        /// The minimum share, in percent.
        min_percent: f64,
    },
    /// The policy has a minimum share of the last roster's rows, and that number is not known.
    NoLastRows,
    /// The roster has no day, so its age is unknown.
    NoDate,
    /// The roster is too old.
    Stale {
        /// The day of the roster.
        date: Date,
        /// Its age in days.
        days: i64,
        /// The maximum age in days.
        max_age_days: u32,
    },
    /// The day of the roster is in the future.
    FromTheFuture {
        /// The day of the roster.
        date: Date,
        /// The day of the plan.
        as_of: Date,
    },
    /// The roster has this number of faults.
    Faulty(usize),
    /// No row can be used.
    Empty,
}

impl Doubt {
    /// Whether the roster is refused even if the policy ignores people who are not listed.
    pub fn refuses_anyway(&self) -> bool {
        match self {
            Self::Empty
            | Self::Short { .. }
            | Self::Shrunk { .. }
            | Self::NoLastRows
            | Self::NoDate
            | Self::Stale { .. }
            | Self::FromTheFuture { .. } => true,
            Self::NoProofOfSize | Self::Faulty(_) => false,
        }
    }
}

/// One sentence with a full stop.
impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProofOfSize => {
                write!(f, "Neither a trailer nor the policy says how many rows the roster must have.")
            }
            Self::Short { rows, expected } => {
                write!(f, "The roster has {}, fewer than the {expected} expected.", counted(*rows, "row"))
            }
            Self::Shrunk { rows, last, min_percent } => {
                write!(
                    f,
                    "The roster has {}, less than {min_percent} % of the {last} of the last roster.",
                    counted(*rows, "row")
                )
            }
            Self::NoLastRows => write!(
                f,
                "The number of rows of the last roster is unknown, so `min_percent` cannot be checked. Give the last change \
                 set that used this roster (--history), or set `expected_rows` for the first run."
            ),
            Self::NoDate => write!(
                f,
                "The roster has no date, so `max_age_days` cannot be checked. Add `{{{{ date }}}}` to the `trailer` of the \
                 roster, or remove `max_age_days`."
            ),
            Self::Stale { date, days, max_age_days } => {
                let days = counted(days.unsigned_abs(), "day");
                write!(
                    f,
                    "The roster is {days} old (from {date}), and may be at most {} old.",
                    counted(u64::from(*max_age_days), "day")
                )
            }
            Self::FromTheFuture { date, as_of } => {
                write!(f, "The roster is from {date}, which is after the day of the plan, {as_of}.")
            }
            Self::Faulty(faults) => {
                write!(
                    f,
                    "The roster has {}; each may be the row of a person who seems to be missing.",
                    counted(*faults as u64, "fault")
                )
            }
            Self::Empty => write!(f, "The roster has no row that can be used."),
        }
    }
}

fn counted(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}

impl Roster {
    /// All doubts about the roster; empty if it is complete.
    pub fn doubts(&self, completeness: &Completeness, as_of: Date) -> Vec<Doubt> {
        let Completeness { expected_rows, min_percent, last_rows, max_age_days } = *completeness;
        let rows = self.listed;
        let mut doubts = Vec::new();
        if self.rows.is_empty() {
            doubts.push(Doubt::Empty);
        }
        if self.declared_rows.is_none() && expected_rows.is_none() {
            doubts.push(Doubt::NoProofOfSize);
        }
        if let Some(expected) = expected_rows.filter(|expected| rows < *expected) {
            doubts.push(Doubt::Short { rows, expected });
        }
        match (last_rows, min_percent) {
            (Some(last), Some(min_percent)) if is_below(rows, last, min_percent) => {
                doubts.push(Doubt::Shrunk { rows, last, min_percent });
            }
            (None, Some(_)) if expected_rows.is_none() => doubts.push(Doubt::NoLastRows),
            _ => {}
        }
        match (self.date.map(|date| (date, days_between(date, as_of))), max_age_days) {
            // The day may be that of a time zone ahead of UTC.
            (Some((date, ..-1)), _) => doubts.push(Doubt::FromTheFuture { date, as_of }),
            (Some((date, days)), Some(max_age_days)) if days > i64::from(max_age_days) => {
                doubts.push(Doubt::Stale { date, days, max_age_days });
            }
            (None, Some(_)) => doubts.push(Doubt::NoDate),
            _ => {}
        }
        if !self.faulty.is_empty() {
            doubts.push(Doubt::Faulty(self.faulty.len()));
        }
        doubts
    }
}

/// Whether `rows` is less than `percent` of `of`; true if `percent` is not a number.
#[expect(clippy::cast_precision_loss, reason = "numbers of people are far below 2^52")]
fn is_below(rows: u64, of: u64, percent: f64) -> bool {
    let share = of as f64 * percent;
    (rows as f64 * 100.0).partial_cmp(&share).is_none_or(Ordering::is_lt)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::{RosterRow, RosterStatus, RowFault, RowFaultKind};
    use super::*;

    const REQUIRED: Completeness =
        Completeness { expected_rows: Some(10), min_percent: Some(95.0), last_rows: Some(10), max_age_days: Some(7) };

    /// A roster of this many rows, from a day in November 2026.
    fn roster(rows: u64, declared: bool, day: Option<i8>) -> Roster {
        let row = |line| RosterRow { key: format!("E{line}"), status: RosterStatus::Active, line };
        Roster {
            rows: (1..=rows).map(row).collect(),
            listed: rows,
            declared_rows: declared.then_some(rows),
            date: day.map(|day| date(2026, 11, day)),
            faulty: Vec::new(),
        }
    }

    #[test]
    fn doubts() {
        let none = Completeness::default();
        let expect = |expected_rows| Completeness { expected_rows: Some(expected_rows), ..none };
        let shrink = |last, percent| Completeness { last_rows: Some(last), min_percent: Some(percent), ..expect(1) };
        let age = |days| Completeness { max_age_days: Some(days), ..none };
        let stale = |day, days| vec![Doubt::Stale { date: date(2026, 11, day), days, max_age_days: 7 }];
        let future = |day| vec![Doubt::FromTheFuture { date: date(2026, 11, day), as_of: date(2026, 11, 21) }];
        let table = [
            // roster, requirements, doubts
            (roster(10, true, Some(21)), REQUIRED, vec![]),
            (roster(10, false, None), expect(10), vec![]),
            (roster(10, false, None), none, vec![Doubt::NoProofOfSize]),
            (roster(10, true, None), none, vec![]),
            (roster(9, false, None), expect(10), vec![Doubt::Short { rows: 9, expected: 10 }]),
            // A trailer proves that the file is whole, not that it has all people.
            (roster(9, true, None), expect(10), vec![Doubt::Short { rows: 9, expected: 10 }]),
            (roster(11, false, None), expect(10), vec![]),
            (roster(95, false, None), shrink(100, 95.0), vec![]),
            (
                roster(94, false, None),
                shrink(100, 95.0),
                vec![Doubt::Shrunk { rows: 94, last: 100, min_percent: 95.0 }],
            ),
            (roster(94, false, None), Completeness { last_rows: None, ..shrink(100, 95.0) }, vec![]),
            (roster(94, false, None), shrink(0, 95.0), vec![]),
            (roster(10, true, None), age(7), vec![Doubt::NoDate]),
            (roster(10, true, Some(14)), age(7), vec![]),
            (roster(10, true, Some(13)), age(7), stale(13, 8)),
            (roster(10, true, Some(22)), age(0), vec![]),
            (roster(10, true, Some(23)), age(7), future(23)),
            (roster(10, true, Some(23)), none, future(23)),
            (roster(10, true, Some(1)), none, vec![]),
            (
                roster(0, false, None),
                REQUIRED,
                vec![
                    Doubt::Empty,
                    Doubt::Short { rows: 0, expected: 10 },
                    Doubt::Shrunk { rows: 0, last: 10, min_percent: 95.0 },
                    Doubt::NoDate,
                ],
            ),
        ];
        for (roster, required, expected) in table {
            assert_eq!(roster.doubts(&required, date(2026, 11, 21)), expected, "{} {required:?}", roster.listed);
        }
        let faulty =
            Roster { faulty: vec![RowFault { line: 2, kind: RowFaultKind::NoKey }], ..roster(10, true, Some(21)) };
        assert_eq!(faulty.doubts(&REQUIRED, date(2026, 11, 21)), [Doubt::Faulty(1)]);
        assert!(is_below(10, 10, f64::NAN));
    }

    #[test]
    fn sentences() {
        let day = date(2026, 11, 13);
        let table = [
            (Doubt::NoProofOfSize, false, "Neither a trailer nor the policy says how many rows the roster must have."),
            (Doubt::Short { rows: 1, expected: 10 }, true, "The roster has 1 row, fewer than the 10 expected."),
            (
                Doubt::Shrunk { rows: 94, last: 100, min_percent: 95.5 },
                true,
                "The roster has 94 rows, less than 95.5 % of the 100 of the last roster.",
            ),
            (
                Doubt::NoLastRows,
                true,
                "The number of rows of the last roster is unknown, so `min_percent` cannot be checked. Give the last change \
                 set that used this roster (--history), or set `expected_rows` for the first run.",
            ),
            (
                Doubt::NoDate,
                true,
                "The roster has no date, so `max_age_days` cannot be checked. Add `{{ date }}` to the `trailer` of the \
                 roster, or remove `max_age_days`.",
            ),
            (
                Doubt::Stale { date: day, days: 8, max_age_days: 7 },
                true,
                "The roster is 8 days old (from 2026-11-13), and may be at most 7 days old.",
            ),
            (
                Doubt::FromTheFuture { date: day, as_of: date(2026, 11, 1) },
                true,
                "The roster is from 2026-11-13, which is after the day of the plan, 2026-11-01.",
            ),
            (
                Doubt::Faulty(2),
                false,
                "The roster has 2 faults; each may be the row of a person who seems to be missing.",
            ),
            (Doubt::Empty, true, "The roster has no row that can be used."),
        ];
        for (doubt, refuses, sentence) in table {
            assert_eq!((doubt.refuses_anyway(), doubt.to_string().as_str()), (refuses, sentence));
        }
    }
}
