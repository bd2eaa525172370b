//! `offboard search`: the entries of exports that match a filter.

use std::io::{self, Write as _};
use std::ops::ControlFlow;

use super::args::{self, FoundFormat, Global, ScopeArg};
use super::progress::Progress;
use super::{Diagnostic, Exit, Outcome, grounds, schema_files, written};
use crate::directory::scan::scan_until;
use crate::directory::search::{FoundEntries, Search, SearchPass};
use crate::directory::{Census, EntryView, KnownSchema};
use crate::io::exports::ExportFiles;
use crate::ldap::DnKey;
use crate::ldap::filter::{AskedAttribute, Filter};
use crate::ldif::UrlPolicy;
use crate::render::entries::{EntryWriter, Form};
use crate::render::sanitize::sanitized;

/// Runs it.
pub fn run(command: &args::Search, global: &Global) -> Outcome {
    let schema = schema_files::read(&command.schema, global)?;
    let mut search = Search { base: base(command)?, scope: command.scope.into(), filter: filter(&command.filter)? };
    let writer =
        EntryWriter { form: form(command)?, attributes: attributes(command)?, show_secrets: command.show_secrets };
    let folder = super::json::url_folder(global)?;
    let exports =
        ExportFiles::open(&command.exports, &global.reading()).map_err(|error| vec![grounds::export_fault(&error)])?;
    let progress = Progress::beside_output(&exports, global);
    let resolve = |url: &[u8]| {
        folder.as_ref().map_or_else(|| Err("no folder is allowed".to_owned()), |folder| folder.resolve(url))
    };
    let urls = if folder.is_some() { UrlPolicy::Resolve(&resolve) } else { UrlPolicy::Refuse };

    if search.filter.has_items() || !command.schema.schema.is_empty() {
        let known = KnownSchema::read(&exports, urls, schema)
            .map_err(|error| grounds::scan_faults(&error, &command.exports))?;
        search.filter = search.filter.bound(known.vocabulary());
    }
    let write = |entry: &EntryView<'_>, found: &mut FoundEntries| {
        found.masked += writer.write(&mut found.text, entry.whole());
    };
    let pass = SearchPass { search: &search, write, interest: search.interest() };
    // Not locked: the blocks are long, and written by this thread alone.
    let mut out = io::stdout();
    let mut outcome = out.write_all(&writer.header());
    let (mut entries, mut masked) = (0, 0);
    let read = scan_until(&exports, urls, None, &pass, |found| {
        entries += found.entries;
        masked += found.masked;
        outcome = out.write_all(&found.text);
        // What cannot be written need not be read.
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    drop(progress);
    let outcome = outcome.and_then(|()| out.flush());
    if outcome.is_err() {
        written(outcome)?;
        return Ok(Exit::Done);
    }
    let census = read.map_err(|error| grounds::scan_faults(&error, &command.exports))?;
    if !global.quiet {
        warn(&search.filter);
        tell(&census, entries, masked, command, global.verbose);
    }
    unread(&census, command)
}

fn base(command: &args::Search) -> Result<DnKey, Vec<Diagnostic>> {
    let text = command.base.as_deref().unwrap_or_default();
    DnKey::parse(text.as_bytes()).map_err(|error| {
        let fault = Diagnostic::trouble(format!("not a distinguished name: {}", error.kind));
        vec![fault.at("--base", 1, error.offset as u64 + 1, text.as_bytes())]
    })
}

fn filter(text: &str) -> Result<Filter, Vec<Diagnostic>> {
    Filter::parse(text).map_err(|error| {
        let fault = Diagnostic::trouble(format!("not a filter: {}", error.kind));
        vec![fault.at("<FILTER>", 1, error.offset as u64 + 1, text.as_bytes())]
    })
}

fn form(command: &args::Search) -> Result<Form, Vec<Diagnostic>> {
    Ok(match command.format {
        _ if command.dn => Form::Names,
        FoundFormat::Ldif => Form::Ldif,
        FoundFormat::Jsonl => Form::JsonLines,
        FoundFormat::Csv if command.attrs.is_empty() => {
            return Err(vec![Diagnostic::trouble("CSV needs its columns").help("name them: --attrs uid,cn,mail")]);
        }
        FoundFormat::Csv => Form::Csv,
    })
}

fn attributes(command: &args::Search) -> Result<Vec<AskedAttribute>, Vec<Diagnostic>> {
    let parse = |name: &String| {
        AskedAttribute::parse(name).map_err(|error| {
            vec![Diagnostic::trouble(format!("--attrs: `{name}` is not an attribute description: {error}"))]
        })
    };
    command.attrs.iter().map(parse).collect()
}

/// Names the items of the filter that match no entry.
fn warn(filter: &Filter) {
    let mut err = anstream::stderr().lock();
    for undefined in filter.undefined() {
        // Nobody reads it if standard error is closed.
        let _ = writeln!(err, "warning: {}", sanitized(undefined.to_string().as_bytes()));
    }
}

/// Says what the output does not.
fn tell(census: &Census, entries: u64, masked: u64, command: &args::Search, verbose: bool) {
    let mut err = anstream::stderr().lock();
    let mut say = |text: String| {
        // Nobody to tell if standard error is gone.
        let _ = writeln!(err, "{text}");
    };
    if verbose {
        say(format!("{entries} of {} entries", census.entries));
    }
    if masked > 0 {
        say(format!("{masked} secret values masked; --show-secrets shows them"));
    }
    for place in &census.cut.places {
        let name = grounds::name_of(&command.exports, place.export);
        say(format!("{name}:{}: the search that made this export ended early: {}", place.line, sanitized(&place.text)));
    }
    if census.partial_lists.count > 0 {
        say(format!("{} lists of values are there in part only (`;range=`)", census.partial_lists.count));
    }
}

/// Entries that could not be judged.
fn unread(census: &Census, command: &args::Search) -> Outcome {
    let names = &census.unreadable_names;
    if names.count == 0 {
        return Ok(Exit::Done);
    }
    let fault = Diagnostic::trouble(format!("{} entries were skipped: their names are no DNs", names.count));
    let fault = names.places.iter().take(3).fold(fault, |fault, place| {
        let name = grounds::name_of(&command.exports, place.export);
        fault.note(format!("{name}:{}: {}", place.line, String::from_utf8_lossy(&place.text)))
    });
    Err(vec![fault])
}

impl From<ScopeArg> for crate::directory::search::Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Base => Self::Base,
            ScopeArg::One => Self::One,
            ScopeArg::Sub => Self::Sub,
        }
    }
}
