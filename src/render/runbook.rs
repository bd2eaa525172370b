//! RUNBOOK.md: the commands to run, in order, with the result codes to expect.

use minijinja::{Error, value::Serde};
use serde::Serialize;

use super::change_file::Context;
use super::report::markdown;
use super::report::view::{HandOff, Leftover, WrittenWholeView};
use super::sanitize::shown;
use crate::ldap::Change;
use crate::plan::Stage;
use crate::policy::Server;
use crate::proof::Files;

#[derive(Serialize)]
struct Runbook<'r> {
    ticket: Option<&'r str>,
    apply: Vec<ApplyFile>,
    rollback: Vec<RollbackFile<'r>>,
    first: Vec<&'r HandOff>,
    after_status: Vec<&'r HandOff>,
    last: Vec<&'r HandOff>,
    leftovers: &'r [Leftover],
    raised: Vec<String>,
    accepted: Vec<String>,
    written_whole: Vec<WrittenWholeView>,
    bind: Option<String>,
    active_directory: bool,
    relaxes: bool,
    has_status: bool,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "what the template asks of a file, each yes or no")]
struct ApplyFile {
    name: String,
    stage: &'static str,
    records: usize,
    modifies: bool,
    deletes: bool,
    moves: bool,
    asserts: bool,
    /// It writes lists of values whole.
    writes_whole: bool,
    dns: Option<String>,
}

#[derive(Serialize)]
struct RollbackFile<'r> {
    name: &'r str,
}

/// Renders RUNBOOK.md.
pub fn render(
    context: &Context<'_>,
    files: &Files,
    dn_lists: &[(String, Vec<u8>)],
    hand_offs: &[HandOff],
    leftovers: &[Leftover],
) -> Result<String, Error> {
    let stages = Stage::ALL.into_iter().filter(|stage| context.plan.stage(*stage).next().is_some());
    let apply = stages.map(|stage| {
        let any = |test: &dyn Fn(&crate::plan::Operation) -> bool| context.plan.stage(stage).any(test);
        let dns = stage.apply_file().replace(".ldif", ".dns");
        ApplyFile {
            name: stage.apply_file(),
            stage: stage.name(),
            records: context.plan.stage(stage).count(),
            modifies: any(&|operation| matches!(operation.record.change, Change::Modify(_))),
            deletes: any(&|operation| matches!(operation.record.change, Change::Delete)),
            moves: any(&|operation| matches!(operation.record.change, Change::ModifyDn { .. })),
            asserts: any(&|operation| !operation.record.controls.is_empty()),
            writes_whole: context.plan.written_whole.iter().any(|written| written.stage == stage),
            dns: dn_lists.iter().any(|(name, _)| *name == dns).then_some(dns),
        }
    });
    let apply: Vec<ApplyFile> = apply.collect();
    let when = |when: &str| hand_offs.iter().filter(|hand_off| hand_off.when == when).collect();
    let runbook = Runbook {
        ticket: context.ticket,
        has_status: apply.iter().any(|file| file.stage == Stage::Status.name()),
        apply,
        rollback: files.rollback.iter().map(|(name, _)| RollbackFile { name }).collect(),
        first: when("first"),
        after_status: when("after-status"),
        last: when("last"),
        leftovers,
        raised: context
            .plan
            .counted
            .iter()
            .filter(|row| row.of_run)
            .map(|row| format!("{}: {} affected of {}, limit {}", row.kind.name(), row.affected, row.of, row.limit))
            .collect(),
        accepted: context.plan.accepted.iter().map(|lack| shown(lack.sentence().as_bytes()).into_owned()).collect(),
        written_whole: context.plan.written_whole.iter().map(WrittenWholeView::of).collect(),
        bind: context.policy.protect.bind.as_ref().map(|dn| shown(dn.spelling()).into_owned()),
        relaxes: context
            .plan
            .operations
            .iter()
            .filter_map(|operation| operation.inverse.as_ref())
            .any(|undo| !undo.controls.is_empty()),
        active_directory: context.policy.directory.server == Server::ActiveDirectory,
    };
    markdown::from_template("runbook.md.j2", include_str!("../../templates/runbook.md.j2"), Serde(runbook))
}
