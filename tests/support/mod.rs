//! What the tests share. A helper that two test files need belongs here.
//!
//! | module | holds |
//! | --- | --- |
//! | `run` | the binary, run in a fixed environment, and what it printed |
//! | `scenario` | the folders below `fixtures/scenarios`: their files, options, and inputs of a plan |
//! | `memory` | exports in memory, and entries read from text |
//! | `plan_text` | a plan as text |
//! | `expected` | comparison with expected files, which `tests/accept` rewrites |
//! | `random_directory` | random directories in which it is easy to hit the wrong entry |
//! | `oracle` | what must hold for every plan, checked by code of its own |
//! | `random` | a generator of numbers that are the same in every run |
//! | `runbook` | the commands of a `RUNBOOK.md` |
//! | `programs` | other projects' programs; only with the feature `all-tests` |

mod expected;
mod memory;
pub mod oracle;
mod plan_text;
#[cfg(feature = "all-tests")]
pub mod programs;
mod random;
pub mod random_directory;
mod run;
pub mod runbook;
mod scenario;

pub use expected::{assert_expected, is_accepting};
pub use memory::{MemoryExports, entries};
pub use plan_text::plan_text;
pub use random::Random;
pub use run::{
    AS_OF, file_name, files, gzip, offboard, paths_below, paths_with, root, sha256, sorted_paths, stderr, stdout,
    transcript,
};
pub use scenario::{
    Inputs, export_options, exports, inputs, plan_scenario, scenario_file, scenario_leavers, scenarios,
};

/// The variants that run number `number` of a test tries: all of them with the feature `all-tests`, else one, by turns.
pub fn by_turns<T>(number: usize, variants: &[T]) -> &[T] {
    let at = number % variants.len();
    if cfg!(feature = "all-tests") { variants } else { &variants[at..=at] }
}

/// How many cases a test with random or repeated input runs: `full` with the feature `all-tests`, else `quick`.
pub const fn cases(quick: usize, full: usize) -> usize {
    if cfg!(feature = "all-tests") { full } else { quick }
}
