//! `offboard revert`: the LDIF that undoes change LDIF.

use std::io::{self, Write};

use super::args::{self, Global};
use super::change_files::{ChangeFiles, faults};
use super::grounds::export_fault;
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, schema_files, whole_lists, written};
use crate::io::exports::ExportFiles;
use crate::io::new_file::NewFile;
use crate::ldif::{UrlPolicy, writer};
use crate::policy::{Server, ServerSchema};
use crate::render::sanitize::sanitized;
use crate::revert::{RevertOptions, Reverted, revert};

/// Runs it.
pub fn run(command: &args::Revert, global: &Global) -> Outcome {
    let trouble = |text: String| vec![Diagnostic::trouble(text)];
    super::tell_leftovers(command.output.as_ref(), global);
    let files = ChangeFiles::read(&command.changes, &global.reading(), UrlPolicy::Refuse)?;
    let server = files.server(command.server.as_deref(), global)?;
    if command.relax && !server.profile().controls.contains(&crate::ldap::change::RELAX_RULES) {
        return Err(trouble(format!("--relax: {server} has no relax rules control")));
    }
    let records = &files.records;
    let exports = ExportFiles::open(&command.export, &global.reading()).map_err(|error| vec![export_fault(&error)])?;
    let progress = Progress::of(&exports, global);
    let described =
        schema_files::read_with_exports(&command.schema, &exports, &command.export, UrlPolicy::Refuse, global)?;
    let options = RevertOptions { schema: ServerSchema::new(server, described), relax: command.relax };
    let reverted =
        revert(&exports, UrlPolicy::Refuse, &options, records).map_err(|error| faults(&error, &command.export))?;
    drop(progress);
    if let Some((number, code)) = reverted.refused {
        let fault = Diagnostic::refused(files.refusal(number, code));
        return Err(vec![
            fault
                .note("a record that is refused changes nothing, so nothing undoes it")
                .help("give the export from before these changes, or only the records that were applied"),
        ]);
    }
    let text = text(&reverted, server, records.len());
    match &command.output {
        None => written(io::stdout().lock().write_all(&text))?,
        Some(path) => {
            let file = NewFile::create(path).and_then(|mut file| file.write_all(&text).and_then(|()| file.finish()));
            file.map_err(|error| vec![Diagnostic::io(path.as_str(), &error)])?;
        }
    }
    if !global.quiet {
        let mut err = anstream::stderr().lock();
        for lost in &reverted.lost {
            // Nobody to tell if standard error is gone.
            let _ = writeln!(err, "not as it was: {}: {}", sanitized(&lost.dn), sanitized(lost.what.as_bytes()));
        }
        let _ = write!(err, "{}", whole_lists::notice(&reverted.written_whole));
        let _ = writeln!(err, "{} records undo {}", reverted.undo.len(), records.len());
    }
    Ok(if reverted.lost.is_empty() { Exit::Done } else { Exit::Findings })
}

fn text(reverted: &Reverted, server: Server, records: usize) -> Vec<u8> {
    let mut out = Vec::new();
    if server.profile().version_line {
        out.extend_from_slice(b"version: 1\n\n");
    }
    writer::write_comment(&mut out, format!("offboard: {} records undo {records}", reverted.undo.len()).as_bytes());
    for lost in &reverted.lost {
        let dn = String::from_utf8_lossy(&lost.dn).replace(['\n', '\r'], " ");
        writer::write_comment(&mut out, format!("not as it was: {dn}: {}", lost.what).as_bytes());
    }
    for record in &reverted.undo {
        out.push(b'\n');
        writer::write_change(&mut out, record);
    }
    out
}
