//! `offboard verify`: compares a later export with a change set: done, not done, changed by others.

use std::collections::HashMap;
use std::io::Write as _;

use camino::Utf8Path;

use super::args::{self, Global};
use super::progress::Progress;
use super::verify_report::{Judged, RefusedRecords, VerifyReport};
use super::{Diagnostic, Exit, Outcome, check_stdout, faults, plan_inputs, verify_refusals};
use crate::directory::identity::unique_id::{SameEntry, UniqueIds};
use crate::directory::repeated::Repeated;
use crate::directory::{Census, scan};
use crate::io::change_set::{self, ChangeSet, OtherWaves, PlannedDigest};
use crate::io::digest::{Algorithm, Digest};
use crate::io::input_file::read_named;
use crate::io::output::write_new;
use crate::ldap::{ChangeRecord, DnKey};
use crate::ldif::{ChangeError, ChangeReader, UrlPolicy, writer};
use crate::render::count::counted;
use crate::render::sanitize::sanitized;
use crate::verify::identity::Identities;
use crate::verify::survey::{Evidence, Survey, SurveyPass, WantedEntries};
use crate::verify::trust::{self, Distrust};
use crate::verify::{RecordWithUndo, Verdict, check, remaining, wanted_names};

pub fn run(command: &args::Verify, global: &Global) -> Outcome {
    let set = change_set::read_change_set(&command.set)
        .map_err(|error| vec![faults::change_set_fault(&error, "give a folder that `offboard plan -o` wrote")])?;
    let policy = match &command.policy {
        Some(name) => Some(plan_inputs::read_policy(name, &mut Vec::new(), global.quiet)?),
        None => None,
    };
    let exports = faults::open_exports(&command.exports, global)?;
    let algorithm =
        set.exports.digests.iter().flatten().next().map_or_else(Algorithm::default, |first| first.algorithm);
    exports.begin_digests(algorithm);
    let progress = Progress::start(&exports, global);
    let records: Vec<ChangeRecord> = set.records.iter().map(|record| record.record.clone()).collect();
    let refused = rejects(command, &records)?;
    let with_undo: Vec<RecordWithUndo> = set
        .records
        .iter()
        .map(|record| RecordWithUndo { record: record.record.clone(), undo: record.undo.clone() })
        .collect();
    let accounts = set.accounts.iter().filter_map(|account| Some((account.dn.as_ref()?.key(), &account.unique_ids)));
    let identities = Identities::new(accounts, &with_undo);
    let waves = change_set::other_waves(&command.set);
    let mut names = wanted_names(&records);
    names.extend(set.accounts.iter().filter_map(|account| Some(account.dn.as_ref()?.key().clone())));
    let parts = set.exports.parts.as_deref().unwrap_or_default();
    let part_names: Vec<DnKey> = parts.iter().map(|part| part.name.key().clone()).collect();
    let wanted = WantedEntries { names, ids: identities.wanted() };
    let pass = SurveyPass::new(wanted, &part_names, &records, set.server);
    let mut survey = Survey::default();
    let census = scan(&exports, UrlPolicy::Refuse, None, &pass, |found| survey.merge(found))
        .map_err(|error| faults::scan_faults(&error, &command.exports))?;
    survey.structure.finish();
    let digests = exports.digests(algorithm).map_err(|error| vec![faults::export_fault(&error)])?;
    let sources = Sources { names: &command.exports, census: &census, same: same_exports(&set, &digests) };
    let repeated = Repeated::find(&exports, UrlPolicy::Refuse, None, &survey.structure)
        .map_err(|error| faults::scan_faults(&error, &command.exports))?;
    let reasons = distrust(&set, &sources, &survey, &repeated);
    if !reasons.is_empty() {
        return Err(verify_refusals::refusals(&reasons, &command.exports));
    }
    let evidence = Evidence::new(&survey, &records, set.server, set.exports.parts.as_deref(), &identities);
    let counted_records = records.iter().chain(&waves.records);
    let evidence = evidence.with_counts(set.exports.entries, census.entries, counted_records);
    let verdicts = check(&with_undo, &evidence);
    let stale = trust::stale_exports(parts, &records, &sources.same, &verdicts);
    if !stale.is_empty() {
        return Err(verify_refusals::refusals(&stale, &command.exports));
    }

    if let Some(path) = &command.left {
        write_left(path, &set, &records, &verdicts)?;
    }
    let mut notes = notes(&set, &records, &survey, &sources);
    notes.extend(notes_on_entries(&set, &evidence, &waves));
    let judged = Judged {
        set: &set,
        verdicts: &verdicts,
        refused: &refused,
        evidence: &evidence,
        policy: policy.as_ref(),
        notes,
    };
    let report = VerifyReport::new(command.set.as_str(), &judged);
    let text = if command.json {
        serde_json::to_string_pretty(&report).map_err(|error| vec![Diagnostic::error(error.to_string())])? + "\n"
    } else {
        report.text(global.verbose)
    };
    drop(progress);
    check_stdout(std::io::stdout().lock().write_all(text.as_bytes()))?;
    Ok(if report.is_all_done() { Exit::Done } else { Exit::Findings })
}

/// The exports as files.
struct Sources<'s> {
    /// The names as given.
    names: &'s [String],
    census: &'s Census,
    /// For each export, the index of the plan's export that has the same digest.
    same: Vec<Option<usize>>,
}

/// For each export, the index of the plan's export that has the same digest.
fn same_exports(set: &ChangeSet, digests: &[Digest]) -> Vec<Option<usize>> {
    let same = |digest: &Digest| {
        let hex = data_encoding::HEXLOWER.encode(&digest.value);
        let planned = PlannedDigest { algorithm: digest.algorithm, hex };
        set.exports.digests.iter().position(|other| other.as_ref() == Some(&planned))
    };
    digests.iter().map(same).collect()
}

/// Why the exports cannot show what was done of the change set.
fn distrust(set: &ChangeSet, sources: &Sources<'_>, survey: &Survey, repeated: &Repeated) -> Vec<Distrust> {
    if set.records.is_empty() {
        return Vec::new();
    }
    let mut reasons =
        trust::incomplete_exports(sources.census, survey, repeated, sources.names.len(), &set.exports.accepted);
    let parts = set.exports.parts.as_deref().unwrap_or_default();
    let records: Vec<ChangeRecord> = set.records.iter().map(|record| record.record.clone()).collect();
    reasons.extend(trust::missing_or_older_parts(parts, &records, survey));
    reasons
}

/// What the reader must know about the exports.
fn notes(set: &ChangeSet, records: &[ChangeRecord], survey: &Survey, sources: &Sources<'_>) -> Vec<String> {
    let names = sources.names;
    let mut notes = Vec::new();
    if set.exports.parts.is_none() {
        notes.push(
            "an older version of offboard wrote this change set, so missing exports are not detected: give every export \
             that it was planned from"
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
            "{name} is identical to an export that the change set was planned from: nothing in its part was changed, or \
             it was not exported again"
        ));
    }
    let parts = set.exports.parts.as_deref().unwrap_or_default();
    for part in trust::undated_parts(parts, records, survey) {
        let part = sanitized(part.raw_bytes());
        notes.push(format!("the export of {part} contains no timestamps, so it may be older than the plan"));
    }
    let skipped = sources.census.unreadable_names.count;
    if skipped > 0 {
        let were = if skipped == 1 { "was" } else { "were" };
        notes.push(format!("{} with an invalid DN {were} skipped", counted(skipped, "entry")));
    }
    notes
}

/// What the reader must know about entries that are missing, or that got the name of an account.
fn notes_on_entries(set: &ChangeSet, evidence: &Evidence<'_>, waves: &OtherWaves) -> Vec<String> {
    let mut notes = Vec::new();
    for wave in &waves.unreadable {
        let wave = sanitized(wave.as_str().as_bytes());
        notes.push(format!("{wave} is not a change set that can be read, so what it deletes is not known"));
    }
    let missing = evidence.missing_entries();
    if missing > 0 {
        let are = if missing == 1 { "is" } else { "are" };
        notes.push(format!(
            "{} of the plan's exports {are} missing that no record deletes: others deleted entries, or an export is cut off",
            counted(missing, "entry")
        ));
    }
    for account in &set.accounts {
        let Some(dn) = &account.dn else { continue };
        let Some(entry) = evidence.entries().iter().find(|entry| entry.dn == *dn) else { continue };
        let now = UniqueIds::of(entry);
        if account.unique_ids.compare(&now) == SameEntry::Different {
            let texts = |ids: &UniqueIds| {
                let all = ids.texts().map(|(attribute, id)| format!("{attribute} {id}"));
                sanitized(all.collect::<Vec<_>>().join(", ").as_bytes()).into_owned()
            };
            notes.push(format!(
                "{} is another entry now, with {}: the account of this plan had {}, so no record is for the new entry",
                sanitized(dn.raw_bytes()),
                texts(&now),
                texts(&account.unique_ids)
            ));
        }
    }
    notes
}

/// Reads files that `ldapmodify -S` wrote: each record follows a comment with the error.
fn rejects(command: &args::Verify, records: &[ChangeRecord]) -> Result<RefusedRecords, Vec<Diagnostic>> {
    let text_of = |record: &ChangeRecord| {
        let mut text = Vec::new();
        writer::write_change(&mut text, record);
        text
    };
    // The indices of records by their text, the first one last: a change set may contain the same record twice.
    let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    if !command.rejects.is_empty() {
        for (at, record) in records.iter().enumerate().rev() {
            places.entry(text_of(record)).or_default().push(at);
        }
    }
    let mut refused = RefusedRecords::default();
    for path in &command.rejects {
        let invalid = |what: &dyn std::fmt::Display| vec![Diagnostic::error(format!("rejects {path}: {what}"))];
        let text = read_named(path).map_err(|error| vec![Diagnostic::io(&format!("rejects {path}"), &error)])?;
        let lines = text.split(|byte| *byte == b'\n');
        let errors = lines.filter_map(|line| line.strip_prefix(b"# Error: "));
        let mut errors = errors.map(|line| sanitized(line.trim_ascii()).into_owned());
        for change in ChangeReader::new(&text, 1, UrlPolicy::Refuse) {
            let change = match change {
                Ok(change) => change,
                Err(ChangeError::Entry { .. }) => continue,
                Err(ChangeError::Ldif(error)) => return Err(vec![Diagnostic::ldif(path.as_str(), &error)]),
                Err(ChangeError::Operation(error)) => return Err(invalid(&error)),
            };
            let record = text_of(&change.record);
            let error = errors.next().unwrap_or_else(|| "refused".to_owned());
            match places.get_mut(&record).and_then(Vec::pop) {
                Some(at) => drop(refused.by_record.insert(at, error)),
                None => refused.unknown += 1,
            }
        }
    }
    Ok(refused)
}

/// Writes the records that are not done as change LDIF.
fn write_left(
    path: &Utf8Path,
    set: &ChangeSet,
    records: &[ChangeRecord],
    verdicts: &[Verdict],
) -> Result<(), Vec<Diagnostic>> {
    let left = remaining(verdicts, records);
    let mut text = Vec::new();
    // No `version:` line: some tools cannot read one, and none needs it.
    writer::write_comment(
        &mut text,
        format!("offboard: {} not done of the change set for {}", counted(left.len(), "record"), set.as_of).as_bytes(),
    );
    for index in left {
        text.push(b'\n');
        let from = format!("from: {}:{}", set.records[index].file, set.records[index].line);
        writer::write_comment(&mut text, from.as_bytes());
        writer::write_change(&mut text, &records[index]);
    }
    write_new(path, &text).map_err(|error| vec![Diagnostic::io(path.as_str(), &error)])
}
