//! A plan from its grounds to the texts that it writes.

use std::collections::HashSet;
use std::convert::Infallible;

use jiff::civil::date;
use offboard::diff::{self, DiffError, Difference};
use offboard::ldap::{AttributeDescription, Change, ChangeRecord, DnKey, ModOp, ResultCode};
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert, writer};
use offboard::leavers::{self, Leaver};
use offboard::plan::{NamedRoster, Plan, PlanError, Request, plan};
use offboard::policy::{Policy, Server};
use offboard::proof::{Files, Proof, ProofError, prove};
use offboard::render::change_file;
use offboard::render::context::RenderContext;
use offboard::render::report::view::{self, Attachments, View};
use offboard::render::report::{html, markdown};
use offboard::render::sanitize;
use offboard::render::{external_commands, notice, runbook};
use offboard::simulate::{self, simulate};

use crate::{Texts, World};

/// What a plan rests on next to the exports.
pub struct Case {
    /// The policy.
    pub policy: Policy,
    /// What is asked for.
    pub request: Request,
    /// Names of the exports.
    pub names: Vec<String>,
    /// The change ticket.
    pub ticket: Option<String>,
}

/// What is made of a plan.
pub struct Made {
    /// The view of the report.
    pub view: View,
    /// Every text, by the name of its file.
    pub texts: Vec<(String, Vec<u8>)>,
}

impl Case {
    /// A case of one export.
    pub fn of(policy: Policy, leavers: Vec<Leaver>) -> Self {
        let request = Request { leavers, as_of: date(2026, 11, 21), ..Request::default() };
        Self { policy, request, names: vec!["export.ldif".to_owned()], ticket: None }
    }

    /// The case of a world; `None` if its policy or one of its lists is refused.
    pub fn of_world(world: &World) -> Option<Self> {
        let policy = Policy::parse(&world.policy).ok()?;
        let leavers = leavers::read(world.leavers.as_bytes()).ok()?;
        let mut rosters = Vec::new();
        if let Some(text) = &world.roster {
            let rules = &policy.rosters.get("hr")?.rules;
            let roster = leavers::roster::read(text.as_bytes(), rules).ok()?;
            rosters.push(NamedRoster { name: "hr".to_owned(), roster });
        }
        let request = Request {
            leavers,
            as_of: world.as_of,
            guard: world.guard,
            stages: world.stages.clone(),
            orphans: world.orphans,
            rosters,
            ..Request::default()
        };
        let names = (1..=world.exports.len()).map(|number| format!("export-{number}.ldif")).collect();
        let ticket = world.ticket.as_ref().map(|ticket| sanitize::sanitized(ticket.as_bytes()).into_owned());
        Some(Self { policy, request, names, ticket })
    }

    /// Plans.
    pub fn plan(&self, exports: &Texts) -> Result<Plan, PlanError<Infallible>> {
        plan(exports, UrlPolicy::Refuse, None, &self.policy, &self.request)
    }

    fn context<'c>(&'c self, plan: &'c Plan) -> RenderContext<'c> {
        let ticket = self.ticket.as_deref();
        RenderContext { plan, request: &self.request, policy: &self.policy, exports: &self.names, ticket }
    }

    /// The change files.
    pub fn files(&self, plan: &Plan) -> Files {
        change_file::files(&self.context(plan))
    }

    /// Proves a plan.
    pub fn prove(&self, exports: &Texts, plan: &Plan, files: &Files) -> Result<Proof, ProofError<Infallible>> {
        prove(exports, UrlPolicy::Refuse, None, &self.policy, &self.request, plan, files)
    }

    /// Everything that `offboard plan` makes of a proven plan, as `cli::plan` does.
    pub fn make(&self, plan: &Plan, proof: &Proof, files: &Files) -> Made {
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
        Made { view, texts }
    }

    /// Change records of files, in order.
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

    /// A plan as text: whatever somebody sees of it.
    pub fn told(plan: &Result<Plan, PlanError<Infallible>>) -> String {
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => return format!("{error}: {error:?}"),
        };
        let mut text = Vec::new();
        for operation in &plan.operations {
            writer::write_change(&mut text, &operation.record);
            if let Some(inverse) = &operation.inverse {
                writer::write_change(&mut text, inverse);
            }
        }
        let decisions: Vec<String> = plan.accounts.iter().map(|account| format!("{:?}", account.decision)).collect();
        format!(
            "{}{decisions:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            String::from_utf8_lossy(&text),
            plan.conflicts,
            plan.decision_items,
            plan.counted,
            plan.census,
            plan.unreadable_values,
            plan.lost_access
        )
    }
}

/// Exports with records applied to them that bring back what was there.
///
/// Several exports become one text, as `offboard simulate` writes it. `None` if an entry does not come back that was there
/// against the schema: `simulate` knows nothing of what was there before.
pub fn brought_back(exports: &Texts, server: Server, records: &[ChangeRecord], what: &str) -> Option<Texts> {
    let outcome = simulate(exports, UrlPolicy::Refuse, server, records, false)
        .unwrap_or_else(|error| panic!("{what}: {error}: {error:?}"));
    let against_rules = |(number, code): &(usize, ResultCode)| {
        let is_add = matches!(records[*number].change, Change::Add(_));
        // A second value of an attribute that takes one there.
        let is_add = is_add || server == Server::ActiveDirectory && code.number() == 20;
        matches!(code.number(), 21 | 34 | 65) || is_add && matches!(code.number(), 19 | 20)
    };
    if outcome.refused.first().is_some_and(against_rules) {
        return None;
    }
    Some(applied(exports, server, records, what))
}

/// Exports with records applied to them, every one of which is taken.
pub fn applied(exports: &Texts, server: Server, records: &[ChangeRecord], what: &str) -> Texts {
    let outcome = simulate(exports, UrlPolicy::Refuse, server, records, false)
        .unwrap_or_else(|error| panic!("{what}: {error}: {error:?}"));
    if let Some((number, code)) = outcome.refused.first() {
        panic!("{what}: record {number} is refused: {code}\n{}", shown(&records[*number..=*number]));
    }
    Texts { texts: vec![rewritten(exports, &outcome.changes)], ..*exports }
}

/// The text of exports with changes in them.
pub fn rewritten(exports: &Texts, changes: &simulate::Changes) -> Vec<u8> {
    let mut text = Vec::new();
    simulate::rewrite(exports, UrlPolicy::Refuse, changes, &mut |part| {
        text.extend_from_slice(part);
        std::ops::ControlFlow::Continue(())
    })
    .unwrap_or_else(|error| panic!("exports that were read a moment ago: {error}"));
    text
}

/// What turns one content into another, without what servers set by themselves and without some attributes.
///
/// `None` if one of them holds an entry twice.
pub fn difference(before: &Texts, after: &Texts, server: Server, ignored: &[String]) -> Option<Difference> {
    let ignored = ignored.iter().filter_map(|name| AttributeDescription::parse(name.as_bytes()).ok()).collect();
    let options =
        diff::Options { server, schema: std::sync::Arc::default(), with_operational: false, ignored, seed: 7 };
    match diff::diff(before, after, UrlPolicy::Refuse, &options) {
        Ok(difference) => Some(difference),
        Err(DiffError::Twice { .. }) => None,
        Err(error) => panic!("exports that were read a moment ago: {error}"),
    }
}

/// [`difference`], its records alone.
pub fn differences(before: &Texts, after: &Texts, server: Server, ignored: &[String]) -> Option<Vec<ChangeRecord>> {
    Some(difference(before, after, server, ignored)?.records())
}

/// Whether a record puts names in the place of the same ones, otherwise spelled.
pub fn is_spelling_of_names(record: &ChangeRecord) -> bool {
    let Change::Modify(modifications) = &record.change else { return false };
    let names = |op| -> Option<HashSet<_>> {
        let of_op = modifications.iter().filter(|modification| modification.op == op);
        let values = of_op.flat_map(|modification| {
            let name = modification.description.attribute_type().to_ascii_lowercase();
            modification.values.iter().map(move |value| Some((name.clone(), DnKey::parse(&value.bytes).ok()?)))
        });
        values.collect()
    };
    names(ModOp::Delete).is_some_and(|gone| names(ModOp::Add) == Some(gone))
}

/// Records as LDIF.
pub fn sanitized(records: &[ChangeRecord]) -> String {
    let mut text = Vec::new();
    for record in records {
        writer::write_change(&mut text, record);
        text.push(b'\n');
    }
    String::from_utf8_lossy(&text).into_owned()
}
