//! `offboard plan --wave N`: a change set of its own for every N accounts, proven one behind the other.

use std::sync::Arc;

use minijinja::value::Serde;
use serde::Serialize;

use super::Diagnostic;
use super::plan::{ChangeSet, change_set, report_fault, reports};
use super::proven::{Basis, Proven};
use crate::directory::Overlay;
use crate::directory::key_hash::KeySet;
use crate::directory::overlay::apply_overlay;
use crate::io::output::{SUMS, sums};
use crate::plan::Request;
use crate::plan::batch::{self, difference};
use crate::proof::apply::relink_all;
use crate::render::report::markdown;
use crate::render::report::view::Input;
use crate::render::sanitize::sanitized;

/// What WAVES.md shows.
#[derive(Serialize)]
struct Overview<'o> {
    ticket: Option<&'o str>,
    size: usize,
    accounts: usize,
    waves: Vec<Row>,
    /// How many leavers are in no wave.
    others: usize,
}

/// A wave in it.
#[derive(Serialize)]
struct Row {
    name: String,
    accounts: usize,
    records: usize,
    first: String,
    last: String,
}

/// The change sets of all waves, each in a folder of its own, and WAVES.md.
pub fn waves(
    basis: Basis<'_>,
    request: &Request,
    whole: &Proven,
    (size, parts): (usize, &[Arc<KeySet>]),
    inputs: &[Input],
) -> Result<ChangeSet, Vec<Diagnostic>> {
    let digits = parts.len().to_string().len().max(2);
    let follows_moves = basis.policy.directory.server.profile().follows_moves;
    let mut laid = Overlay::default();
    if follows_moves {
        // What later waves touch names what earlier ones move: the server renames it there by itself, so it must be here.
        let before = whole.plan.before.iter();
        laid.extend(before.map(|(key, entry)| (key.clone(), Some(Arc::new(entry.clone())))));
    }
    let mut set = Vec::new();
    let mut rows = Vec::new();
    for (index, keys) in parts.iter().enumerate() {
        let name = format!("wave-{:0digits$}", index + 1);
        let request = batch::request(&whole.plan, request, keys, &laid, index + 1 == parts.len());
        let mut made = basis.proven(Some(&laid), &request)?;
        // The whole is within its limits, so a part of it should be.
        if let Some(row) = made.plan.exceeded().next() {
            let kind = row.kind.name();
            let fault = Diagnostic::refused(format!("{name} alone would exceed the limit `{kind}`: {}", row.limit));
            return Err(vec![fault.note("nothing was written").help("plan without --wave")]);
        }
        apply_overlay(&mut laid, &made.proof.after);
        if follows_moves {
            relink_all(laid.values_mut().flatten(), &made.proof.after);
        }
        made.plan.keep_batch(keys);
        let who = |account: Option<&crate::plan::Account>| {
            let leaver = account.and_then(|account| made.plan.leavers.get(account.leaver));
            leaver.map(|leaver| sanitized(leaver.identity.to_string().as_bytes()).into_owned()).unwrap_or_default()
        };
        rows.push(Row {
            accounts: made.plan.accounts.len(),
            records: made.plan.operations.len(),
            first: who(made.plan.accounts.first()),
            last: who(made.plan.accounts.last()),
            name: name.clone(),
        });
        let (mut files, view) = change_set(basis, &request, &mut made, inputs.to_vec())?;
        files.extend(reports(&view)?);
        files.push((SUMS.to_owned(), sums(&files).into_bytes()));
        set.extend(files.into_iter().map(|(file, text)| (format!("{name}/{file}"), text)));
    }
    if let Some(key) = difference(&laid, &whole.proof.after) {
        let name = whole.plan.before.get(key).map_or(key.as_bytes(), |entry| entry.dn.raw_bytes());
        let fault = Diagnostic::refused(format!(
            "in waves of {size} accounts, {} would end otherwise than in the whole plan",
            sanitized(name)
        ));
        return Err(vec![
            fault
                .note(
                    "accounts in different waves depend on each other: one stands below another, or takes over from it",
                )
                .note("nothing was written")
                .help("plan without --wave, or with so many accounts in a wave that these are in the same one"),
        ]);
    }
    let accounts: usize = rows.iter().map(|row| row.accounts).sum();
    let overview = Overview {
        ticket: basis.ticket,
        size,
        accounts,
        others: whole.plan.leavers.len().saturating_sub(accounts),
        waves: rows,
    };
    let template = include_str!("../../templates/waves.md.j2");
    let text =
        markdown::from_template("waves.md.j2", template, Serde(overview)).map_err(|error| report_fault(&error))?;
    set.push(("WAVES.md".to_owned(), text.into_bytes()));
    Ok(set)
}
