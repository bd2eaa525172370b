//! RUNBOOK.md: the commands to run, in order, with the result codes to expect.

use minijinja::{Error, value::Serde};
use serde::Serialize;

use super::change_file::Context;
use super::report::markdown;
use super::report::view::{ExternalCommand, HandOffAttribute, WrittenWholeView};
use super::sanitize::sanitized;
use crate::ldap::Change;
use crate::ldap::managed_entries::{MANAGED_ENTRY, has_plug_in};
use crate::plan::Stage;
use crate::plan::completeness::Incomplete;
use crate::policy::Server;
use crate::proof::Files;

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "what the template asks of a plan, each yes or no")]
struct Runbook<'r> {
    ticket: Option<&'r str>,
    apply: Vec<ApplyFile>,
    later: Vec<Later>,
    rollback: Vec<RollbackFile<'r>>,
    first: Vec<&'r ExternalCommand>,
    after_status: Vec<&'r ExternalCommand>,
    last: Vec<&'r ExternalCommand>,
    hand_off_attributes: &'r [HandOffAttribute],
    raised: Vec<String>,
    accepted: Vec<String>,
    gaps: Vec<Gap>,
    export_command: &'static str,
    written_whole: Vec<WrittenWholeView>,
    bind: Option<String>,
    active_directory: bool,
    relaxes: bool,
    has_status: bool,
    /// The server keeps entries for accounts of the plan.
    managed_entries: bool,
}

/// Something that the exports lack and that does not refuse the plan.
#[derive(Serialize)]
struct Gap {
    what: String,
    help: &'static str,
    command: Option<&'static str>,
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

fn gap(lack: &Incomplete) -> Gap {
    Gap { what: sanitized(lack.sentence().as_bytes()).into_owned(), help: lack.help(), command: lack.command() }
}

/// An export to be made after the change files were run.
#[derive(Serialize)]
struct Later {
    /// Its name in commands.
    file: String,
    /// The export of the plan that it is made like.
    like: String,
}

fn later(exports: &[String]) -> Vec<Later> {
    let number = |at: usize| if exports.len() == 1 { String::new() } else { format!("-{}", at + 1) };
    let later = |(at, export): (usize, &String)| Later {
        file: format!("after{}.ldif", number(at)),
        like: sanitized(export.as_bytes()).into_owned(),
    };
    exports.iter().enumerate().map(later).collect()
}

/// Renders RUNBOOK.md.
pub fn render(
    context: &Context<'_>,
    files: &Files,
    dn_lists: &[(String, Vec<u8>)],
    external_commands: &[ExternalCommand],
    hand_off_attributes: &[HandOffAttribute],
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
    let when = |when: &str| external_commands.iter().filter(|hand_off| hand_off.when == when).collect();
    let runbook = Runbook {
        ticket: context.ticket,
        has_status: apply.iter().any(|file| file.stage == Stage::Status.name()),
        apply,
        later: later(context.exports),
        rollback: files.rollback.iter().map(|(name, _)| RollbackFile { name }).collect(),
        first: when("first"),
        after_status: when("after-status"),
        last: when("last"),
        hand_off_attributes,
        raised: context
            .plan
            .counted
            .iter()
            .filter(|row| row.of_run)
            .map(|row| {
                let limit = if row.limit.is_empty() { "no limit".to_owned() } else { format!("limit {}", row.limit) };
                format!("{}: {} affected of {}, {limit}", row.kind.name(), row.affected, row.of)
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
