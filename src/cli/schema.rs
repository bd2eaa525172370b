//! `offboard schema`: the JSON Schema of a policy or of plan.json, made from the types that read and write them.

use std::io::Write as _;

use super::args::{self, SchemaOf};
use super::{Exit, Outcome, written};
use crate::policy;
use crate::render::report::view;

/// Runs it.
pub fn run(command: &args::Schema) -> Outcome {
    let schema = match command.of {
        SchemaOf::Policy => policy::schema(),
        SchemaOf::Plan => view::schema(),
    };
    written(writeln!(std::io::stdout().lock(), "{schema:#}"))?;
    Ok(Exit::Done)
}
