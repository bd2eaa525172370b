//! Refusals of `offboard verify`: why exports cannot show what was done of a change set.

use super::{Diagnostic, faults};
use crate::directory::extent::shown_time;
use crate::ldap::Dn;
use crate::render::count::counted;
use crate::render::sanitize::sanitized;
use crate::verify::trust::Distrust;

/// A DN, or "the root" for the empty one.
fn name(dn: &Dn) -> String {
    if dn.is_root() { "the root".to_owned() } else { sanitized(dn.raw_bytes()).into_owned() }
}

fn records_are(count: usize) -> String {
    format!("{} of the change set {}", counted(count, "record"), if count == 1 { "is" } else { "are" })
}

/// A refusal for each reason.
pub fn refusals(reasons: &[Distrust], exports: &[String]) -> Vec<Diagnostic> {
    reasons.iter().map(|reason| refusal(reason, exports)).collect()
}

fn refusal(reason: &Distrust, exports: &[String]) -> Diagnostic {
    match reason {
        Distrust::Incomplete(lack) => {
            let fault =
                Diagnostic::refused(lack.sentence()).note("in such exports, an entry that is missing may still exist");
            faults::with_places_of(fault, lack, exports).help(lack.help())
        }
        Distrust::MissingPart { name: part, records: count } => {
            let part = name(part);
            Diagnostic::refused(format!("the exports do not contain {part}, which the exports of the plan contained"))
                .note(format!("{} about entries in that part, and cannot be checked without it", records_are(*count)))
                .help("export every part that the plan was made from, after the change files were run")
        }
        Distrust::OlderPart { name: part, planned, found } => {
            let part = name(part);
            Diagnostic::refused(format!("the export of {part} is older than the plan"))
                .note(format!(
                    "its newest change is from {}, but the plan was made from an export with a change from {}",
                    shown_time(*found),
                    shown_time(*planned)
                ))
                .help("export again, after the change files were run")
        }
        Distrust::StaleExport { export, records: count } => {
            let export = u16::try_from(*export).unwrap_or(u16::MAX);
            let export = sanitized(faults::name_of(exports, export).as_bytes()).into_owned();
            Diagnostic::refused(format!(
                "{export} is an export that the plan was made from, and other exports are newer"
            ))
            .note(format!(
                "{} about entries in it and not done, although records that run later are done in other exports",
                records_are(*count)
            ))
            .help("export this part of the directory again as well")
        }
    }
}
