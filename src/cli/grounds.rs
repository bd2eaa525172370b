//! What a plan rests on next to the exports, read and checked before any of them is: policy, leavers, rosters, vetoes,
//! history, the day. And how the faults of planning are told.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::Diagnostic;
use super::{args, schema_files};
use crate::directory::ScanError;
use crate::directory::census::Place;
use crate::io::change_set::{ChangeSetError, read_history};
use crate::io::exports::ExportError;
use crate::ldap::schema::Schema;
use crate::leavers::roster::{self, RosterError};
use crate::leavers::{self, Leaver};
use crate::plan::completeness::{Incomplete, Severity};
use crate::plan::{NamedRoster, PlanError, Request};
use crate::policy::{self, Policy, PolicyError, PolicySource};
use crate::proof::ProofError;
use crate::render::report::view::Input;
use crate::render::sanitize::sanitized;
use crate::suggestion::suggestion;

/// What a plan rests on.
pub struct Grounds {
    /// The policy.
    pub policy: Policy,
    /// What is asked for; the guard and the stages are for the caller to set.
    pub request: Request,
    /// The files that were read for it.
    pub inputs: Vec<Input>,
}

/// Reads everything.
pub fn read(typed: &args::Grounds, global: &args::Global) -> Result<Grounds, Vec<Diagnostic>> {
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
    let history = read_history(&typed.history).map_err(|error| {
        vec![change_set_fault(&error, "--history takes the folder of an earlier `offboard plan -o`")]
    })?;
    let rosters = read_rosters(&typed.roster, &policy, &mut inputs, true)?;
    let schema = schema(&typed.schema, global, &mut inputs)?;
    let as_of = match typed.as_of {
        Some(date) => date,
        None => today()?,
    };
    let request = Request {
        leavers,
        as_of,
        limits: typed.limit.clone(),
        accepted: typed.accept_incomplete.clone(),
        orphans: typed.orphans,
        rosters,
        vetoes,
        history,
        schema,
        ..Request::default()
    };
    Ok(Grounds { policy, request, inputs })
}

/// Reads the files of `--schema`, which are inputs like the others.
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

/// Tells what is wrong with a change set, and `wanted`: what was to be named.
pub fn change_set_fault(error: &ChangeSetError, wanted: &str) -> Diagnostic {
    let fault = match error {
        ChangeSetError::Io { path, error } => Diagnostic::io(path.as_str(), error),
        _ => Diagnostic::trouble(error.to_string()),
    };
    match error {
        ChangeSetError::Changed { .. } | ChangeSetError::Unlisted { .. } => {
            fault.help("give the change set as it was written; plan again if something else is meant")
        }
        _ => fault.help(wanted),
    }
}

/// Tells why an export cannot be read.
pub fn export_fault(error: &ExportError) -> Diagnostic {
    match error {
        ExportError::Io { name, error } => Diagnostic::io(name, error),
        ExportError::Changed { .. } => Diagnostic::trouble(error.to_string())
            .help("wait until the export is written to its end, then run again: nothing was planned from two states"),
        ExportError::StandardInputTwice => Diagnostic::trouble(error.to_string()).help("write one of them to a file"),
    }
}

fn read_file(role: &'static str, path: &str, inputs: &mut Vec<Input>) -> Result<Vec<u8>, Vec<Diagnostic>> {
    let content = std::fs::read(path).map_err(|error| vec![Diagnostic::io(&format!("{role} {path}"), &error)])?;
    inputs.push(input(role, path, &content));
    Ok(content)
}

fn read_list(role: &'static str, path: &str, inputs: &mut Vec<Input>) -> Result<Vec<Leaver>, Vec<Diagnostic>> {
    let list = read_file(role, path, inputs)?;
    leavers::read(&list).map_err(|errors| {
        let fault = |error: &leavers::LeaversError| {
            let fault = Diagnostic::trouble(error.kind.to_string());
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

/// Where a text is in a line: the first place, which may be another one than the one meant.
fn at_text(fault: Diagnostic, path: &str, content: &[u8], line: u64, text: &str) -> Diagnostic {
    let whole = line_of(content, line);
    match memchr::memmem::find(whole, text.as_bytes()) {
        Some(at) => fault.at_words(path, line, at as u64 + 1, text.len().max(1), whole),
        None => fault.at(path, line, 1, whole),
    }
}

fn line_of(content: &[u8], line: u64) -> &[u8] {
    let index = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let text = content.split(|byte| *byte == b'\n').nth(index).unwrap_or_default();
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// Reads rosters. For a plan all that the policy names must be given: one that is missing could be the one that keeps
/// somebody.
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
            let fault = Diagnostic::trouble(format!("the policy has no [roster.{name}]"));
            let known = if known.is_empty() { "it has none".to_owned() } else { suggestion(name, &known) };
            faults.push(fault.help(known));
        }
        if given.iter().filter(|(other, _)| other == name).count() > 1 {
            faults.push(Diagnostic::trouble(format!("--roster {name} is given twice")));
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
        let fault = Diagnostic::refused(format!("the policy names the roster `{name}`, which was not given"));
        faults.push(
            fault
                .note("without it nobody can tell whom it keeps: a source that is missing never means that people left")
                .help(format!("give it: --roster {name}=FILE")),
        );
    }
    if faults.is_empty() { Ok(rosters) } else { Err(faults) }
}

/// A roster that is cut or empty is refused; one that cannot be read at all is trouble.
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
        Diagnostic::refused(message).help("get it again, whole: an empty or cut source never means that people left")
    } else {
        Diagnostic::trouble(message)
    };
    match error.line() {
        Some(line) => at_line(fault, path, content, line),
        None => fault,
    }
}

/// A file that was read.
pub fn input(role: &'static str, name: &str, content: &[u8]) -> Input {
    let sha256 = Some(data_encoding::HEXLOWER.encode(&Sha256::digest(content)));
    let name = sanitized(name.as_bytes()).into_owned();
    Input { role, name, bytes: content.len() as u64, sha256, blake3: None }
}

/// Reads a policy, and says what in it may not be meant unless `quiet`.
pub fn read_policy(name: &str, inputs: &mut Vec<Input>, quiet: bool) -> Result<Policy, Vec<Diagnostic>> {
    let text = match policy::preset(name) {
        Some(text) => text.to_owned(),
        None => std::fs::read_to_string(name).map_err(|error| {
            if error.kind() == std::io::ErrorKind::InvalidData {
                let fault = Diagnostic::trouble(format!("policy {name}: not UTF-8 text"));
                return vec![
                    fault.help("a policy is TOML in UTF-8: write it again with an editor that says which it writes"),
                ];
            }
            let known: Vec<&str> = policy::PRESETS.iter().map(|(name, _)| *name).collect();
            let fault = Diagnostic::io(&format!("policy {name}"), &error);
            vec![fault.help(format!("name a file, or a preset; {}", suggestion(name, &known)))]
        })?,
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

/// Tells what is wrong with a policy that could be read.
pub fn policy_fault(policy: &Policy, error: &PolicyError) -> Diagnostic {
    Diagnostic::policy(&policy.source, error)
}

/// Today in UTC; `SOURCE_DATE_EPOCH` counts, so that a build can be repeated.
pub fn today() -> Result<Date, Vec<Diagnostic>> {
    let now = match std::env::var("SOURCE_DATE_EPOCH") {
        Err(_) => Timestamp::now(),
        Ok(seconds) => {
            seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(|| {
                vec![Diagnostic::trouble(format!("SOURCE_DATE_EPOCH is not a number of seconds: {seconds}"))]
            })?
        }
    };
    Ok(now.to_zoned(TimeZone::UTC).date())
}

/// The name of an export as it was given.
pub fn name_of(exports: &[String], export: u16) -> &str {
    exports.get(usize::from(export)).map_or("?", String::as_str)
}

/// Tells why.
pub fn scan_faults(error: &ScanError<ExportError>, exports: &[String]) -> Vec<Diagnostic> {
    vec![match error {
        ScanError::Exports(error) => export_fault(error),
        ScanError::Ldif { export, error, more } => {
            let fault = |(export, error): &(u16, _)| Diagnostic::ldif(name_of(exports, *export), error);
            let mut faults = vec![Diagnostic::ldif(name_of(exports, *export), error)];
            faults.extend(more.errors.iter().map(fault));
            let unsaid = more.count.saturating_sub(more.errors.len() as u64);
            if unsaid > 0 {
                let more = Diagnostic::trouble(format!("the exports are no LDIF in {unsaid} more places"));
                faults.push(more.help("`offboard lint FILE` shows them all, and what it can mend (--fix)"));
            }
            return faults;
        }
        ScanError::ChangeRecord { export, line, keyword } => {
            let place = format!("{}:{line}", name_of(exports, *export));
            Diagnostic::trouble(format!("{place}: a change record (`changetype: {keyword}`) in an export"))
                .help("give exports here: LDIF content as slapcat, ldapsearch or db2ldif write it")
        }
    }]
}

/// Tells why.
pub fn plan_faults(
    error: &PlanError<ExportError>,
    exports: &[String],
    (policy, request): (&Policy, &Request),
) -> Vec<Diagnostic> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match error {
        PlanError::Scan(error) => scan_faults(error, exports),
        PlanError::UnknownForm(unknown) => unknown.iter().map(|error| policy_fault(policy, error)).collect(),
        PlanError::Unsupported(what) => vec![Diagnostic::trouble(format!("{what} cannot be planned by this version"))],
        PlanError::Protected(named) => named
            .iter()
            .map(|protected| {
                let leaver = request.leavers.get(protected.leaver);
                let by = leaver.map_or_else(|| "a roster".to_owned(), |leaver| leaver.identity.to_string());
                let origin = protected.origin;
                Diagnostic::refused(format!(
                    "{} is protected by the policy: {}",
                    text(protected.dn.raw_bytes()),
                    protected.why
                ))
                .note(format!("named by {by}, entry at {}:{}", name_of(exports, origin.export), origin.line))
                .help("take it off the list, or off [protect]")
            })
            .collect(),
        PlanError::Undefined(items) => items
            .iter()
            .map(|item| {
                Diagnostic::trouble(format!("the policy cannot be applied to these exports: {}", sanitized(item.as_bytes())))
                    .note("an item that can be judged of no entry selects nothing, also below `!`")
                    .help("correct the filter, or give a schema that describes the attribute: --schema FILE, or its entry in the exports")
            })
            .collect(),
        PlanError::Rosters(doubted) => doubted
            .iter()
            .map(|(name, doubts)| {
                let fault = Diagnostic::refused(format!("nothing may be planned from the roster `{name}`"));
                let fault = doubts.iter().fold(fault, |fault, doubt| fault.note(doubt.to_string()));
                fault.help("get the roster again; a source that is empty, short or old never means that people left")
            })
            .collect(),
        PlanError::Incomplete(lacking) => lacking.iter().map(|lack| incomplete(lack, exports)).collect(),
    }
}

fn incomplete(lack: &Incomplete, exports: &[String]) -> Diagnostic {
    let place = |place: &Place| {
        format!("{}:{}: {}", name_of(exports, place.export), place.line, String::from_utf8_lossy(&place.text))
    };
    let fault = lack
        .places()
        .iter()
        .take(3)
        .fold(Diagnostic::refused(lack.sentence()), |fault, found| fault.note(place(found)));
    let fault = fault.help(lack.advice());
    match (lack, lack.severity()) {
        (Incomplete::Operational(_), Severity::RefusesUnlessAccepted) => {
            fault.note("--accept-incomplete operational holds these accounts and plans the rest")
        }
        (_, Severity::RefusesUnlessAccepted) => {
            fault.note(format!("--accept-incomplete {} plans without it; report and runbook will say so", lack.code()))
        }
        (_, Severity::Refuses | Severity::Finding) => fault,
    }
}

/// Tells why.
pub fn proof_faults(error: &ProofError<ExportError>, exports: &[String]) -> Vec<Diagnostic> {
    match error {
        ProofError::Scan(error) => scan_faults(error, exports),
        ProofError::Fails { check, what } => {
            vec![Diagnostic::refused(format!("the proof fails at `{check}`: {what}")).note("nothing was written")]
        }
    }
}
