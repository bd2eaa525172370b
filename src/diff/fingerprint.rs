//! The fingerprint of an entry: a hash that does not depend on the order of its values, or on which of its names an attribute
//! is written with.
//!
//! ```text
//! content = hash(key of the name)
//!           + sum of hash(value, seed + hash(attribute key)) over the values that are compared, modulo 2^128
//! ```
//!
//! Values are hashed byte by byte: two spellings of a value differ.

use std::collections::HashMap;

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use super::Options;
use super::fingerprint_index::Fingerprint;
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::AttributeDescription;
use crate::ldif::LdifErrorKind;

/// The hash of the key of a name.
pub fn key_hash(key: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(key, seed)
}

/// The pass that takes the fingerprint of every entry.
pub struct FingerprintPass<'o> {
    /// Which attributes are compared, and the seed.
    pub options: &'o Options,
}

/// The fingerprints of a block.
#[derive(Default)]
pub struct Fingerprints {
    /// The entries of the block, in order.
    pub entries: Vec<Fingerprint>,
    /// Hashes of attribute keys by the spelling of the description; `None` for an attribute that is not compared.
    attribute_hashes: HashMap<Box<str>, Option<u64>>,
}

impl Pass for FingerprintPass<'_> {
    type Found = Fingerprints;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Fingerprints) -> Result<(), Unreadable> {
        let seed = self.options.seed;
        let mut content = xxh3_128_with_seed(entry.key, seed);
        for line in &entry.record.attributes {
            let attribute = if let Some(known) = found.attribute_hashes.get(&*line.description) {
                *known
            } else {
                let description = AttributeDescription::parse(line.description.as_bytes())
                    .map_err(|_| Unreadable { line: line.line, kind: LdifErrorKind::BadAttributeDescription })?;
                let compared = !self.options.ignores(&description);
                let hash = compared.then(|| xxh3_64_with_seed(description.key().as_str().as_bytes(), seed));
                found.attribute_hashes.insert(line.description.as_ref().into(), hash);
                hash
            };
            if let Some(attribute) = attribute {
                content = content.wrapping_add(xxh3_128_with_seed(line.value.bytes(), seed.wrapping_add(attribute)));
            }
        }
        found.entries.push(Fingerprint { key: key_hash(entry.key, seed), content });
        Ok(())
    }
}
