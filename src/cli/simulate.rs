//! `offboard simulate`: change LDIF applied to exports.

use std::io::{self, Write};
use std::ops::ControlFlow;

use super::args::{self, Global};
use super::change_files::{ChangeFiles, faults};
use super::grounds::{export_fault, scan_faults};
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, schema_files, written};
use crate::io::exports::ExportFiles;
use crate::io::new_file::NewFile;
use crate::ldif::UrlPolicy;
use crate::policy::ServerSchema;
use crate::simulate::{self, Changes};

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
    let files = ChangeFiles::read(&command.changes, &global.reading(), urls)?;
    let server = files.server(command.server.as_deref(), global)?;
    let records = &files.records;
    let exports = ExportFiles::open(&command.export, &global.reading()).map_err(|error| vec![export_fault(&error)])?;
    let progress = Progress::of(&exports, global);
    let described = schema_files::read_with_exports(&command.schema, &exports, &command.export, urls, global)?;
    let schema = ServerSchema::new(server, described);
    let outcome = simulate::simulate(&exports, urls, schema, records, command.keep_going)
        .map_err(|error| faults(&error, &command.export))?;

    drop(progress);
    let refusals = outcome.refused.iter().map(|(number, code)| files.refusal(*number, *code));
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
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    simulate::rewrite(exports, urls, changes, &mut take).map_err(|error| scan_faults(&error, names))?;
    Ok(result.and_then(|()| out.flush()))
}
