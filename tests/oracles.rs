//! Random directories in which it is easy to hit the wrong entry: no plan reaches further than its leavers, no protected or
//! vetoed entry changes, and the order of the inputs does not matter. See `support/oracle.rs`.
//!
//! `ORACLE_CASES` sets how many directories are tried, and `ORACLE_FIRST` the number of the first one. A directory is
//! determined by its number.

use std::collections::BTreeMap;

use crate::support::oracle::{Outcome, check};
use crate::support::random_directory::{Choose, RandomDirectory};
use crate::support::{Random, cases};

impl Choose for Random {
    fn below(&mut self, end: usize) -> usize {
        Self::below(self, end)
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_plan_reaches_further_than_its_leavers() {
    let first = number_from("ORACLE_FIRST").unwrap_or_default();
    let count = number_from("ORACLE_CASES").unwrap_or(cases(60, 2_000) as u64);
    let mut outcomes: BTreeMap<Outcome, u64> = BTreeMap::new();
    for number in first..first + count {
        let random = &mut Random(number);
        let directory = RandomDirectory::new(random);
        let reordered = directory.reordered(random);
        let outcome = check(&directory, &reordered)
            .unwrap_or_else(|violation| panic!("directory {number}: {violation}\n{}", directory.written()));
        *outcomes.entry(outcome).or_default() += 1;
    }
    eprintln!("oracles: {outcomes:?}");
    let share = |outcome| outcomes.get(&outcome).copied().unwrap_or_default() * 100 / count;
    assert_eq!(share(Outcome::Invalid), 0, "{outcomes:?}");
    assert!(share(Outcome::Deleted) >= 10, "too few plans delete something: {outcomes:?}");
}
