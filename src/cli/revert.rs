//! `offboard revert`: the LDIF that undoes change LDIF or a change set.

use std::io::{self, Write};

use super::args::{self, Global};
use super::change_files::{ChangeFiles, faults};
use super::faults::open_exports;
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, check_stdout, schema_files, written_whole};
use crate::io::new_file::NewFile;
use crate::ldif::{UrlPolicy, writer};
use crate::policy::{Server, ServerSchema};
use crate::render::count::counted;
use crate::render::sanitize::sanitized;
use crate::revert::{RevertOptions, Reverted, revert};

pub fn run(command: &args::Revert, global: &Global) -> Outcome {
    super::report_leftovers(command.output.as_ref(), global);
    let files = ChangeFiles::read(&command.changes, &global.reading(), UrlPolicy::Refuse)?;
    let server = files.server(command.server, global)?;
    if command.relax && !server.profile().controls.contains(&crate::ldap::change::RELAX_RULES) {
        return Err(vec![Diagnostic::error(format!("--relax: {server} does not support the relax rules control"))]);
    }
    let records = &files.records;
    let exports = open_exports(&command.export, global)?;
    let progress = Progress::start(&exports, global);
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
                .note("a refused record changes nothing, so there is nothing to undo")
                .help("give an export from before the changes, or only the records that were applied"),
        ]);
    }
    let text = text(&reverted, server, records.len());
    match &command.output {
        None => check_stdout(io::stdout().lock().write_all(&text))?,
        Some(path) => {
            let file = NewFile::create(path).and_then(|mut file| file.write_all(&text).and_then(|()| file.finish()));
            file.map_err(|error| vec![Diagnostic::io(path.as_str(), &error)])?;
        }
    }
    if !global.quiet {
        for lost in &reverted.lost {
            let what = sanitized(lost.what.as_bytes());
            Diagnostic::print_line(&format!("not restored: {}: {what}", sanitized(&lost.dn)));
        }
        let notice = written_whole::notice(&reverted.written_whole);
        Diagnostic::print_line(&format!("{notice}{}", summary(&reverted, records.len())));
    }
    Ok(if reverted.lost.is_empty() { Exit::Done } else { Exit::Findings })
}

/// How many records undo how many.
fn summary(reverted: &Reverted, records: usize) -> String {
    let verb = if reverted.undo.len() == 1 { "undoes" } else { "undo" };
    format!("{} {verb} {}", counted(reverted.undo.len(), "record"), counted(records, "record"))
}

/// The undo LDIF.
fn text(reverted: &Reverted, server: Server, records: usize) -> Vec<u8> {
    let mut out = Vec::new();
    if server.profile().version_line {
        out.extend_from_slice(b"version: 1\n\n");
    }
    writer::write_comment(&mut out, format!("offboard: {}", summary(reverted, records)).as_bytes());
    for lost in &reverted.lost {
        let dn = String::from_utf8_lossy(&lost.dn).replace(['\n', '\r'], " ");
        writer::write_comment(&mut out, format!("not restored: {dn}: {}", lost.what).as_bytes());
    }
    for record in &reverted.undo {
        out.push(b'\n');
        writer::write_change(&mut out, record);
    }
    out
}
