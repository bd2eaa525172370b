//! Whether the exports hold a whole tree: every entry once, and what stands above each.
//!
//! Names are remembered as 64-bit hashes of their keys, eight bytes an entry. Two names with one hash would be taken for
//! one entry twice: among ten million entries that happens once in 370,000 directories, and ends in a refusal.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::census::Finding;
use super::key_hash::{Hashed, Hashes, hash};
use super::references::kinds::MEMBERS;
use super::{EntryView, census::Place};
use crate::ldap::dn_key::{parent_of, prefixes};

/// What stands above an entry, by hash: the one above that, and the first entry below it.
#[derive(Clone, Copy, Debug)]
struct Above {
    parent: Option<u64>,
    export: u16,
    line: u64,
}

/// The names of all entries.
#[derive(Clone, Debug, Default)]
pub struct Structure {
    names: Vec<u64>,
    above: HashMap<u64, Above, BuildHasherDefault<Hashed>>,
    /// Entries that have members.
    groups: Hashes,
}

/// Whether the lines of a description are the members of a group.
pub fn is_membership(description: &str) -> bool {
    MEMBERS.iter().any(|name| description.eq_ignore_ascii_case(name))
}

impl Structure {
    /// Notes an entry.
    pub fn add(&mut self, entry: &EntryView<'_>) {
        self.add_name(entry.key, entry.export, entry.record.line);
        if entry.record.attributes.iter().any(|line| is_membership(&line.description)) {
            self.add_group(entry);
        }
    }

    /// Notes that an entry has members.
    pub fn add_group(&mut self, entry: &EntryView<'_>) {
        self.groups.insert(hash(entry.key));
    }

    /// Takes the groups out.
    pub fn groups(&mut self) -> Hashes {
        std::mem::take(&mut self.groups)
    }

    /// Notes a name.
    pub fn add_name(&mut self, key: &[u8], export: u16, line: u64) {
        self.names.push(hash(key));
        let parent = parent_of(key);
        if parent.is_empty() || self.above.contains_key(&hash(parent)) {
            return;
        }
        let mut higher = None;
        for (above, _) in prefixes(parent) {
            let name = hash(above);
            self.above.entry(name).or_insert(Above { parent: higher, export, line });
            higher = Some(name);
        }
    }

    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.names.extend(other.names);
        self.groups.extend(other.groups);
        for (name, above) in other.above {
            self.above.entry(name).or_insert(above);
        }
    }

    /// Sorts the names; the others ask after this.
    pub fn finish(&mut self) {
        self.names.sort_unstable();
    }

    /// Whether there is an entry of this key; after [`Structure::finish`].
    pub fn holds_key(&self, key: &[u8]) -> bool {
        self.holds(hash(key))
    }

    fn holds(&self, name: u64) -> bool {
        self.names.binary_search(&name).is_ok()
    }

    /// Entries without the one above them, although the exports hold one higher up: a tree with a hole.
    ///
    /// An export may begin below the top of its directory; what is missing above its highest entries is no hole.
    pub fn holes(&self) -> Finding {
        let mut holes = Finding::default();
        let mut places: Vec<Above> = Vec::new();
        for (name, above) in &self.above {
            let mut higher = above.parent;
            while let Some(next) = higher.filter(|_| !self.holds(*name)) {
                if self.holds(next) {
                    places.push(*above);
                    break;
                }
                higher = self.above.get(&next).and_then(|above| above.parent);
            }
        }
        places.sort_by_key(|place| (place.export, place.line));
        for place in places {
            let text = b"what stands above this entry is not there".to_vec();
            holes.add(Place { export: place.export, line: place.line, text });
        }
        holes
    }

    /// The hashes of the names that several entries have; after [`Structure::finish`].
    pub fn repeated_names(&self) -> Hashes {
        self.names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
    }

    /// How many entries stand in the exports more than once.
    pub fn repeated(&self) -> u64 {
        self.names.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::DnKey;

    fn structure(names: &[&str]) -> Structure {
        let mut structure = Structure::default();
        for (line, name) in names.iter().enumerate() {
            structure.add_name(DnKey::parse(name.as_bytes()).unwrap().as_bytes(), 0, line as u64 + 1);
        }
        structure.finish();
        structure
    }

    #[test]
    fn holes_and_repetitions() {
        for (names, holes, repeated) in [
            (&["o=x", "ou=a,o=x", "uid=1,ou=a,o=x"][..], 0, 0),
            // Children may stand first.
            (&["uid=1,ou=a,o=x", "ou=a,o=x", "o=x"], 0, 0),
            (&["o=x", "uid=1,ou=a,o=x", "uid=2,ou=a,o=x"], 1, 0),
            (&["o=x", "uid=1,ou=b,ou=a,o=x"], 2, 0),
            // Parts of a directory.
            (&["ou=a,dc=x,dc=y", "uid=1,ou=a,dc=x,dc=y", "ou=b,dc=x,dc=y"], 0, 0),
            (&["uid=1,ou=a,o=x"], 0, 0),
            (&["o=x", "O = X"], 0, 1),
            (&["o=x", "ou=a,o=x", "ou=a,o=x", "ou=A,o=x"], 0, 2),
        ] {
            let structure = structure(names);
            assert_eq!((structure.holes().count, structure.repeated()), (holes, repeated), "{names:?}");
        }
    }
}
