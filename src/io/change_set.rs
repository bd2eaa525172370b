//! Change sets that `offboard plan` wrote, read back for `--history`, `verify`, `simulate` and `revert`.
//!
//! | read by | files |
//! | --- | --- |
//! | [`read_history`] | `plan.json`; the stages status, move and entries of `apply/` |
//! | [`apply_files`] | the first members of `plan.json`; the names of the files in `apply/` |
//! | [`read_change_set`] | `plan.json`; all stages of `apply/` and `rollback/` |
//!
//! Before anything else is read, every file that `SHA256SUMS` lists is compared with its sum, and `apply/` and `rollback/`
//! may hold no other file. An edited change set is refused, because it no longer shows what was planned. Other folders may
//! hold further files, such as an approval or what the server refused.
//!
//! Every file of a change set is a regular file, in a folder that is not a link. Links, FIFOs and devices are refused and not
//! opened ([`input_file`](super::input_file)).

use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use serde::Deserialize;
use thiserror::Error;

use super::digest::Algorithm;
use super::input_file::{self, open_member, read_member, sha256};
use crate::directory::extent::read_time;
use crate::directory::identity::unique_id::UniqueIds;
use crate::ldap::{ChangeRecord, Dn};
use crate::ldif::{ChangeReader, LocatedChange, UrlPolicy};
use crate::lifecycle::history::{DayOrder, History, PastOperation};
use crate::plan::{Kind, Stage};
use crate::policy::Server;
use crate::render::count::counted;
use crate::verify::trust::PlannedPart;

/// Why a change set cannot be read.
#[derive(Debug, Error)]
pub enum ChangeSetError {
    /// A file could not be read.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: Utf8PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A line of `SHA256SUMS` does not have the form of one.
    #[error("{path}: line {line} is not a SHA-256 sum, two spaces and the name of a file")]
    Sums {
        /// The file.
        path: Utf8PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A file differs from its sum.
    #[error("{path} has changed since the change set was written: its SHA-256 sum is not the one in SHA256SUMS")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A folder of the change set is a link or a file.
    #[error("{path} is {kind}, but must be a folder of the change set")]
    NotAFolder {
        /// The folder.
        path: Utf8PathBuf,
        /// The word for what it is.
        kind: &'static str,
    },
    /// `apply/` or `rollback/` holds a file that was not written with the others.
    #[error("{path} is not part of the change set: SHA256SUMS does not list it")]
    Unlisted {
        /// The file.
        path: Utf8PathBuf,
    },
    /// `plan.json` has a format that this version does not read.
    #[error("{path} has format_version {version}, but this version of offboard reads only 1 and 2")]
    Format {
        /// The file.
        path: Utf8PathBuf,
        /// Its `format_version`.
        version: String,
    },
    /// `plan.json` does not name a server.
    #[error("{path} does not name the server that the change set was planned for")]
    NoServer {
        /// The file.
        path: Utf8PathBuf,
    },
    /// `plan.json` names a server that this version does not know.
    #[error(
        "{path}: the change set was planned for the server `{server}`, which this version of offboard does not know"
    )]
    UnknownServer {
        /// The file.
        path: Utf8PathBuf,
        /// The name of the server in `plan.json`.
        server: String,
    },
    /// `plan.json`, `SHA256SUMS` or a change file is not as `offboard plan` writes it.
    #[error("{path}: {what}")]
    Content {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong, as a message.
        what: String,
    },
}

/// The members of `plan.json` that are read.
#[derive(Deserialize)]
struct PlanJson {
    as_of: Date,
    #[serde(default)]
    refused: bool,
    operations: Vec<OperationJson>,
    #[serde(default)]
    accounts: Vec<AccountJson>,
    #[serde(default)]
    rosters: Vec<RosterJson>,
    #[serde(default)]
    inputs: Vec<InputJson>,
    #[serde(default)]
    accepted: Vec<AcceptedJson>,
    #[serde(default)]
    exports: ExportsJson,
    #[serde(default)]
    external_commands: Vec<ExternalCommandJson>,
}

#[derive(Deserialize)]
struct ExternalCommandJson {
    when: String,
    #[serde(default)]
    leavers: Vec<String>,
}

#[derive(Deserialize)]
struct UniqueIdJson {
    attribute: String,
    value: String,
}

#[derive(Deserialize)]
struct InputJson {
    role: String,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    blake3: Option<String>,
}

#[derive(Deserialize)]
struct AcceptedJson {
    code: String,
}

#[derive(Default, Deserialize)]
struct ExportsJson {
    /// Absent before format 1.2.
    #[serde(default)]
    parts: Option<Vec<PartJson>>,
    /// Absent before format 2.0.
    #[serde(default)]
    entries: Option<u64>,
}

#[derive(Deserialize)]
struct PartJson {
    export: usize,
    dn: String,
    is_entry: bool,
    tops: u64,
    #[serde(default)]
    newest: Option<String>,
}

#[derive(Deserialize)]
struct OperationJson {
    stage: String,
    #[serde(deserialize_with = "current_word")]
    kind: String,
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    leavers: Vec<String>,
}

#[derive(Deserialize)]
struct AccountJson {
    dn: String,
    #[serde(deserialize_with = "current_word")]
    step: String,
    #[serde(default)]
    leaver: String,
    #[serde(default)]
    operations: Vec<usize>,
    /// Absent in change sets of earlier versions.
    #[serde(default)]
    unique_ids: Vec<UniqueIdJson>,
}

impl AccountJson {
    fn ids(&self) -> UniqueIds {
        UniqueIds::from_texts(self.unique_ids.iter().map(|id| (id.attribute.as_str(), id.value.as_str())))
    }
}

/// Names of steps and kinds that changed: the name in format 1, and the name in format 2.
const RENAMED: [(&str, &str); 3] = [("mark", "disable"), ("mark-service", "disable-service"), ("purge", "delete")];

/// Reads the name of a step or a kind and gives its name in format 2.
fn current_word<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let word = String::deserialize(deserializer)?;
    let renamed = RENAMED.iter().find(|(old, _)| *old == word);
    Ok(renamed.map_or(word, |(_, new)| (*new).to_owned()))
}

#[derive(Deserialize)]
struct RosterJson {
    name: String,
    rows: u64,
}

/// Reads change sets into one history, in the order of their days, whatever the order of `folders`.
pub fn read_history(folders: &[Utf8PathBuf]) -> Result<History, ChangeSetError> {
    let mut sets = folders.iter().map(|folder| read_past(folder)).collect::<Result<Vec<_>, _>>()?;
    sets.retain(|set| !set.plan.refused);
    sets.sort_by_key(|set| set.plan.as_of);
    let mut history = History::default();
    for day in sets.chunk_by(|one, other| one.plan.as_of == other.plan.as_of) {
        for order in [DayOrder::First, DayOrder::Restore, DayOrder::Deletion] {
            for set in day {
                set.add_to(&mut history, order);
            }
        }
        for PastChangeSet { plan, .. } in day {
            for roster in &plan.rosters {
                history.add_roster(&roster.name, plan.as_of, roster.rows);
            }
        }
    }
    Ok(history)
}

impl PastChangeSet {
    /// Adds what the change set does in this turn of its day.
    fn add_to(&self, history: &mut History, order: DayOrder) {
        let Self { plan, records } = self;
        if order == DayOrder::First {
            for (dn, account) in plan.named_accounts() {
                history.add_account(dn.key(), account.ids());
            }
        }
        // Where a tool of the site disables or deletes accounts, there is no record, but a command. It names an account as it is
        // before the records of the same change set move it.
        let (when, step) = match order {
            DayOrder::First => ("first", "disable"),
            DayOrder::Restore => ("", ""),
            DayOrder::Deletion => ("last", "delete"),
        };
        let commands = plan.external_commands.iter().filter(|command| command.when == when);
        let by_tool: HashSet<&str> = commands.flat_map(|command| &command.leavers).map(String::as_str).collect();
        let accounts = plan.named_accounts().filter(|(_, account)| account.step == step);
        for (dn, _) in accounts.filter(|(_, account)| by_tool.contains(account.leaver.as_str())) {
            match order {
                DayOrder::First => history.add_disabled(dn.key(), plan.as_of),
                DayOrder::Restore => {}
                DayOrder::Deletion => history.add_deletion(dn.key()),
            }
        }
        let past = plan.operations.iter().filter(|operation| is_in(&HISTORY_STAGES, &operation.stage)).zip(records);
        let past = past.map(|(operation, record)| PastOperation {
            kind: &operation.kind,
            service: operation.service.as_deref(),
            record,
        });
        history.add(plan.as_of, past.filter(|operation| operation.order() == order));
    }
}

impl PlanJson {
    /// The accounts with their names. An escaped name does not parse, or is that of no entry.
    fn named_accounts(&self) -> impl Iterator<Item = (Dn, &AccountJson)> {
        self.accounts.iter().filter_map(|account| Some((Dn::parse(account.dn.as_bytes()).ok()?, account)))
    }
}

/// The change files that apply a change set.
pub struct ApplyFiles {
    /// Their paths, in the order in which they run.
    pub files: Vec<Utf8PathBuf>,
    /// The server that they were planned for.
    pub server: Server,
}

/// Finds the change files of a change set, after checking all sums.
pub fn apply_files(folder: &Utf8Path) -> Result<ApplyFiles, ChangeSetError> {
    let mut names = check_sums(folder)?;
    names.retain(|name| Utf8Path::new(name).starts_with("apply") && Utf8Path::new(name).extension() == Some("ldif"));
    names.sort();
    let path = folder.join("plan.json");
    let heading: Heading = json(&path)?;
    let server = heading.server(&path)?;
    Ok(ApplyFiles { files: names.iter().map(|name| folder.join(name)).collect(), server })
}

/// The members that `plan.json` has in every format.
#[derive(Deserialize)]
struct Heading {
    format_version: String,
    #[serde(default)]
    server: Option<String>,
}

impl Heading {
    /// Refuses every major version of the format except 1 and 2.
    fn check_format(&self, path: &Utf8Path) -> Result<(), ChangeSetError> {
        if matches!(self.format_version.split('.').next(), Some("1" | "2")) {
            return Ok(());
        }
        Err(ChangeSetError::Format { path: path.to_owned(), version: self.format_version.clone() })
    }

    /// The server that the change set was planned for.
    fn server(&self, path: &Utf8Path) -> Result<Server, ChangeSetError> {
        self.check_format(path)?;
        let Some(name) = &self.server else { return Err(ChangeSetError::NoServer { path: path.to_owned() }) };
        let unknown = || ChangeSetError::UnknownServer { path: path.to_owned(), server: name.clone() };
        Server::from_name(name).ok_or_else(unknown)
    }
}

fn json<T: serde::de::DeserializeOwned>(path: &Utf8Path) -> Result<T, ChangeSetError> {
    serde_json::from_slice(&file(path)?)
        .map_err(|error| ChangeSetError::Content { path: path.to_owned(), what: error.to_string() })
}

/// The part of a change set that a history needs.
struct PastChangeSet {
    plan: PlanJson,
    /// The records of [`HISTORY_STAGES`], in order.
    records: Vec<ChangeRecord>,
}

/// A change set, with its rollback.
pub struct ChangeSet {
    /// The server that it was planned for.
    pub server: Server,
    /// The exports that it was planned from.
    pub exports: PlannedExports,
    /// The day for which it was planned.
    pub as_of: Date,
    /// Its records, in the order in which they run.
    pub records: Vec<ChangeSetRecord>,
    /// Its accounts.
    pub accounts: Vec<ChangeSetAccount>,
}

/// The exports that a change set was planned from, as `plan.json` describes them.
pub struct PlannedExports {
    /// The digest of each export; `None` where `plan.json` has no digest of it.
    pub digests: Vec<Option<PlannedDigest>>,
    /// The parts of the directory that the exports held; `None` in change sets of versions that did not write them.
    pub parts: Option<Vec<PlannedPart>>,
    /// How many entries they held.
    pub entries: Option<u64>,
    /// Codes of what the exports lacked and the plan accepted.
    pub accepted: Vec<String>,
}

/// The digest of an export that a change set was planned from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDigest {
    /// The hash algorithm.
    pub algorithm: Algorithm,
    /// The digest in lower-case hexadecimal.
    pub hex: String,
}

/// A record of a change set.
pub struct ChangeSetRecord {
    /// The file, relative to the folder of the change set.
    pub file: String,
    /// The first line of the record in that file, from 1.
    pub line: u64,
    /// The operation.
    pub record: ChangeRecord,
    /// The record of the rollback that undoes it; `None` for a guard, which changes nothing.
    pub undo: Option<ChangeRecord>,
    /// The kind of the operation, as in `plan.json`.
    pub kind: String,
    /// The leavers that it is for, as `plan.json` shows them.
    pub leavers: Vec<String>,
}

/// An account of a change set.
pub struct ChangeSetAccount {
    /// The leaver, as `plan.json` shows it.
    pub leaver: String,
    /// The name of the entry; `None` if `plan.json` shows it escaped, so that it cannot be parsed.
    pub dn: Option<Dn>,
    /// The identifiers of the entry, as the exports of the plan showed them.
    pub unique_ids: UniqueIds,
    /// The step that the plan took, as in `plan.json`.
    pub step: String,
    /// Its records, as indices into [`ChangeSet::records`].
    pub records: Vec<usize>,
}

/// Reads a change set with its rollback, after checking all sums.
pub fn read_change_set(folder: &Utf8Path) -> Result<ChangeSet, ChangeSetError> {
    let (plan, found) = read_stages(folder, Stage::ALL)?;
    let path = folder.join("plan.json");
    let exports = planned_exports(&path, plan.inputs, plan.exports, plan.accepted)?;
    let undo = if plan.refused { Vec::new() } else { read_rollback(folder, &plan.operations)? };
    let records = plan.operations.into_iter().zip(found).zip(undo);
    let records = records.map(|((operation, applied), undo)| ChangeSetRecord {
        file: applied.file,
        line: applied.change.line,
        record: applied.change.record,
        undo,
        kind: operation.kind,
        leavers: operation.leavers,
    });
    let account = |account: AccountJson| ChangeSetAccount {
        dn: Dn::parse(account.dn.as_bytes()).ok(),
        unique_ids: account.ids(),
        leaver: account.leaver,
        step: account.step,
        records: account.operations,
    };
    Ok(ChangeSet {
        server: json::<Heading>(&path)?.server(&path)?,
        exports,
        as_of: plan.as_of,
        records: records.collect(),
        accounts: plan.accounts.into_iter().map(account).collect(),
    })
}

/// The records of the other waves of the plan that a wave belongs to.
#[derive(Default)]
pub struct OtherWaves {
    /// Their records.
    pub records: Vec<ChangeRecord>,
    /// Folders of waves that cannot be read.
    pub unreadable: Vec<Utf8PathBuf>,
}

/// Reads the other waves of the plan that wrote this folder; none if it is not a wave.
pub fn other_waves(folder: &Utf8Path) -> OtherWaves {
    let mut waves = OtherWaves::default();
    let is_wave = |name: &str| name.starts_with("wave-");
    let Ok(own) = folder.canonicalize_utf8() else { return waves };
    let Some(plan) = own.parent().filter(|_| own.file_name().is_some_and(is_wave)) else { return waves };
    if !plan.join("WAVES.md").symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return waves;
    }
    let Ok(inner) = plan.read_dir_utf8() else { return waves };
    let mut others: Vec<Utf8PathBuf> = inner
        .flatten()
        .filter(|entry| is_wave(entry.file_name()))
        .map(camino::Utf8DirEntry::into_path)
        .filter(|wave| *wave != own)
        .collect();
    others.sort();
    for wave in others {
        match read_change_set(&wave) {
            Ok(set) => waves.records.extend(set.records.into_iter().map(|record| record.record)),
            Err(_) => waves.unreadable.push(wave),
        }
    }
    waves
}

fn planned_exports(
    path: &Utf8Path,
    inputs: Vec<InputJson>,
    exports: ExportsJson,
    accepted: Vec<AcceptedJson>,
) -> Result<PlannedExports, ChangeSetError> {
    let digest = |input: InputJson| match (input.sha256, input.blake3) {
        (Some(hex), _) => Some(PlannedDigest { algorithm: Algorithm::Sha256, hex }),
        (None, Some(hex)) => Some(PlannedDigest { algorithm: Algorithm::Blake3, hex }),
        (None, None) => None,
    };
    let part = |part: PartJson| {
        let wrong = |what: String| ChangeSetError::Content { path: path.to_owned(), what };
        let name =
            Dn::parse(part.dn.as_bytes()).map_err(|error| wrong(format!("exports.parts: {}: {error}", part.dn)))?;
        let time =
            |text: String| read_time(&text).ok_or_else(|| wrong(format!("exports.parts: `{text}` is not a time")));
        let newest = part.newest.map(time).transpose()?;
        Ok(PlannedPart { export: part.export, name, is_entry: part.is_entry, tops: part.tops, newest })
    };
    Ok(PlannedExports {
        digests: inputs.into_iter().filter(|input| input.role == "export").map(digest).collect(),
        parts: exports.parts.map(|parts| parts.into_iter().map(part).collect::<Result<_, _>>()).transpose()?,
        entries: exports.entries,
        accepted: accepted.into_iter().map(|lack| lack.code).collect(),
    })
}

/// The record of the rollback that undoes each operation. The files of the rollback undo every operation except guards, in
/// reverse order.
fn read_rollback(folder: &Utf8Path, operations: &[OperationJson]) -> Result<Vec<Option<ChangeRecord>>, ChangeSetError> {
    let mut all = Vec::new();
    for stage in Stage::ALL.iter().copied() {
        let own: Vec<&OperationJson> = operations.iter().filter(|operation| operation.stage == stage.name()).collect();
        let path = folder.join(format!("rollback/{}", stage.rollback_file()));
        let mut undo = if path.symlink_metadata().is_ok() { read_changes(&path)? } else { Vec::new() };
        let expected = own.iter().filter(|operation| operation.kind != Kind::Guard.name()).count();
        if undo.len() != expected {
            let what = format!(
                "it has {}, but plan.json lists {} for it to undo",
                counted(undo.len(), "record"),
                counted(expected, "operation")
            );
            return Err(ChangeSetError::Content { path, what });
        }
        // The first operation is undone last.
        let undo = |operation: &&OperationJson| {
            if operation.kind == Kind::Guard.name() { None } else { undo.pop().map(|change| change.record) }
        };
        all.extend(own.iter().map(undo));
    }
    Ok(all)
}

/// The stages that a history needs: those that disable, stamp, restore, move and delete accounts.
const HISTORY_STAGES: [Stage; 3] = [Stage::Status, Stage::Move, Stage::Entries];

fn is_in(stages: &[Stage], name: &str) -> bool {
    stages.iter().any(|stage| stage.name() == name)
}

fn read_past(folder: &Utf8Path) -> Result<PastChangeSet, ChangeSetError> {
    let (plan, changes) = read_stages(folder, &HISTORY_STAGES)?;
    Ok(PastChangeSet { plan, records: changes.into_iter().map(|applied| applied.change.record).collect() })
}

/// A record of a file in `apply/`.
struct AppliedChange {
    /// The file, relative to the folder of the change set.
    file: String,
    change: LocatedChange,
}

fn read_stages(folder: &Utf8Path, stages: &[Stage]) -> Result<(PlanJson, Vec<AppliedChange>), ChangeSetError> {
    let sums = check_sums(folder)?;
    let path = folder.join("plan.json");
    // The heading is checked first: another format may not parse as this one.
    json::<Heading>(&path)?.check_format(&path)?;
    let plan: PlanJson = json(&path)?;
    let mut records = Vec::new();
    for stage in stages {
        let name = format!("apply/{}", stage.apply_file());
        if !sums.contains(&name) {
            continue;
        }
        let path = folder.join(&name);
        records.extend(read_changes(&path)?.into_iter().map(|change| AppliedChange { file: name.clone(), change }));
    }
    let expected = plan.operations.iter().filter(|operation| is_in(stages, &operation.stage)).count();
    if !plan.refused && records.len() != expected {
        let what = format!(
            "it lists {}, but the files in apply/ have {}",
            counted(expected, "operation"),
            counted(records.len(), "record")
        );
        return Err(ChangeSetError::Content { path, what });
    }
    Ok((plan, records))
}

fn read_changes(path: &Utf8Path) -> Result<Vec<LocatedChange>, ChangeSetError> {
    let content = file(path)?;
    let changes = ChangeReader::new(&content, 1, UrlPolicy::Refuse).collect::<Result<_, _>>();
    changes.map_err(|error| ChangeSetError::Content { path: path.to_owned(), what: error.to_string() })
}

fn file(path: &Utf8Path) -> Result<Vec<u8>, ChangeSetError> {
    read_member(path).map_err(|error| ChangeSetError::Io { path: path.to_owned(), error })
}

/// The SHA-256 sum of a file of the change set in hexadecimal. The file is not kept in memory.
fn sum_of(path: &Utf8Path) -> Result<String, ChangeSetError> {
    let sum = open_member(path).and_then(|mut file| sha256(&mut file));
    sum.map_err(|error| ChangeSetError::Io { path: path.to_owned(), error })
}

/// Whether a folder of the change set exists. A link in its place is refused, because it may show another folder later.
fn is_folder(path: &Utf8Path) -> Result<bool, ChangeSetError> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(metadata) => {
            Err(ChangeSetError::NotAFolder { path: path.to_owned(), kind: input_file::kind(metadata.file_type()) })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ChangeSetError::Io { path: path.to_owned(), error }),
    }
}

/// Compares every file of a change set with its sum and returns the names of the files.
fn check_sums(folder: &Utf8Path) -> Result<Vec<String>, ChangeSetError> {
    let path = folder.join("SHA256SUMS");
    let text = file(&path)?;
    let text = String::from_utf8_lossy(&text);
    let mut names = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let parts = line.split_once("  ").filter(|(sum, name)| sum.len() == 64 && is_inside(name));
        let Some((sum, name)) = parts else {
            return Err(ChangeSetError::Sums { path, line: index + 1 });
        };
        let file_path = folder.join(name);
        for inner in Utf8Path::new(name).ancestors().skip(1).filter(|inner| !inner.as_str().is_empty()) {
            is_folder(&folder.join(inner))?;
        }
        if sum_of(&file_path)? != sum {
            return Err(ChangeSetError::Changed { path: file_path });
        }
        names.push(name.to_owned());
    }
    if names.iter().any(|name| name == "WAVES.md") {
        let what = "this folder holds waves, and each wave is a change set of its own: name the folders of the waves";
        let what = what.to_owned();
        return Err(ChangeSetError::Content { path, what });
    }
    if !names.iter().any(|name| name == "plan.json") {
        return Err(ChangeSetError::Content { path, what: "it does not list plan.json".to_owned() });
    }
    for stages in ["apply", "rollback"] {
        let place = folder.join(stages);
        if !is_folder(&place)? {
            continue;
        }
        let failed = |error| ChangeSetError::Io { path: place.clone(), error };
        for entry in place.read_dir_utf8().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !names.iter().any(|name| *name == format!("{stages}/{}", entry.file_name())) {
                return Err(ChangeSetError::Unlisted { path: entry.into_path() });
            }
        }
    }
    Ok(names)
}

/// Whether a relative path stays inside the folder that it is relative to.
fn is_inside(name: &str) -> bool {
    let path = Utf8Path::new(name);
    path.components().all(|component| matches!(component, camino::Utf8Component::Normal(_))) && !name.is_empty()
}
