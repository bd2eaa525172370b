//! `offboard schema`: the JSON Schema of a policy or of plan.json, generated from the Rust types.

use std::io::Write as _;

use super::args::{self, SchemaOf};
use super::{Exit, Outcome, check_stdout};
use crate::policy;
use crate::render::report::view;

pub fn run(command: &args::Schema) -> Outcome {
    let schema = match command.of {
        SchemaOf::Policy => policy::schema(),
        SchemaOf::Plan => view::schema(),
    };
    check_stdout(writeln!(std::io::stdout().lock(), "{schema:#}"))?;
    Ok(Exit::Done)
}
