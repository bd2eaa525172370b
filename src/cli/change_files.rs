//! Change files as a command is given them: read, and told about. What `simulate` and `revert` share.

use std::io;

use camino::Utf8Path;

use super::grounds::{change_set_fault, scan_faults};
use super::{Diagnostic, SHOWN};
use crate::io::change_set::apply_files;
use crate::io::exports::ExportError;
use crate::io::source::{ReadOptions, Source};
use crate::ldap::{Change, ChangeRecord, Origin, ResultCode};
use crate::ldif::{Record, RecordReader, UrlPolicy, convert};
use crate::render::sanitize::shown;
use crate::simulate::SimulateError;

/// Records in their order, each with its place.
#[derive(Default)]
pub struct ChangeFiles {
    /// The records.
    pub records: Vec<ChangeRecord>,
    places: Vec<Place>,
}

/// Where a record stands.
struct Place {
    file: String,
    line: u64,
}

impl ChangeFiles {
    /// Reads files, and of change sets those of their stages. Every fault of a file is told; behind a bad file none is read.
    pub fn read(names: &[String], options: &ReadOptions, urls: UrlPolicy<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut read = Self::default();
        for file in files(names)? {
            read.add(&file, options, urls)?;
        }
        Ok(read)
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
                // One more than is shown, so that it is said that there are more.
                if faults.len() > SHOWN {
                    break 'blocks;
                }
            }
            buffer = block.bytes;
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Keeps a record, or gives what is wrong with it.
    fn push(&mut self, file: &str, record: Record<'_>) -> Option<Diagnostic> {
        let record = match record {
            Record::Change(record) => record,
            Record::NonEntry { .. } => return None,
            Record::Content(record) => {
                let place = format!("{file}:{}", record.line);
                let fault = Diagnostic::trouble(format!("{place}: an entry where a change was expected"));
                return Some(fault.help("a new entry has `changetype: add` behind its `dn:`"));
            }
        };
        match convert::change(&record) {
            Ok(change) => {
                self.places.push(Place { file: file.to_owned(), line: record.line });
                self.records.push(change);
                None
            }
            Err(error) => Some(Diagnostic::trouble(format!("{file}:{}: {}", error.line, error.what))),
        }
    }

    /// What a server says to one of the records, by its number from 0.
    pub fn refusal(&self, number: usize, code: ResultCode) -> String {
        let (place, record) = (&self.places[number], &self.records[number]);
        let kind = match record.change {
            Change::Add(_) => "add",
            Change::Delete => "delete",
            Change::Modify(_) => "modify",
            Change::ModifyDn { .. } => "modrdn",
        };
        let file = shown(place.file.as_bytes());
        let name = if record.dn.is_root() { "the root".into() } else { shown(record.dn.spelling()) };
        format!("{file}:{}: {kind} {name}: {code}", place.line)
    }
}

/// The files, in order; a change set stands for the files of its stages.
fn files(names: &[String]) -> Result<Vec<String>, Vec<Diagnostic>> {
    let mut files = Vec::new();
    for name in names {
        let folder = Utf8Path::new(name);
        if !folder.is_dir() {
            files.push(name.clone());
            continue;
        }
        if !folder.join("apply").is_dir() && folder.join("WAVES.md").is_file() {
            let fault = Diagnostic::trouble(format!("{name} holds waves, each of which is a change set of its own"));
            return Err(vec![fault.help(format!("name them in their order: {name}/wave-*"))]);
        }
        let wanted = "name a folder that `offboard plan -o` wrote, or change files";
        let stages = apply_files(folder).map_err(|error| vec![change_set_fault(&error, wanted)])?;
        files.extend(stages.into_iter().map(camino::Utf8PathBuf::into_string));
    }
    Ok(files)
}

/// Tells why changes cannot be tried on exports.
pub fn faults(error: &SimulateError<ExportError>, exports: &[String]) -> Vec<Diagnostic> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = |export: u16| exports.get(usize::from(export)).map_or("?", String::as_str);
    match error {
        SimulateError::Scan(error) => scan_faults(error, exports),
        SimulateError::Twice { dn, origins } => {
            let place = |origin: &Origin| format!("{}:{}", name(origin.export), origin.line);
            let fault = Diagnostic::trouble(format!("{} stands twice in the exports", text(dn.spelling())));
            vec![fault.note(format!("{} and {}", place(&origins[0]), place(&origins[1])))]
        }
        SimulateError::Incomplete { what, finding } => {
            let fault = Diagnostic::refused(format!("the exports are not whole: {what}"));
            let places = finding.places.iter().take(3);
            let place = |place: &crate::directory::Place| {
                format!("{}:{}: {}", name(place.export), place.line, text(&place.text))
            };
            vec![
                places
                    .fold(fault, |fault, found| fault.note(place(found)))
                    .help("export again, as an administrator and without limits"),
            ]
        }
    }
}
