//! `offboard audit`: problems in a directory, independent of leavers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use super::args::{self, Global};
use super::day::day;
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, check_stdout, faults, plan_inputs};
use crate::audit::{AuditFinding, AuditInputs, audit};
use crate::directory::Census;
use crate::directory::ExportsReader;
use crate::io::change_set::read_history;
use crate::ldif::UrlPolicy;
use crate::plan::Request;
use crate::render::count::counted;
use crate::render::sanitize::{Secrets, sanitized};

#[derive(Serialize)]
struct AuditReport {
    format_version: &'static str,
    as_of: String,
    /// How many entries were judged.
    entries: u64,
    /// How many entries could not be judged, because their DNs are invalid.
    skipped: u64,
    /// How many findings there are of each code.
    counts: BTreeMap<&'static str, usize>,
    findings: Vec<FindingRow>,
}

#[derive(Serialize)]
struct FindingRow {
    code: &'static str,
    place: String,
    dn: String,
    attribute: String,
    value: String,
    what: String,
    /// Codes of what the exports lack, if that may have caused the finding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    may_be_due_to: Vec<&'static str>,
}

pub fn run(command: &args::Audit, global: &Global) -> Outcome {
    let as_of = day(&command.day)?.date;
    let mut inputs = Vec::new();
    let policy = plan_inputs::read_policy(&command.policy, &mut inputs, global.quiet)?;
    // Not every roster of the policy must be given: without a plan, a missing one cannot harm an account.
    let rosters = plan_inputs::read_rosters(&command.roster, &policy, &mut inputs, false)?;
    let history = read_history(&command.history)
        .map_err(|error| vec![faults::change_set_fault(&error, plan_inputs::HISTORY_WANTED)])?;
    let schema = plan_inputs::schema(&command.schema, global, &mut inputs)?;
    let exports = faults::open_exports(&command.exports, global)?;
    let progress = Progress::start(&exports, global);
    let inputs = AuditInputs {
        policy: &policy,
        as_of,
        schema: &schema,
        rosters: &rosters,
        history: &history,
        written: &exports.modified(),
    };
    let (findings, census) = audit(ExportsReader::new(&exports, UrlPolicy::Refuse), &inputs)
        .map_err(|error| faults::plan_faults(&error, &command.exports, &policy, &Request::default()))?;
    if census.entries == 0 {
        return Err(vec![no_entries(&census, &command.exports)]);
    }
    let row = |finding: &AuditFinding| {
        let file = match &finding.roster {
            Some(name) => format!("roster {}", sanitized(name.as_bytes())),
            None => sanitized(faults::name_of(&command.exports, finding.origin.export).as_bytes()).into_owned(),
        };
        FindingRow {
            code: finding.code.name(),
            // A finding about the exports as a whole has no line.
            place: if finding.origin.line == 0 { String::new() } else { format!("{file}:{}", finding.origin.line) },
            dn: sanitized(&finding.dn).into_owned(),
            attribute: finding.attribute.clone(),
            value: Secrets::of(&policy).shown_value(&finding.attribute, &finding.value),
            what: sanitized(finding.what.as_bytes()).into_owned(),
            may_be_due_to: finding.may_be_due_to.clone(),
        }
    };
    let mut counts = BTreeMap::new();
    for finding in &findings {
        *counts.entry(finding.code.name()).or_insert(0) += 1;
    }
    let report = AuditReport {
        format_version: "2.0",
        as_of: as_of.to_string(),
        entries: census.entries,
        skipped: census.unreadable_names.count,
        counts,
        findings: findings.iter().map(row).collect(),
    };
    let text = if command.json {
        serde_json::to_string_pretty(&report).map_err(|error| vec![Diagnostic::error(error.to_string())])? + "\n"
    } else {
        text(&report)
    };
    drop(progress);
    check_stdout(std::io::stdout().lock().write_all(text.as_bytes()))?;
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Findings })
}

/// The refusal for exports without an entry that can be judged.
fn no_entries(census: &Census, exports: &[String]) -> Diagnostic {
    let names = &census.unreadable_names;
    if names.count == 0 {
        let fault = Diagnostic::refused("the exports contain no entries, so there is nothing to audit");
        return fault.help("export again; a failed export can be empty, too");
    }
    let count = counted(names.count, "entry");
    let fault =
        Diagnostic::refused(format!("no entry can be judged: the exports contain {count}, with invalid DNs only"));
    faults::with_places(fault, &names.places, exports)
}

/// The report as text: a line for each finding, and a line of counts.
fn text(report: &AuditReport) -> String {
    let mut out = String::new();
    for row in &report.findings {
        let place = if row.place.is_empty() { String::new() } else { format!("{}: ", row.place) };
        let _ = write!(out, "{place}{}", row.code);
        if !row.dn.is_empty() {
            let _ = write!(out, ": {}", row.dn);
        }
        if !row.attribute.is_empty() || !row.value.is_empty() {
            let between = if row.attribute.is_empty() { "" } else { " " };
            let _ = write!(out, ": {}{between}{}", row.attribute, row.value);
        }
        let _ = write!(out, ": {}", row.what);
        if !row.may_be_due_to.is_empty() {
            let _ =
                write!(out, "; the cause may be that the exports are incomplete ({})", row.may_be_due_to.join(", "));
        }
        out.push('\n');
    }
    let counts: Vec<String> = report.counts.iter().map(|(code, count)| format!("{count} {code}")).collect();
    let counts = if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") };
    // What was skipped is always reported.
    let skipped = if report.skipped == 0 { String::new() } else { format!(", {} skipped", report.skipped) };
    let _ = writeln!(out, "{} judged{skipped}, on {}: {counts}", counted(report.entries, "entry"), report.as_of);
    out
}
