//! A map by attribute type, for looking up millions of attribute descriptions.

use super::attribute::base_type;
use super::attribute_types;

/// A map from attribute types to values. A type is found by any of its names.
///
/// Names are compared as by [`same_type`](super::attribute::same_type), but without looking up the type each time: for most
/// attributes of an export, the length and the first letter of the name show that the map does not contain the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeMap<T> {
    /// For each length and first letter, the index of the last such name in `names`, counted from 1; 0 if there is none.
    heads: Box<[u32]>,
    names: Vec<MappedName<T>>,
}

/// A name of a type, with the value of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MappedName<T> {
    spelling: Box<[u8]>,
    value: T,
    /// The index of the next name of the same length and first letter, counted from 1.
    next: u32,
}

/// The number of lengths and of letters that are distinguished; each a power of two.
const LENGTHS: usize = 32;
const LETTERS: usize = 32;

/// The index of the head for a name. The five low bits of a letter are the same in upper and lower case.
fn head(name: &[u8]) -> Option<usize> {
    name.first().map(|first| (name.len() % LENGTHS) * LETTERS + usize::from(*first) % LETTERS)
}

impl<T> Default for TypeMap<T> {
    fn default() -> Self {
        Self { heads: vec![0; LENGTHS * LETTERS].into(), names: Vec::new() }
    }
}

impl<T: Copy> TypeMap<T> {
    /// Adds a type under all its names. Names that are already in the map keep their value.
    pub fn insert(&mut self, attribute_type: &str, value: T) {
        let known = attribute_types::find(attribute_type);
        let aliases = known.into_iter().flat_map(|known| known.names.iter().copied().chain([known.oid]));
        std::iter::once(attribute_type).chain(aliases).for_each(|name| self.insert_name(name, value));
    }

    /// Adds a single name. A name that is already in the map keeps its value.
    pub(crate) fn insert_name(&mut self, name: &str, value: T) {
        let Some(head) = head(name.as_bytes()).filter(|_| self.get(name).is_none()) else { return };
        let next = self.heads[head];
        // Fails after four billion names, which do not fit into memory.
        let Ok(last) = u32::try_from(self.names.len() + 1) else { return };
        self.names.push(MappedName { spelling: name.as_bytes().into(), value, next });
        self.heads[head] = last;
    }

    /// The value for the type of a description; options are ignored.
    pub fn get(&self, description: &str) -> Option<T> {
        self.get_type(base_type(description).as_bytes())
    }

    /// The value for a type, by a name or OID without options.
    pub(crate) fn get_type(&self, name: &[u8]) -> Option<T> {
        let mut next = self.heads[head(name)?];
        while let Some(known) = (next as usize).checked_sub(1).and_then(|at| self.names.get(at)) {
            if known.spelling.eq_ignore_ascii_case(name) {
                return Some(known.value);
            }
            next = known.next;
        }
        // An OID may have the prefix `OID.`, which is so rare that a second lookup does no harm.
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
    fn finds_by_any_name() {
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
