//! Change sets of this tool, read back: for `--history` and `offboard verify`.
//!
//! Every file that `SHA256SUMS` names must be there and have its sum: a change set that somebody edited says nothing.

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::digest::Algorithm;
use crate::directory::extent::read_time;
use crate::ldap::{ChangeRecord, Dn};
use crate::ldif::{Record, RecordReader, UrlPolicy, convert};
use crate::lifecycle::history::{History, PastOperation};
use crate::plan::{Kind, Stage};
use crate::policy::Server;
use crate::verify::trust::PlannedPart;

/// Why a folder is not a change set that can be read.
#[derive(Debug, Error)]
pub enum ChangeSetError {
    /// A file could not be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A line of `SHA256SUMS` is none.
    #[error("{path}: line {line} is not a `SUM  FILE`")]
    Sums {
        /// The file.
        path: Utf8PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A file is not what it was.
    #[error("{path} was changed since the change set was written: its SHA-256 is not that of SHA256SUMS")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A file that was not written with the others.
    #[error("{path} is not a part of the change set: SHA256SUMS does not name it")]
    Unlisted {
        /// The file.
        path: Utf8PathBuf,
    },
    /// `plan.json` is of a format that this version does not read.
    #[error("{path}: its format_version is {version}, and this version of offboard reads 1 and 2")]
    Format {
        /// The file.
        path: Utf8PathBuf,
        /// The version that it has.
        version: String,
    },
    /// `plan.json` does not say for which server the change set was planned.
    #[error("{path} does not say for which server the change set was planned")]
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
        /// The word that it has.
        server: String,
    },
    /// `plan.json` or a change file is not what this tool writes.
    #[error("{path}: {what}")]
    Content {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// What is read of `plan.json`.
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
    /// Since format 1.2.
    #[serde(default)]
    parts: Option<Vec<PartJson>>,
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
}

/// The words of steps and kinds that format 1 had other names for: the old word, and that of format 2.
const RENAMED: [(&str, &str); 3] = [("mark", "disable"), ("mark-service", "disable-service"), ("purge", "delete")];

/// Reads the word of a step or a kind, in the words of format 2.
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

/// Reads change sets into one history, the earliest first whatever the order of the folders.
pub fn read_history(folders: &[Utf8PathBuf]) -> Result<History, ChangeSetError> {
    let sets = folders.iter().map(|folder| read(folder)).collect::<Result<Vec<_>, _>>()?;
    let mut sets: Vec<ChangeSet> = sets;
    sets.sort_by_key(|set| set.plan.as_of);
    let mut history = History::default();
    for ChangeSet { plan, records } in sets.iter().filter(|set| !set.plan.refused) {
        let past = plan.operations.iter().filter(|operation| is_read(&operation.stage)).zip(records);
        let past = past.map(|(operation, record)| PastOperation {
            kind: &operation.kind,
            service: operation.service.as_deref(),
            record,
        });
        history.add(plan.as_of, past);
        // Where a tool of the site marks, there is no record; a name that is shown escaped is not a name and matches nobody.
        for account in plan.accounts.iter().filter(|account| account.step == "disable") {
            if let Ok(dn) = Dn::parse(account.dn.as_bytes()) {
                history.add_disabled(dn.key(), plan.as_of);
            }
        }
        for roster in &plan.rosters {
            history.add_roster(&roster.name, plan.as_of, roster.rows);
        }
    }
    Ok(history)
}

/// What is to be run of a change set.
pub struct ApplyFiles {
    /// The change files, in the order in which they run.
    pub files: Vec<Utf8PathBuf>,
    /// The server that they were planned for.
    pub server: Server,
}

/// The change files of a set, and their server. Every sum is checked first.
pub fn apply_files(folder: &Utf8Path) -> Result<ApplyFiles, ChangeSetError> {
    let mut names = check_sums(folder)?;
    names.retain(|name| Utf8Path::new(name).starts_with("apply") && Utf8Path::new(name).extension() == Some("ldif"));
    names.sort();
    let path = folder.join("plan.json");
    let heading: Heading = json(&path)?;
    let server = heading.server(&path)?;
    Ok(ApplyFiles { files: names.iter().map(|name| folder.join(name)).collect(), server })
}

/// What every `plan.json` begins with.
#[derive(Deserialize)]
struct Heading {
    format_version: String,
    #[serde(default)]
    server: Option<String>,
}

impl Heading {
    /// Refuses a major version of the format other than 2, and 1 before it.
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

struct ChangeSet {
    plan: PlanJson,
    /// The records of the stages that are read, in order.
    records: Vec<ChangeRecord>,
}

/// A change set as it was written, whole.
pub struct WholeSet {
    /// The server that it was planned for.
    pub server: Server,
    /// The exports that it was planned from.
    pub exports: PlannedExports,
    /// The day for which it was planned.
    pub as_of: Date,
    /// Its records, in the order in which they run.
    pub records: Vec<SetRecord>,
    /// Its accounts.
    pub accounts: Vec<SetAccount>,
}

/// What a change set says of the exports that it was planned from.
pub struct PlannedExports {
    /// The digest of each, where it has one.
    pub digests: Vec<Option<PlannedDigest>>,
    /// The parts of the directory that they held; none in change sets that older versions wrote.
    pub parts: Option<Vec<PlannedPart>>,
    /// Codes of what they lacked and the plan accepted.
    pub accepted: Vec<String>,
}

/// The digest of an export, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDigest {
    /// How it was taken.
    pub algorithm: Algorithm,
    /// The digest.
    pub hex: String,
}

/// A record of a change set.
pub struct SetRecord {
    /// The file, inside the set.
    pub file: String,
    /// Its first line, from 1.
    pub line: u64,
    /// The record.
    pub record: ChangeRecord,
    /// The record of the rollback that undoes it; none for a guard.
    pub undo: Option<ChangeRecord>,
    /// What it is, in the words of plan.json.
    pub kind: String,
    /// For whom, as reports show them.
    pub leavers: Vec<String>,
}

/// An account of a change set.
pub struct SetAccount {
    /// The leaver, as reports show it.
    pub leaver: String,
    /// The entry; none if it is shown escaped.
    pub dn: Option<Dn>,
    /// What was done.
    pub step: String,
    /// Its records, by position.
    pub records: Vec<usize>,
}

/// Reads a change set whole. Every sum is checked first.
pub fn read_whole(folder: &Utf8Path) -> Result<WholeSet, ChangeSetError> {
    let (plan, found) = read_stages(folder, &Stage::ALL)?;
    let path = folder.join("plan.json");
    let exports = planned_exports(&path, plan.inputs, plan.exports, plan.accepted)?;
    let undo = if plan.refused { Vec::new() } else { read_rollback(folder, &plan.operations)? };
    let records = plan.operations.into_iter().zip(found).zip(undo);
    let records = records.map(|((operation, (file, line, record)), undo)| SetRecord {
        file,
        line,
        record,
        undo,
        kind: operation.kind,
        leavers: operation.leavers,
    });
    let account = |account: AccountJson| SetAccount {
        dn: Dn::parse(account.dn.as_bytes()).ok(),
        leaver: account.leaver,
        step: account.step,
        records: account.operations,
    };
    Ok(WholeSet {
        server: json::<Heading>(&path)?.server(&path)?,
        exports,
        as_of: plan.as_of,
        records: records.collect(),
        accounts: plan.accounts.into_iter().map(account).collect(),
    })
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
        accepted: accepted.into_iter().map(|lack| lack.code).collect(),
    })
}

/// For each operation the record of the rollback that undoes it. The files of the rollback hold the undo of every
/// operation but guards, in reverse order.
fn read_rollback(folder: &Utf8Path, operations: &[OperationJson]) -> Result<Vec<Option<ChangeRecord>>, ChangeSetError> {
    let mut all = Vec::new();
    for stage in Stage::ALL {
        let own: Vec<&OperationJson> = operations.iter().filter(|operation| operation.stage == stage.name()).collect();
        let path = folder.join(format!("rollback/{}", stage.rollback_file()));
        let mut undo = if path.is_file() { read_changes(&path)? } else { Vec::new() };
        let expected = own.iter().filter(|operation| operation.kind != Kind::Guard.name()).count();
        if undo.len() != expected {
            let what = format!("{expected} operations can be undone, but it has {} records", undo.len());
            return Err(ChangeSetError::Content { path, what });
        }
        // The first operation is undone last.
        let undo = |operation: &&OperationJson| {
            if operation.kind == Kind::Guard.name() { None } else { undo.pop().map(|(_, record)| record) }
        };
        all.extend(own.iter().map(undo));
    }
    Ok(all)
}

/// The stages that a history is about.
const READ: [Stage; 2] = [Stage::Status, Stage::Move];

fn is_read(stage: &str) -> bool {
    READ.iter().any(|read| read.name() == stage)
}

fn read(folder: &Utf8Path) -> Result<ChangeSet, ChangeSetError> {
    let (plan, records) = read_stages(folder, &READ)?;
    Ok(ChangeSet { plan, records: records.into_iter().map(|(_, _, record)| record).collect() })
}

/// The file and line of a record, and the record.
type Placed = (String, u64, ChangeRecord);

fn read_stages(folder: &Utf8Path, stages: &[Stage]) -> Result<(PlanJson, Vec<Placed>), ChangeSetError> {
    let sums = check_sums(folder)?;
    let path = folder.join("plan.json");
    let wrong = |path: &Utf8Path, what: String| ChangeSetError::Content { path: path.to_owned(), what };
    // The heading first: what follows may have another form in another version.
    json::<Heading>(&path)?.check_format(&path)?;
    let plan: PlanJson = json(&path)?;
    let mut records = Vec::new();
    for stage in stages {
        let name = format!("apply/{}", stage.apply_file());
        if !sums.contains(&name) {
            continue;
        }
        let path = folder.join(&name);
        let changes = read_changes(&path)?;
        records.extend(changes.into_iter().map(|(line, change)| (name.clone(), line, change)));
    }
    let is_read = |stage: &str| stages.iter().any(|read| read.name() == stage);
    let expected = plan.operations.iter().filter(|operation| is_read(&operation.stage)).count();
    if !plan.refused && records.len() != expected {
        return Err(wrong(&path, format!("{expected} operations, but {} records in the files", records.len())));
    }
    Ok((plan, records))
}

/// The records of a change file with their lines.
fn read_changes(path: &Utf8Path) -> Result<Vec<(u64, ChangeRecord)>, ChangeSetError> {
    let wrong = |what: String| ChangeSetError::Content { path: path.to_owned(), what };
    let mut changes = Vec::new();
    for record in RecordReader::new(&file(path)?, 1, UrlPolicy::Refuse) {
        match record.map_err(|error| wrong(error.to_string()))? {
            Record::Change(record) => {
                let change = convert::change(&record).map_err(|error| wrong(error.to_string()))?;
                changes.push((record.line, change));
            }
            Record::NonEntry { .. } => {}
            Record::Content(record) => return Err(wrong(format!("line {}: an entry, no change", record.line))),
        }
    }
    Ok(changes)
}

fn file(path: &Utf8Path) -> Result<Vec<u8>, ChangeSetError> {
    std::fs::read(path).map_err(|error| ChangeSetError::Io { path: path.to_owned(), error })
}

/// Holds every file against its sum; gives their names.
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
        let found = data_encoding::HEXLOWER.encode(&Sha256::digest(file(&file_path)?));
        if found != sum {
            return Err(ChangeSetError::Changed { path: file_path });
        }
        names.push(name.to_owned());
    }
    if names.iter().any(|name| name == "WAVES.md") {
        let what = "it is about waves, each of which is a change set of its own: name these".to_owned();
        return Err(ChangeSetError::Content { path, what });
    }
    if !names.iter().any(|name| name == "plan.json") {
        return Err(ChangeSetError::Content { path, what: "it does not name plan.json".to_owned() });
    }
    // Elsewhere somebody may keep what belongs to it: an approval, what the server refused.
    for stages in ["apply", "rollback"] {
        let place = folder.join(stages);
        if !place.is_dir() {
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

/// Whether a path stays inside its folder.
fn is_inside(name: &str) -> bool {
    let path = Utf8Path::new(name);
    path.components().all(|component| matches!(component, camino::Utf8Component::Normal(_))) && !name.is_empty()
}
