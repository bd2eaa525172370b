//! Entries (RFC 4512, 2.3): a name and its attributes, in the order and the spelling of the export.

use std::sync::Arc;

use super::{AttributeDescription, Dn};

/// Where something stood in the input: which export, and on which line.
///
/// Evidence for the reader of a report; two entries that differ only in this are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Index of the export among those given, from 0.
    pub export: u16,
    /// Line in that export, from 1.
    pub line: u64,
}

/// One attribute value: any bytes.
#[derive(Clone, Eq)]
pub struct Value {
    /// The value itself, decoded (RFC 2849 base64 and folds undone); copies of an entry share it.
    pub bytes: Arc<[u8]>,
    /// Line of the export on which it begins, from 1; 0 for a value that is in no export.
    pub line: u64,
}

impl Value {
    /// A value that is in no export.
    pub fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), line: 0 }
    }
}

/// Byte equality; the line is evidence and does not count.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

/// An attribute description with its values (RFC 4512, 2.5), in the order of the export.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Type and options.
    pub description: AttributeDescription,
    /// Never empty in an entry, except where the export holds names only (`ldapsearch -A`).
    pub values: Vec<Value>,
}

/// A directory entry.
#[derive(Clone)]
pub struct Entry {
    /// The name, as the export spells it.
    pub dn: Dn,
    /// The line of its `dn:`.
    pub origin: Origin,
    /// One element a description, in the order in which they first appear.
    pub attributes: Vec<Attribute>,
}

impl Entry {
    /// The values of an attribute type without options, whatever the case of its name, by any of its names.
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

    /// Adds a value to the end of its attribute, which is begun if the entry lacks it.
    pub fn push(&mut self, description: AttributeDescription, value: Value) {
        match self.attributes.iter_mut().find(|attribute| attribute.description == description) {
            Some(attribute) => attribute.values.push(value),
            None => self.attributes.push(Attribute { description, values: vec![value] }),
        }
    }
}
