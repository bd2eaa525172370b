//! Change files as a command is given them: read, and told about. What `simulate` and `revert` share.

use std::io;

use camino::Utf8Path;

use super::args::Global;
use super::grounds::{change_set_fault, scan_faults};
use super::{Diagnostic, SHOWN};
use crate::io::change_set::{ApplyFiles, ChangeSetError, apply_files};
use crate::io::exports::ExportError;
use crate::io::source::{ReadOptions, Source};
use crate::ldap::{Change, ChangeRecord, Origin, ResultCode};
use crate::ldif::{ChangeError, ChangeReader, UrlPolicy};
use crate::policy::Server;
use crate::render::sanitize::sanitized;
use crate::simulate::SimulateError;

/// Records in their order, each with its place.
#[derive(Default)]
pub struct ChangeFiles {
    /// The records.
    pub records: Vec<ChangeRecord>,
    places: Vec<Place>,
    /// The change sets among what was named.
    sets: Vec<Planned>,
}

/// A change set, and the server that it was planned for.
struct Planned {
    folder: String,
    server: Server,
}

/// Where a record stands.
struct Place {
    file: String,
    line: u64,
}

impl ChangeFiles {
    /// Reads files, and of change sets those of their stages. Every fault of a file is told; behind a bad file none is read.
    pub fn read(names: &[String], options: &ReadOptions, urls: UrlPolicy<'_>) -> Result<Self, Vec<Diagnostic>> {
        let (files, sets) = files(names)?;
        let mut read = Self { sets, ..Self::default() };
        for file in files {
            read.add(&file, options, urls)?;
        }
        Ok(read)
    }

    /// The server whose rules apply to all records: that of the change sets, else the one of `--for`, else OpenLDAP.
    ///
    /// A change set was planned and proven for its server, so `--for` does not replace that: a different one is said
    /// to be ignored, and change sets of different servers are refused.
    pub fn server(&self, asked: Option<&str>, global: &Global) -> Result<Server, Vec<Diagnostic>> {
        let asked = asked.and_then(Server::from_name);
        let Some(first) = self.sets.first() else { return Ok(asked.unwrap_or(Server::OpenLdap)) };
        if self.sets.iter().any(|set| set.server != first.server) {
            let fault = Diagnostic::refused("the change sets were planned for different servers");
            let named = |fault: Diagnostic, set: &Planned| {
                fault.note(format!("{} was planned for {}", sanitized(set.folder.as_bytes()), set.server))
            };
            let fault = self.sets.iter().fold(fault, named);
            return Err(vec![fault.help("give the change sets of one server in one run")]);
        }
        if let Some(asked) = asked.filter(|asked| *asked != first.server && !global.quiet) {
            Diagnostic::print_line(&format!(
                "warning: --for {asked} is ignored: {} was planned for {}, whose rules apply to all records; to try them \
                 by the rules of {asked}, name the files in apply/ instead of the folder",
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
            for change in ChangeReader::new(&block.bytes, block.first_line, urls) {
                match change {
                    Ok(change) => {
                        self.places.push(Place { file: file.to_owned(), line: change.line });
                        self.records.push(change.record);
                    }
                    Err(error) => {
                        faults.push(change_fault(file, &error));
                        if !error.can_continue() {
                            break 'blocks;
                        }
                    }
                }
                // One more than is shown, so that the output says that there are more.
                if faults.len() > SHOWN {
                    break 'blocks;
                }
            }
            buffer = block.bytes;
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
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
        let file = sanitized(place.file.as_bytes());
        let name = if record.dn.is_root() { "the root".into() } else { sanitized(record.dn.raw_bytes()) };
        format!("{file}:{}: {kind} {name}: {code}", place.line)
    }
}

/// Reports a record of a change file that is not an operation.
fn change_fault(file: &str, error: &ChangeError) -> Diagnostic {
    match error {
        ChangeError::Ldif(error) => Diagnostic::ldif(file, error),
        ChangeError::Operation(error) => Diagnostic::trouble(format!("{file}:{}: {}", error.line, error.what)),
        ChangeError::Entry { line } => {
            let fault =
                Diagnostic::trouble(format!("{file}:{line}: this is an entry, but a change record is expected"));
            fault.help("to add the entry, write `changetype: add` on the line after its `dn:`")
        }
    }
}

/// The files, in order, with those of the stages in the place of each change set; and the change sets.
fn files(names: &[String]) -> Result<(Vec<String>, Vec<Planned>), Vec<Diagnostic>> {
    let mut files = Vec::new();
    let mut sets = Vec::new();
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
        let wanted = |error: &ChangeSetError| match error {
            ChangeSetError::NoServer { .. } | ChangeSetError::UnknownServer { .. } => {
                "name the files in apply/ instead of the folder, with --for SERVER"
            }
            _ => "name a folder that `offboard plan -o` wrote, or change files",
        };
        let ApplyFiles { files: stages, server } =
            apply_files(folder).map_err(|error| vec![change_set_fault(&error, wanted(&error))])?;
        files.extend(stages.into_iter().map(camino::Utf8PathBuf::into_string));
        sets.push(Planned { folder: name.clone(), server });
    }
    Ok((files, sets))
}

/// Tells why changes cannot be tried on exports.
pub fn faults(error: &SimulateError<ExportError>, exports: &[String]) -> Vec<Diagnostic> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = |export: u16| exports.get(usize::from(export)).map_or("?", String::as_str);
    match error {
        SimulateError::Scan(error) => scan_faults(error, exports),
        SimulateError::Twice { dn, origins } => {
            let place = |origin: &Origin| format!("{}:{}", name(origin.export), origin.line);
            let fault = Diagnostic::trouble(format!("{} stands twice in the exports", text(dn.raw_bytes())));
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
