//! Whether a roster proves to be complete.
//!
//! | doubt | there if | refuses anyway |
//! | --- | --- | --- |
//! | empty | no row can be used | yes |
//! | short | fewer rows than expected | yes |
//! | shrunk | less than the smallest share of the last roster's rows | yes |
//! | stale | its day is more than the greatest age ago | yes |
//! | from the future | its day is later than tomorrow: nowhere on earth is it that day yet | yes |
//! | no proof of size | neither its trailer nor the policy says how many rows there must be | no |
//! | no date | the policy has a greatest age, the roster no day | no |
//! | faulty | it has [`Fault`](super::Fault)s: any of them may be the person who seems to be absent | no |
//!
//! What refuses anyway says that this is not the roster it should be, so that not even who is listed as having left
//! may be believed. The others leave open whether it is complete, which only matters where absence is to mean something.

use std::cmp::Ordering;
use std::fmt;

use jiff::civil::Date;

use super::Roster;
use crate::ldap::time::days_between;

/// What must hold before absence from a roster may mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Completeness {
    /// At least so many rows.
    pub expected_rows: Option<u64>,
    /// At least so many percent of `last_rows`.
    pub min_percent: Option<f64>,
    /// How many rows the last roster had.
    pub last_rows: Option<u64>,
    /// At most so many days old.
    pub max_age_days: Option<u32>,
}

/// Why absence from a roster may mean nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doubt {
    /// Nothing says how many rows there must be.
    NoProofOfSize,
    /// Fewer rows than expected.
    Short {
        /// How many there are.
        rows: u64,
        /// How many there must be.
        expected: u64,
    },
    /// Far fewer rows than the last time.
    Shrunk {
        /// How many there are.
        rows: u64,
        /// How many there were.
        last: u64,
        /// The smallest share.
        min_percent: f64,
    },
    /// Nothing says of which day it is.
    NoDate,
    /// Too old.
    Stale {
        /// Its day.
        date: Date,
        /// How long ago that is.
        days: i64,
        /// How long ago it may be.
        max_age_days: u32,
    },
    /// Of a day that has not come.
    FromTheFuture {
        /// Its day.
        date: Date,
        /// The day of the plan.
        as_of: Date,
    },
    /// So many faults.
    Faulty(usize),
    /// No row can be used.
    Empty,
}

impl Doubt {
    /// Whether it refuses the roster even where absence means nothing.
    pub fn refuses_anyway(&self) -> bool {
        match self {
            Self::Empty
            | Self::Short { .. }
            | Self::Shrunk { .. }
            | Self::Stale { .. }
            | Self::FromTheFuture { .. } => true,
            Self::NoProofOfSize | Self::NoDate | Self::Faulty(_) => false,
        }
    }
}

/// One sentence.
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
                    "The roster has {}, less than {min_percent} % of the last one's {last}.",
                    counted(*rows, "row")
                )
            }
            Self::NoDate => write!(f, "The roster does not say of which day it is."),
            Self::Stale { date, days, max_age_days } => {
                let days = counted(days.unsigned_abs(), "day");
                write!(f, "The roster is of {date}, {days} ago, and may be {max_age_days} old.")
            }
            Self::FromTheFuture { date, as_of } => {
                write!(f, "The roster is of {date}, but the day of the plan is {as_of}.")
            }
            Self::Faulty(faults) => {
                write!(f, "The roster has {} that may stand for anybody.", counted(*faults as u64, "fault"))
            }
            Self::Empty => write!(f, "The roster names nobody."),
        }
    }
}

fn counted(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}

impl Roster {
    /// Everything that speaks against it; nothing if it proves to be complete.
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
        if let (Some(last), Some(min_percent)) = (last_rows, min_percent)
            && is_below(rows, last, min_percent)
        {
            doubts.push(Doubt::Shrunk { rows, last, min_percent });
        }
        match (self.date.map(|date| (date, days_between(date, as_of))), max_age_days) {
            // A roster may carry the day of a place that is ahead of UTC.
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

/// Whether `rows` is less than `percent` of `of`; also if the percentage is not a number.
#[expect(clippy::cast_precision_loss, reason = "numbers of people are far below 2^52")]
fn is_below(rows: u64, of: u64, percent: f64) -> bool {
    let share = of as f64 * percent;
    (rows as f64 * 100.0).partial_cmp(&share).is_none_or(Ordering::is_lt)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::{Fault, FaultKind, Row, Standing};
    use super::*;

    const ASKED: Completeness =
        Completeness { expected_rows: Some(10), min_percent: Some(95.0), last_rows: Some(10), max_age_days: Some(7) };

    /// A roster of so many rows, of a day in November 2026, that must be complete on the 21st.
    fn roster(rows: u64, declared: bool, day: Option<i8>) -> Roster {
        let row = |line| Row { key: format!("E{line}"), standing: Standing::Active, line };
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
            // the roster, what is asked of it, the doubts
            (roster(10, true, Some(21)), ASKED, vec![]),
            (roster(10, false, None), expect(10), vec![]),
            (roster(10, false, None), none, vec![Doubt::NoProofOfSize]),
            (roster(10, true, None), none, vec![]),
            (roster(9, false, None), expect(10), vec![Doubt::Short { rows: 9, expected: 10 }]),
            // A trailer proves that the file is whole, not that it holds everybody.
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
                ASKED,
                vec![
                    Doubt::Empty,
                    Doubt::Short { rows: 0, expected: 10 },
                    Doubt::Shrunk { rows: 0, last: 10, min_percent: 95.0 },
                    Doubt::NoDate,
                ],
            ),
        ];
        for (roster, asked, expected) in table {
            assert_eq!(roster.doubts(&asked, date(2026, 11, 21)), expected, "{} {asked:?}", roster.listed);
        }
        let faulty = Roster { faulty: vec![Fault { line: 2, kind: FaultKind::NoKey }], ..roster(10, true, Some(21)) };
        assert_eq!(faulty.doubts(&ASKED, date(2026, 11, 21)), [Doubt::Faulty(1)]);
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
                "The roster has 94 rows, less than 95.5 % of the last one's 100.",
            ),
            (Doubt::NoDate, false, "The roster does not say of which day it is."),
            (
                Doubt::Stale { date: day, days: 8, max_age_days: 7 },
                true,
                "The roster is of 2026-11-13, 8 days ago, and may be 7 old.",
            ),
            (
                Doubt::FromTheFuture { date: day, as_of: date(2026, 11, 1) },
                true,
                "The roster is of 2026-11-13, but the day of the plan is 2026-11-01.",
            ),
            (Doubt::Faulty(2), false, "The roster has 2 faults that may stand for anybody."),
            (Doubt::Empty, true, "The roster names nobody."),
        ];
        for (doubt, refuses, sentence) in table {
            assert_eq!((doubt.refuses_anyway(), doubt.to_string().as_str()), (refuses, sentence));
        }
    }
}
