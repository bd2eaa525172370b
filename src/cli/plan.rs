//! `offboard plan`: from exports to a proven change set.

use std::io::Write as _;
use std::num::NonZeroUsize;

use super::args::{self, Global, PlanFormat};
use super::grounds::{self, Grounds};
use super::progress::Progress;
use super::proven::{Basis, Proven};
use super::summary;
use super::waves::waves;
use super::{Diagnostic, Exit, Outcome, written};
use crate::directory::ExportsReader;
use crate::io::exports::ExportFiles;
use crate::io::output::{OutputError, OutputFolder};
use crate::io::threads::side_by_side;
use crate::io::url_folder::UrlFolder;
use crate::ldif::UrlPolicy;
use crate::leavers::{Identity, Leaver};
use crate::plan::suggestions::suggestions;
use crate::plan::{Counted, Plan, Request, batch};
use crate::policy::Policy;
use crate::render::change_file;
use crate::render::report::view::{self, Input, View};
use crate::render::report::{html, markdown};
use crate::render::sanitize::sanitized;
use crate::render::{external_commands, notice, runbook};

/// The command line, resolved and checked before any export is read.
struct Settings {
    policy: Policy,
    request: Request,
    inputs: Vec<Input>,
    target: Option<OutputFolder>,
    folder: Option<UrlFolder>,
}

/// Runs it.
pub fn run(command: &args::Plan, global: &Global) -> Outcome {
    let mut settings = settings(command, global)?;
    super::tell_leftovers(command.output.as_ref(), global);
    let exports =
        ExportFiles::open(&command.exports, &global.reading()).map_err(|error| vec![grounds::export_fault(&error)])?;
    settings.request.written = exports.modified();
    let progress = Progress::of(&exports, global);
    // Nothing says where the operations come from when they go to standard output.
    if !command.stdout {
        exports.begin_digests(command.digest.into());
    }
    let resolve = |url: &[u8]| {
        let folder = settings.folder.as_ref();
        folder.map_or_else(|| Err("no folder is allowed".to_owned()), |folder| folder.resolve(url))
    };
    let urls = if settings.folder.is_some() { UrlPolicy::Resolve(&resolve) } else { UrlPolicy::Refuse };
    let ticket = command.ticket.as_ref().map(|ticket| sanitized(ticket.as_bytes()).into_owned());
    let (policy, request) = (&settings.policy, &settings.request);
    let basis = Basis { exports: &exports, names: &command.exports, urls, policy, ticket: ticket.as_deref() };
    let mut proven = basis.proven(None, request)?;
    // Told on the terminal, and nowhere else: it is a guess.
    let meant = if global.quiet || command.stdout {
        Ok(Vec::new())
    } else {
        suggestions(ExportsReader::new(&exports, urls), policy, &proven.plan)
    };
    let meant = meant.map_err(|error| grounds::scan_faults(&error, &command.exports))?;
    let meant: Vec<(String, String)> = meant.into_iter().map(|found| (found.leaver, found.meant)).collect();
    let refused = limit_faults(&proven.plan, command);
    let exit = if proven.plan.has_findings() { Exit::Findings } else { Exit::Done };

    if command.stdout && refused.is_empty() {
        drop(progress);
        let chosen = proven.files.apply.iter().filter(|(name, _)| {
            command.stage.is_empty() || command.stage.iter().any(|stage| stage.apply_file() == *name)
        });
        let mut out = std::io::stdout().lock();
        written(chosen.enumerate().try_for_each(|(index, (_, text))| {
            // One `version:` line for the whole.
            let text = if index > 0 { text.strip_prefix(b"version: 1\n").unwrap_or(text) } else { text };
            out.write_all(text)
        }))?;
        return Ok(exit);
    }
    let digests = exports.digests(command.digest.into()).map_err(|error| vec![grounds::export_fault(&error)])?;
    let mut inputs = view::export_inputs(&command.exports, &digests);
    inputs.extend(settings.inputs);
    let size = command.wave.map_or(0, NonZeroUsize::get);
    let parts = if size > 0 && refused.is_empty() { batch::split(&proven.plan, size) } else { Vec::new() };
    let runbook = if parts.is_empty() { "RUNBOOK.md" } else { "WAVES.md" };
    let (mut set, view) = match parts.as_slice() {
        [] => change_set(basis, request, &mut proven, inputs)?,
        parts => {
            let waves = waves(basis, request, &proven, (size, parts), &inputs)?;
            // What is run is in the waves: of the whole there are reports alone.
            let context = basis.context(&proven.plan, request);
            let (external_commands, hand_off_attributes) =
                (external_commands::external_commands(&context), external_commands::hand_off_attributes(&context));
            let names = waves.iter().map(|(name, _)| name.clone()).collect();
            let view = view::view(&context, &proven.proof, inputs, external_commands, hand_off_attributes, names);
            (waves, view)
        }
    };
    drop(progress);
    // All that reports show is in the view: what it was made of gives them room.
    drop(proven);
    set.extend(reports(&view)?);
    if !parts.is_empty() {
        // Each wave has its own; this one would be of no change files.
        set.retain(|(name, _)| name != "plan.json");
    }
    if let Some(target) = &settings.target {
        target.write(&set).map_err(|error| vec![output_fault(&error)])?;
    }
    match if command.json { Some(PlanFormat::Json) } else { command.format } {
        Some(PlanFormat::Json) => {
            let json = serde_json::to_string_pretty(&view.summary).unwrap_or_default();
            written(writeln!(std::io::stdout().lock(), "{json}"))?;
        }
        Some(PlanFormat::Short) => {
            let short = markdown::short(&view).map_err(|error| report_fault(&error))?;
            written(write!(std::io::stdout().lock(), "{short}"))?;
        }
        None => (),
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    if !global.quiet {
        summary::print(&view, &meant, command.output.as_deref().map(|folder| (folder, runbook)), global.verbose);
    }
    Ok(exit)
}

/// How many of those whom a limit is about are named on the terminal; the report names them all.
const NAMED: usize = 5;

/// One fault for each limit that is exceeded: by how much, for whom.
fn limit_faults(plan: &Plan, command: &args::Plan) -> Vec<Diagnostic> {
    let fault = |over: &Counted| {
        let kind = over.kind.name();
        let of = over.entry.as_ref().map(|dn| format!(" of {}", String::from_utf8_lossy(dn))).unwrap_or_default();
        let mut fault = Diagnostic::refused(format!(
            "the plan exceeds the limit `{kind}`: {} of {} affected{of}, and the limit is {}",
            over.affected, over.of, over.limit
        ));
        let name = |account: &usize| plan.leavers[plan.accounts[*account].leaver].identity.to_string();
        let names: Vec<String> = over.accounts.iter().take(NAMED).map(name).collect();
        if !names.is_empty() {
            let more = over.accounts.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            fault = fault.note(format!("for {}{more}", names.join(", ")));
        }
        if let Some(folder) = &command.output {
            fault = fault.note(format!("{folder}/report.md says for whom; nothing to run was written"));
        }
        fault.help(format!("if that is meant, run again with --limit {kind}={}", over.affected))
    };
    plan.exceeded().map(fault).collect()
}

fn settings(command: &args::Plan, global: &Global) -> Result<Settings, Vec<Diagnostic>> {
    let target = command.output.as_ref().map(|folder| OutputFolder::new(folder, command.force));
    let target = target.transpose().map_err(|error| vec![output_fault(&error)])?;
    let Grounds { policy, mut request, inputs } = grounds::read(&command.grounds, global)?;
    if command.user.iter().any(|user| user.trim().is_empty()) {
        return Err(vec![Diagnostic::trouble("-u names nobody: the identity is empty")]);
    }
    request.leavers.extend(command.user.iter().map(|user| Leaver::new(Identity::from_text(user), 0)));
    if request.leavers.is_empty() && request.rosters.is_empty() && !request.orphans {
        return Err(vec![
            Diagnostic::trouble("nobody leaves")
                .help("name somebody with -u ID, or a list with -l FILE, or a roster with --roster NAME=FILE"),
        ]);
    }
    request.guard = command.guard.into();
    // To standard output the whole plan is proven, and the chosen part of it written.
    request.stages = if command.stdout { Vec::new() } else { command.stage.clone() };
    Ok(Settings { policy, request, inputs, target, folder: super::json::url_folder(global)? })
}

/// The files of a change set: path inside its folder, and content.
pub type ChangeSet = Vec<(String, Vec<u8>)>;

/// Every file of the change set but the [`reports`], and the view that these show. The text of the change files is taken
/// out of what was proven.
pub fn change_set(
    basis: Basis<'_>,
    request: &Request,
    Proven { plan, files, proof }: &mut Proven,
    inputs: Vec<Input>,
) -> Result<(ChangeSet, View), Vec<Diagnostic>> {
    let context = &basis.context(plan, request);
    let external_commands = external_commands::external_commands(context);
    let hand_off_attributes = external_commands::hand_off_attributes(context);
    let mut set = Vec::new();
    // Over a limit there is a report, and nothing to run.
    if plan.exceeded().next().is_none() {
        let dn_lists = change_file::dn_lists(plan);
        let runbook = runbook::render(context, files, &dn_lists, &external_commands, &hand_off_attributes);
        let files = std::mem::take(files);
        set.extend(files.apply.into_iter().chain(dn_lists).map(|(name, text)| (format!("apply/{name}"), text)));
        set.extend(files.rollback.into_iter().map(|(name, text)| (format!("rollback/{name}"), text)));
        set.sort_by(|a, b| a.0.cmp(&b.0));
        let notices = notice::notices(context).map_err(|error| report_fault(&error))?;
        set.extend(notices.into_iter().map(|(name, text)| (format!("notices/{name}"), text)));
        set.push(("RUNBOOK.md".to_owned(), runbook.map_err(|error| report_fault(&error))?.into_bytes()));
    }
    let names = set.iter().map(|(name, _)| name.clone()).filter(|name| name != "RUNBOOK.md").collect();
    Ok((set, view::view(context, proof, inputs, external_commands, hand_off_attributes, names)))
}

/// The same view for machines, in Markdown, and for a browser.
pub fn reports(view: &View) -> Result<ChangeSet, Vec<Diagnostic>> {
    let others = || (markdown::render(view), serde_json::to_vec_pretty(view));
    let (page, (report, json)) = side_by_side(|| html::render(view), others);
    let page = page.map_err(|error| report_fault(&error))?;
    let report = report.map_err(|error| report_fault(&error))?;
    let mut json = json.map_err(|error| report_fault(&error))?;
    json.push(b'\n');
    let named = |name: &str, text: Vec<u8>| (name.to_owned(), text);
    Ok(vec![named("plan.json", json), named("report.md", report.into_bytes()), named("report.html", page.into_bytes())])
}

pub fn report_fault(error: &dyn std::fmt::Display) -> Vec<Diagnostic> {
    vec![Diagnostic::trouble(format!("a report cannot be written: {error}"))]
}

fn output_fault(error: &OutputError) -> Diagnostic {
    let fault = match error {
        OutputError::Io { path, error } => Diagnostic::io(path.as_str(), error),
        _ => Diagnostic::trouble(error.to_string()),
    };
    match error {
        OutputError::Exists(_) => fault.help("name another folder, or use --force to replace an earlier change set"),
        OutputError::NotOurs(_) => fault.help("--force replaces earlier change sets only; name another folder"),
        OutputError::Unsynced { .. } => {
            fault.help("sync the file system, and see that its disk is sound, before you rely on it")
        }
        OutputError::Io { .. } => fault.note("nothing of the change set was written"),
    }
}
