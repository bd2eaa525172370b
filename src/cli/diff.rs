//! `offboard diff`: the change LDIF that turns one export into the other.

use std::fmt::Write as _;
use std::hash::BuildHasher as _;
use std::io::Write as _;
use std::sync::Arc;

use super::args::{self, DiffFormat, Global};
use super::grounds::{export_fault, scan_faults};
use super::{Diagnostic, Exit, Outcome, schema_files, whole_lists, written};
use crate::diff::{self, DiffError, Difference, Options, Side, StepKind, text};
use crate::io::exports::{ExportError, ExportFiles};
use crate::io::new_file::NewFile;
use crate::ldap::AttributeDescription;
use crate::ldif::UrlPolicy;
use crate::policy::Server;
use crate::render::sanitize::sanitized;

/// How many names a notice lists.
const NAMED: usize = 5;

/// Runs it.
pub fn run(command: &args::Diff, global: &Global) -> Outcome {
    let trouble = |text: String| vec![Diagnostic::trouble(text)];
    super::tell_leftovers(command.output.as_ref(), global);
    if command.before == "-" && command.after == "-" {
        return Err(trouble("standard input can be one of the two exports, not both".to_owned()));
    }
    let output = command.output.as_ref().map(|path| {
        NewFile::create(path).map_err(|error| vec![Diagnostic::io(path.as_str(), &error)]).map(|file| (path, file))
    });
    let output = output.transpose()?;
    let ignored = command.ignore.iter().map(|name| {
        AttributeDescription::parse(name.as_bytes()).map_err(|error| trouble(format!("--ignore {name}: {error}")))
    });
    let open = |name: &String| {
        ExportFiles::open(std::slice::from_ref(name), &global.reading()).map_err(|error| vec![export_fault(&error)])
    };
    let (before, after) = (open(&command.before)?, open(&command.after)?);
    let folder = super::json::url_folder(global)?;
    let resolve = |url: &[u8]| {
        folder.as_ref().map_or_else(|| Err("no folder is allowed".to_owned()), |folder| folder.resolve(url))
    };
    let urls = if folder.is_some() { UrlPolicy::Resolve(&resolve) } else { UrlPolicy::Refuse };
    let names = [command.before.clone()];
    let options = Options {
        server: Server::from_name(&command.server).unwrap_or(Server::OpenLdap),
        schema: Arc::new(schema_files::read_with_exports(&command.schema, &before, &names, urls, global)?),
        with_operational: command.with_operational,
        ignored: ignored.collect::<Result<_, _>>()?,
        seed: std::hash::RandomState::new().hash_one(0),
    };
    let difference = diff::diff(&before, &after, urls, &options).map_err(|error| faults(&error, command))?;

    let text = match command.format {
        DiffFormat::Ldif => text::ldif(&difference, &options),
        DiffFormat::Unified => text::unified(&difference, &options),
        DiffFormat::Json => text::json(&difference),
    };
    match output {
        None => written(std::io::stdout().lock().write_all(&text))?,
        Some((path, mut file)) => {
            let done = file.write_all(&text).and_then(|()| file.finish());
            done.map_err(|error| vec![Diagnostic::io(path.as_str(), &error)])?;
        }
    }
    if !global.quiet {
        // Nobody to tell if standard error is gone.
        let _ = writeln!(
            anstream::stderr(),
            "{}{}{}",
            notices(&difference),
            whole_lists::notice(&difference.written_whole),
            summary(&difference)
        );
    }
    Ok(if difference.steps.is_empty() { Exit::Done } else { Exit::Findings })
}

/// What the changes do or cannot do because an entry has one structural class all its life.
fn notices(difference: &Difference) -> String {
    let table = [
        (
            &difference.replaced,
            "deleted, and another entry amounts to the name, of another structural class",
            "a server that keeps references by itself drops those to what is deleted: see that they come back",
        ),
        (
            &difference.refused,
            "modified to another structural class, which a server refuses (69)",
            "something stays below, or the server drops links: change these by hand, in OpenLDAP with ldapmodify -e '!relax'",
        ),
    ];
    let mut text = String::new();
    for (names, what, note) in table.into_iter().filter(|(names, ..)| !names.is_empty()) {
        let _ = writeln!(text, "{} {what}:", names.len());
        for name in names.iter().take(NAMED) {
            let _ = writeln!(text, "  {}", sanitized(name.raw_bytes()));
        }
        if names.len() > NAMED {
            let _ = writeln!(text, "  and {} more", names.len() - NAMED);
        }
        let _ = writeln!(text, "  {note}");
    }
    text
}

fn summary(difference: &Difference) -> String {
    let counts = [
        (StepKind::Add, "added"),
        (StepKind::Rename, "renamed"),
        (StepKind::Modify, "modified"),
        (StepKind::Delete, "deleted"),
    ];
    let counts = counts.map(|(kind, what)| (difference.count(kind), what));
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() { "no differences".to_owned() } else { counts.join(", ") }
}

fn faults(error: &DiffError<ExportError>, command: &args::Diff) -> Vec<Diagnostic> {
    let name = |side: &Side| if *side == Side::Before { &command.before } else { &command.after };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match error {
        DiffError::Scan { side, error } => scan_faults(error, std::slice::from_ref(name(side))),
        DiffError::Twice { side, dn, lines: [first, second] } => {
            let name = name(side);
            let fault = Diagnostic::trouble(format!("{} stands twice in {name}", text(dn.raw_bytes())));
            vec![fault.note(format!("{name}:{first} and {name}:{second}")).help("leave one of the two in the export")]
        }
        DiffError::Incomplete { side, what, finding } => {
            let fault = Diagnostic::refused(format!("{} is not whole: {what}", name(side)));
            let place =
                |place: &crate::directory::Place| format!("{}:{}: {}", name(side), place.line, text(&place.text));
            let fault = finding.places.iter().take(3).fold(fault, |fault, found| fault.note(place(found)));
            vec![fault.help("export again, as an administrator and without limits: what is missing would be deleted")]
        }
    }
}
