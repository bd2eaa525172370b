//! `offboard verify`: what of a change set is done, by a later export.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;

use camino::Utf8Path;
use serde::Serialize;

use super::args::{self, Global};
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, distrust, grounds, written};
use crate::directory::{Census, scan};
use crate::io::change_set::{self, ChangeSet, PlannedDigest};
use crate::io::digest::{Algorithm, Digest};
use crate::io::exports::ExportFiles;
use crate::io::output::write_new;
use crate::ldap::{ChangeRecord, DnKey};
use crate::ldif::{ChangeError, ChangeReader, UrlPolicy, writer};
use crate::lifecycle::state::{disable_attributes, state};
use crate::policy::Policy;
use crate::render::sanitize::sanitized;
use crate::verify::survey::{Evidence, Survey, SurveyPass};
use crate::verify::trust::{self, Distrust};
use crate::verify::{NotShown, RecordWithUndo, Verdict, check, current_entries, remaining, wanted_names};

/// What is said of a change set.
#[derive(Serialize)]
struct Report {
    format_version: &'static str,
    set: String,
    as_of: String,
    server: String,
    done: usize,
    not_done: usize,
    changed: usize,
    /// Records of which the exports do not show whether they are done.
    not_shown: usize,
    /// What is to be known of the exports.
    notes: Vec<String>,
    /// How to export with the attributes that were not shown.
    #[serde(skip)]
    export_command: Option<&'static str>,
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
    /// `gone`, `there`, `not shown`, or its state by the policy.
    now: String,
}

/// Runs it.
pub fn run(command: &args::Verify, global: &Global) -> Outcome {
    let set = change_set::read_change_set(&command.set)
        .map_err(|error| vec![grounds::change_set_fault(&error, "name the folder that `offboard plan -o` wrote")])?;
    let policy = match &command.policy {
        Some(name) => Some(grounds::read_policy(name, &mut Vec::new(), global.quiet)?),
        None => None,
    };
    let exports =
        ExportFiles::open(&command.exports, &global.reading()).map_err(|error| vec![grounds::export_fault(&error)])?;
    let algorithm =
        set.exports.digests.iter().flatten().next().map_or_else(Algorithm::default, |first| first.algorithm);
    exports.begin_digests(algorithm);
    let progress = Progress::of(&exports, global);
    let records: Vec<ChangeRecord> = set.records.iter().map(|record| record.record.clone()).collect();
    let refused = rejects(command, &records)?;
    let mut names = wanted_names(&records);
    names.extend(set.accounts.iter().filter_map(|account| Some(account.dn.as_ref()?.key().clone())));
    let parts = set.exports.parts.as_deref().unwrap_or_default();
    let part_names: Vec<DnKey> = parts.iter().map(|part| part.name.key().clone()).collect();
    let pass = SurveyPass::new(names, &part_names, &records, set.server);
    let mut survey = Survey::default();
    let census = scan(&exports, UrlPolicy::Refuse, None, &pass, |found| survey.merge(found))
        .map_err(|error| grounds::scan_faults(&error, &command.exports))?;
    survey.structure.finish();
    let digests = exports.digests(algorithm).map_err(|error| vec![grounds::export_fault(&error)])?;
    let sources = Sources { names: &command.exports, census: &census, same: same_exports(&set, &digests) };
    let reasons = distrust(&set, &sources, &survey);
    if !reasons.is_empty() {
        return Err(distrust::faults(&reasons, &command.exports));
    }
    let evidence = Evidence::new(&survey, &records, set.server, set.exports.parts.is_some());
    let with_undo: Vec<RecordWithUndo> = set
        .records
        .iter()
        .map(|record| RecordWithUndo { record: record.record.clone(), undo: record.undo.clone() })
        .collect();
    let verdicts = check(&with_undo, &evidence);
    let stale = trust::stale_exports(parts, &records, &sources.same, &verdicts);
    if !stale.is_empty() {
        return Err(distrust::faults(&stale, &command.exports));
    }

    if let Some(path) = &command.left {
        write_left(path, &set, &records, &verdicts)?;
    }
    let notes = notes(&set, &records, &survey, &sources);
    let outcome = Judged { verdicts: &verdicts, refused: &refused, evidence: &evidence, notes };
    let report = report(command, &set, outcome, policy.as_ref());
    let text = if command.json {
        serde_json::to_string_pretty(&report).map_err(|error| vec![Diagnostic::trouble(error.to_string())])? + "\n"
    } else {
        text(&report, global.verbose)
    };
    drop(progress);
    written(std::io::stdout().lock().write_all(text.as_bytes()))?;
    let all_done = report.not_done + report.changed + report.not_shown == 0 && refused.by_record.is_empty();
    Ok(if all_done { Exit::Done } else { Exit::Findings })
}

/// What is known of the exports as files.
struct Sources<'s> {
    /// Their names as given.
    names: &'s [String],
    census: &'s Census,
    /// For each, the export of the plan that has the same digest.
    same: Vec<Option<usize>>,
}

/// For each export, the export of the plan that has the same digest.
fn same_exports(set: &ChangeSet, digests: &[Digest]) -> Vec<Option<usize>> {
    let same = |digest: &Digest| {
        let hex = data_encoding::HEXLOWER.encode(&digest.value);
        let planned = PlannedDigest { algorithm: digest.algorithm, hex };
        set.exports.digests.iter().position(|other| other.as_ref() == Some(&planned))
    };
    digests.iter().map(same).collect()
}

/// Why the exports cannot tell what became of the change set.
fn distrust(set: &ChangeSet, sources: &Sources<'_>, survey: &Survey) -> Vec<Distrust> {
    if set.records.is_empty() {
        return Vec::new();
    }
    let mut reasons = trust::incomplete_exports(sources.census, survey, sources.names.len(), &set.exports.accepted);
    let parts = set.exports.parts.as_deref().unwrap_or_default();
    let records: Vec<ChangeRecord> = set.records.iter().map(|record| record.record.clone()).collect();
    reasons.extend(trust::missing_or_older_parts(parts, &records, survey));
    reasons
}

/// What a reader must know of the exports.
fn notes(set: &ChangeSet, records: &[ChangeRecord], survey: &Survey, sources: &Sources<'_>) -> Vec<String> {
    let names = sources.names;
    let mut notes = Vec::new();
    if set.exports.parts.is_none() {
        notes.push(
            "an older version of offboard wrote this change set, without the parts of the directory that its exports \
             held: give every export that it was planned from"
                .to_owned(),
        );
    }
    if !sources.same.is_empty() && sources.same.iter().all(Option::is_some) {
        notes.push("these are the exports that the change set was planned from".to_owned());
    }
    let is_mixed = !sources.same.iter().all(Option::is_some);
    for (name, _) in names.iter().zip(&sources.same).filter(|(_, same)| is_mixed && same.is_some()) {
        let name = sanitized(name.as_bytes());
        notes.push(format!(
            "{name} is byte for byte an export that the change set was planned from: nothing of its part was changed, or it \
             was not exported again"
        ));
    }
    let parts = set.exports.parts.as_deref().unwrap_or_default();
    for part in trust::undated_parts(parts, records, survey) {
        let part = sanitized(part.raw_bytes());
        notes.push(format!("the export of {part} shows no times, so nothing says that it is newer than the plan"));
    }
    let skipped = sources.census.unreadable_names.count;
    if skipped > 0 {
        let count = if skipped == 1 { "1 entry".to_owned() } else { format!("{skipped} entries") };
        notes.push(format!("skipped in the exports, because the name is not a distinguished name: {count}"));
    }
    notes
}

/// What was found of the records.
struct Judged<'j> {
    verdicts: &'j [Verdict],
    refused: &'j Refused,
    evidence: &'j Evidence<'j>,
    notes: Vec<String>,
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
        let mut errors = errors.map(|line| sanitized(line.trim_ascii()).into_owned());
        for change in ChangeReader::new(&text, 1, UrlPolicy::Refuse) {
            let change = match change {
                Ok(change) => change,
                Err(ChangeError::Entry { .. }) => continue,
                Err(ChangeError::Ldif(error)) => return Err(vec![Diagnostic::ldif(path.as_str(), &error)]),
                Err(ChangeError::Operation(error)) => return Err(trouble(&error)),
            };
            let record = spelled(&change.record);
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
    set: &ChangeSet,
    records: &[ChangeRecord],
    verdicts: &[Verdict],
) -> Result<(), Vec<Diagnostic>> {
    let left = remaining(verdicts, records);
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

fn report(command: &args::Verify, set: &ChangeSet, outcome: Judged<'_>, policy: Option<&Policy>) -> Report {
    let Judged { verdicts, refused, evidence, notes } = outcome;
    let now = evidence.entries();
    let records: Vec<ChangeRecord> = set.records.iter().map(|record| record.record.clone()).collect();
    let count = |name: &str| verdicts.iter().filter(|verdict| verdict.name() == name).count();
    let row = |(index, verdict): (usize, &Verdict)| {
        let record = &set.records[index];
        RecordReport {
            file: record.file.clone(),
            line: record.line,
            dn: sanitized(record.record.dn.raw_bytes()).into_owned(),
            kind: record.kind.clone(),
            leavers: record.leavers.clone(),
            verdict: verdict.name(),
            why: match verdict {
                Verdict::Changed(why) => Some(sanitized(why.as_bytes()).into_owned()),
                Verdict::NotShown(what) => Some(sanitized(what.to_string().as_bytes()).into_owned()),
                Verdict::Done | Verdict::NotDone | Verdict::Guard => None,
            },
            refused: refused.by_record.get(&index).cloned(),
        }
    };
    let entries = current_entries(&records, now);
    let account = |account: &change_set::ChangeSetAccount| {
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
            (None, _) if account.dn.as_ref().is_some_and(|dn| !evidence.covers(dn.key())) => "not shown".to_owned(),
            (None, _) => "gone".to_owned(),
            // What marks it may be an attribute that the export does not show.
            (Some(entry), Some(policy))
                if disable_attributes(policy).any(|description| !evidence.shows(entry.origin.export, description)) =>
            {
                "not shown".to_owned()
            }
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
        format_version: "1.1",
        set: sanitized(command.set.as_str().as_bytes()).into_owned(),
        as_of: set.as_of.to_string(),
        server: set.server.to_string(),
        done: count("done"),
        not_done: count("not-done"),
        changed: count("changed"),
        not_shown: count("not-shown"),
        notes,
        export_command: verdicts
            .iter()
            .any(|verdict| matches!(verdict, Verdict::NotShown(NotShown::Attributes(_))))
            .then(|| set.server.profile().export_command),
        records: verdicts.iter().enumerate().map(row).collect(),
        accounts: set.accounts.iter().map(account).collect(),
        unknown_rejects: refused.unknown,
    }
}

fn text(report: &Report, verbose: bool) -> String {
    let mut out = String::new();
    let nothing =
        if report.not_done > 0 && report.done + report.changed + report.not_shown == 0 { "nothing done: " } else { "" };
    let _ = write!(
        out,
        "{}, planned for {}: {nothing}{} done, {} not done, {} changed meanwhile",
        report.set, report.as_of, report.done, report.not_done, report.changed
    );
    if report.not_shown > 0 {
        let _ = write!(out, ", {} not shown by this export", report.not_shown);
    }
    out.push('\n');
    for note in &report.notes {
        let _ = writeln!(out, "note: {note}");
    }
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
    if let Some(command) = report.export_command {
        let _ = writeln!(
            out,
            "what is not shown: this export has no operational attributes, or not these; export again: {command}"
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
