//! Signs in exports that entries or values are missing, so that changes cannot be worked out from them.

use crate::directory::Census;
use crate::directory::census::Finding;

/// A sign that exports are incomplete.
pub struct Gap<'c> {
    /// What is missing, as a message.
    pub what: &'static str,
    /// The places that show it.
    pub finding: &'c Finding,
}

/// The first sign that exports are incomplete, if there is one.
pub fn first_gap(census: &Census) -> Option<Gap<'_>> {
    let gaps = [
        Gap { what: "a search ended before it returned every entry", finding: &census.cut },
        Gap { what: "some attributes have only a part of their values", finding: &census.partial_lists },
        Gap { what: "some entries have no values", finding: &census.without_values },
    ];
    gaps.into_iter().find(|gap| gap.finding.count > 0)
}
