//! Errors of reading, planning and proving, as diagnostics: what happened, where, and what to do.

use super::Diagnostic;
use super::args::Global;
use crate::directory::ScanError;
use crate::directory::census::Place;
use crate::io::change_set::ChangeSetError;
use crate::io::exports::{ExportError, ExportFiles};
use crate::plan::completeness::{Incomplete, Severity};
use crate::plan::{PlanError, Request};
use crate::policy::{Policy, PolicyError};
use crate::proof::ProofError;
use crate::render::count::counted;

/// How many places a diagnostic shows; the first ones are enough to find the cause.
const PLACES: usize = 3;

/// The name of an export as it was given on the command line.
pub fn name_of(exports: &[String], export: u16) -> &str {
    exports.get(usize::from(export)).map_or("?", String::as_str)
}

/// Adds the first places of a finding as notes: `export:line: text`.
pub fn with_places(fault: Diagnostic, places: &[Place], exports: &[String]) -> Diagnostic {
    with_first_places(fault, places, PLACES, exports)
}

/// Adds the first places where something is lacking. Of entries that appear more than once, there are several for each.
pub fn with_places_of(fault: Diagnostic, lack: &Incomplete, exports: &[String]) -> Diagnostic {
    let most = if matches!(lack, Incomplete::Repeated(_)) { 4 * PLACES } else { PLACES };
    with_first_places(fault, lack.places(), most, exports)
}

fn with_first_places(fault: Diagnostic, places: &[Place], most: usize, exports: &[String]) -> Diagnostic {
    places.iter().take(most).fold(fault, |fault, place| {
        let text = String::from_utf8_lossy(&place.text);
        fault.note(format!("{}:{}: {text}", name_of(exports, place.export), place.line))
    })
}

/// Opens exports by their names.
pub fn open_exports(names: &[String], global: &Global) -> Result<ExportFiles, Vec<Diagnostic>> {
    ExportFiles::open(names, &global.reading()).map_err(|error| vec![export_fault(&error)])
}

/// Why an export cannot be read.
pub fn export_fault(error: &ExportError) -> Diagnostic {
    match error {
        ExportError::Io { name, error } => Diagnostic::io(name, error),
        ExportError::Changed { .. } => {
            Diagnostic::error(error.to_string()).help("run again when the program that writes the export has finished")
        }
        ExportError::StandardInputTwice => {
            Diagnostic::error(error.to_string()).help("write one of the two to a file and name the file")
        }
    }
}

/// Why a folder cannot be used as a change set. `wanted` says what the command takes.
pub fn change_set_fault(error: &ChangeSetError, wanted: &str) -> Diagnostic {
    let fault = match error {
        ChangeSetError::Io { path, error } => Diagnostic::io(path.as_str(), error),
        _ => Diagnostic::error(error.to_string()),
    };
    match error {
        ChangeSetError::Changed { .. } | ChangeSetError::Unlisted { .. } => {
            fault.help("restore the change set as it was written; to change something in it, plan again")
        }
        _ => fault.help(wanted),
    }
}

/// What is wrong with a policy that was parsed without errors.
pub fn policy_fault(policy: &Policy, error: &PolicyError) -> Diagnostic {
    Diagnostic::policy(&policy.source, error)
}

/// Why the exports cannot be read to their end.
pub fn scan_faults(error: &ScanError<ExportError>, exports: &[String]) -> Vec<Diagnostic> {
    vec![match error {
        ScanError::Exports(error) => export_fault(error),
        ScanError::Ldif { export, error, more } => {
            let fault = |(export, error): &(u16, _)| Diagnostic::ldif(name_of(exports, *export), error);
            let mut faults = vec![Diagnostic::ldif(name_of(exports, *export), error)];
            faults.extend(more.errors.iter().map(fault));
            let not_shown = more.count.saturating_sub(more.errors.len() as u64);
            if not_shown > 0 {
                let not_shown = counted(not_shown, "more LDIF syntax error");
                let fault = Diagnostic::error(format!("the exports have {not_shown}"));
                faults
                    .push(fault.help("`offboard lint FILE` lists all of them; `--fix` repairs what is safe to repair"));
            }
            return faults;
        }
        ScanError::ChangeRecord { export, line, keyword } => {
            let place = format!("{}:{line}", name_of(exports, *export));
            Diagnostic::error(format!("{place}: an export contains a change record (`changetype: {keyword}`)"))
                .help("give LDIF content files, as slapcat, ldapsearch or db2ldif write them")
        }
    }]
}

/// Why no plan was made.
pub fn plan_faults(
    error: &PlanError<ExportError>,
    exports: &[String],
    policy: &Policy,
    request: &Request,
) -> Vec<Diagnostic> {
    match error {
        PlanError::Scan(error) => scan_faults(error, exports),
        PlanError::UnknownForm(unknown) => unknown.iter().map(|error| policy_fault(policy, error)).collect(),
        PlanError::Unsupported(what) => vec![Diagnostic::error(format!("this version cannot plan {what}"))],
        PlanError::Protected(named) => named
            .iter()
            .map(|protected| {
                let leaver = request.leavers.get(protected.leaver);
                let by = leaver.map_or_else(|| "a roster".to_owned(), |leaver| leaver.identity.to_string());
                let origin = protected.origin;
                let dn = String::from_utf8_lossy(protected.dn.raw_bytes());
                Diagnostic::refused(format!("{dn} is protected by the policy: {}", protected.why.sentence()))
                    .note(format!("named by {by}, entry at {}:{}", name_of(exports, origin.export), origin.line))
                    .help("remove it from the leavers, or change [protect] in the policy")
            })
            .collect(),
        PlanError::Undefined(errors) => errors.iter().map(|error| policy_fault(policy, error)).collect(),
        PlanError::Rosters(doubted) => doubted
            .iter()
            .map(|(name, doubts)| {
                let fault = Diagnostic::refused(format!("the roster `{name}` may be incomplete, so no plan was made"));
                let fault = doubts.iter().fold(fault, |fault, doubt| fault.note(doubt.to_string()));
                fault.help("get the roster again; an empty, short or old roster does not mean that people have left")
            })
            .collect(),
        PlanError::Incomplete(lacking) => lacking.iter().map(|lack| incomplete(lack, exports)).collect(),
    }
}

fn incomplete(lack: &Incomplete, exports: &[String]) -> Diagnostic {
    let fault = with_places_of(Diagnostic::refused(lack.sentence()), lack, exports).help(lack.advice());
    match (lack, lack.severity()) {
        (Incomplete::Operational(_), Severity::RefusesUnlessAccepted) => {
            fault.note("--accept-incomplete operational holds these accounts and plans the others")
        }
        (_, Severity::RefusesUnlessAccepted) => {
            fault.note(format!("--accept-incomplete {} plans without it; report and runbook will say so", lack.code()))
        }
        (_, Severity::Refuses | Severity::Finding) => fault,
    }
}

/// Why the change files could not be proven.
pub fn proof_faults(error: &ProofError<ExportError>, exports: &[String]) -> Vec<Diagnostic> {
    match error {
        ProofError::Scan(error) => scan_faults(error, exports),
        ProofError::Fails { check, what } => {
            vec![Diagnostic::refused(format!("the proof failed at `{check}`: {what}")).note("nothing was written")]
        }
    }
}
