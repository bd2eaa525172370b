//! RUNBOOK.md: the commands to run, in order, with the expected result codes and what to do about others.

use std::collections::BTreeMap;

use minijinja::{Error, value::Serde};
use serde::Serialize;

use super::context::RenderContext;
use super::count::counted;
use super::report::markdown;
use super::report::view::{ExternalCommand, HandOffAttribute, WrittenWholeView};
use super::sanitize::sanitized;
use crate::ldap::Change;
use crate::ldap::managed_entries::{MANAGED_ENTRY, has_plug_in};
use crate::plan::completeness::Incomplete;
use crate::plan::{Kind, Plan, Stage};
use crate::policy::Server;
use crate::proof::Files;

/// What the template shows.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "conditions of the template")]
struct Runbook<'r> {
    ticket: Option<&'r str>,
    apply: Vec<ApplyFile>,
    /// The exports to make again after a stop.
    later: Vec<LaterExport>,
    /// The names of the rollback files, in the order in which they are run.
    rollback: Vec<&'r str>,
    /// Commands to run before the change files.
    first: Vec<&'r ExternalCommand>,
    /// Commands to run after the stage `status`.
    after_status: Vec<&'r ExternalCommand>,
    /// Commands to run after all change files.
    last: Vec<&'r ExternalCommand>,
    hand_off_attributes: &'r [HandOffAttribute],
    /// Limits that `--limit` overrides, as sentences.
    overridden: Vec<String>,
    /// What the exports lack and `--accept-incomplete` accepts, as sentences.
    accepted: Vec<String>,
    gaps: Vec<RunbookGap>,
    /// A command that exports operational attributes.
    export_command: &'static str,
    written_whole: Vec<WrittenWholeView>,
    /// The DN of `[protect] bind`.
    bind: Option<String>,
    active_directory: bool,
    /// A rollback file uses the relax rules control.
    relaxes: bool,
    /// There is a stage `status`.
    has_status: bool,
    /// The server maintains entries for accounts of the plan (Managed Entries plug-in).
    managed_entries: bool,
}

/// Something that the exports lack and that does not stop the plan.
#[derive(Serialize)]
struct RunbookGap {
    what: String,
    help: &'static str,
    command: Option<&'static str>,
}

/// A file in `apply/`.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "conditions of the template")]
struct ApplyFile {
    name: String,
    stage: &'static str,
    /// The number of records, with its noun.
    records: String,
    modifies: bool,
    deletes: bool,
    moves: bool,
    asserts: bool,
    /// What the guards of its deletions check.
    guards: Vec<GuardRow>,
    /// A record writes all values of an attribute.
    writes_whole: bool,
    /// The name of the list of DNs, if there is one.
    dns: Option<String>,
}

/// Deletions that are guarded by values of the same attributes.
#[derive(Serialize)]
struct GuardRow {
    attributes: Vec<String>,
    /// The number of deletions, with its noun.
    deletions: String,
}

/// What the guards of a stage check, by attributes. A guard is a record of its own, before the deletion.
fn guards(plan: &Plan, stage: Stage) -> Vec<GuardRow> {
    let mut counts: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for guard in plan.stage(stage).filter(|operation| operation.kind == Kind::Guard) {
        let Change::Modify(modifications) = &guard.record.change else { continue };
        let mut attributes: Vec<String> =
            modifications.iter().map(|modification| modification.description.to_string()).collect();
        attributes.dedup();
        *counts.entry(attributes).or_default() += 1;
    }
    let row = |(attributes, count)| GuardRow { attributes, deletions: counted(count, "deletion") };
    counts.into_iter().map(row).collect()
}

fn gap(lack: &Incomplete) -> RunbookGap {
    RunbookGap { what: sanitized(lack.sentence().as_bytes()).into_owned(), help: lack.help(), command: lack.command() }
}

/// An export to make after change files were run.
#[derive(Serialize)]
struct LaterExport {
    /// Its name in the commands of the runbook.
    file: String,
    /// The export of the plan that contains the same part of the directory.
    like: String,
}

fn later_exports(exports: &[String]) -> Vec<LaterExport> {
    let number = |at: usize| if exports.len() == 1 { String::new() } else { format!("-{}", at + 1) };
    let later = |(at, export): (usize, &String)| LaterExport {
        file: format!("after{}.ldif", number(at)),
        like: sanitized(export.as_bytes()).into_owned(),
    };
    exports.iter().enumerate().map(later).collect()
}

/// Renders RUNBOOK.md.
pub fn render(
    context: &RenderContext<'_>,
    files: &Files,
    dn_lists: &[(String, Vec<u8>)],
    external_commands: &[ExternalCommand],
    hand_off_attributes: &[HandOffAttribute],
) -> Result<String, Error> {
    let stages = Stage::ALL.iter().copied().filter(|stage| context.plan.stage(*stage).next().is_some());
    let apply = stages.map(|stage| {
        let any = |test: &dyn Fn(&crate::plan::Operation) -> bool| context.plan.stage(stage).any(test);
        let dns = stage.apply_file().replace(".ldif", ".dns");
        ApplyFile {
            name: stage.apply_file(),
            stage: stage.name(),
            records: counted(context.plan.stage(stage).count(), "record"),
            modifies: any(&|operation| matches!(operation.record.change, Change::Modify(_))),
            deletes: any(&|operation| matches!(operation.record.change, Change::Delete)),
            moves: any(&|operation| matches!(operation.record.change, Change::ModifyDn { .. })),
            asserts: any(&|operation| !operation.record.controls.is_empty()),
            guards: guards(context.plan, stage),
            writes_whole: context.plan.written_whole.iter().any(|written| written.stage == stage),
            dns: dn_lists.iter().any(|(name, _)| *name == dns).then_some(dns),
        }
    });
    let apply: Vec<ApplyFile> = apply.collect();
    let when = |when: &str| external_commands.iter().filter(|command| command.when == when).collect();
    let runbook = Runbook {
        ticket: context.ticket,
        has_status: apply.iter().any(|file| file.stage == Stage::Status.name()),
        apply,
        later: later_exports(context.exports),
        rollback: files.rollback.iter().map(|(name, _)| name.as_str()).collect(),
        first: when("first"),
        after_status: when("after-status"),
        last: when("last"),
        hand_off_attributes,
        overridden: context
            .plan
            .counted
            .iter()
            .filter(|row| row.of_run)
            .map(|row| {
                let limit = if row.limit.is_empty() { "no limit".to_owned() } else { format!("limit {}", row.limit) };
                format!("{}: {} of {} affected, {limit}", row.kind.name(), row.affected, row.of)
            })
            .collect(),
        accepted: context
            .plan
            .gaps
            .accepted
            .iter()
            .map(|lack| sanitized(lack.sentence().as_bytes()).into_owned())
            .collect(),
        gaps: context.plan.gaps.findings.iter().map(gap).collect(),
        export_command: context.policy.directory.server.profile().export_command,
        written_whole: context.plan.written_whole.iter().map(WrittenWholeView::of).collect(),
        bind: context.policy.protect.bind.as_ref().map(|dn| sanitized(dn.raw_bytes()).into_owned()),
        relaxes: context
            .plan
            .operations
            .iter()
            .filter_map(|operation| operation.inverse.as_ref())
            .any(|undo| !undo.controls.is_empty()),
        managed_entries: has_plug_in(context.policy.directory.server)
            && context.plan.accounts.iter().any(|account| account.entry.values(MANAGED_ENTRY).next().is_some()),
        active_directory: context.policy.directory.server == Server::ActiveDirectory,
    };
    markdown::from_template("runbook.md.j2", include_str!("../../templates/runbook.md.j2"), Serde(runbook))
}
