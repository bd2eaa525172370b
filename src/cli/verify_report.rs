//! The report of `offboard verify`, as JSON and as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::directory::identity::unique_id::{SameEntry, UniqueIds};
use crate::io::change_set::{ChangeSet, ChangeSetAccount};
use crate::ldap::{ChangeRecord, Entry};
use crate::lifecycle::state::{disable_attributes, state};
use crate::policy::Policy;
use crate::render::count::counted;
use crate::render::sanitize::sanitized;
use crate::verify::survey::Evidence;
use crate::verify::{NotShown, Verdict, current_entries};

/// Text of a plan.json, which another program may have written.
fn shown(text: &str) -> String {
    sanitized(text.as_bytes()).into_owned()
}

/// The version of the JSON report.
const FORMAT_VERSION: &str = "2.0";

/// What the report is made from.
pub struct Judged<'j> {
    pub set: &'j ChangeSet,
    /// The verdict of each record.
    pub verdicts: &'j [Verdict],
    pub refused: &'j RefusedRecords,
    pub evidence: &'j Evidence<'j>,
    /// The policy that shows the state of accounts, if one was given.
    pub policy: Option<&'j Policy>,
    /// What the reader must know about the exports.
    pub notes: Vec<String>,
}

/// The records that the server refused, from files of `--rejects`.
#[derive(Default)]
pub struct RefusedRecords {
    /// The error by the index of the record.
    pub by_record: BTreeMap<usize, String>,
    /// How many refused records are not in the change set.
    pub unknown: usize,
}

/// What was done of a change set.
#[derive(Serialize)]
pub struct VerifyReport {
    format_version: &'static str,
    /// The folder of the change set.
    set: String,
    /// The day that it was planned for.
    as_of: String,
    server: String,
    /// How many records are done.
    done: usize,
    /// How many records are not done.
    not_done: usize,
    /// How many records are about values that were changed by others since the plan.
    changed: usize,
    /// How many records cannot be judged, because the exports do not show the attributes or the entry.
    not_shown: usize,
    /// What the reader must know about the exports.
    notes: Vec<String>,
    /// A command that exports the attributes that were not shown.
    #[serde(skip)]
    export_command: Option<&'static str>,
    records: Vec<RecordReport>,
    accounts: Vec<AccountReport>,
    /// How many refused records are not in the change set.
    unknown_rejects: usize,
    /// How many records of the change set the server refused.
    #[serde(skip)]
    refused: usize,
}

#[derive(Serialize)]
struct RecordReport {
    file: String,
    line: u64,
    dn: String,
    kind: String,
    leavers: Vec<String>,
    verdict: &'static str,
    /// Why it was changed or cannot be judged.
    why: Option<String>,
    /// The error of the server, from a file of `--rejects`.
    refused: Option<String>,
}

#[derive(Serialize)]
struct AccountReport {
    leaver: String,
    step: String,
    /// How many of its records are done.
    done: usize,
    /// How many records it has, without guards.
    of: usize,
    /// `deleted`, `present`, `not shown`, or its state by the policy.
    now: String,
}

impl VerifyReport {
    /// The report about a change set. `name` is its folder as given.
    pub fn new(name: &str, judged: &Judged<'_>) -> Self {
        let Judged { set, verdicts, refused, .. } = *judged;
        let records: Vec<ChangeRecord> = set.records.iter().map(|record| record.record.clone()).collect();
        let entries = current_entries(&records, judged.evidence);
        let count = |name: &str| verdicts.iter().filter(|verdict| verdict.name() == name).count();
        let lacks_attributes = |verdict: &Verdict| matches!(verdict, Verdict::NotShown(NotShown::Attributes(_)));
        Self {
            format_version: FORMAT_VERSION,
            set: sanitized(name.as_bytes()).into_owned(),
            as_of: set.as_of.to_string(),
            server: set.server.to_string(),
            done: count("done"),
            not_done: count("not-done"),
            changed: count("changed"),
            not_shown: count("not-shown"),
            notes: judged.notes.clone(),
            export_command: verdicts.iter().any(lacks_attributes).then(|| set.server.profile().export_command),
            records: (0..verdicts.len()).map(|index| RecordReport::new(judged, index)).collect(),
            accounts: set.accounts.iter().map(|account| AccountReport::new(judged, &entries, account)).collect(),
            unknown_rejects: refused.unknown,
            refused: refused.by_record.len(),
        }
    }

    /// Whether every record is done, and the server refused none.
    pub fn is_all_done(&self) -> bool {
        self.not_done + self.changed + self.not_shown + self.refused == 0
    }

    /// The report as text. With `verbose`, it lists the records that are done as well.
    pub fn text(&self, verbose: bool) -> String {
        let mut out = String::new();
        let nothing =
            if self.not_done > 0 && self.done + self.changed + self.not_shown == 0 { "nothing done: " } else { "" };
        let _ = write!(
            out,
            "{}, planned for {}: {nothing}{} done, {} not done, {} changed by others",
            self.set, self.as_of, self.done, self.not_done, self.changed
        );
        if self.not_shown > 0 {
            let _ = write!(out, ", {} not shown by these exports", self.not_shown);
        }
        out.push('\n');
        for note in &self.notes {
            let _ = writeln!(out, "note: {note}");
        }
        let is_shown =
            |record: &&RecordReport| verbose || record.refused.is_some() || !matches!(record.verdict, "done" | "guard");
        for record in self.records.iter().filter(is_shown) {
            let _ = writeln!(out, "{}", record.line());
        }
        if let Some(command) = self.export_command {
            let _ = writeln!(
                out,
                "some records cannot be judged, because the exports lack operational attributes; export again: {command}"
            );
        }
        if self.unknown_rejects > 0 {
            let are = if self.unknown_rejects == 1 { "is" } else { "are" };
            let refused = counted(self.unknown_rejects, "refused record");
            let _ = writeln!(out, "{refused} {are} not in this change set");
        }
        for account in &self.accounts {
            let _ = writeln!(
                out,
                "account  {}: {}, {} of {} done, now {}",
                account.leaver,
                account.step,
                account.done,
                counted(account.of, "record"),
                account.now
            );
        }
        out
    }
}

impl RecordReport {
    fn new(judged: &Judged<'_>, index: usize) -> Self {
        let (record, verdict) = (&judged.set.records[index], &judged.verdicts[index]);
        Self {
            file: record.file.clone(),
            line: record.line,
            dn: sanitized(record.record.dn.raw_bytes()).into_owned(),
            kind: shown(&record.kind),
            leavers: record.leavers.iter().map(|leaver| shown(leaver)).collect(),
            verdict: verdict.name(),
            why: match verdict {
                Verdict::Changed(why) => Some(sanitized(why.as_bytes()).into_owned()),
                Verdict::NotShown(what) => Some(sanitized(what.to_string().as_bytes()).into_owned()),
                Verdict::Done | Verdict::NotDone | Verdict::Guard => None,
            },
            refused: judged.refused.by_record.get(&index).cloned(),
        }
    }

    fn line(&self) -> String {
        let why = self.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let refused = self.refused.as_ref().map(|error| format!("; the server's error: {error}")).unwrap_or_default();
        format!("{:<8} {} {} ({}:{}){why}{refused}", self.verdict, self.kind, self.dn, self.file, self.line)
    }
}

impl AccountReport {
    /// The report about an account. `entries` has the entry of each record, if the exports contain it.
    fn new(judged: &Judged<'_>, entries: &[Option<&Entry>], account: &ChangeSetAccount) -> Self {
        let verdicts = judged.verdicts;
        let own: Vec<usize> = account.records.iter().copied().filter(|at| verdicts.get(*at).is_some()).collect();
        let counts = own.iter().filter(|at| verdicts[**at] != Verdict::Guard);
        let is_own = |at: &&usize| {
            account.dn.as_ref().is_some_and(|dn| {
                let record = &judged.set.records[**at];
                // The entry of the account, which may have been moved.
                record.kind != "reference" && record.record.dn.rdn_spelling() == dn.rdn_spelling()
            })
        };
        let by_record = own.iter().filter(is_own).find_map(|at| entries[*at]);
        // An entry that got the name of the account meanwhile is not the account.
        let is_other = |entry: &&Entry| account.unique_ids.compare(&UniqueIds::of(entry)) == SameEntry::Different;
        let entries = judged.evidence.entries();
        let by_name = || {
            let dn = account.dn.as_ref()?;
            let named = entries.iter().find(|entry| entry.dn == *dn).filter(|entry| !is_other(entry));
            named.or_else(|| judged.evidence.identities().find(dn.key(), entries))
        };
        Self {
            leaver: shown(&account.leaver),
            step: shown(&account.step),
            done: counts.clone().filter(|at| verdicts[**at] == Verdict::Done).count(),
            of: counts.count(),
            now: state_now(judged, account, by_record.or_else(by_name)),
        }
    }
}

fn state_now(judged: &Judged<'_>, account: &ChangeSetAccount, entry: Option<&Entry>) -> String {
    let evidence = judged.evidence;
    let is_covered = account.dn.as_ref().is_none_or(|dn| evidence.hides(dn.key()).is_none());
    match (entry, judged.policy) {
        (None, _) if is_covered => "deleted".to_owned(),
        (None, _) => "not shown".to_owned(),
        // The export may not show the attributes that the state depends on.
        (Some(entry), Some(policy))
            if disable_attributes(policy).any(|description| !evidence.shows(entry.origin.export, description)) =>
        {
            "not shown".to_owned()
        }
        (Some(entry), Some(policy)) => state(entry, policy).0.name().to_owned(),
        (Some(_), None) => "present".to_owned(),
    }
}
