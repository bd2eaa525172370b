//! Step 6: one builder for each stage, from what is settled to operations. No builder depends on another.
//!
//! An operation after the stage `move` uses the names that entries have by then.

mod address_books;
mod entries;
mod moves;
mod output;
mod references;
mod services;
mod status;

pub use output::{GroupLoss, StageOutput};

use super::gather::Gathered;
use super::request::PlanContext;
use super::settle::Settled;

/// Writes the operations of all stages.
pub fn build(settled: &Settled, gathered: &Gathered, context: PlanContext<'_>) -> StageOutput {
    let mut all = StageOutput::default();
    for output in [
        status::build(settled, context),
        moves::build(settled),
        address_books::build(settled, context),
        references::build(settled, gathered, context),
        services::build(settled, context),
        entries::build(settled, gathered, context),
    ] {
        all.add(output);
    }
    all
}
