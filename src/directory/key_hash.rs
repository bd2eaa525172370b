//! Hashes of keys: for sets that remember millions of names in eight bytes each, and for sets and maps of the few names
//! that a pass looks for, which are asked for every name of an export.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64;

use crate::ldap::DnKey;

/// Makes hashes of keys and values by [`hash`].
pub type Quick = BuildHasherDefault<Hashed>;

/// A set of [`hash`]es.
pub type Hashes = HashSet<u64, Quick>;

/// The hash of what is a hash already.
#[derive(Clone, Debug, Default)]
pub struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The hash of a key: the same in every run.
pub fn hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// Names that every entry of an export is looked up in.
pub type KeySet = HashSet<DnKey, Quick>;

/// Something for each of such names.
pub type KeyMap<T> = HashMap<DnKey, T, Quick>;
