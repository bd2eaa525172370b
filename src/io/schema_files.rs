//! Files with schema descriptions (`--schema`), recognised by their content.
//!
//! | content | read as |
//! | --- | --- |
//! | a line that is a directive of slapd.conf(5) and no `dn:` line | OpenLDAP's `.schema` file: [`directives`] |
//! | anything else | LDIF: each entry by [`Schema::add`] |
//!
//! Both may be compressed, as exports may. The descriptions of all files count together; the first that describes a name
//! is the one that counts.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

use super::source::{ReadOptions, Source};
use crate::ldap::schema::directives::{Directive, directives, is_directives};
use crate::ldap::schema::{Definition, Schema};
use crate::ldap::{Attribute, Change, Dn, Entry, ModOp, Origin};
use crate::ldif::{LdifError, Record, RecordReader, UrlPolicy, convert};

/// What is read of schema files.
#[derive(Debug, Default)]
pub struct SchemaFiles {
    /// The descriptions. What cannot be read of them is [`Schema::unreadable`]; the number of the export is that of the file.
    pub schema: Schema,
    /// `include` directives, whose files are not read.
    pub includes: Vec<Include>,
}

/// An `include` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// Where it is; the number of the export is that of the file.
    pub origin: Origin,
    /// The file that it names, raw.
    pub file: Vec<u8>,
}

/// Why a schema file is not read.
#[derive(Debug, Error)]
pub enum SchemaFileError {
    /// The operating system or a decompressor said no.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What was said.
        error: io::Error,
    },
    /// It is not LDIF.
    #[error("{path}: {error}")]
    Ldif {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        error: Box<LdifError>,
    },
    /// A record of it cannot be used.
    #[error("{path}:{line}: {what}")]
    Content {
        /// The file.
        path: Utf8PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// It holds no description of an attribute type or object class.
    #[error("{path} describes no attribute type and no object class")]
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
        let said =
            if is_directives(&text) { self.add_directives(number, &text) } else { self.add_ldif(number, path, &text)? };
        if said { Ok(()) } else { Err(SchemaFileError::Empty { path: path.to_owned() }) }
    }

    /// Whether it described anything, or tried to.
    fn add_directives(&mut self, number: u16, text: &[u8]) -> bool {
        let mut said = false;
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
            said |= definition != Definition::ObjectIdentifier;
            self.schema.define(definition, &line.value, origin);
        }
        said
    }

    fn add_ldif(&mut self, number: u16, path: &Utf8Path, text: &[u8]) -> Result<bool, SchemaFileError> {
        let failed = |error: LdifError| SchemaFileError::Ldif { path: path.to_owned(), error: Box::new(error) };
        let mut said = false;
        let unusable = |line: u64, what: String| SchemaFileError::Content { path: path.to_owned(), line, what };
        for record in RecordReader::new(text, 1, UrlPolicy::Refuse) {
            let (dn, line, attributes) = match record.map_err(failed)? {
                Record::Content(record) => {
                    let dn = Dn::parse(&record.dn).map_err(|error| unusable(record.line, error.to_string()))?;
                    let attributes = convert::attributes(&record.attributes);
                    (dn, record.line, attributes.map_err(|error| unusable(error.line, error.what))?)
                }
                // Schema is also handed on as changes to `cn=schema`, and by ldifde as additions.
                Record::Change(record) => {
                    let change = convert::change(&record).map_err(|error| unusable(error.line, error.what))?;
                    (change.dn, record.line, described(change.change))
                }
                Record::NonEntry { .. } => continue,
            };
            let entry = Entry { dn, origin: Origin { export: number, line }, attributes };
            said |= self.schema.add(&entry);
        }
        Ok(said)
    }
}

/// What a change adds.
fn described(change: Change) -> Vec<Attribute> {
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
