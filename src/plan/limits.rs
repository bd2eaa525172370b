//! Limits: a plan that would do too much of one kind is refused whole.

use crate::policy::LimitKind;

/// A limit that the plan exceeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Exceeded {
    /// The kind of change.
    pub kind: LimitKind,
    /// How many the plan would make.
    pub affected: u64,
    /// Of how many in the exports.
    pub of: u64,
    /// The limit in words.
    pub limit: String,
}

/// One kind of change, counted against its limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// The kind of change.
    pub kind: LimitKind,
    /// How many the plan makes.
    pub affected: u64,
    /// Of how many in the exports.
    pub of: u64,
    /// The limit in words; empty without one.
    pub limit: String,
}
