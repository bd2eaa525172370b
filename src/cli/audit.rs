//! `offboard audit`: what is odd in a directory, whoever leaves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use super::args::{self, Global};
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, grounds, written};
use crate::directory::ExportsReader;
use crate::audit::{AuditFinding, AuditInputs, audit};
use crate::directory::Census;
use crate::io::change_set::read_history;
use crate::io::exports::ExportFiles;
use crate::ldif::UrlPolicy;
use crate::plan::Request;
use crate::render::sanitize::{Secrets, sanitized};

#[derive(Serialize)]
struct Report {
    format_version: &'static str,
    as_of: String,
    /// Entries that were judged.
    entries: u64,
    /// Entries that could not be judged: their names are not distinguished names.
    skipped: u64,
    counts: BTreeMap<&'static str, usize>,
    findings: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    code: &'static str,
    place: String,
    dn: String,
    attribute: String,
    value: String,
    what: String,
    /// Codes of what the exports lack, where the finding may be due to that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    may_be_due_to: Vec<&'static str>,
}

/// Runs it.
pub fn run(command: &args::Audit, global: &Global) -> Outcome {
    let mut inputs = Vec::new();
    let policy = grounds::read_policy(&command.policy, &mut inputs, global.quiet)?;
    // A roster that is not given is not asked: nothing is planned from its silence.
    let rosters = grounds::read_rosters(&command.roster, &policy, &mut inputs, false)?;
    let history = read_history(&command.history).map_err(|error| {
        vec![grounds::change_set_fault(&error, "--history takes the folder of an earlier `offboard plan -o`")]
    })?;
    let as_of = match command.as_of {
        Some(day) => day,
        None => grounds::today()?,
    };
    let schema = grounds::schema(&command.schema, global, &mut inputs)?;
    let exports =
        ExportFiles::open(&command.exports, &global.reading()).map_err(|error| vec![grounds::export_fault(&error)])?;
    let progress = Progress::of(&exports, global);
    let inputs = AuditInputs {
        policy: &policy,
        as_of,
        schema: &schema,
        rosters: &rosters,
        history: &history,
        written: &exports.modified(),
    };
    let (findings, census) = audit(ExportsReader::new(&exports, UrlPolicy::Refuse), &inputs)
        .map_err(|error| grounds::plan_faults(&error, &command.exports, (&policy, &Request::default())))?;
    if census.entries == 0 {
        return Err(vec![no_entries(&census, &command.exports)]);
    }
    let row = |finding: &AuditFinding| {
        let file = match &finding.roster {
            Some(name) => format!("roster {name}"),
            None => sanitized(grounds::name_of(&command.exports, finding.origin.export).as_bytes()).into_owned(),
        };
        Row {
            code: finding.code.name(),
            // What is lacking as a whole has no line.
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
    let report = Report {
        format_version: "1.1",
        as_of: as_of.to_string(),
        entries: census.entries,
        skipped: census.unreadable_names.count,
        counts,
        findings: findings.iter().map(row).collect(),
    };
    let text = if command.json {
        serde_json::to_string_pretty(&report).map_err(|error| vec![Diagnostic::trouble(error.to_string())])? + "\n"
    } else {
        text(&report)
    };
    drop(progress);
    written(std::io::stdout().lock().write_all(text.as_bytes()))?;
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Says that nothing can be said.
fn no_entries(census: &Census, exports: &[String]) -> Diagnostic {
    let names = &census.unreadable_names;
    if names.count == 0 {
        let fault = Diagnostic::refused("the exports hold no entries, so nothing can be said of the directory");
        return fault.help("export again: an export that failed is empty, too");
    }
    let fault = Diagnostic::refused(format!(
        "no entry of the exports can be judged: the names of all {} are not distinguished names",
        names.count
    ));
    names.places.iter().take(3).fold(fault, |fault, place| {
        let name = sanitized(grounds::name_of(exports, place.export).as_bytes()).into_owned();
        fault.note(format!("{name}:{}: {}", place.line, sanitized(&place.text)))
    })
}

fn text(report: &Report) -> String {
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
            let _ = write!(out, "; this may be due to what the exports lack ({})", row.may_be_due_to.join(", "));
        }
        out.push('\n');
    }
    let counts: Vec<String> = report.counts.iter().map(|(code, count)| format!("{count} {code}")).collect();
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    let entries = match report.entries {
        1 => "1 entry judged".to_owned(),
        count => format!("{count} entries judged"),
    };
    // What was not looked at is always said.
    let skipped = if report.skipped == 0 { String::new() } else { format!(", {} skipped", report.skipped) };
    let _ = writeln!(out, "{entries}{skipped}, on {}: {counts}", report.as_of);
    out
}
