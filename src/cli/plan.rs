//! `offboard plan`: from exports to a proven change set.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::args::{self, Global};
use super::{Diagnostic, Exit, Outcome, written};
use crate::directory::ScanError;
use crate::directory::census::{Finding, Place};
use crate::io::exports::{ExportError, ExportFiles};
use crate::io::output::{OutputError, Target};
use crate::io::url_folder::UrlFolder;
use crate::ldif::UrlPolicy;
use crate::leavers::{self, Identity, Leaver};
use crate::plan::{Incomplete, PlanError, Request, plan};
use crate::policy::{self, Policy};
use crate::proof::{Files, Proof, ProofError, prove};
use crate::render::change_file::{self, Context};
use crate::render::report::markdown;
use crate::render::report::view::{self, Input, View};
use crate::render::runbook;
use crate::render::sanitize::shown;

/// The command line, resolved and checked before any export is read.
struct Settings {
    policy: Policy,
    request: Request,
    inputs: Vec<Input>,
    target: Option<Target>,
    folder: Option<UrlFolder>,
}

/// Runs it.
pub fn run(command: &args::Plan, global: &Global) -> Outcome {
    let settings = settings(command, global)?;
    let exports = ExportFiles::open(&command.exports, global.threads())
        .map_err(|error| vec![Diagnostic::trouble(error.to_string())])?;
    let resolve = |url: &[u8]| {
        let folder = settings.folder.as_ref();
        folder.map_or_else(|| Err("no folder is allowed".to_owned()), |folder| folder.resolve(url))
    };
    let urls = if settings.folder.is_some() { UrlPolicy::Resolve(&resolve) } else { UrlPolicy::Refuse };
    let (policy, request) = (&settings.policy, &settings.request);
    let planned = plan(&exports, urls, None, policy, request).map_err(|error| plan_faults(&error, command, request))?;
    let ticket = command.ticket.as_ref().map(|ticket| shown(ticket.as_bytes()).into_owned());
    let context = Context { plan: &planned, request, policy, exports: &command.exports, ticket: ticket.as_deref() };
    let files = change_file::files(&context);
    let proof =
        prove(&exports, urls, policy, request, &planned, &files).map_err(|error| proof_faults(&error, command))?;
    let exit = if planned.has_findings() { Exit::Findings } else { Exit::Done };

    if command.stdout {
        let chosen = files.apply.iter().filter(|(name, _)| {
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
    let mut inputs = view::export_inputs(&command.exports, exports.fingerprints());
    inputs.extend(settings.inputs);
    let (set, view) = change_set(&context, &proof, &files, inputs)?;
    if let Some(target) = &settings.target {
        target.write(&set).map_err(|error| vec![output_fault(&error)])?;
    }
    if command.json {
        let json = serde_json::to_string_pretty(&view.summary).unwrap_or_default();
        written(writeln!(std::io::stdout().lock(), "{json}"))?;
    }
    if !global.quiet {
        summary(&view, command, global.verbose);
    }
    Ok(exit)
}

fn settings(command: &args::Plan, global: &Global) -> Result<Settings, Vec<Diagnostic>> {
    let target = command.output.as_ref().map(|folder| Target::new(folder, command.force));
    let target = target.transpose().map_err(|error| vec![output_fault(&error)])?;
    let mut inputs = Vec::new();
    let policy = read_policy(&command.policy, &mut inputs)?;
    let mut all = Vec::new();
    for path in &command.leavers {
        let list = std::fs::read(path).map_err(|error| vec![Diagnostic::trouble(format!("{path}: {error}"))])?;
        inputs.push(input("leavers", path.as_str(), &list));
        all.extend(leavers::read(&list).map_err(|errors| {
            let lines: Vec<&[u8]> = list.split(|byte| *byte == b'\n').collect();
            let fault = |error: &leavers::LeaversError| {
                let index = usize::try_from(error.line).unwrap_or(1).saturating_sub(1);
                let text = lines.get(index).copied().unwrap_or_default();
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                Diagnostic::trouble(error.kind.to_string()).at(path.as_str(), error.line, 1, text)
            };
            errors.iter().map(fault).collect::<Vec<_>>()
        })?);
    }
    all.extend(command.user.iter().map(|user| Leaver::new(Identity::from_text(user), 0)));
    if all.is_empty() {
        return Err(vec![
            Diagnostic::trouble("nobody leaves").help("name somebody with -u ID, or a list with -l FILE"),
        ]);
    }
    let as_of = match command.as_of {
        Some(date) => date,
        None => today()?,
    };
    // To standard output the whole plan is proven, and the chosen part of it written.
    let stages = if command.stdout { Vec::new() } else { command.stage.clone() };
    let request = Request { leavers: all, as_of, guard: command.guard.into(), limits: command.limit.clone(), stages };
    Ok(Settings { policy, request, inputs, target, folder: super::json::url_folder(global)? })
}

fn input(role: &'static str, name: &str, content: &[u8]) -> Input {
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(content));
    Input { role, name: name.to_owned(), bytes: content.len() as u64, sha256 }
}

fn read_policy(name: &str, inputs: &mut Vec<Input>) -> Result<Policy, Vec<Diagnostic>> {
    let text = match policy::preset(name) {
        Some(text) => text.to_owned(),
        None => std::fs::read_to_string(name).map_err(|error| {
            let known: Vec<&str> = policy::PRESETS.iter().map(|(name, _)| *name).collect();
            let fault = Diagnostic::trouble(format!("policy {name}: {error}"));
            vec![fault.help(format!("name a file, or a preset: {}", known.join(", ")))]
        })?,
    };
    inputs.push(input("policy", name, text.as_bytes()));
    Policy::parse(&text).map_err(|errors| errors.iter().map(|error| Diagnostic::policy(name, &text, error)).collect())
}

/// Today in UTC; `SOURCE_DATE_EPOCH` counts, so that a build can be repeated.
fn today() -> Result<Date, Vec<Diagnostic>> {
    let now = match std::env::var("SOURCE_DATE_EPOCH") {
        Err(_) => Timestamp::now(),
        Ok(seconds) => {
            seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(|| {
                vec![Diagnostic::trouble(format!("SOURCE_DATE_EPOCH is no number of seconds: {seconds}"))]
            })?
        }
    };
    Ok(now.to_zoned(TimeZone::UTC).date())
}

/// The files of a change set: path inside its folder, and content.
type ChangeSet = Vec<(String, Vec<u8>)>;

/// Every file of the change set, and the view that they show.
fn change_set(
    context: &Context<'_>,
    proof: &Proof,
    files: &Files,
    inputs: Vec<Input>,
) -> Result<(ChangeSet, View), Vec<Diagnostic>> {
    let failed =
        |error: &dyn std::fmt::Display| vec![Diagnostic::trouble(format!("a report cannot be written: {error}"))];
    let dn_lists = change_file::dn_lists(context.plan);
    let mut set = Vec::new();
    let apply = files.apply.iter().chain(&dn_lists).map(|(name, text)| (format!("apply/{name}"), text.clone()));
    set.extend(apply);
    set.extend(files.rollback.iter().map(|(name, text)| (format!("rollback/{name}"), text.clone())));
    set.sort_by(|a, b| a.0.cmp(&b.0));
    let hand_offs = runbook::hand_offs(context);
    let runbook = runbook::render(context, files, &dn_lists, &hand_offs).map_err(|error| failed(&error))?;
    let names = set.iter().map(|(name, _)| name.clone()).collect();
    let view = view::view(context, proof, inputs, hand_offs, names);
    let report = markdown::render(&view).map_err(|error| failed(&error))?;
    let mut json = serde_json::to_vec_pretty(&view).map_err(|error| failed(&error))?;
    json.push(b'\n');
    set.push(("RUNBOOK.md".to_owned(), runbook.into_bytes()));
    set.push(("plan.json".to_owned(), json));
    set.push(("report.md".to_owned(), report.into_bytes()));
    Ok((set, view))
}

/// A few lines on standard error: what, how many, what next.
fn summary(view: &View, command: &args::Plan, verbose: bool) {
    let mut out = anstream::stderr().lock();
    let numbers = &view.summary;
    let mut lines = vec![format!(
        "{} leavers: {} marked, {} deleted, {} waiting, {} unchanged, {} held, {} without account",
        numbers.leavers,
        numbers.marked,
        numbers.deleted,
        numbers.waiting,
        numbers.unchanged,
        numbers.held,
        numbers.conflicts
    )];
    for account in view.accounts.iter().filter(|account| verbose || account.step == "hold") {
        let step = if account.step == "hold" { "held" } else { account.step };
        lines.push(format!("{step}: {}: {}", account.leaver, account.why));
    }
    for conflict in &view.conflicts {
        lines.push(format!("no account: {}: {}", conflict.leaver, conflict.why));
        lines.extend(conflict.candidates.iter().map(|candidate| format!("    {candidate}")));
    }
    for review in &view.reviews {
        lines.push(format!(
            "to decide: {} of {} is {} ({})",
            review.attribute, review.dn, review.value, review.evidence
        ));
    }
    lines.push(format!("{} records; all {} checks of the proof hold", numbers.operations, view.proof.checks.len()));
    if let Some(folder) = &command.output {
        lines.push(format!("written: {folder}; read report.md, then follow RUNBOOK.md"));
    }
    for line in lines {
        // Nobody to tell if standard error is gone.
        let _ = writeln!(out, "{line}");
    }
}

fn output_fault(error: &OutputError) -> Diagnostic {
    let fault = Diagnostic::trouble(error.to_string());
    match error {
        OutputError::Exists(_) => fault.help("name another folder, or use --force to replace an earlier change set"),
        OutputError::NotOurs(_) => fault.help("--force replaces earlier change sets only; name another folder"),
        OutputError::Io { .. } => fault,
    }
}

fn name_of(command: &args::Plan, export: u16) -> &str {
    command.exports.get(usize::from(export)).map_or("?", String::as_str)
}

fn scan_faults(error: &ScanError<ExportError>, command: &args::Plan) -> Vec<Diagnostic> {
    vec![match error {
        ScanError::Exports(error) => Diagnostic::trouble(error.to_string()),
        ScanError::Ldif { export, error } => Diagnostic::ldif(name_of(command, *export), error),
        ScanError::ChangeRecord { export, line, keyword } => {
            let place = format!("{}:{line}", name_of(command, *export));
            Diagnostic::trouble(format!("{place}: a change record (`changetype: {keyword}`) in an export"))
                .help("give exports here: LDIF content as slapcat, ldapsearch or db2ldif write it")
        }
    }]
}

fn plan_faults(error: &PlanError<ExportError>, command: &args::Plan, request: &Request) -> Vec<Diagnostic> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match error {
        PlanError::Scan(error) => scan_faults(error, command),
        PlanError::Unsupported(what) => vec![Diagnostic::trouble(format!("{what} cannot be planned by this version"))],
        PlanError::Limits(exceeded) => exceeded
            .iter()
            .map(|over| {
                let kind = over.kind.name();
                Diagnostic::refused(format!(
                    "the plan exceeds the limit `{kind}`: {} of {} affected, and the limit is {}",
                    over.affected, over.of, over.limit
                ))
                .help(format!("if that is meant, run again with --limit {kind}={}", over.affected))
            })
            .collect(),
        PlanError::Protected(named) => named
            .iter()
            .map(|(leaver, dn, origin)| {
                let leaver = &request.leavers[*leaver];
                Diagnostic::refused(format!("{} is protected by the policy", text(dn.spelling())))
                    .note(format!(
                        "named by {}, entry at {}:{}",
                        leaver.identity,
                        name_of(command, origin.export),
                        origin.line
                    ))
                    .help("take it off the list, or off [protect]")
            })
            .collect(),
        PlanError::Incomplete(lacking) => lacking.iter().map(|lack| incomplete(lack, command)).collect(),
    }
}

fn incomplete(lack: &Incomplete, command: &args::Plan) -> Diagnostic {
    let places = |fault: Diagnostic, finding: &Finding| {
        let place = |place: &Place| {
            format!("{}:{}: {}", name_of(command, place.export), place.line, String::from_utf8_lossy(&place.text))
        };
        finding.places.iter().take(3).fold(fault, |fault, found| fault.note(place(found)))
    };
    match lack {
        Incomplete::Suffix(dn) => {
            let name = String::from_utf8_lossy(dn.spelling()).into_owned();
            Diagnostic::refused(format!("the exports do not hold {name}, which the policy asks for"))
                .help("give the export of that suffix too ([directory] suffixes)")
        }
        Incomplete::Cut(finding) => {
            let fault = Diagnostic::refused("an export is not whole: the search that made it ended early");
            places(fault, finding).help("export again without a size or time limit, as an administrator")
        }
        Incomplete::PartialLists(finding) => {
            let fault = Diagnostic::refused(format!("{} lists of values are there only in part", finding.count));
            places(fault, finding).help("export again with all values of these attributes")
        }
    }
}

fn proof_faults(error: &ProofError<ExportError>, command: &args::Plan) -> Vec<Diagnostic> {
    match error {
        ProofError::Scan(error) => scan_faults(error, command),
        ProofError::Fails { check, what } => {
            vec![Diagnostic::refused(format!("the proof fails at `{check}`: {what}")).note("nothing was written")]
        }
    }
}
