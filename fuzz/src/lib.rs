//! Support for the fuzz targets: exports in memory, random directories with policies and leavers, and everything from a
//! plan's inputs to the texts that it writes.

mod plan_case;
mod random;
mod texts;

pub use plan_case::{
    PlanCase, PlanOutput, applied, difference, differences, is_respelling_of_names, ldif_of, rewritten, rolled_back,
};
pub use random::{RandomChanges, RandomPlan};
pub use texts::Texts;
