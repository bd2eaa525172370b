//! `offboard diff`: the change LDIF that turns one export into another.

use std::fmt::Write as _;
use std::hash::BuildHasher as _;
use std::io::Write as _;
use std::sync::Arc;

use super::args::{self, DiffFormat, Global};
use super::faults::{open_exports, scan_faults, with_places};
use super::url_values::UrlValues;
use super::{Diagnostic, Exit, Outcome, check_stdout, schema_files, written_whole};
use crate::diff::{self, DiffError, Difference, Options, Side, StepKind, text};
use crate::io::exports::ExportError;
use crate::io::new_file::NewFile;
use crate::ldap::{AttributeDescription, Dn};
use crate::render::count::{and_more, counted};
use crate::render::sanitize::sanitized;

/// How many DNs a notice lists.
const NAMED: usize = 5;

pub fn run(command: &args::Diff, global: &Global) -> Outcome {
    let usage = |text: String| vec![Diagnostic::error(text)];
    super::report_leftovers(command.output.as_ref(), global);
    if command.before == "-" && command.after == "-" {
        return Err(usage("only one of the two exports can be standard input".to_owned()));
    }
    let output = command.output.as_ref().map(|path| {
        NewFile::create(path).map_err(|error| vec![Diagnostic::io(path.as_str(), &error)]).map(|file| (path, file))
    });
    let output = output.transpose()?;
    let ignored = command.ignore.iter().map(|name| {
        AttributeDescription::parse(name.as_bytes()).map_err(|error| usage(format!("--ignore {name}: {error}")))
    });
    let open = |name: &String| open_exports(std::slice::from_ref(name), global);
    let (before, after) = (open(&command.before)?, open(&command.after)?);
    let url_values = UrlValues::open(global)?;
    let urls = url_values.policy();
    let names = [command.before.clone()];
    let options = Options {
        server: command.server,
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
        None => check_stdout(std::io::stdout().lock().write_all(&text))?,
        Some((path, mut file)) => {
            let done = file.write_all(&text).and_then(|()| file.finish());
            done.map_err(|error| vec![Diagnostic::io(path.as_str(), &error)])?;
        }
    }
    if !global.quiet {
        let notices = [notices(&difference), written_whole::notice(&difference.written_whole)].concat();
        Diagnostic::print_line(&format!("{notices}{}", summary(&difference)));
    }
    Ok(if difference.steps.is_empty() { Exit::Done } else { Exit::Findings })
}

/// What the user must know because the structural class of an entry cannot change (RFC 4511, A.2).
fn notices(difference: &Difference) -> String {
    let replaced = notice(
        &difference.replaced,
        "deleted and added again under the same DN with another structural class",
        "servers that maintain references remove those to the deleted entry; check that they are restored",
    );
    let refused = notice(
        &difference.refused,
        "modified to another structural class, which a server refuses (69)",
        "the entry has entries below it, or the server would remove links to it; change it by hand, in OpenLDAP with \
         ldapmodify -e '!relax'",
    );
    replaced + &refused
}

/// A notice about entries; empty if there are none.
fn notice(names: &[Dn], what: &str, advice: &str) -> String {
    let mut text = String::new();
    if names.is_empty() {
        return text;
    }
    let _ = writeln!(text, "{} {what}:", counted(names.len(), "entry"));
    for name in names.iter().take(NAMED) {
        let _ = writeln!(text, "  {}", sanitized(name.raw_bytes()));
    }
    if names.len() > NAMED {
        let _ = writeln!(text, " {}", and_more(names.len() - NAMED));
    }
    let _ = writeln!(text, "  {advice}");
    text
}

/// The counts of changes, as "2 added, 1 deleted".
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
            let fault = Diagnostic::error(format!("{} appears twice in {name}", text(dn.raw_bytes())));
            vec![
                fault.note(format!("{name}:{first} and {name}:{second}")).help("remove one of the two from the export"),
            ]
        }
        DiffError::Incomplete { side, what, finding } => {
            let fault = Diagnostic::refused(format!("{} is incomplete: {what}", name(side)));
            let fault = with_places(fault, &finding.places, std::slice::from_ref(name(side)));
            vec![fault.help(
                "export again, with an account that can read all entries and without limits; entries that are missing \
                 would be deleted",
            )]
        }
    }
}
