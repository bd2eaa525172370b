//! `offboard plan`: from exports to a proven change set.

use std::io::Write as _;
use std::num::NonZeroUsize;

use super::args::{self, Global, PlanFormat};
use super::batches::Batches;
use super::day::Day;
use super::plan_inputs::{self, PlanInputs};
use super::progress::Progress;
use super::proven_plan::{PlanSources, ProvenPlan};
use super::summary::PlanSummary;
use super::url_values::UrlValues;

use super::{Diagnostic, Exit, Outcome, check_stdout, faults, limit_table};
use crate::directory::ExportsReader;
use crate::io::output::{OutputError, OutputFolder};
use crate::io::threads::side_by_side;
use crate::leavers::{Identity, Leaver};
use crate::plan::suggestions::suggestions;
use crate::plan::{Counted, Plan, Request, batch};
use crate::policy::Policy;
use crate::render::count::first_few;
use crate::render::report::view::{self, Attachments, Input, View};
use crate::render::report::{html, markdown};
use crate::render::sanitize::sanitized;
use crate::render::{change_file, external_commands, notice, runbook};

/// The command line, resolved and checked before any export is read.
struct Settings {
    policy: Policy,
    request: Request,
    inputs: Vec<Input>,
    target: Option<OutputFolder>,
    url_values: UrlValues,
    day: Day,
}

pub fn run(command: &args::Plan, global: &Global) -> Outcome {
    let mut settings = settings(command, global)?;
    super::report_leftovers(command.output.as_ref(), global);
    let exports = faults::open_exports(&command.exports, global)?;
    settings.request.written = exports.modified();
    let progress = Progress::start(&exports, global);
    // plan.json has the digests; without a folder nothing has.
    if !command.stdout {
        exports.begin_digests(command.digest.into());
    }
    let urls = settings.url_values.policy();
    let ticket = command.ticket.as_ref().map(|ticket| sanitized(ticket.as_bytes()).into_owned());
    let (policy, request) = (&settings.policy, &settings.request);
    let day = settings.day;
    let sources =
        PlanSources { exports: &exports, names: &command.exports, urls, policy, day, ticket: ticket.as_deref() };
    let mut proven = sources.prove(None, request)?;
    // Similar names are guesses: the terminal shows them, the change set does not.
    let similar_names = if global.quiet || command.stdout {
        Ok(Vec::new())
    } else {
        suggestions(ExportsReader::new(&exports, urls), &proven.plan)
    };
    let similar_names = similar_names.map_err(|error| faults::scan_faults(&error, &command.exports))?;
    let refused = limit_faults(&proven.plan, command);
    let exit = if proven.plan.has_findings() { Exit::Findings } else { Exit::Done };

    if command.stdout && refused.is_empty() {
        drop(progress);
        if !global.quiet {
            Diagnostic::print_line(&format!("plan for {}", day.date));
        }
        write_to_stdout(&proven, command)?;
        return Ok(exit);
    }
    let digests = exports.digests(command.digest.into()).map_err(|error| vec![faults::export_fault(&error)])?;
    let mut inputs = view::export_inputs(&command.exports, &digests);
    inputs.extend(settings.inputs);
    let size = command.wave.map_or(0, NonZeroUsize::get);
    let parts = if size > 0 && refused.is_empty() { batch::split(&proven.plan, size) } else { Vec::new() };
    let runbook = if parts.is_empty() { "RUNBOOK.md" } else { "WAVES.md" };
    let (mut set, view) = if parts.is_empty() {
        change_set(sources, request, &mut proven, inputs)?
    } else {
        let batches = Batches { sources, request, whole: &proven, size, parts: &parts };
        let set = batches.change_sets(&inputs)?;
        // The change files are in the folders of the batches. For the whole plan there are only reports.
        let context = sources.context(&proven.plan, request);
        let attachments = Attachments {
            inputs,
            external_commands: external_commands::external_commands(&context),
            hand_off_attributes: external_commands::hand_off_attributes(&context),
            files: set.iter().map(|(name, _)| name.clone()).collect(),
        };
        let view = view::view(&context, &proven.proof, attachments);
        (set, view)
    };
    drop(progress);
    // Reports need only the view. Dropping the plan leaves its memory to them.
    drop(proven);
    set.extend(reports(&view)?);
    if !parts.is_empty() {
        // Each batch has a plan.json of its own. One for the whole plan would describe change files that do not exist.
        set.retain(|(name, _)| name != "plan.json");
    }
    if let Some(target) = &settings.target {
        target.write(&set).map_err(|error| vec![output_fault(&error)])?;
    }
    match if command.json { Some(PlanFormat::Json) } else { command.format } {
        Some(PlanFormat::Json) => {
            let json = serde_json::to_string_pretty(&view.summary).unwrap_or_default();
            check_stdout(writeln!(std::io::stdout().lock(), "{json}"))?;
        }
        Some(PlanFormat::Short) => {
            let short = markdown::short(&view).map_err(|error| report_fault(&error))?;
            check_stdout(write!(std::io::stdout().lock(), "{short}"))?;
        }
        None => (),
    }
    if !refused.is_empty() {
        print_limits(&view, global);
        return Err(refused);
    }
    if !global.quiet {
        let written = command.output.as_deref().map(|folder| (folder, runbook));
        PlanSummary { view: &view, similar_names: &similar_names, written, verbose: global.verbose }.print();
    }
    Ok(exit)
}

/// Writes the change LDIF of the chosen stages to standard output.
fn write_to_stdout(proven: &ProvenPlan, command: &args::Plan) -> Result<(), Vec<Diagnostic>> {
    let chosen =
        proven.files.apply.iter().filter(|(name, _)| {
            command.stage.is_empty() || command.stage.iter().any(|stage| stage.apply_file() == *name)
        });
    let mut out = std::io::stdout().lock();
    check_stdout(chosen.enumerate().try_for_each(|(index, (_, text))| {
        // A single `version:` line at the beginning of the output.
        let text = if index > 0 { text.strip_prefix(b"version: 1\n").unwrap_or(text) } else { text };
        out.write_all(text)
    }))
}

/// Prints the day and the table of limits; the errors that follow say which are exceeded.
fn print_limits(view: &View, global: &Global) {
    if !global.quiet {
        Diagnostic::print_line(&format!("plan for {}", view.as_of));
        for line in limit_table::lines(&view.limits) {
            Diagnostic::print_line(&line);
        }
    }
}

/// How many files of others an error about `--force` names.
const LISTED: usize = 10;

/// How many leavers an error about a limit names; the report names all.
const NAMED: usize = 5;

/// An error for each limit that is exceeded: by how much, and for which leavers.
fn limit_faults(plan: &Plan, command: &args::Plan) -> Vec<Diagnostic> {
    let fault = |over: &Counted| {
        let kind = over.kind.name();
        let of = over.entry.as_ref().map(|dn| format!(" of {}", String::from_utf8_lossy(dn))).unwrap_or_default();
        let mut fault = Diagnostic::refused(format!(
            "the plan exceeds the limit `{kind}`: {} of {} affected{of}, and the limit is {}",
            over.affected, over.of, over.limit
        ));
        let name = |account: &usize| plan.leavers[plan.accounts[*account].leaver].identity.to_string();
        let names: Vec<String> = over.accounts.iter().map(name).collect();
        if !names.is_empty() {
            fault = fault.note(format!("for {}", first_few(&names, NAMED)));
        }
        if let Some(folder) = &command.output {
            fault = fault.note(format!("{folder}/report.md lists the leavers; no change files were written"));
        }
        fault.help(format!("if this is intended, run again with --limit {kind}={}", over.affected))
    };
    plan.exceeded().map(fault).collect()
}

fn settings(command: &args::Plan, global: &Global) -> Result<Settings, Vec<Diagnostic>> {
    let target = command.output.as_ref().map(|folder| OutputFolder::new(folder, command.force));
    let target = target.transpose().map_err(|error| vec![output_fault(&error)])?;
    let PlanInputs { policy, mut request, inputs, day } = plan_inputs::read(&command.inputs, global)?;
    if command.user.iter().any(|user| user.trim().is_empty()) {
        return Err(vec![Diagnostic::error("-u: ID is empty").help("give a uid, uid@domain, mail address or DN")]);
    }
    request.leavers.extend(command.user.iter().map(|user| Leaver::new(Identity::from_text(user), 0)));
    if request.leavers.is_empty() && request.rosters.is_empty() && !request.orphans {
        return Err(vec![
            Diagnostic::error("no leavers were given").help("give them with -u ID, -l FILE or --roster NAME=FILE"),
        ]);
    }
    request.guard = command.guard.into();
    // With --stdout, the whole plan is proven and only the chosen stages are written.
    request.stages = if command.stdout { Vec::new() } else { command.stage.clone() };
    Ok(Settings { policy, request, inputs, target, url_values: UrlValues::open(global)?, day })
}

/// The files of a change set: the path inside its folder, and the content.
pub type ChangeSetFiles = Vec<(String, Vec<u8>)>;

/// Every file of the change set except the [`reports`], and the view that these show. Moves the text of the change files
/// out of `proven`.
pub fn change_set(
    sources: PlanSources<'_>,
    request: &Request,
    proven: &mut ProvenPlan,
    inputs: Vec<Input>,
) -> Result<(ChangeSetFiles, View), Vec<Diagnostic>> {
    let ProvenPlan { plan, files, proof } = proven;
    let context = &sources.context(plan, request);
    let external_commands = external_commands::external_commands(context);
    let hand_off_attributes = external_commands::hand_off_attributes(context);
    let mut set = Vec::new();
    // If a limit is exceeded, there are only reports.
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
    let attachments = Attachments { inputs, external_commands, hand_off_attributes, files: names };
    Ok((set, view::view(context, proof, attachments)))
}

/// plan.json, report.md and report.html.
pub fn reports(view: &View) -> Result<ChangeSetFiles, Vec<Diagnostic>> {
    let others = || (markdown::render(view), serde_json::to_vec_pretty(view));
    let (page, (report, json)) = side_by_side(|| html::render(view), others);
    let page = page.map_err(|error| report_fault(&error))?;
    let report = report.map_err(|error| report_fault(&error))?;
    let mut json = json.map_err(|error| report_fault(&error))?;
    json.push(b'\n');
    let named = |name: &str, text: Vec<u8>| (name.to_owned(), text);
    Ok(vec![named("plan.json", json), named("report.md", report.into_bytes()), named("report.html", page.into_bytes())])
}

/// A report could not be rendered.
pub fn report_fault(error: &dyn std::fmt::Display) -> Vec<Diagnostic> {
    vec![Diagnostic::error(format!("cannot render a report: {error}"))]
}

fn output_fault(error: &OutputError) -> Diagnostic {
    let fault = match error {
        OutputError::Io { path, error } => Diagnostic::io(path.as_str(), error),
        _ => Diagnostic::error(error.to_string()),
    };
    match error {
        OutputError::Exists(_) => fault.help("give another folder, or use --force to replace an earlier change set"),
        OutputError::NotOurs(_) => fault.help("--force replaces only change sets; give another folder"),
        OutputError::KeptByOthers { others, .. } => {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            fault
                .note(format!("not written by offboard, or changed since: {}", first_few(&others, LISTED)))
                .note("--force would delete them; nothing was deleted")
                .help("move them out of the folder, or give another folder")
        }
        OutputError::Unsynced { .. } => fault.help("run `sync` and check the disk before you rely on the change set"),
        OutputError::Io { .. } => fault.note("no part of the change set was written"),
    }
}
