//! `offboard audit`: what is odd in a directory, whoever leaves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use super::args::{self, Global};
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, grounds, written};
use crate::audit::{Finding, Ground, audit};
use crate::io::change_set::read_history;
use crate::io::exports::ExportFiles;
use crate::ldif::UrlPolicy;
use crate::render::sanitize::{Secrets, shown};

#[derive(Serialize)]
struct Report {
    format_version: &'static str,
    as_of: String,
    entries: u64,
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
}

/// Runs it.
pub fn run(command: &args::Audit, global: &Global) -> Outcome {
    let mut inputs = Vec::new();
    let policy = grounds::read_policy(&command.policy, &mut inputs)?;
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
    let ground = Ground { policy: &policy, as_of, schema: &schema, rosters: &rosters, history: &history };
    let (findings, census) =
        audit(&exports, UrlPolicy::Refuse, &ground).map_err(|error| grounds::scan_faults(&error, &command.exports))?;
    let row = |finding: &Finding| {
        let file = match &finding.roster {
            Some(name) => format!("roster {name}"),
            None => grounds::name_of(&command.exports, finding.origin.export).to_owned(),
        };
        Row {
            code: finding.code,
            place: format!("{file}:{}", finding.origin.line),
            dn: shown(&finding.dn).into_owned(),
            attribute: finding.attribute.clone(),
            value: Secrets::of(&policy).shown_value(&finding.attribute, &finding.value),
            what: shown(finding.what.as_bytes()).into_owned(),
        }
    };
    let mut counts = BTreeMap::new();
    for finding in &findings {
        *counts.entry(finding.code).or_insert(0) += 1;
    }
    let report = Report {
        format_version: "1.0",
        as_of: as_of.to_string(),
        entries: census.entries,
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

fn text(report: &Report) -> String {
    let mut out = String::new();
    for row in &report.findings {
        let _ = write!(out, "{}: {}", row.place, row.code);
        if !row.dn.is_empty() {
            let _ = write!(out, ": {}", row.dn);
        }
        if !row.attribute.is_empty() || !row.value.is_empty() {
            let _ = write!(out, ": {} {}", row.attribute, row.value);
        }
        let _ = writeln!(out, ": {}", row.what);
    }
    let counts: Vec<String> = report.counts.iter().map(|(code, count)| format!("{count} {code}")).collect();
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    let _ = writeln!(out, "{} entries on {}: {counts}", report.entries, report.as_of);
    out
}
