//! `--schema`: files that describe attribute types and object classes, read before anything else.

use super::Diagnostic;
use super::args::{Global, SchemaOption};
use super::grounds::scan_faults;
use crate::directory::KnownSchema;
use crate::io::exports::ExportFiles;
use crate::io::schema_files::{SchemaFileError, SchemaFiles};
use crate::ldap::Origin;
use crate::ldap::schema::Schema;
use crate::ldif::UrlPolicy;
use crate::render::sanitize::sanitized;

/// How many warnings are printed, unless all are asked for.
const WARNINGS: usize = 10;

const CONTENT: &str = "--schema reads LDIF with attributeTypes or objectClasses (cn=Subschema, cn=schema, 99user.ldif, \
                       slapcat -n0), OpenLDAP's .schema files, and Active Directory's schema entries";

/// Reads the files. What they describe in a form that cannot be read is a warning; the exit status stays as it is.
pub fn read(option: &SchemaOption, global: &Global) -> Result<Schema, Vec<Diagnostic>> {
    let files = SchemaFiles::read(&option.schema, &global.reading()).map_err(|error| vec![fault(&error)])?;
    let mut warnings: Vec<String> = Vec::new();
    let place = |origin: Origin| {
        let path = option.schema.get(usize::from(origin.export)).map_or("?", |path| path.as_str());
        format!("{}:{}", sanitized(path.as_bytes()), origin.line)
    };
    for unreadable in files.schema.unreadable() {
        warnings.push(format!("{}: this description is not used: {}", place(unreadable.origin), unreadable.error));
    }
    for include in &files.includes {
        let file = sanitized(&include.file);
        warnings.push(format!("{}: the included file {file} is not read; give it by --schema", place(include.origin)));
    }
    let most = if global.verbose { warnings.len() } else { WARNINGS };
    if !global.quiet {
        for warning in warnings.iter().take(most) {
            Diagnostic::print_line(&format!("warning: {warning}"));
        }
        if let Some(more) = warnings.len().checked_sub(most).filter(|more| *more > 0) {
            Diagnostic::print_line(&format!("warning: and {more} more in the schema files; -v shows all of them"));
        }
    }
    Ok(files.schema)
}

/// The schema of a directory: what the files describe, then the schema entries in the exports.
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
            Diagnostic::trouble(error.to_string()).help(CONTENT)
        }
    }
}
