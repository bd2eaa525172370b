//! The inputs of a plan other than the exports: policy, leavers, rosters, vetoes, history, schema files and the day.
//!
//! They are read and checked before any export is opened, because exports may be large.

use camino::Utf8Path;
use sha2::{Digest, Sha256};

use super::day::{Day, day};
use super::faults::change_set_fault;
use super::{Diagnostic, args, schema_files};
use crate::io::change_set::read_history;
use crate::io::input_file::read_named;
use crate::ldap::schema::Schema;
use crate::leavers::roster::{self, RosterError};
use crate::leavers::{self, Leaver};
use crate::plan::{NamedRoster, Request};
use crate::policy::{self, Policy, PolicySource};
use crate::render::report::view::Input;
use crate::render::sanitize::sanitized;
use crate::suggestion::suggestion;

/// Everything that a plan is made from, except the exports.
pub struct PlanInputs {
    pub policy: Policy,
    /// What is asked for. The guard and the stages have their defaults; the caller sets them.
    pub request: Request,
    /// The files that were read, with their digests, for plan.json.
    pub inputs: Vec<Input>,
    /// The day of the plan.
    pub day: Day,
}

/// Reads every file that the options name.
pub fn read(typed: &args::PlanInputArgs, global: &args::Global) -> Result<PlanInputs, Vec<Diagnostic>> {
    let day = day(&typed.day)?;
    let mut inputs = Vec::new();
    let policy = read_policy(&typed.policy, &mut inputs, global.quiet)?;
    let mut leavers = Vec::new();
    for path in &typed.leavers {
        leavers.extend(read_list("leavers", path.as_str(), &mut inputs)?);
    }
    let mut vetoes = Vec::new();
    for path in &typed.veto {
        let list = read_list("veto", path.as_str(), &mut inputs)?;
        vetoes.extend(list.into_iter().map(|held| (held.identity, format!("{path}, line {}", held.line))));
    }
    let history = read_history(&typed.history).map_err(|error| vec![change_set_fault(&error, HISTORY_WANTED)])?;
    if let Some(latest) = history.latest_day().filter(|latest| *latest > day.date) {
        let what = format!(
            "a change set of --history was planned for {latest}, which is after {}, the day of this plan",
            day.date
        );
        let help = "leave out the change set, or plan for that day or a later one with --as-of";
        return Err(vec![Diagnostic::error(what).help(help.to_owned())]);
    }
    let rosters = read_rosters(&typed.roster, &policy, &mut inputs, true)?;
    let schema = schema(&typed.schema, global, &mut inputs)?;
    let request = Request {
        leavers,
        as_of: day.date,
        limits: typed.limit.clone(),
        accepted: typed.accept_incomplete.clone(),
        orphans: typed.orphans,
        rosters,
        vetoes,
        history,
        schema,
        ..Request::default()
    };
    Ok(PlanInputs { policy, request, inputs, day })
}

/// What `--history` takes.
pub const HISTORY_WANTED: &str = "--history takes a folder that an earlier `offboard plan -o` wrote";

/// Reads the files of `--schema`, and adds them to the inputs.
pub fn schema(
    option: &args::SchemaOption,
    global: &args::Global,
    inputs: &mut Vec<Input>,
) -> Result<Schema, Vec<Diagnostic>> {
    let schema = schema_files::read(option, global)?;
    for path in &option.schema {
        read_file("schema", path.as_str(), inputs)?;
    }
    Ok(schema)
}

fn read_file(role: &'static str, path: &str, inputs: &mut Vec<Input>) -> Result<Vec<u8>, Vec<Diagnostic>> {
    let content =
        read_named(Utf8Path::new(path)).map_err(|error| vec![Diagnostic::io(&format!("{role} {path}"), &error)])?;
    inputs.push(input(role, path, &content));
    Ok(content)
}

fn read_list(role: &'static str, path: &str, inputs: &mut Vec<Input>) -> Result<Vec<Leaver>, Vec<Diagnostic>> {
    let list = read_file(role, path, inputs)?;
    leavers::read(&list).map_err(|errors| {
        let fault = |error: &leavers::LeaversError| {
            let fault = Diagnostic::error(error.kind.to_string());
            let fault = match error.kind.meant() {
                Some(meant) => fault.help(format!("did you mean `{meant}`?")),
                None => fault,
            };
            match error.kind.text() {
                Some(text) => at_text(fault, path, &list, error.line, text),
                None => at_line(fault, path, &list, error.line),
            }
        };
        errors.iter().map(fault).collect()
    })
}

fn at_line(fault: Diagnostic, path: &str, content: &[u8], line: u64) -> Diagnostic {
    fault.at(path, line, 1, line_of(content, line))
}

/// Points to `text` in a line. If the line has the text several times, the first one is underlined.
fn at_text(fault: Diagnostic, path: &str, content: &[u8], line: u64, text: &str) -> Diagnostic {
    let whole = line_of(content, line);
    match memchr::memmem::find(whole, text.as_bytes()) {
        Some(at) => fault.at_span(path, line, at as u64 + 1, text.len().max(1), whole),
        None => fault.at(path, line, 1, whole),
    }
}

fn line_of(content: &[u8], line: u64) -> &[u8] {
    let index = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let text = content.split(|byte| *byte == b'\n').nth(index).unwrap_or_default();
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// Reads rosters. With `all`, as for a plan, every roster that the policy names must be given: a missing roster could be
/// the one that lists an account as active.
pub fn read_rosters(
    given: &[(String, camino::Utf8PathBuf)],
    policy: &Policy,
    inputs: &mut Vec<Input>,
    all: bool,
) -> Result<Vec<NamedRoster>, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut rosters = Vec::new();
    for (name, path) in given {
        let known: Vec<&str> = policy.rosters.keys().map(String::as_str).collect();
        if !policy.rosters.contains_key(name) {
            let fault = Diagnostic::error(format!("the policy has no [roster.{name}]"));
            let known =
                if known.is_empty() { "the policy has no rosters".to_owned() } else { suggestion(name, &known) };
            faults.push(fault.help(known));
        }
        if given.iter().filter(|(other, _)| other == name).count() > 1 {
            faults.push(Diagnostic::error(format!("--roster {name} is given twice")));
        }
        if faults.is_empty() {
            let Some(rules) = policy.rosters.get(name) else { continue };
            let content = read_file("roster", path.as_str(), inputs)?;
            match roster::read(&content, &rules.rules) {
                Ok(roster) => rosters.push(NamedRoster { name: name.clone(), roster }),
                Err(errors) => faults.extend(errors.iter().map(|error| roster_fault(error, path.as_str(), &content))),
            }
        }
    }
    for name in policy.rosters.keys().filter(|_| all).filter(|name| !given.iter().any(|(known, _)| known == *name)) {
        let fault = Diagnostic::refused(format!("the roster `{name}` of the policy was not given"));
        faults.push(
            fault
                .note("without it, accounts that it lists as active cannot be protected")
                .help(format!("give it: --roster {name}=FILE")),
        );
    }
    if faults.is_empty() { Ok(rosters) } else { Err(faults) }
}

/// A roster that is cut short or empty is refused (3); one that cannot be read at all is an error (2).
fn roster_fault(error: &RosterError, path: &str, content: &[u8]) -> Diagnostic {
    if let RosterError::Ldif(error) = error {
        return Diagnostic::ldif(path, error);
    }
    let is_cut = matches!(
        error,
        RosterError::Empty | RosterError::NoTrailer { .. } | RosterError::Count { .. } | RosterError::Search { .. }
    );
    let message = format!("roster {path}: {error}");
    let fault = if is_cut {
        Diagnostic::refused(message)
            .help("get the whole roster again; an empty or incomplete roster does not mean that people have left")
    } else {
        Diagnostic::error(message)
    };
    match error.line() {
        Some(line) => at_line(fault, path, content, line),
        None => fault,
    }
}

/// A row of plan.json's `inputs` for a file that was read.
fn input(role: &'static str, name: &str, content: &[u8]) -> Input {
    let sha256 = Some(data_encoding::HEXLOWER.encode(&Sha256::digest(content)));
    let name = sanitized(name.as_bytes()).into_owned();
    Input { role, name, bytes: content.len() as u64, sha256, blake3: None }
}

/// Reads a policy: the name of a preset, or a file. Warnings are printed unless `quiet`.
pub fn read_policy(name: &str, inputs: &mut Vec<Input>, quiet: bool) -> Result<Policy, Vec<Diagnostic>> {
    let text = if let Some(text) = policy::preset(name) {
        text.to_owned()
    } else {
        let content = read_named(Utf8Path::new(name)).map_err(|error| {
            let known: Vec<&str> = policy::PRESETS.iter().map(|(name, _)| *name).collect();
            let fault = Diagnostic::io(&format!("policy {name}"), &error);
            vec![fault.help(format!("name a file or a preset; {}", suggestion(name, &known)))]
        })?;
        String::from_utf8(content).map_err(|_| {
            let fault = Diagnostic::error(format!("policy {name}: the file is not UTF-8"));
            vec![fault.help("a policy is TOML in UTF-8; save the file as UTF-8")]
        })?
    };
    inputs.push(input("policy", name, text.as_bytes()));
    match Policy::parse(&text) {
        Ok(mut policy) => {
            name.clone_into(&mut policy.source.name);
            for warning in policy.warnings.iter().filter(|_| !quiet) {
                Diagnostic::policy_warning(&policy.source, warning).print();
            }
            Ok(policy)
        }
        Err(errors) => {
            let source = PolicySource { name: name.to_owned(), text };
            Err(errors.iter().map(|error| Diagnostic::policy(&source, error)).collect())
        }
    }
}
