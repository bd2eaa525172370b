//! `offboard dn`: a distinguished name taken apart and normalised, or two names compared.

use std::io::Write as _;

use serde_json::{Value, json};

use super::args;
use super::{Diagnostic, Exit, Outcome, check_stdout};
use crate::ldap::Dn;
use crate::render::record_json::bytes;

pub fn run(command: &args::Dn) -> Outcome {
    let dn = parse(&command.dn)?;
    if let Some(other) = &command.equal {
        return Ok(if parse(other)? == dn { Exit::Done } else { Exit::Findings });
    }
    let rdns: Vec<Value> = dn
        .rdns()
        .iter()
        .map(|rdn| rdn.avas().iter().map(|ava| json!([ava.attribute_type, bytes(&ava.value)])).collect())
        .collect();
    let object = json!({ "dn": bytes(dn.raw_bytes()), "normalized": dn.normalized(), "rdns": rdns });
    check_stdout(writeln!(std::io::stdout().lock(), "{object}"))?;
    Ok(Exit::Done)
}

fn parse(text: &str) -> Result<Dn, Vec<Diagnostic>> {
    Dn::parse(text.as_bytes()).map_err(|error| {
        let fault = Diagnostic::error(format!("invalid distinguished name: {}", error.kind));
        vec![fault.at("<DN>", 1, error.offset as u64 + 1, text.as_bytes())]
    })
}
