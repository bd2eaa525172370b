//! Entries (RFC 4512, 2.3): a DN with attributes, in the order and spelling of the export.

use std::sync::Arc;

use super::{AttributeDescription, Dn};

/// A place in the input: an export and a line, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The index of the export on the command line, from 0.
    pub export: u16,
    /// The line in that export, from 1.
    pub line: u64,
}

/// An attribute value: any bytes.
#[derive(Clone, Eq)]
pub struct Value {
    /// The value, without the base64 encoding and folding of RFC 2849. Copies of an entry share it.
    pub bytes: Arc<[u8]>,
    /// The line of the export on which the value begins, from 1; 0 for a value that is not from an export.
    pub line: u64,
}

impl Value {
    /// A value that is not from an export.
    pub fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), line: 0 }
    }
}

/// Byte equality; the line is ignored.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

/// An attribute description with its values (RFC 4512, 2.5), in the order of the export.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The type and options.
    pub description: AttributeDescription,
    /// The values; empty only if the export has attribute names only (`ldapsearch -A`).
    pub values: Vec<Value>,
}

/// A directory entry.
#[derive(Clone)]
pub struct Entry {
    /// The DN, as spelled in the export.
    pub dn: Dn,
    /// The export, and the line of `dn:`.
    pub origin: Origin,
    /// One element for each attribute description, in the order in which they first appear.
    pub attributes: Vec<Attribute>,
}

impl Entry {
    /// The values of an attribute type without options, given by any of its names.
    pub fn values<'e>(&'e self, attribute_type: &'e str) -> impl Iterator<Item = &'e Value> {
        self.attributes
            .iter()
            .filter(move |attribute| attribute.description.is(attribute_type))
            .flat_map(|attribute| &attribute.values)
    }

    /// Whether the entry has an object class, ignoring case.
    pub fn has_class(&self, class: &str) -> bool {
        self.values("objectClass").any(|value| value.bytes.eq_ignore_ascii_case(class.as_bytes()))
    }

    /// Adds a value at the end of an attribute, and the attribute if the entry does not have it.
    pub fn push(&mut self, description: AttributeDescription, value: Value) {
        match self.attributes.iter_mut().find(|attribute| attribute.description == description) {
            Some(attribute) => attribute.values.push(value),
            None => self.attributes.push(Attribute { description, values: vec![value] }),
        }
    }
}
