//! Hashes of DN keys: for sets that hold millions of names in eight bytes each, and for fast sets and maps of the few
//! names that a pass looks up for every entry of an export.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64;

use crate::ldap::DnKey;

/// The hasher of keys and values: [`hash`].
pub type Quick = BuildHasherDefault<Hashed>;

/// A set of [`hash`]es.
pub type Hashes = HashSet<u64, Quick>;

/// A hasher that passes on hashes unchanged and hashes bytes by [`hash`].
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

/// The 64-bit hash of a key. It is the same in every run.
pub fn hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// A set of names.
pub type KeySet = HashSet<DnKey, Quick>;

/// A map from names.
pub type KeyMap<T> = HashMap<DnKey, T, Quick>;
