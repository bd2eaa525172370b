//! Plans from their inputs to the texts that they write, and what simulation makes of those texts.

use std::collections::HashSet;
use std::convert::Infallible;

use jiff::civil::date;
use offboard::diff::{self, DiffError, Difference};
use offboard::directory::ExportsReader;
use offboard::ldap::{AttributeDescription, Change, ChangeRecord, DnKey, ModOp, ResultCode};
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert, writer};
use offboard::leavers::{self, Leaver};
use offboard::plan::{NamedRoster, Plan, PlanError, Request, plan};
use offboard::policy::{Policy, Server};
use offboard::proof::{Files, Proof, ProofError, ProofInputs, prove};
use offboard::render::change_file;
use offboard::render::context::RenderContext;
use offboard::render::report::view::{self, Attachments, View};
use offboard::render::report::{html, markdown};
use offboard::render::sanitize;
use offboard::render::{external_commands, notice, runbook};
use offboard::simulate::{self, simulate};

use crate::{RandomPlan, Texts};

/// The inputs of a plan other than the exports.
pub struct PlanCase {
    /// The policy.
    pub policy: Policy,
    /// The request.
    pub request: Request,
    /// The names of the exports.
    pub names: Vec<String>,
    /// The change ticket.
    pub ticket: Option<String>,
}

/// Everything that `offboard plan` writes.
pub struct PlanOutput {
    /// The view that plan.json and the reports are made of.
    pub view: View,
    /// The name and the text of every file.
    pub texts: Vec<(String, Vec<u8>)>,
}

impl PlanCase {
    /// A case with one export.
    pub fn new(policy: Policy, leavers: Vec<Leaver>) -> Self {
        let request = Request { leavers, as_of: date(2026, 11, 21), ..Request::default() };
        Self { policy, request, names: vec!["export.ldif".to_owned()], ticket: None }
    }

    /// The case of a random plan; `None` if the policy or one of the lists is refused.
    pub fn of_random(random: &RandomPlan) -> Option<Self> {
        let policy = Policy::parse(&random.policy).ok()?;
        let leavers = leavers::read(random.leavers.as_bytes()).ok()?;
        let mut rosters = Vec::new();
        if let Some(text) = &random.roster {
            let rules = &policy.rosters.get("hr")?.rules;
            let roster = leavers::roster::read(text.as_bytes(), rules).ok()?;
            rosters.push(NamedRoster { name: "hr".to_owned(), roster });
        }
        let request = Request {
            leavers,
            as_of: random.as_of,
            guard: random.guard,
            stages: random.stages.clone(),
            orphans: random.orphans,
            rosters,
            ..Request::default()
        };
        let names = (1..=random.exports.len()).map(|number| format!("export-{number}.ldif")).collect();
        let ticket = random.ticket.as_ref().map(|ticket| sanitize::sanitized(ticket.as_bytes()).into_owned());
        Some(Self { policy, request, names, ticket })
    }

    /// Makes the plan.
    pub fn plan(&self, exports: &Texts) -> Result<Plan, PlanError<Infallible>> {
        plan(ExportsReader::new(exports, UrlPolicy::Refuse), &self.policy, &self.request)
    }

    fn context<'c>(&'c self, plan: &'c Plan) -> RenderContext<'c> {
        let ticket = self.ticket.as_deref();
        RenderContext { plan, request: &self.request, policy: &self.policy, exports: &self.names, ticket }
    }

    /// The change files of a plan.
    pub fn files(&self, plan: &Plan) -> Files {
        change_file::files(&self.context(plan))
    }

    /// Proves a plan.
    pub fn prove(&self, exports: &Texts, plan: &Plan, files: &Files) -> Result<Proof, ProofError<Infallible>> {
        prove(&ProofInputs {
            reader: ExportsReader::new(exports, UrlPolicy::Refuse),
            policy: &self.policy,
            request: &self.request,
            plan,
            files,
        })
    }

    /// Everything that `offboard plan` writes for a proven plan, made as `cli::plan` makes it.
    pub fn output(&self, plan: &Plan, proof: &Proof, files: &Files) -> PlanOutput {
        let context = self.context(plan);
        let external_commands = external_commands::external_commands(&context);
        let hand_off_attributes = external_commands::hand_off_attributes(&context);
        let dn_lists = change_file::dn_lists(plan);
        let mut texts = Vec::new();
        texts.extend(files.apply.iter().chain(&dn_lists).cloned());
        texts.extend(files.rollback.iter().cloned());
        texts.extend(notice::notices(&context).expect("notices are written"));
        let runbook = runbook::render(&context, files, &dn_lists, &external_commands, &hand_off_attributes);
        let runbook = runbook.expect("a runbook is written");
        texts.push(("RUNBOOK.md".to_owned(), runbook.into_bytes()));
        let names = texts.iter().map(|(name, _)| name.clone()).collect();
        let inputs = Vec::new();
        let attachments = Attachments { inputs, external_commands, hand_off_attributes, files: names };
        let view = view::view(&context, proof, attachments);
        texts.push(("report.md".to_owned(), markdown::render(&view).expect("a report is written").into_bytes()));
        texts.push(("short.md".to_owned(), markdown::short(&view).expect("a short report is written").into_bytes()));
        texts.push(("report.html".to_owned(), html::render(&view).expect("a page is written").into_bytes()));
        PlanOutput { view, texts }
    }

    /// The change records of files, in order.
    pub fn records(files: &[(String, Vec<u8>)]) -> Vec<ChangeRecord> {
        let mut records = Vec::new();
        for (name, text) in files {
            for record in RecordReader::new(text, 1, UrlPolicy::Refuse) {
                match record.unwrap_or_else(|error| panic!("{name}: {error}")) {
                    Record::Change(record) => records.push(convert::change(&record).expect("a change")),
                    Record::Content(_) => panic!("{name}: an entry"),
                    Record::NonEntry { .. } => {}
                }
            }
        }
        records
    }
}

/// Exports after records that restore an earlier state.
///
/// Several exports become one text, as `offboard simulate` writes it. `None` if an entry that violated the schema from the
/// start cannot be restored: `simulate` does not know the earlier state.
pub fn rolled_back(exports: &Texts, server: Server, records: &[ChangeRecord], what: &str) -> Option<Texts> {
    let outcome = simulate(exports, UrlPolicy::Refuse, server, records, false)
        .unwrap_or_else(|error| panic!("{what}: {error}: {error:?}"));
    let violates_schema = |(number, code): &(usize, ResultCode)| {
        let is_add = matches!(records[*number].change, Change::Add(_));
        // A second value of an attribute that is single-valued there.
        let is_add = is_add || server == Server::ActiveDirectory && code.number() == 20;
        matches!(code.number(), 21 | 34 | 65) || is_add && matches!(code.number(), 19 | 20)
    };
    if outcome.refused.first().is_some_and(violates_schema) {
        return None;
    }
    Some(applied(exports, server, records, what))
}

/// Exports after records, none of which may be refused.
pub fn applied(exports: &Texts, server: Server, records: &[ChangeRecord], what: &str) -> Texts {
    let outcome = simulate(exports, UrlPolicy::Refuse, server, records, false)
        .unwrap_or_else(|error| panic!("{what}: {error}: {error:?}"));
    if let Some((number, code)) = outcome.refused.first() {
        panic!("{what}: record {number} is refused: {code}\n{}", ldif_of(&records[*number..=*number]));
    }
    Texts { texts: vec![rewritten(exports, &outcome.changes)], ..*exports }
}

/// The text of exports with changes made.
pub fn rewritten(exports: &Texts, changes: &simulate::Changes) -> Vec<u8> {
    let mut text = Vec::new();
    simulate::rewrite(exports, UrlPolicy::Refuse, changes, &mut |chunk| {
        text.extend_from_slice(chunk);
        std::ops::ControlFlow::Continue(())
    })
    .unwrap_or_else(|error| panic!("exports that were read before cannot be read: {error}"));
    text
}

/// The difference between two directories, without operational attributes and without the ignored ones.
///
/// `None` if one of them contains an entry twice.
pub fn difference(before: &Texts, after: &Texts, server: Server, ignored: &[String]) -> Option<Difference> {
    let ignored = ignored.iter().filter_map(|name| AttributeDescription::parse(name.as_bytes()).ok()).collect();
    let options =
        diff::Options { server, schema: std::sync::Arc::default(), with_operational: false, ignored, seed: 7 };
    match diff::diff(before, after, UrlPolicy::Refuse, &options) {
        Ok(difference) => Some(difference),
        Err(DiffError::Twice { .. }) => None,
        Err(error) => panic!("exports that were read before cannot be read: {error}"),
    }
}

/// The records of [`difference`].
pub fn differences(before: &Texts, after: &Texts, server: Server, ignored: &[String]) -> Option<Vec<ChangeRecord>> {
    Some(difference(before, after, server, ignored)?.records())
}

/// Whether a record only replaces DNs by other spellings of the same DNs.
pub fn is_respelling_of_names(record: &ChangeRecord) -> bool {
    let Change::Modify(modifications) = &record.change else { return false };
    let names = |op| -> Option<HashSet<_>> {
        let of_op = modifications.iter().filter(|modification| modification.op == op);
        let values = of_op.flat_map(|modification| {
            let name = modification.description.attribute_type().to_ascii_lowercase();
            modification.values.iter().map(move |value| Some((name.clone(), DnKey::parse(&value.bytes).ok()?)))
        });
        values.collect()
    };
    names(ModOp::Delete).is_some_and(|deleted| names(ModOp::Add) == Some(deleted))
}

/// Change records as LDIF.
pub fn ldif_of(records: &[ChangeRecord]) -> String {
    let mut text = Vec::new();
    for record in records {
        writer::write_change(&mut text, record);
        text.push(b'\n');
    }
    String::from_utf8_lossy(&text).into_owned()
}
