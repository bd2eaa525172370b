//! `offboard plan --wave N`: the plan split into batches of N accounts. Each batch is a change set of its own, proven on the
//! exports as the batches before it leave them.

use std::sync::Arc;

use minijinja::value::Serde;
use serde::Serialize;

use super::Diagnostic;
use super::plan::{ChangeSetFiles, change_set, report_fault, reports};
use super::proven_plan::{PlanSources, ProvenPlan};
use crate::directory::Overlay;
use crate::directory::key_hash::KeySet;
use crate::directory::overlay::apply_overlay;
use crate::io::output::{SUMS, sums};
use crate::plan::batch::{self, difference};
use crate::plan::{Account, Request};
use crate::proof::apply::relink_all;
use crate::render::count::counted;
use crate::render::report::markdown;
use crate::render::report::view::Input;
use crate::render::sanitize::sanitized;

/// What WAVES.md shows.
#[derive(Serialize)]
struct Overview<'o> {
    ticket: Option<&'o str>,
    /// How many accounts a batch has at most.
    size: usize,
    /// How many accounts are in a batch.
    accounts: usize,
    batches: Vec<BatchRow>,
    /// How many leavers are in no batch.
    others: usize,
}

/// A batch in WAVES.md.
#[derive(Serialize)]
struct BatchRow {
    name: String,
    accounts: usize,
    records: usize,
    /// The first leaver.
    first: String,
    /// The last leaver.
    last: String,
}

/// A plan that is split into batches.
pub struct Batches<'b> {
    pub sources: PlanSources<'b>,
    /// What was asked for.
    pub request: &'b Request,
    /// The whole plan, which is within its limits.
    pub whole: &'b ProvenPlan,
    /// How many accounts a batch has at most.
    pub size: usize,
    /// The accounts of each batch.
    pub parts: &'b [Arc<KeySet>],
}

impl Batches<'_> {
    /// The change sets of all batches, each in a folder of its own, and WAVES.md.
    ///
    /// Refused if the batches together would not leave the directory as the whole plan does.
    pub fn change_sets(&self, inputs: &[Input]) -> Result<ChangeSetFiles, Vec<Diagnostic>> {
        let digits = self.parts.len().to_string().len().max(2);
        let mut overlay = self.first_overlay();
        let mut set = Vec::new();
        let mut rows = Vec::new();
        for (index, keys) in self.parts.iter().enumerate() {
            let name = format!("wave-{:0digits$}", index + 1);
            let is_last = index + 1 == self.parts.len();
            let request = batch::request(&self.whole.plan, self.request, keys, &overlay, is_last);
            let mut batch = self.sources.prove(Some(&overlay), &request)?;
            // The whole plan is within its limits, so this is not expected.
            if let Some(row) = batch.plan.exceeded().next() {
                let kind = row.kind.name();
                let fault = Diagnostic::refused(format!("{name} alone would exceed the limit `{kind}`: {}", row.limit));
                return Err(vec![fault.note("nothing was written").help("plan without --wave")]);
            }
            apply_overlay(&mut overlay, &batch.proof.after);
            if self.follows_moves() {
                relink_all(overlay.values_mut().flatten(), &batch.proof.after);
            }
            batch.plan.keep_batch(keys);
            rows.push(BatchRow::of(name.clone(), &batch));
            let (mut files, view) = change_set(self.sources, &request, &mut batch, inputs.to_vec())?;
            files.extend(reports(&view)?);
            files.push((SUMS.to_owned(), sums(&files).into_bytes()));
            set.extend(files.into_iter().map(|(file, text)| (format!("{name}/{file}"), text)));
        }
        self.check_result(&overlay)?;
        set.push(("WAVES.md".to_owned(), self.overview(rows)?));
        Ok(set)
    }

    /// Whether the server changes the references to an entry that is moved.
    fn follows_moves(&self) -> bool {
        self.sources.policy.directory.server.profile().follows_moves
    }

    /// What the first batch is planned on.
    ///
    /// If the server changes references by itself, entries that later batches change may get new values when an earlier
    /// batch moves an account, so they must be in the overlay from the beginning.
    fn first_overlay(&self) -> Overlay {
        let mut overlay = Overlay::default();
        if self.follows_moves() {
            let before = self.whole.plan.before.iter();
            overlay.extend(before.map(|(key, entry)| (key.clone(), Some(Arc::new(entry.clone())))));
        }
        overlay
    }

    /// Refuses batches that together do not leave the directory as the whole plan does.
    fn check_result(&self, overlay: &Overlay) -> Result<(), Vec<Diagnostic>> {
        let whole = self.whole;
        let Some(key) = difference(overlay, &whole.proof.after) else { return Ok(()) };
        let name = whole.plan.before.get(key).map_or(key.as_bytes(), |entry| entry.dn.raw_bytes());
        let fault = Diagnostic::refused(format!(
            "in waves of {}, {} would end differently from the full plan",
            counted(self.size, "account"),
            sanitized(name)
        ));
        Err(vec![
            fault
                .note("accounts in different waves depend on each other: one is below another, or takes over from it")
                .note("nothing was written")
                .help("plan without --wave, or with waves large enough to contain both accounts"),
        ])
    }

    fn overview(&self, batches: Vec<BatchRow>) -> Result<Vec<u8>, Vec<Diagnostic>> {
        let accounts: usize = batches.iter().map(|row| row.accounts).sum();
        let overview = Overview {
            ticket: self.sources.ticket,
            size: self.size,
            accounts,
            others: self.whole.plan.leavers.len().saturating_sub(accounts),
            batches,
        };
        let template = include_str!("../../templates/waves.md.j2");
        let text =
            markdown::from_template("waves.md.j2", template, Serde(overview)).map_err(|error| report_fault(&error))?;
        Ok(text.into_bytes())
    }
}

impl BatchRow {
    fn of(name: String, batch: &ProvenPlan) -> Self {
        let plan = &batch.plan;
        let leaver = |account: Option<&Account>| {
            let leaver = account.and_then(|account| plan.leavers.get(account.leaver));
            leaver.map(|leaver| sanitized(leaver.identity.to_string().as_bytes()).into_owned()).unwrap_or_default()
        };
        Self {
            name,
            accounts: plan.accounts.len(),
            records: plan.operations.len(),
            first: leaver(plan.accounts.first()),
            last: leaver(plan.accounts.last()),
        }
    }
}
