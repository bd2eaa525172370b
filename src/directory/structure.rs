//! Whether the exports contain a whole tree: every entry once, and each with its parent.
//!
//! Names are kept as 64-bit hashes of their keys, eight bytes per entry. Two names with the same hash look like one entry
//! that appears twice, and the plan is refused. Among ten million entries this happens in one of 370,000 directories.
//!
//! The *topmost* entries of the exports have no exported entry above them. Their missing parents are not holes, because an
//! export may begin at a suffix of the directory or contain a part of it; see [`tops`](super::tops).

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use super::census::Finding;
use super::key_hash::{Hashed, Hashes, hash};
use super::{EntryView, census::Place};
use crate::ldap::dn_key::{parent_of, prefixes};

/// A name above an exported entry. Names are hashes.
#[derive(Clone, Copy, Debug)]
struct Above {
    /// The name above this one.
    parent: Option<u64>,
    /// The first exported entry directly below it; while there is none, the first one anywhere below it.
    export: u16,
    line: u64,
    /// The entry at `export` and `line` is directly below the name.
    is_direct: bool,
    /// Another entry of the same export is also directly below the name.
    has_several: bool,
    /// The name is a single `dc=`, and so are the RDNs of all entries directly below it: a top-level domain (RFC 2247),
    /// for which directories have no entry.
    is_top_level_domain: bool,
}

/// A place in the tree where the exports begin: below the missing parent of topmost entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The export of the first topmost entry below that parent.
    pub export: u16,
    /// The line of that entry.
    pub line: u64,
    /// The export holds several topmost entries below that parent.
    pub has_several: bool,
}

/// The names of all entries.
#[derive(Clone, Debug, Default)]
pub struct Structure {
    names: Vec<u64>,
    above: HashMap<u64, Above, BuildHasherDefault<Hashed>>,
    /// Until `names` is sorted: how many names of which export follow each other in it.
    runs: Vec<(u16, usize)>,
    /// By export, the parents of entries.
    parents: BTreeMap<u16, Hashes>,
    /// After `finish`: by export, the parents of entries that are not entries of the same export.
    missing: BTreeMap<u16, Hashes>,
    /// Entries that have members.
    groups: Hashes,
}

/// Whether the key bytes of an RDN are those of a domain component.
fn is_domain_component(rdn: &[u8]) -> bool {
    rdn.starts_with(b"dc=")
}

impl Above {
    /// Adds an entry directly below the name. Entries must be added in the order of the exports.
    fn add_direct(&mut self, new: &Self) {
        if self.is_direct {
            self.has_several |= new.has_several || self.export == new.export;
        } else {
            (self.is_direct, self.export, self.line) = (true, new.export, new.line);
            self.has_several = new.has_several;
        }
        self.is_top_level_domain &= new.is_top_level_domain;
    }
}

impl Structure {
    /// Records that an entry has members.
    pub fn add_group(&mut self, entry: &EntryView<'_>) {
        self.groups.insert(hash(entry.key));
    }

    /// Takes the entries that have members, as hashes of their names.
    pub fn groups(&mut self) -> Hashes {
        std::mem::take(&mut self.groups)
    }

    /// Adds the name of an entry.
    pub fn add_name(&mut self, key: &[u8], export: u16, line: u64) {
        self.names.push(hash(key));
        self.add_run(export, 1);
        let parent = parent_of(key);
        self.parents.entry(export).or_default().insert(hash(parent));
        if parent.is_empty() {
            return;
        }
        let is_domain = key.get(parent.len()..).is_some_and(is_domain_component);
        if let Some(known) = self.above.get_mut(&hash(parent)) {
            known.add_direct(&Above { is_direct: true, export, line, is_top_level_domain: is_domain, ..*known });
            return;
        }
        let mut higher = None;
        for (above, rdn) in prefixes(parent) {
            let name = hash(above);
            let is_top_level_domain = higher.is_none() && is_domain_component(rdn);
            let new = Above { parent: higher, export, line, is_direct: false, has_several: false, is_top_level_domain };
            self.above.entry(name).or_insert(new);
            higher = Some(name);
        }
        if let Some(known) = higher.and_then(|parent| self.above.get_mut(&parent)) {
            known.add_direct(&Above { is_direct: true, is_top_level_domain: is_domain, ..*known });
        }
    }

    fn add_run(&mut self, export: u16, names: usize) {
        match self.runs.last_mut() {
            Some((last, count)) if *last == export => *count += names,
            _ => self.runs.push((export, names)),
        }
    }

    /// Adds what later blocks contain.
    pub fn merge(&mut self, other: Self) {
        self.names.extend(other.names);
        other.runs.into_iter().for_each(|(export, names)| self.add_run(export, names));
        for (export, parents) in other.parents {
            self.parents.entry(export).or_default().extend(parents);
        }
        self.groups.extend(other.groups);
        for (name, above) in other.above {
            match self.above.entry(name) {
                Entry::Occupied(mut known) if above.is_direct => known.get_mut().add_direct(&above),
                Entry::Occupied(_) => {}
                Entry::Vacant(free) => drop(free.insert(above)),
            }
        }
    }

    /// Sorts the names. Queries are valid only afterwards.
    pub fn finish(&mut self) {
        let mut rest = self.names.as_mut_slice();
        let mut by_export: BTreeMap<u16, Vec<&[u64]>> = BTreeMap::new();
        for (export, count) in std::mem::take(&mut self.runs) {
            let (run, after) = rest.split_at_mut(count);
            run.sort_unstable();
            by_export.entry(export).or_default().push(run);
            rest = after;
        }
        for (export, mut parents) in std::mem::take(&mut self.parents) {
            let runs = by_export.get(&export).map(Vec::as_slice).unwrap_or_default();
            parents.retain(|name| !runs.iter().any(|run| run.binary_search(name).is_ok()));
            self.missing.insert(export, parents);
        }
        self.names.sort_unstable();
    }

    /// The parents of an export's entries that the export does not contain, as hashes; after [`Structure::finish`].
    pub fn missing_parents(&self, export: u16) -> Option<&Hashes> {
        self.missing.get(&export)
    }

    /// Whether there is an entry below the name with this hash.
    pub fn has_below(&self, name: u64) -> bool {
        self.above.contains_key(&name)
    }

    /// Whether there is an entry of this key; after [`Structure::finish`].
    pub fn holds_key(&self, key: &[u8]) -> bool {
        self.holds(hash(key))
    }

    fn holds(&self, name: u64) -> bool {
        self.names.binary_search(&name).is_ok()
    }

    /// Where the exports begin, except at entries of one RDN and below a top-level domain; after
    /// [`Structure::finish`].
    pub fn beginnings(&self) -> Vec<Beginning> {
        let is_missing = |name: u64, above: &Above| {
            let higher =
                std::iter::successors(above.parent, |next| self.above.get(next).and_then(|above| above.parent));
            !self.holds(name) && !higher.into_iter().any(|next| self.holds(next))
        };
        let mut all: Vec<Beginning> = Vec::new();
        for (name, above) in &self.above {
            if above.is_direct && !above.is_top_level_domain && is_missing(*name, above) {
                all.push(Beginning { export: above.export, line: above.line, has_several: above.has_several });
            }
        }
        all.sort_by_key(|beginning| (beginning.export, beginning.line));
        all
    }

    /// Entries whose parent is missing although the exports contain an entry further up: holes in the tree.
    ///
    /// The missing parents of topmost entries are not holes.
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
            let text = b"the parent of this entry is missing".to_vec();
            holes.add(Place { export: place.export, line: place.line, text });
        }
        holes
    }

    /// The names that several entries have, as hashes; after [`Structure::finish`].
    pub fn repeated_names(&self) -> Hashes {
        self.names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
    }

    /// How many entries repeat the name of an earlier entry; after [`Structure::finish`].
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

    /// The names of the exports, each with its export, and where these begin: the line of the first topmost entry, `+`
    /// if its export has several there.
    #[test]
    fn where_exports_begin() {
        for (names, expected) in [
            (&[(0, "o=isp"), (0, "ou=a,o=isp"), (0, "uid=1,ou=a,o=isp")][..], ""),
            (&[(0, "dc=example,dc=com"), (0, "ou=a,dc=example,dc=com")], ""),
            (&[(0, "dc=example,dc=com"), (0, "dc=example,dc=org"), (1, "dc=other,dc=com")], ""),
            (&[(0, "dc=example,dc=co,dc=uk")], "1"),
            (&[(0, "ou=people,dc=local")], "1"),
            (&[(0, "dc=example,dc=com"), (0, "uid=1,dc=com")], "1+"),
            (&[(0, "o=example,c=DE"), (1, "o=other,c=DE")], "1"),
            (&[(0, "o=example,c=DE"), (0, "o=other,c=DE")], "1+"),
            (&[(0, "uid=1,ou=a,o=isp"), (0, "uid=2,ou=a,o=isp")], "1+"),
            // One export continues below an entry of the other.
            (&[(0, "ou=sub,o=isp"), (0, "uid=1,ou=sub,o=isp"), (1, "o=isp")], ""),
            (&[(0, "uid=1,ou=x,ou=sub,o=isp"), (0, "ou=sub,o=isp")], "2"),
            (&[(0, "uid=1,ou=b,ou=a,o=isp"), (0, "uid=2,ou=c,o=isp")], "1 2"),
        ] {
            let key = |name: &str| DnKey::parse(name.as_bytes()).unwrap();
            let all: Vec<(u16, u64, DnKey)> =
                names.iter().zip(1..).map(|((export, name), line)| (*export, line, key(name))).collect();
            // In one piece, and merged from one piece for each entry.
            let mut whole = Structure::default();
            let mut merged = Structure::default();
            for (export, line, key) in &all {
                whole.add_name(key.as_bytes(), *export, *line);
                let mut piece = Structure::default();
                piece.add_name(key.as_bytes(), *export, *line);
                merged.merge(piece);
            }
            for mut structure in [whole, merged] {
                structure.finish();
                let text = |begin: &Beginning| format!("{}{}", begin.line, if begin.has_several { "+" } else { "" });
                let begins: Vec<String> = structure.beginnings().iter().map(text).collect();
                assert_eq!(begins.join(" "), expected, "{names:?}");
            }
        }
    }

    #[test]
    fn holes_and_repetitions() {
        for (names, holes, repeated) in [
            (&["o=x", "ou=a,o=x", "uid=1,ou=a,o=x"][..], 0, 0),
            // Children may come before their parents.
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

    /// Missing parents are those of each export alone, whatever the others contain.
    #[test]
    fn names_above_the_entries_of_an_export() {
        let exports =
            [&["o=x", "ou=a,o=x", "uid=1,ou=a,o=x"][..], &["uid=2,ou=b,o=x", "uid=3,ou=b,o=x"], &["ou=b,o=x"]];
        let key = |name: &str| DnKey::parse(name.as_bytes()).unwrap();
        let mut structure = Structure::default();
        for (export, names) in (0..).zip(exports) {
            for name in names {
                // One block for each entry.
                let mut block = Structure::default();
                block.add_name(key(name).as_bytes(), export, 1);
                structure.merge(block);
            }
        }
        structure.finish();
        for (export, expected) in [(0, vec![""]), (1, vec!["ou=b,o=x"]), (2, vec!["o=x"])] {
            let expected: Hashes = expected.iter().map(|name| hash(key(name).as_bytes())).collect();
            assert_eq!(structure.missing_parents(export), Some(&expected), "{export}");
        }
        assert!(structure.has_below(hash(key("ou=b,o=x").as_bytes())));
        assert!(!structure.has_below(hash(key("uid=1,ou=a,o=x").as_bytes())));
        assert!(structure.holds_key(key("uid=3,ou=b,o=x").as_bytes()));
    }
}
