//! `offboard simulate`: change LDIF applied to exports.

use std::io::{self, Write};

use camino::Utf8Path;

use super::args::{self, Global};
use super::grounds::{change_set_fault, export_fault, scan_faults};
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, written};
use crate::io::change_set::apply_files;
use crate::io::exports::{ExportError, ExportFiles};
use crate::io::new_file::NewFile;
use crate::io::source::{ReadOptions, Source};
use crate::ldap::{Change, ChangeRecord, Origin, ResultCode};
use crate::ldif::{Record, RecordReader, UrlPolicy, convert};
use crate::policy::Server;
use crate::render::sanitize::shown;
use crate::simulate::{self, Changes, SimulateError};

/// Where a record stands.
pub struct Place {
    file: String,
    line: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Runs it.
pub fn run(command: &args::Simulate, global: &Global) -> Outcome {
    let trouble = |text: String| vec![Diagnostic::trouble(text)];
    super::tell_leftovers(command.output.as_ref(), global);
    if command.export.iter().chain(&command.changes).filter(|name| *name == "-").count() > 1 {
        return Err(trouble("standard input can be one of the files, not more".to_owned()));
    }
    let output = command.output.as_ref().map(|path| {
        NewFile::create(path).map_err(|error| vec![Diagnostic::io(path.as_str(), &error)]).map(|file| (path, file))
    });
    let output = output.transpose()?;
    let folder = super::json::url_folder(global)?;
    let resolve = |url: &[u8]| {
        folder.as_ref().map_or_else(|| Err("no folder is allowed".to_owned()), |folder| folder.resolve(url))
    };
    let urls = if folder.is_some() { UrlPolicy::Resolve(&resolve) } else { UrlPolicy::Refuse };
    let mut places = Vec::new();
    let mut records = Vec::new();
    for file in change_files(&command.changes)? {
        read_changes(&file, &global.reading(), urls, &mut places, &mut records)?;
    }
    let exports = ExportFiles::open(&command.export, &global.reading()).map_err(|error| vec![export_fault(&error)])?;
    let progress = Progress::of(&exports, global);
    let server = Server::called(&command.server).unwrap_or(Server::OpenLdap);
    let outcome = simulate::simulate(&exports, urls, server, &records, command.keep_going)
        .map_err(|error| faults(&error, &command.export))?;

    drop(progress);
    let refusals = outcome.refused.iter().map(|(number, code)| refusal(&places[*number], &records[*number], *code));
    if !command.keep_going && !outcome.refused.is_empty() {
        let faults = refusals.map(|refusal| {
            Diagnostic::refused(refusal)
                .note(format!("{} of {} records were applied before it", outcome.applied, records.len()))
                .note("nothing was written")
                .help("--keep-going passes over what is refused")
        });
        return Err(faults.collect());
    }
    match output {
        None => written(write(&exports, urls, &outcome.changes, &mut io::stdout().lock(), &command.export)?)?,
        Some((path, mut file)) => {
            let done = write(&exports, urls, &outcome.changes, &mut file, &command.export)?;
            done.and_then(|()| file.finish()).map_err(|error| vec![Diagnostic::io(path.as_str(), &error)])?;
        }
    }
    let mut err = anstream::stderr().lock();
    for refusal in refusals {
        // Nobody to tell if standard error is gone.
        let _ = writeln!(err, "refused: {refusal}");
    }
    if !global.quiet {
        let _ = writeln!(err, "{} applied, {} refused", outcome.applied, outcome.refused.len());
    }
    Ok(if outcome.refused.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Writes the exports afterwards.
fn write(
    exports: &ExportFiles,
    urls: UrlPolicy<'_>,
    changes: &Changes,
    out: &mut dyn Write,
    names: &[String],
) -> Result<io::Result<()>, Vec<Diagnostic>> {
    let mut result = Ok(());
    let mut take = |text: &[u8]| {
        result = out.write_all(text);
        result.is_ok()
    };
    simulate::rewrite(exports, urls, changes, &mut take).map_err(|error| scan_faults(&error, names))?;
    Ok(result.and_then(|()| out.flush()))
}

/// The change files, in order; a change set stands for the files of its stages.
pub fn change_files(names: &[String]) -> Result<Vec<String>, Vec<Diagnostic>> {
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

pub fn read_changes(
    file: &str,
    options: &ReadOptions,
    urls: UrlPolicy<'_>,
    places: &mut Vec<Place>,
    records: &mut Vec<ChangeRecord>,
) -> Result<(), Vec<Diagnostic>> {
    let failed = |error: io::Error| vec![Diagnostic::io(file, &error)];
    let mut blocks = Source::open(file, options).and_then(|source| source.blocks()).map_err(failed)?;
    let mut buffer = Vec::new();
    while let Some(block) = blocks.next_block(buffer).map_err(failed)? {
        for record in RecordReader::new(&block.bytes, block.first_line, urls) {
            let record = match record.map_err(|error| vec![Diagnostic::ldif(file, &error)])? {
                Record::Change(record) => record,
                Record::NonEntry { .. } => continue,
                Record::Content(record) => {
                    let place = format!("{file}:{}", record.line);
                    let fault = Diagnostic::trouble(format!("{place}: an entry where a change was expected"));
                    return Err(vec![fault.help("a new entry has `changetype: add` behind its `dn:`")]);
                }
            };
            places.push(Place { file: file.to_owned(), line: record.line });
            let fault = |error: convert::ConvertError| {
                vec![Diagnostic::trouble(format!("{file}:{}: {}", error.line, error.what))]
            };
            records.push(convert::change(&record).map_err(fault)?);
        }
        buffer = block.bytes;
    }
    Ok(())
}

pub fn refusal(place: &Place, record: &ChangeRecord, code: ResultCode) -> String {
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
