//! The change files that `simulate` and `revert` are given, and the errors about them.

use std::io;

use camino::Utf8Path;

use super::args::Global;
use super::faults::{change_set_fault, name_of, scan_faults, with_places};
use super::{Diagnostic, SHOWN};
use crate::io::change_set::{ApplyFiles, ChangeSetError, apply_files};
use crate::io::exports::ExportError;
use crate::io::source::{ReadOptions, Source};
use crate::ldap::{Change, ChangeRecord, Origin, ResultCode};
use crate::ldif::{Record, RecordReader, UrlPolicy, convert};
use crate::policy::Server;
use crate::render::sanitize::sanitized;
use crate::simulate::SimulateError;

/// The records of change files, in order.
#[derive(Default)]
pub struct ChangeFiles {
    pub records: Vec<ChangeRecord>,
    /// The place of each record.
    places: Vec<RecordPlace>,
    /// The folders of change sets that were given.
    sets: Vec<ChangeSetFolder>,
}

/// The folder of a change set, and the server that it was planned for.
struct ChangeSetFolder {
    folder: String,
    server: Server,
}

/// The file and line of a record.
struct RecordPlace {
    file: String,
    line: u64,
}

impl ChangeFiles {
    /// Reads change files, and the files in `apply/` of change sets. If a file has errors, all of them are returned and no
    /// further file is read.
    pub fn read(names: &[String], options: &ReadOptions, urls: UrlPolicy<'_>) -> Result<Self, Vec<Diagnostic>> {
        let (files, sets) = files(names)?;
        let mut read = Self { sets, ..Self::default() };
        for file in files {
            read.add(&file, options, urls)?;
        }
        Ok(read)
    }

    /// The server whose rules apply to all records: that of the change sets, else that of `--for`, else OpenLDAP.
    ///
    /// A change set was planned and proven for its server, so a different `--for` is ignored with a warning. Change sets
    /// of different servers are refused.
    pub fn server(&self, asked: Option<Server>, global: &Global) -> Result<Server, Vec<Diagnostic>> {
        let Some(first) = self.sets.first() else { return Ok(asked.unwrap_or(Server::OpenLdap)) };
        if self.sets.iter().any(|set| set.server != first.server) {
            let fault = Diagnostic::refused("the change sets were planned for different servers");
            let with_server = |fault: Diagnostic, set: &ChangeSetFolder| {
                fault.note(format!("{} was planned for {}", sanitized(set.folder.as_bytes()), set.server))
            };
            let fault = self.sets.iter().fold(fault, with_server);
            return Err(vec![fault.help("give the change sets of each server in a run of their own")]);
        }
        if let Some(asked) = asked.filter(|asked| *asked != first.server && !global.quiet) {
            Diagnostic::print_line(&format!(
                "warning: --for {asked} is ignored, because {} was planned for {}; to apply the rules of {asked}, give \
                 the files in apply/ instead of the folder",
                sanitized(first.folder.as_bytes()),
                first.server
            ));
        }
        Ok(first.server)
    }

    fn add(&mut self, file: &str, options: &ReadOptions, urls: UrlPolicy<'_>) -> Result<(), Vec<Diagnostic>> {
        let failed = |error: io::Error| vec![Diagnostic::io(file, &error)];
        let mut blocks = Source::open(file, options).and_then(|source| source.blocks()).map_err(failed)?;
        let mut buffer = Vec::new();
        let mut faults = Vec::new();
        'blocks: while let Some(block) = blocks.next_block(buffer).map_err(failed)? {
            for record in RecordReader::new(&block.bytes, block.first_line, urls) {
                match record {
                    Ok(record) => faults.extend(self.push(file, record)),
                    Err(error) => {
                        faults.push(Diagnostic::ldif(file, &error));
                        if !error.can_continue() {
                            break 'blocks;
                        }
                    }
                }
                // One more than is shown, so that the user learns that there are more.
                if faults.len() > SHOWN {
                    break 'blocks;
                }
            }
            buffer = block.bytes;
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Adds a change record, or returns what is wrong with the record.
    fn push(&mut self, file: &str, record: Record<'_>) -> Option<Diagnostic> {
        let record = match record {
            Record::Change(record) => record,
            Record::NonEntry { .. } => return None,
            Record::Content(record) => {
                let place = format!("{file}:{}", record.line);
                let fault = Diagnostic::error(format!("{place}: expected a change record, found an entry"));
                return Some(fault.help("to add this entry, write `changetype: add` after its `dn:`"));
            }
        };
        match convert::change(&record) {
            Ok(change) => {
                self.places.push(RecordPlace { file: file.to_owned(), line: record.line });
                self.records.push(change);
                None
            }
            Err(error) => Some(Diagnostic::error(format!("{file}:{}: {}", error.line, error.what))),
        }
    }

    /// The result code that a server returns for a record, with its place. `number` counts from 0.
    pub fn refusal(&self, number: usize, code: ResultCode) -> String {
        let (place, record) = (&self.places[number], &self.records[number]);
        let kind = match record.change {
            Change::Add(_) => "add",
            Change::Delete => "delete",
            Change::Modify(_) => "modify",
            Change::ModifyDn { .. } => "modrdn",
        };
        let file = sanitized(place.file.as_bytes());
        let name = if record.dn.is_root() { "the root".into() } else { sanitized(record.dn.raw_bytes()) };
        format!("{file}:{}: {kind} {name}: {code}", place.line)
    }
}

/// The change files in order, with each change set replaced by the files of its stages; and the change sets.
fn files(names: &[String]) -> Result<(Vec<String>, Vec<ChangeSetFolder>), Vec<Diagnostic>> {
    let mut files = Vec::new();
    let mut sets = Vec::new();
    for name in names {
        let folder = Utf8Path::new(name);
        if !folder.is_dir() {
            files.push(name.clone());
            continue;
        }
        if !folder.join("apply").is_dir() && folder.join("WAVES.md").is_file() {
            let fault = Diagnostic::error(format!("{name} was written with --wave: it contains several change sets"));
            return Err(vec![fault.help(format!("give them in order: {name}/wave-*"))]);
        }
        let wanted = |error: &ChangeSetError| match error {
            ChangeSetError::NoServer { .. } | ChangeSetError::UnknownServer { .. } => {
                "give the files in apply/ instead of the folder, with --for SERVER"
            }
            _ => "give change files, or a folder that `offboard plan -o` wrote",
        };
        let ApplyFiles { files: stages, server } =
            apply_files(folder).map_err(|error| vec![change_set_fault(&error, wanted(&error))])?;
        files.extend(stages.into_iter().map(camino::Utf8PathBuf::into_string));
        sets.push(ChangeSetFolder { folder: name.clone(), server });
    }
    Ok((files, sets))
}

/// Why changes cannot be applied to exports.
pub fn faults(error: &SimulateError<ExportError>, exports: &[String]) -> Vec<Diagnostic> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = |export: u16| name_of(exports, export);
    match error {
        SimulateError::Scan(error) => scan_faults(error, exports),
        SimulateError::Twice { dn, origins } => {
            let place = |origin: &Origin| format!("{}:{}", name(origin.export), origin.line);
            let fault = Diagnostic::error(format!("{} appears twice in the exports", text(dn.raw_bytes())));
            vec![fault.note(format!("{} and {}", place(&origins[0]), place(&origins[1])))]
        }
        SimulateError::Incomplete { what, finding } => {
            let fault = Diagnostic::refused(format!("the exports are incomplete: {what}"));
            let fault = with_places(fault, &finding.places, exports);
            vec![fault.help("export again, with an account that can read all entries and without limits")]
        }
    }
}
