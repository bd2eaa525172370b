//! The names of personal address books, below the suffix of all of them: the key `[address_books] root`.
//!
//! ```text
//! root = rdn *( "," rdn )
//! rdn  = attribute-type "=" ( "{{ uid }}" / "{{ domain }}" / value )
//! ```
//!
//! The first RDN has the user name. Communications Express uses `piPStoreOwner={{ uid }},o={{ domain }}` (Schema Reference
//! 819-4437, ch. 7). Messenger Express had trees such as `ou={{ uid }},ou=people,o={{ domain }}` below `o=pab`; they are not
//! documented, so a policy must name them.
//!
//! An RDN of the type `piPStoreOwner` is always that of an address book, at any depth below the suffix. With any other
//! pattern, an entry is an address book only if its whole name below the suffix matches.

use crate::ldap::dn::escape_rdn_value;
use crate::ldap::dn_key::prefixes;
use crate::ldap::{AttributeDescription, Dn, DnKey};

/// The pattern of the names of address books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRoot {
    /// Attribute types and values of the RDNs, from the address book upwards.
    rdns: Vec<(String, RdnValue)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RdnValue {
    Uid,
    Domain,
    Text(String),
}

/// Why text is not such a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookRootError {
    /// An RDN without `=`, without a value, or with an invalid attribute type.
    #[error("`{0}` is not an RDN: expected `type=value`, `type={{{{ uid }}}}` or `type={{{{ domain }}}}`")]
    Rdn(String),
    /// `{{ uid }}` is not in the first RDN, or in another one, too.
    #[error("`{{{{ uid }}}}` must be the value of the first RDN, and of no other")]
    Uid,
}

impl Default for BookRoot {
    fn default() -> Self {
        let rdns = [("piPStoreOwner", RdnValue::Uid), ("o", RdnValue::Domain)];
        Self { rdns: rdns.map(|(name, part)| (name.to_owned(), part)).to_vec() }
    }
}

impl BookRoot {
    /// Parses a pattern.
    pub fn parse(text: &str) -> Result<Self, BookRootError> {
        let rdn = |text: &str| {
            let wrong = || BookRootError::Rdn(text.trim().to_owned());
            let (name, value) = text.split_once('=').ok_or_else(wrong)?;
            let name = AttributeDescription::parse(name.trim().as_bytes()).map_err(|_| wrong())?;
            let part = match value.replace(' ', "").as_str() {
                "{{uid}}" => RdnValue::Uid,
                "{{domain}}" => RdnValue::Domain,
                "" => return Err(wrong()),
                other if other.contains("{{") => return Err(wrong()),
                _ => RdnValue::Text(value.trim().to_owned()),
            };
            Ok((name.attribute_type().to_owned(), part))
        };
        let rdns = text.split(',').map(rdn).collect::<Result<Vec<_>, _>>()?;
        let people = rdns.iter().enumerate().filter(|(_, (_, part))| *part == RdnValue::Uid);
        if people.map(|(at, _)| at).eq([0]) { Ok(Self { rdns }) } else { Err(BookRootError::Uid) }
    }

    /// The RDN of the address book of a user name.
    pub fn rdn(&self, uid: &[u8]) -> Vec<u8> {
        [self.rdns[0].0.as_bytes(), b"=", &escape_rdn_value(uid)].concat()
    }

    /// The name of the address book of a user name; `None` if the pattern has a domain and `domain` is `None`.
    pub fn name(&self, uid: &[u8], domain: Option<&[u8]>, suffix: &Dn) -> Option<Dn> {
        let mut name = Vec::new();
        for (attribute, part) in &self.rdns {
            let value = match part {
                RdnValue::Uid => uid,
                RdnValue::Domain => domain?,
                RdnValue::Text(text) => text.as_bytes(),
            };
            name.extend([attribute.as_bytes(), b"=", &escape_rdn_value(value), b","].concat());
        }
        name.extend_from_slice(suffix.raw_bytes());
        Dn::parse(&name).ok()
    }

    /// Whether an RDN of the first type alone identifies an address book.
    pub fn is_unambiguous(&self) -> bool {
        self.rdns[0].0.eq_ignore_ascii_case("piPStoreOwner")
    }

    /// Whether the entry with this key is an address book.
    pub fn is_book(&self, key: &[u8], suffix: &DnKey) -> bool {
        let below = key.len() > suffix.as_bytes().len() && key.starts_with(suffix.as_bytes());
        if !below {
            return false;
        }
        let rdns: Vec<&[u8]> = prefixes(key).map(|(_, rdn)| rdn).skip(suffix.depth()).collect();
        let is_leaf = |rdn: &&[u8]| rdn.starts_with(&self.beginning(0));
        if self.is_unambiguous() {
            return rdns.last().is_some_and(is_leaf);
        }
        rdns.len() == self.rdns.len()
            && rdns.iter().rev().enumerate().all(|(at, rdn)| match &self.rdns[at].1 {
                RdnValue::Uid | RdnValue::Domain => rdn.starts_with(&self.beginning(at)),
                RdnValue::Text(text) => *rdn == self.rdn_key(at, text.as_bytes()),
            })
    }

    /// The user name and the domain in the key of an address book, in normalized form.
    pub fn owner<'k>(&self, key: &'k [u8]) -> (&'k [u8], Option<&'k [u8]>) {
        let rdns: Vec<&[u8]> = prefixes(key).map(|(_, rdn)| rdn).collect();
        let value = |at: usize| {
            let rdn = rdns.len().checked_sub(at + 1).and_then(|at| rdns.get(at))?;
            rdn.starts_with(&self.beginning(at)).then(|| &rdn[self.beginning(at).len()..])
        };
        let domain = self.rdns.iter().position(|(_, part)| *part == RdnValue::Domain);
        (value(0).unwrap_or_default(), domain.and_then(value))
    }

    /// A user name in the normalized form that [`owner`](Self::owner) returns.
    pub fn uid_key(&self, uid: &[u8]) -> Vec<u8> {
        self.value_key(0, uid)
    }

    /// A domain in the normalized form that [`owner`](Self::owner) returns; `None` if the pattern has no domain.
    pub fn domain_key(&self, domain: &[u8]) -> Option<Vec<u8>> {
        let at = self.rdns.iter().position(|(_, part)| *part == RdnValue::Domain)?;
        Some(self.value_key(at, domain))
    }

    fn value_key(&self, at: usize, value: &[u8]) -> Vec<u8> {
        // Nearly all values are in normal form already, for every matching rule.
        let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'.';
        if !value.is_empty() && value.iter().all(is_plain) {
            return value.to_vec();
        }
        let mut key = self.rdn_key(at, value);
        key.drain(..self.beginning(at).len().min(key.len()));
        key
    }

    /// The beginning of the key of an RDN: its type and `=`.
    fn beginning(&self, at: usize) -> Vec<u8> {
        let mut key = self.rdn_key(at, b"x");
        key.truncate(memchr::memchr(b'=', &key).map_or(0, |at| at + 1));
        key
    }

    fn rdn_key(&self, at: usize, value: &[u8]) -> Vec<u8> {
        let rdn = [self.rdns[at].0.as_bytes(), b"=", &escape_rdn_value(value)].concat();
        DnKey::parse(&rdn).map(|key| key.rdn_bytes().to_vec()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_address_books() {
        let pab = "ou={{ uid }},ou=people,o={{domain}}";
        for (root, suffix, dn, expected) in [
            (
                "piPStoreOwner={{ uid }},o={{ domain }}",
                "o=PiServerDb",
                "piPStoreOwner=a,o=sesta.com,o=PiServerDb",
                true,
            ),
            ("piPStoreOwner={{ uid }},o={{ domain }}", "o=PiServerDb", "PIPSTOREOWNER=A, O=PiServerDb", true),
            ("piPStoreOwner={{ uid }},o={{ domain }}", "o=PiServerDb", "o=sesta.com,o=PiServerDb", false),
            ("piPStoreOwner={{ uid }},o={{ domain }}", "o=PiServerDb", "o=PiServerDb", false),
            ("piPStoreOwner={{ uid }},o={{ domain }}", "o=PiServerDb", "piPStoreOwner=a,o=isp", false),
            ("piPStoreOwner={{ uid }},o={{ domain }}", "o=PiServerDb", "", false),
            (pab, "o=pab", "ou=a,ou=People,o=sesta.com,o=pab", true),
            (pab, "o=pab", "ou=people,o=sesta.com,o=pab", false),
            (pab, "o=pab", "ou=a,ou=groups,o=sesta.com,o=pab", false),
            (pab, "o=pab", "un=1,ou=a,ou=people,o=sesta.com,o=pab", false),
        ] {
            let root = BookRoot::parse(root).unwrap();
            let suffix = DnKey::parse(suffix.as_bytes()).unwrap();
            let key = DnKey::parse(dn.as_bytes()).unwrap();
            assert_eq!(root.is_book(key.as_bytes(), &suffix), expected, "{dn}");
        }
    }

    #[test]
    fn names_and_owners() {
        let root = BookRoot::parse("ou={{ uid }},ou=people,o={{ domain }}").unwrap();
        let suffix = Dn::parse(b"o=pab").unwrap();
        let name = root.name(b"J,Smith", Some(b"sesta.com"), &suffix).unwrap();
        assert_eq!(name.raw_bytes(), br"ou=J\,Smith,ou=people,o=sesta.com,o=pab");
        assert_eq!(root.owner(name.key().as_bytes()), (&b"j,smith"[..], Some(&b"sesta.com"[..])));
        assert_eq!(root.name(b"a", None, &suffix), None);
    }

    #[test]
    fn invalid_patterns() {
        for text in
            ["", "x", "ou=people", "ou=people,un={{ uid }}", "ou={{ uid }},un={{ uid }}", "ou={{ user }}", "ou="]
        {
            assert!(BookRoot::parse(text).is_err(), "{text}");
        }
    }
}
