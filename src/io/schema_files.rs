//! Schema files (`--schema`). Their format is recognised by the content:
//!
//! | content | read as |
//! | --- | --- |
//! | a line that is a directive of slapd.conf(5) and no `dn:` line | OpenLDAP's `.schema` file: [`directives`] |
//! | anything else | LDIF: each entry by [`Schema::add`] |
//!
//! Both may be compressed, like exports. The descriptions of all files are combined; if several describe the same name,
//! the first one counts.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

use super::source::{ReadOptions, Source};
use crate::ldap::schema::directives::{Directive, directives, is_directives};
use crate::ldap::schema::{Definition, Schema};
use crate::ldap::{Attribute, Change, Dn, Entry, ModOp, Origin};
use crate::ldif::{LdifError, Record, RecordReader, UrlPolicy, convert};

/// The content of the schema files.
#[derive(Debug, Default)]
pub struct SchemaFiles {
    /// The descriptions. [`Schema::unreadable`] has those that cannot be read; the export number there is that of the file.
    pub schema: Schema,
    /// `include` directives, whose files are not read.
    pub includes: Vec<Include>,
}

/// An `include` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// Where it is; the export number is that of the file.
    pub origin: Origin,
    /// The name of the included file, raw.
    pub file: Vec<u8>,
}

/// Why a schema file cannot be read.
#[derive(Debug, Error)]
pub enum SchemaFileError {
    /// The operating system or a decompressor reported an error.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The file is not valid LDIF.
    #[error("{path}: {error}")]
    Ldif {
        /// The file.
        path: Utf8PathBuf,
        /// The error.
        error: Box<LdifError>,
    },
    /// A record of the file is invalid.
    #[error("{path}:{line}: {what}")]
    Content {
        /// The file.
        path: Utf8PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The file describes no attribute type and no object class.
    #[error("{path} describes no attribute types or object classes")]
    Empty {
        /// The file.
        path: Utf8PathBuf,
    },
}

impl SchemaFiles {
    /// Reads the files in order.
    pub fn read(paths: &[Utf8PathBuf], options: &ReadOptions) -> Result<Self, SchemaFileError> {
        let mut files = Self::default();
        for (number, path) in paths.iter().enumerate() {
            files.add(u16::try_from(number).unwrap_or(u16::MAX), path, options)?;
        }
        Ok(files)
    }

    fn add(&mut self, number: u16, path: &Utf8Path, options: &ReadOptions) -> Result<(), SchemaFileError> {
        let text = text(path, options).map_err(|error| SchemaFileError::Io { path: path.to_owned(), error })?;
        let has_descriptions =
            if is_directives(&text) { self.add_directives(number, &text) } else { self.add_ldif(number, path, &text)? };
        if has_descriptions { Ok(()) } else { Err(SchemaFileError::Empty { path: path.to_owned() }) }
    }

    /// Adds a file of directives; returns whether it has descriptions, readable or not.
    fn add_directives(&mut self, number: u16, text: &[u8]) -> bool {
        let mut has_descriptions = false;
        for line in directives(text) {
            let origin = Origin { export: number, line: line.line };
            let definition = match line.directive {
                Directive::AttributeType => Definition::AttributeType,
                Directive::ObjectClass => Definition::ObjectClass,
                Directive::ObjectIdentifier => Definition::ObjectIdentifier,
                Directive::Include => {
                    self.includes.push(Include { origin, file: line.value });
                    continue;
                }
            };
            has_descriptions |= definition != Definition::ObjectIdentifier;
            self.schema.define(definition, &line.value, origin);
        }
        has_descriptions
    }

    /// Adds an LDIF file; returns whether it has descriptions, readable or not.
    fn add_ldif(&mut self, number: u16, path: &Utf8Path, text: &[u8]) -> Result<bool, SchemaFileError> {
        let failed = |error: LdifError| SchemaFileError::Ldif { path: path.to_owned(), error: Box::new(error) };
        let mut has_descriptions = false;
        let unusable = |line: u64, what: String| SchemaFileError::Content { path: path.to_owned(), line, what };
        for record in RecordReader::new(text, 1, UrlPolicy::Refuse) {
            let (dn, line, attributes) = match record.map_err(failed)? {
                Record::Content(record) => {
                    let dn = Dn::parse(&record.dn).map_err(|error| unusable(record.line, error.to_string()))?;
                    let attributes = convert::attributes(&record.attributes);
                    (dn, record.line, attributes.map_err(|error| unusable(error.line, error.what))?)
                }
                // Schema is also distributed as changes to `cn=schema`, and by ldifde as additions.
                Record::Change(record) => {
                    let change = convert::change(&record).map_err(|error| unusable(error.line, error.what))?;
                    (change.dn, record.line, added_attributes(change.change))
                }
                Record::NonEntry { .. } => continue,
            };
            let entry = Entry { dn, origin: Origin { export: number, line }, attributes };
            has_descriptions |= self.schema.add(&entry);
        }
        Ok(has_descriptions)
    }
}

/// The attributes that a change adds.
fn added_attributes(change: Change) -> Vec<Attribute> {
    match change {
        Change::Add(attributes) => attributes,
        Change::Modify(modifications) => {
            let new = modifications.into_iter().filter(|new| matches!(new.op, ModOp::Add | ModOp::Replace));
            new.map(|new| Attribute { description: new.description, values: new.values }).collect()
        }
        Change::Delete | Change::ModifyDn { .. } => Vec::new(),
    }
}

fn text(path: &Utf8Path, options: &ReadOptions) -> io::Result<Vec<u8>> {
    let mut blocks = Source::open(path.as_str(), options)?.blocks()?;
    let (mut text, mut buffer) = (Vec::new(), Vec::new());
    while let Some(block) = blocks.next_block(buffer)? {
        text.extend_from_slice(&block.bytes);
        buffer = block.bytes;
    }
    Ok(text)
}
