//! Support for the fuzz targets: exports in memory, random directories with policies and leavers, and everything from a
//! plan's inputs to the texts that it writes.

// Shared with the tests of the product, like all modules with a path.
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/support/memory.rs"]
mod memory;
#[path = "../../tests/support/oracle.rs"]
pub mod oracle;
mod plan_case;
#[path = "../../tests/support/plan_text.rs"]
mod plan_text;
mod random;
#[path = "../../tests/support/random_directory.rs"]
pub mod random_directory;
mod texts;

pub use plan_case::{
    PlanCase, PlanOutput, applied, difference, differences, is_respelling_of_names, ldif_of, rewritten, rolled_back,
};
pub use plan_text::plan_text;
pub use random::{RandomChanges, RandomPlan};
pub use texts::Texts;
