//! Attribute types that millions of descriptions are held against.

use super::attribute_types;

/// Something for each of some attribute types, found by any of their names.
///
/// Answers as [`same_type`](super::attribute::same_type) does, without looking into the table of types each time:
/// names of another length are told apart by that alone, and most lines of an export are.
#[derive(Clone, Debug)]
pub struct TypeMap<T> {
    /// Names and what stands for them, by length.
    by_length: Vec<Vec<(Box<str>, T)>>,
}

impl<T> Default for TypeMap<T> {
    fn default() -> Self {
        Self { by_length: Vec::new() }
    }
}

impl<T: Copy> TypeMap<T> {
    /// Adds a type under all its names; the first that is added counts.
    pub fn insert(&mut self, attribute_type: &str, value: T) {
        let known = attribute_types::find(attribute_type);
        let aliases = known.into_iter().flat_map(|known| known.names.iter().copied().chain([known.oid]));
        for name in std::iter::once(attribute_type).chain(aliases).filter(|name| !name.is_empty()) {
            if self.get(name).is_none() {
                self.by_length.resize_with(self.by_length.len().max(name.len() + 1), Vec::new);
                self.by_length[name.len()].push((name.into(), value));
            }
        }
    }

    /// What stands for the type of a description, whatever its options.
    pub fn get(&self, description: &str) -> Option<T> {
        let base = description.split_once(';').map_or(description, |(base, _)| base);
        let alike = self.by_length.get(base.len())?;
        let found = alike.iter().find(|(name, _)| name.eq_ignore_ascii_case(base));
        // A type by its OID may have `OID.` in front: rare enough to look again.
        let bare = || base.split_at_checked(4).filter(|(prefix, _)| prefix.eq_ignore_ascii_case("OID."));
        found.map(|(_, value)| *value).or_else(|| bare().and_then(|(_, oid)| self.get(oid)))
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
