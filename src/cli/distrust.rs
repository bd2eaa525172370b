//! How `offboard verify` reports exports that cannot tell what became of a change set.

use super::{Diagnostic, grounds};
use crate::directory::extent::shown_time;
use crate::ldap::Dn;
use crate::render::sanitize::sanitized;
use crate::verify::trust::Distrust;

fn name(dn: &Dn) -> String {
    if dn.is_root() { "the root".to_owned() } else { sanitized(dn.raw_bytes()).into_owned() }
}

fn records(count: usize) -> String {
    if count == 1 {
        "1 record of the change set is".to_owned()
    } else {
        format!("{count} records of the change set are")
    }
}

/// One refusal for each reason.
pub fn faults(reasons: &[Distrust], exports: &[String]) -> Vec<Diagnostic> {
    reasons.iter().map(|reason| fault(reason, exports)).collect()
}

fn fault(reason: &Distrust, exports: &[String]) -> Diagnostic {
    match reason {
        Distrust::Incomplete(lack) => {
            let fault = Diagnostic::refused(lack.sentence())
                .note("an entry that such exports do not show is not known to be deleted");
            let places = lack.places().iter().take(3);
            let place = |fault: Diagnostic, place: &crate::directory::Place| {
                let export = sanitized(grounds::name_of(exports, place.export).as_bytes()).into_owned();
                fault.note(format!("{export}:{}: {}", place.line, sanitized(&place.text)))
            };
            places.fold(fault, place).help(lack.help())
        }
        Distrust::MissingPart { name: part, records: count } => {
            let part = name(part);
            Diagnostic::refused(format!("the exports do not hold {part}, which the exports of the plan held"))
                .note(format!(
                    "{} about entries there: without that export they are not known to be done",
                    records(*count)
                ))
                .help("give every export that the plan was made from, made again after the change files were run")
        }
        Distrust::OlderPart { name: part, planned, found } => {
            let part = name(part);
            Diagnostic::refused(format!("the export of {part} is older than the plan"))
                .note(format!(
                    "the newest change that it shows is from {}, and the plan saw one from {}",
                    shown_time(*found),
                    shown_time(*planned)
                ))
                .help("export again, after the change files were run")
        }
        Distrust::StaleExport { export, records: count } => {
            let export = u16::try_from(*export).unwrap_or(u16::MAX);
            let export = sanitized(grounds::name_of(exports, export).as_bytes()).into_owned();
            Diagnostic::refused(format!("{export} is the export that the plan was made from, and others are not"))
                .note(format!(
                    "{} about entries in it and not done there, although what runs after them is done elsewhere",
                    records(*count)
                ))
                .help("export this part of the directory again, too")
        }
    }
}
