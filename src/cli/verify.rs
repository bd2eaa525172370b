//! `offboard verify`: what of a change set is done, by a later export.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;

use camino::Utf8Path;
use serde::Serialize;

use super::args::{self, Global};
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, grounds, written};
use crate::directory::named;
use crate::io::change_set::{self, WholeSet};
use crate::io::exports::ExportFiles;
use crate::io::output::write_new;
use crate::ldap::{ChangeRecord, Entry};
use crate::ldif::{Record, RecordReader, UrlPolicy, convert, writer};
use crate::lifecycle::state::state;
use crate::policy::Policy;
use crate::render::sanitize::shown;
use crate::verify::{Verdict, check, found, left, wanted};

/// What is said of a change set.
#[derive(Serialize)]
struct Report {
    format_version: &'static str,
    set: String,
    as_of: String,
    done: usize,
    not_done: usize,
    changed: usize,
    records: Vec<RecordReport>,
    accounts: Vec<AccountReport>,
    /// Refused records that the set does not hold.
    unknown_rejects: usize,
}

#[derive(Serialize)]
struct RecordReport {
    file: String,
    line: u64,
    dn: String,
    kind: String,
    leavers: Vec<String>,
    verdict: &'static str,
    why: Option<String>,
    /// What the server said, from a file of rejects.
    refused: Option<String>,
}

#[derive(Serialize)]
struct AccountReport {
    leaver: String,
    step: String,
    done: usize,
    of: usize,
    /// `gone`, `there`, or its state by the policy.
    now: String,
}

/// Runs it.
pub fn run(command: &args::Verify, global: &Global) -> Outcome {
    let set = change_set::read_whole(&command.set)
        .map_err(|error| vec![grounds::change_set_fault(&error, "name the folder that `offboard plan -o` wrote")])?;
    let policy = match &command.policy {
        Some(name) => Some(grounds::read_policy(name, &mut Vec::new(), global.quiet)?),
        None => None,
    };
    let exports =
        ExportFiles::open(&command.exports, &global.reading()).map_err(|error| vec![grounds::export_fault(&error)])?;
    let progress = Progress::of(&exports, global);
    let records: Vec<ChangeRecord> = set.records.iter().map(|record| record.record.clone()).collect();
    let mut names = wanted(&records);
    names.extend(set.accounts.iter().filter_map(|account| Some(account.dn.as_ref()?.key().clone())));
    let now = named::entries(&exports, UrlPolicy::Refuse, None, names)
        .map_err(|error| grounds::scan_faults(&error, &command.exports))?;
    // Where nothing is, every deletion looks done.
    if now.is_empty()
        && !records.is_empty()
        && !named::are_there(&exports, UrlPolicy::Refuse)
            .map_err(|error| grounds::scan_faults(&error, &command.exports))?
    {
        let fault = Diagnostic::trouble("the exports hold no entries");
        return Err(vec![fault.help("export again: an export that failed is empty, too")]);
    }
    let verdicts = check(&records, &now);
    let refused = rejects(command, &records)?;

    if let Some(path) = &command.left {
        write_left(path, &set, &records, &verdicts)?;
    }
    let report = report(command, &set, &verdicts, &refused, (&records, &now), policy.as_ref());
    let text = if command.json {
        serde_json::to_string_pretty(&report).map_err(|error| vec![Diagnostic::trouble(error.to_string())])? + "\n"
    } else {
        text(&report, global.verbose)
    };
    drop(progress);
    written(std::io::stdout().lock().write_all(text.as_bytes()))?;
    let all_done = report.not_done + report.changed == 0 && refused.by_record.is_empty();
    Ok(if all_done { Exit::Done } else { Exit::Findings })
}

/// What the server refused.
#[derive(Default)]
struct Refused {
    by_record: BTreeMap<usize, String>,
    unknown: usize,
}

/// Reads files of `ldapmodify -S`: each record stands behind a comment with the error.
fn rejects(command: &args::Verify, records: &[ChangeRecord]) -> Result<Refused, Vec<Diagnostic>> {
    let spelled = |record: &ChangeRecord| {
        let mut text = Vec::new();
        writer::write_change(&mut text, record);
        text
    };
    // By its text, the records that have it: a set may hold one twice. The last one here is the first in the set.
    let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    if !command.rejects.is_empty() {
        for (at, record) in records.iter().enumerate().rev() {
            places.entry(spelled(record)).or_default().push(at);
        }
    }
    let mut refused = Refused::default();
    for path in &command.rejects {
        let trouble = |what: &dyn std::fmt::Display| vec![Diagnostic::trouble(format!("rejects {path}: {what}"))];
        let text = std::fs::read(path).map_err(|error| vec![Diagnostic::io(&format!("rejects {path}"), &error)])?;
        let lines = text.split(|byte| *byte == b'\n');
        let errors = lines.filter_map(|line| line.strip_prefix(b"# Error: "));
        let mut errors = errors.map(|line| shown(line.trim_ascii()).into_owned());
        for record in RecordReader::new(&text, 1, UrlPolicy::Refuse) {
            let Record::Change(record) = record.map_err(|error| vec![Diagnostic::ldif(path.as_str(), &error)])? else {
                continue;
            };
            let record = spelled(&convert::change(&record).map_err(|error| trouble(&error))?);
            let error = errors.next().unwrap_or_else(|| "refused".to_owned());
            match places.get_mut(&record).and_then(Vec::pop) {
                Some(at) => drop(refused.by_record.insert(at, error)),
                None => refused.unknown += 1,
            }
        }
    }
    Ok(refused)
}

fn write_left(
    path: &Utf8Path,
    set: &WholeSet,
    records: &[ChangeRecord],
    verdicts: &[Verdict],
) -> Result<(), Vec<Diagnostic>> {
    let left = left(verdicts, records);
    let mut text = Vec::new();
    // Like the change files: some tools cannot read a version line, and none needs it.
    writer::write_comment(
        &mut text,
        format!("offboard: {} records left of the set for {}", left.len(), set.as_of).as_bytes(),
    );
    for index in left {
        text.push(b'\n');
        let from = format!("from: {}:{}", set.records[index].file, set.records[index].line);
        writer::write_comment(&mut text, from.as_bytes());
        writer::write_change(&mut text, &records[index]);
    }
    write_new(path, &text).map_err(|error| vec![Diagnostic::io(path.as_str(), &error)])
}

fn report(
    command: &args::Verify,
    set: &WholeSet,
    verdicts: &[Verdict],
    refused: &Refused,
    (records, now): (&[ChangeRecord], &[Entry]),
    policy: Option<&Policy>,
) -> Report {
    let count = |name: &str| verdicts.iter().filter(|verdict| verdict.name() == name).count();
    let row = |(index, verdict): (usize, &Verdict)| {
        let record = &set.records[index];
        RecordReport {
            file: record.file.clone(),
            line: record.line,
            dn: shown(record.record.dn.spelling()).into_owned(),
            kind: record.kind.clone(),
            leavers: record.leavers.clone(),
            verdict: verdict.name(),
            why: if let Verdict::Changed(why) = verdict { Some(shown(why.as_bytes()).into_owned()) } else { None },
            refused: refused.by_record.get(&index).cloned(),
        }
    };
    let entries = found(records, now);
    let account = |account: &change_set::SetAccount| {
        let own: Vec<usize> = account.records.iter().copied().filter(|at| verdicts.get(*at).is_some()).collect();
        let counts = own.iter().filter(|at| verdicts[**at] != Verdict::Guard);
        let is_own = |at: &&usize| {
            account.dn.as_ref().is_some_and(|dn| {
                let record = &set.records[**at];
                // Its own entry, whatever name it has by then.
                record.kind != "reference" && record.record.dn.rdn_spelling() == dn.rdn_spelling()
            })
        };
        let by_record = own.iter().filter(is_own).find_map(|at| entries[*at]);
        let by_name = || account.dn.as_ref().and_then(|dn| now.iter().find(|entry| entry.dn == *dn));
        let now = match (by_record.or_else(by_name), policy) {
            (None, _) => "gone".to_owned(),
            (Some(entry), Some(policy)) => state(entry, policy).0.name().to_owned(),
            (Some(_), None) => "there".to_owned(),
        };
        AccountReport {
            leaver: account.leaver.clone(),
            step: account.step.clone(),
            done: counts.clone().filter(|at| verdicts[**at] == Verdict::Done).count(),
            of: counts.count(),
            now,
        }
    };
    Report {
        format_version: "1.0",
        set: command.set.to_string(),
        as_of: set.as_of.to_string(),
        done: count("done"),
        not_done: count("not-done"),
        changed: count("changed"),
        records: verdicts.iter().enumerate().map(row).collect(),
        accounts: set.accounts.iter().map(account).collect(),
        unknown_rejects: refused.unknown,
    }
}

fn text(report: &Report, verbose: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}, planned for {}: {} done, {} not done, {} changed meanwhile",
        report.set, report.as_of, report.done, report.not_done, report.changed
    );
    let tells =
        |record: &&RecordReport| verbose || record.refused.is_some() || !matches!(record.verdict, "done" | "guard");
    for record in report.records.iter().filter(tells) {
        let why = record.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let refused = record.refused.as_ref().map(|error| format!("; the server said: {error}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "{:<8} {} {} ({}:{}){why}{refused}",
            record.verdict, record.kind, record.dn, record.file, record.line
        );
    }
    if report.unknown_rejects > 0 {
        let _ = writeln!(out, "{} refused records are not of this set", report.unknown_rejects);
    }
    for account in &report.accounts {
        let _ = writeln!(
            out,
            "account  {}: {}, {} of {} done, now {}",
            account.leaver, account.step, account.done, account.of, account.now
        );
    }
    out
}
