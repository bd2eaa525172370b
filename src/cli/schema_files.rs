//! `--schema`: files that describe attribute types and object classes.

use super::Diagnostic;
use super::args::{Global, SchemaOption};
use super::faults::scan_faults;
use crate::directory::KnownSchema;
use crate::io::exports::ExportFiles;
use crate::io::schema_files::{SchemaFileError, SchemaFiles};
use crate::ldap::Origin;
use crate::ldap::schema::Schema;
use crate::ldif::UrlPolicy;
use crate::render::count::counted;
use crate::render::sanitize::sanitized;

/// How many warnings are printed without `--verbose`.
const WARNINGS: usize = 10;

/// What the files may contain.
const CONTENT: &str = "--schema reads LDIF with attributeTypes or objectClasses (cn=Subschema, cn=schema, 99user.ldif, \
                       slapcat -n0), OpenLDAP's .schema files, and Active Directory's schema entries";

/// Reads the files. A description that cannot be read is a warning and does not change the exit status.
pub fn read(option: &SchemaOption, global: &Global) -> Result<Schema, Vec<Diagnostic>> {
    let files = SchemaFiles::read(&option.schema, &global.reading()).map_err(|error| vec![fault(&error)])?;
    let mut warnings: Vec<String> = Vec::new();
    let place = |origin: Origin| {
        let path = option.schema.get(usize::from(origin.export)).map_or("?", |path| path.as_str());
        format!("{}:{}", sanitized(path.as_bytes()), origin.line)
    };
    for unreadable in files.schema.unreadable() {
        warnings.push(format!(
            "{}: this schema description was ignored: {}",
            place(unreadable.origin),
            unreadable.error
        ));
    }
    for include in &files.includes {
        let file = sanitized(&include.file);
        warnings
            .push(format!("{}: the included file {file} was not read; give it with --schema", place(include.origin)));
    }
    let most = if global.verbose { warnings.len() } else { WARNINGS };
    if !global.quiet {
        for warning in warnings.iter().take(most) {
            Diagnostic::print_line(&format!("warning: {warning}"));
        }
        if warnings.len() > most {
            let more = counted(warnings.len() - most, "more warning");
            Diagnostic::print_line(&format!("warning: {more} about schema files; use --verbose to see all"));
        }
    }
    Ok(files.schema)
}

/// The schema of a directory: the descriptions in the files, then those in schema entries of the exports.
pub fn read_with_exports(
    option: &SchemaOption,
    exports: &ExportFiles,
    names: &[String],
    urls: UrlPolicy<'_>,
    global: &Global,
) -> Result<Schema, Vec<Diagnostic>> {
    let given = read(option, global)?;
    let known = KnownSchema::read(exports, urls, given).map_err(|error| scan_faults(&error, names))?;
    Ok(known.schema)
}

fn fault(error: &SchemaFileError) -> Diagnostic {
    match error {
        SchemaFileError::Io { path, error } => Diagnostic::io(&format!("schema {path}"), error),
        SchemaFileError::Ldif { path, error } => Diagnostic::ldif(path.as_str(), error).note(CONTENT),
        SchemaFileError::Content { .. } | SchemaFileError::Empty { .. } => {
            Diagnostic::error(error.to_string()).help(CONTENT)
        }
    }
}
