//! The schema that exports contain. It is read first, because filters are bound to it.

use super::scan::Unreadable;
use super::{EntryView, Exports, Pass, ScanError, scan};
use crate::ldap::Entry;
use crate::ldap::schema::{SCHEMA_ATTRIBUTES, Schema, is_schema, publishes_schema};
use crate::ldap::vocabulary::{FilterRules, Vocabulary};
use crate::ldif::{AttributeSelection, UrlPolicy};

/// What is known about a directory before its entries are read.
#[derive(Clone, Debug, Default)]
pub struct KnownSchema {
    /// The schema that was given, completed by the one in the exports.
    pub schema: Schema,
    /// Whether the exports are of Active Directory: each of its entries has an `objectCategory` (MS-ADSC, class `top`).
    pub is_active_directory: bool,
}

/// An attribute that every entry of Active Directory has, and no entry of another server.
const OF_ACTIVE_DIRECTORY: &str = "objectCategory";

impl KnownSchema {
    /// Reads the schema in the exports. Descriptions that are `given` take precedence over it.
    pub fn read<E: Exports>(exports: &E, urls: UrlPolicy<'_>, given: Schema) -> Result<Self, ScanError<E::Error>> {
        let names = SCHEMA_ATTRIBUTES.iter().chain([&OF_ACTIVE_DIRECTORY]);
        let pass = SchemaPass { interest: names.map(|name| (name, ())).collect() };
        let mut found = FoundSchema::default();
        scan(exports, urls, None, &pass, |part: FoundSchema| {
            found.entries.extend(part.entries);
            found.is_active_directory |= part.is_active_directory;
        })?;
        let mut given = given;
        given.seal();
        let mut known = Self { schema: given, is_active_directory: found.is_active_directory };
        for entry in found.entries.iter().filter(|entry| publishes_schema(entry)) {
            known.schema.add(entry);
        }
        Ok(known)
    }

    /// The vocabulary that filters are bound to where no policy names the server.
    pub fn vocabulary(&self) -> Vocabulary<'_> {
        let usual = FilterRules::default();
        let of_ad = FilterRules { finds_subtypes: false, orders_text: true };
        Vocabulary { schema: &self.schema, rules: if self.is_active_directory { of_ad } else { usual } }
    }
}

struct SchemaPass {
    interest: AttributeSelection,
}

#[derive(Default)]
struct FoundSchema {
    entries: Vec<Entry>,
    is_active_directory: bool,
}

impl Pass for SchemaPass {
    type Found = FoundSchema;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut FoundSchema) -> Result<(), Unreadable> {
        let lines = || entry.record.attributes.iter();
        found.is_active_directory |= lines().any(|line| line.description.eq_ignore_ascii_case(OF_ACTIVE_DIRECTORY));
        if lines().any(|line| is_schema(&line.description, line.value.bytes())) {
            found.entries.push(entry.to_entry()?);
        }
        Ok(())
    }
}
