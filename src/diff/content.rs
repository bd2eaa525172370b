//! The content of an entry as one number: the same for the same values, in whatever order and under whichever names of
//! their attributes they stand.
//!
//! ```text
//! content = sum of hash(value, seed + hash(attribute key)), modulo 2^128, over the values that are compared
//!           + hash(key of the name)
//! ```
//!
//! Values are hashed as they are: another spelling of a value is another value.

use std::collections::HashMap;

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use super::Options;
use super::index::Print;
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::AttributeDescription;
use crate::ldif::LdifErrorKind;

/// The hash of a name's key.
pub fn key_hash(key: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(key, seed)
}

/// The pass that hashes.
pub struct Contents<'o> {
    /// What is compared.
    pub options: &'o Options,
}

/// What is kept of a block.
#[derive(Default)]
pub struct Found {
    /// Its entries, in order.
    pub entries: Vec<Print>,
    /// Descriptions as spelled, and the hash of their key; none for one that is not compared.
    known: HashMap<Box<str>, Option<u64>>,
}

impl Pass for Contents<'_> {
    type Found = Found;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Found) -> Result<(), Unreadable> {
        let seed = self.options.seed;
        let mut content = xxh3_128_with_seed(entry.key, seed);
        for line in &entry.record.attributes {
            let attribute = if let Some(known) = found.known.get(&*line.description) {
                *known
            } else {
                let description = AttributeDescription::parse(line.description.as_bytes())
                    .map_err(|_| Unreadable { line: line.line, kind: LdifErrorKind::BadAttributeDescription })?;
                let compared = !self.options.leaves_out(&description);
                let hash = compared.then(|| xxh3_64_with_seed(description.key().as_str().as_bytes(), seed));
                found.known.insert(line.description.as_ref().into(), hash);
                hash
            };
            if let Some(attribute) = attribute {
                content = content.wrapping_add(xxh3_128_with_seed(line.value.bytes(), seed.wrapping_add(attribute)));
            }
        }
        found.entries.push(Print { key: key_hash(entry.key, seed), content });
        Ok(())
    }
}
