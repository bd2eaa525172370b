//! `offboard search`: the entries of exports that match a filter.

use std::io::{self, Write as _};
use std::ops::ControlFlow;

use super::args::{self, Global, ScopeArg, SearchFormat};
use super::progress::Progress;
use super::url_values::UrlValues;
use super::{Diagnostic, Exit, Outcome, check_stdout, faults, schema_files};
use crate::directory::chains::follow;
use crate::directory::scan::scan_until;
use crate::directory::search::{FoundEntries, Search, SearchPass};
use crate::directory::{Census, EntryView, ExportsReader, KnownSchema};
use crate::ldap::DnKey;
use crate::ldap::filter::{AskedAttribute, Filter};
use crate::ldap::schema::Schema;
use crate::render::count::counted;
use crate::render::entries::{EntryForm, EntryWriter};
use crate::render::sanitize::{Secrets, sanitized};

pub fn run(command: &args::Search, global: &Global) -> Outcome {
    let schema = schema_files::read(&command.schema, global)?;
    let mut search = Search { base: base(command)?, scope: command.scope.into(), filter: filter(&command.filter)? };
    let url_values = UrlValues::open(global)?;
    let urls = url_values.policy();
    let exports = faults::open_exports(&command.exports, global)?;
    let form = form(command)?;
    let attributes = attributes(command)?;
    let progress = Progress::start_unless_output_is_terminal(&exports, global);
    let mut described = Schema::default();
    if search.filter.has_items() || !command.schema.schema.is_empty() {
        let known =
            KnownSchema::read(&exports, urls, schema).map_err(|error| faults::scan_faults(&error, &command.exports))?;
        search.filter = search.filter.bound(known.vocabulary());
        described = known.schema;
    }
    let mut chains = Vec::new();
    search.filter.add_chains(&mut chains);
    if !chains.is_empty() {
        let reader = ExportsReader::new(&exports, urls);
        let chains = follow(chains, |pass| {
            let mut found = Vec::new();
            reader.scan(pass, |later| found.extend(later)).map(|_| found)
        });
        search.filter.set_chains(&chains.map_err(|error| faults::scan_faults(&error, &command.exports))?);
    }
    let secrets = Secrets::default().with_schema(&described);
    let writer = EntryWriter { form, attributes, show_secrets: command.show_secrets, secrets };
    let write = |entry: &EntryView<'_>, found: &mut FoundEntries| {
        found.masked += writer.write(&mut found.text, entry.whole());
    };
    let pass = SearchPass { search: &search, write, interest: search.interest() };
    // Not locked: only this thread writes, and in large blocks.
    let mut out = io::stdout();
    let mut outcome = out.write_all(&writer.header());
    let (mut entries, mut masked) = (0, 0);
    let read = scan_until(&exports, urls, None, &pass, |found| {
        entries += found.entries;
        masked += found.masked;
        outcome = out.write_all(&found.text);
        // If the output cannot be written, stop reading.
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    drop(progress);
    let outcome = outcome.and_then(|()| out.flush());
    if outcome.is_err() {
        check_stdout(outcome)?;
        return Ok(Exit::Done);
    }
    let census = read.map_err(|error| faults::scan_faults(&error, &command.exports))?;
    if !global.quiet {
        warn(&search.filter);
        if global.verbose {
            Diagnostic::print_line(&format!("{entries} of {} matched", counted(census.entries, "entry")));
        }
        if masked > 0 {
            Diagnostic::print_line(&format!(
                "{} masked; --show-secrets shows secret values",
                counted(masked, "secret value")
            ));
        }
        report_gaps(&census, &command.exports);
    }
    refuse_skipped_entries(&census, &command.exports)
}

fn base(command: &args::Search) -> Result<DnKey, Vec<Diagnostic>> {
    let text = command.base.as_deref().unwrap_or_default();
    DnKey::parse(text.as_bytes()).map_err(|error| {
        let fault = Diagnostic::error(format!("invalid distinguished name: {}", error.kind));
        vec![fault.at("--base", 1, error.offset as u64 + 1, text.as_bytes())]
    })
}

fn filter(text: &str) -> Result<Filter, Vec<Diagnostic>> {
    Filter::parse(text).map_err(|error| {
        let fault = Diagnostic::error(format!("invalid filter: {}", error.kind));
        vec![fault.at("<FILTER>", 1, error.offset as u64 + 1, text.as_bytes())]
    })
}

fn form(command: &args::Search) -> Result<EntryForm, Vec<Diagnostic>> {
    Ok(match command.format {
        _ if command.dn => EntryForm::Names,
        SearchFormat::Ldif => EntryForm::Ldif,
        SearchFormat::Jsonl => EntryForm::JsonLines,
        SearchFormat::Csv if command.attrs.is_empty() => {
            return Err(vec![
                Diagnostic::error("--format csv needs --attrs").help("give the columns, such as --attrs uid,cn,mail"),
            ]);
        }
        SearchFormat::Csv => EntryForm::Csv,
    })
}

fn attributes(command: &args::Search) -> Result<Vec<AskedAttribute>, Vec<Diagnostic>> {
    let parse = |name: &String| {
        AskedAttribute::parse(name).map_err(|error| {
            vec![Diagnostic::error(format!("--attrs: invalid attribute description `{name}`: {error}"))]
        })
    };
    command.attrs.iter().map(parse).collect()
}

/// Warns about items of the filter that cannot match an entry.
fn warn(filter: &Filter) {
    for undefined in filter.undefined() {
        Diagnostic::print_line(&format!("warning: {}", sanitized(undefined.to_string().as_bytes())));
    }
}

/// Reports where the exports are incomplete, so that matching entries or values may be missing from the output.
fn report_gaps(census: &Census, exports: &[String]) {
    for place in &census.cut.places {
        let name = sanitized(faults::name_of(exports, place.export).as_bytes());
        let text = sanitized(&place.text);
        Diagnostic::print_line(&format!("warning: {name}:{}: this export is incomplete: {text}", place.line));
    }
    if census.partial_lists.count > 0 {
        let count = counted(census.partial_lists.count, "attribute");
        Diagnostic::print_line(&format!("warning: the exports contain only some of the values of {count} (`;range=`)"));
    }
}

/// It is an error if entries were skipped: the output may be incomplete.
fn refuse_skipped_entries(census: &Census, exports: &[String]) -> Outcome {
    let names = &census.unreadable_names;
    if names.count == 0 {
        return Ok(Exit::Done);
    }
    let were = if names.count == 1 { "was" } else { "were" };
    let fault = Diagnostic::error(format!("{} with an invalid DN {were} skipped", counted(names.count, "entry")));
    Err(vec![faults::with_places(fault, &names.places, exports)])
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
