//! Attribute types that millions of descriptions are compared with.

use super::attribute_types;

/// Something for each of some attribute types, found by any of their names.
///
/// Answers as [`same_type`](super::attribute::same_type) does, without looking into the table of types each time: most
/// names of an export are told apart from all of the map by their length and their first letter alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeMap<T> {
    /// For each length and first letter: the last name of that kind, counted from 1; 0 if there is none.
    heads: Box<[u32]>,
    names: Vec<Name<T>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name<T> {
    spelling: Box<[u8]>,
    value: T,
    /// The next of the same length and first letter, counted from 1.
    next: u32,
}

/// Lengths and letters that heads tell apart; a power of two each.
const LENGTHS: usize = 32;
const LETTERS: usize = 32;

/// Which head is for a name. The five low bits of a letter are the same for both cases.
fn head(name: &[u8]) -> Option<usize> {
    name.first().map(|first| (name.len() % LENGTHS) * LETTERS + usize::from(*first) % LETTERS)
}

impl<T> Default for TypeMap<T> {
    fn default() -> Self {
        Self { heads: vec![0; LENGTHS * LETTERS].into(), names: Vec::new() }
    }
}

impl<T: Copy> TypeMap<T> {
    /// Adds a type under all its names; the first that is added counts.
    pub fn insert(&mut self, attribute_type: &str, value: T) {
        let known = attribute_types::find(attribute_type);
        let aliases = known.into_iter().flat_map(|known| known.names.iter().copied().chain([known.oid]));
        std::iter::once(attribute_type).chain(aliases).for_each(|name| self.insert_name(name, value));
    }

    /// Adds one name; the first value that is added for it counts.
    pub(crate) fn insert_name(&mut self, name: &str, value: T) {
        let Some(head) = head(name.as_bytes()).filter(|_| self.get(name).is_none()) else { return };
        let next = self.heads[head];
        // Four billion names do not fit into memory before they do not fit here.
        let Ok(last) = u32::try_from(self.names.len() + 1) else { return };
        self.names.push(Name { spelling: name.as_bytes().into(), value, next });
        self.heads[head] = last;
    }

    /// What stands for the type of a description, whatever its options.
    pub fn get(&self, description: &str) -> Option<T> {
        let end = memchr::memchr(b';', description.as_bytes()).unwrap_or(description.len());
        self.get_type(&description.as_bytes()[..end])
    }

    /// What stands for a type, by a name or OID without options.
    pub(crate) fn get_type(&self, name: &[u8]) -> Option<T> {
        let mut next = self.heads[head(name)?];
        while let Some(known) = (next as usize).checked_sub(1).and_then(|at| self.names.get(at)) {
            if known.spelling.eq_ignore_ascii_case(name) {
                return Some(known.value);
            }
            next = known.next;
        }
        // A type by its OID may have `OID.` in front: rare enough to look again.
        let bare = name.split_at_checked(4).filter(|(prefix, _)| prefix.eq_ignore_ascii_case(b"OID."));
        bare.and_then(|(_, oid)| self.get_type(oid))
    }
}

impl<T: Copy, N: AsRef<str>> FromIterator<(N, T)> for TypeMap<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(types: I) -> Self {
        let mut map = Self::default();
        for (name, value) in types {
            map.insert(name.as_ref(), value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_any_name() {
        let map: TypeMap<u8> = [("uid", 1), ("owner", 2), ("x-own", 3), ("userid", 9)].into_iter().collect();
        for (description, expected) in [
            ("uid", Some(1)),
            ("UserID", Some(1)),
            ("0.9.2342.19200300.100.1.1", Some(1)),
            ("OID.2.5.4.32", Some(2)),
            ("OWNER;lang-de", Some(2)),
            ("X-Own", Some(3)),
            ("cn", None),
            ("", None),
            ("a-name-longer-than-any-in-the-map", None),
        ] {
            assert_eq!(map.get(description), expected, "{description}");
        }
    }
}
