//! `offboard simulate`: the exports after change LDIF or a change set, and the records that a server would refuse.

use std::io::{self, Write};
use std::ops::ControlFlow;

use super::args::{self, Global};
use super::change_files::{ChangeFiles, faults};
use super::faults::{open_exports, scan_faults};
use super::progress::Progress;
use super::url_values::UrlValues;
use super::{Diagnostic, Exit, Outcome, check_stdout, schema_files};
use crate::io::exports::ExportFiles;
use crate::io::new_file::NewFile;
use crate::ldif::UrlPolicy;
use crate::policy::ServerSchema;
use crate::render::count::counted;
use crate::simulate::{self, Changes};

pub fn run(command: &args::Simulate, global: &Global) -> Outcome {
    super::report_leftovers(command.output.as_ref(), global);
    if command.export.iter().chain(&command.changes).filter(|name| *name == "-").count() > 1 {
        return Err(vec![Diagnostic::error("only one of the files can be standard input")]);
    }
    let output = command.output.as_ref().map(|path| {
        NewFile::create(path).map_err(|error| vec![Diagnostic::io(path.as_str(), &error)]).map(|file| (path, file))
    });
    let output = output.transpose()?;
    let url_values = UrlValues::open(global)?;
    let urls = url_values.policy();
    let files = ChangeFiles::read(&command.changes, &global.reading(), urls)?;
    let server = files.server(command.server, global)?;
    let records = &files.records;
    let exports = open_exports(&command.export, global)?;
    let progress = Progress::start(&exports, global);
    let described = schema_files::read_with_exports(&command.schema, &exports, &command.export, urls, global)?;
    let schema = ServerSchema::new(server, described);
    let outcome = simulate::simulate(&exports, urls, schema, records, command.keep_going)
        .map_err(|error| faults(&error, &command.export))?;

    drop(progress);
    let refusals = outcome.refused.iter().map(|(number, code)| files.refusal(*number, *code));
    if !command.keep_going && !outcome.refused.is_empty() {
        let faults = refusals.map(|refusal| {
            Diagnostic::refused(refusal)
                .note(format!("{} of {} applied before it", outcome.applied, counted(records.len(), "record")))
                .note("nothing was written")
                .help("use --keep-going to continue after refused records")
        });
        return Err(faults.collect());
    }
    match output {
        None => check_stdout(write(&exports, urls, &outcome.changes, &mut io::stdout().lock(), &command.export)?)?,
        Some((path, mut file)) => {
            let done = write(&exports, urls, &outcome.changes, &mut file, &command.export)?;
            done.and_then(|()| file.finish()).map_err(|error| vec![Diagnostic::io(path.as_str(), &error)])?;
        }
    }
    for refusal in refusals {
        Diagnostic::print_line(&format!("refused: {refusal}"));
    }
    if !global.quiet {
        Diagnostic::print_line(&format!("{} applied, {} refused", outcome.applied, outcome.refused.len()));
    }
    Ok(if outcome.refused.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Writes the exports as they are after the changes.
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
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    simulate::rewrite(exports, urls, changes, &mut take).map_err(|error| scan_faults(&error, names))?;
    Ok(result.and_then(|()| out.flush()))
}
