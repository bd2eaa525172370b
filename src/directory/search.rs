//! The entries that a search finds (RFC 4511, 4.5.1): by base, scope and filter.
//!
//! The entries that are found are written block by block, in the order of the exports, so memory holds a few blocks and
//! never a whole export.

use super::scan::{EntryView, Pass, Unreadable};
use crate::ldap::DnKey;
use crate::ldap::filter::{Filter, Truth};
use crate::ldif::AttributeSelection;

/// Which entries a search covers, relative to its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The base entry only.
    Base,
    /// The entries one level below the base.
    One,
    /// The base entry, and all entries below it.
    Sub,
}

/// A search request.
#[derive(Debug)]
pub struct Search {
    /// The base; the root covers all entries.
    pub base: DnKey,
    /// The scope.
    pub scope: Scope,
    /// The filter, bound to a schema.
    pub filter: Filter,
}

impl Search {
    /// Whether the search finds an entry.
    pub fn finds(&self, entry: &EntryView<'_>) -> bool {
        self.covers(entry.key) && self.filter.evaluate(entry) == Truth::True
    }

    /// The attributes that the filter looks at.
    pub fn interest(&self) -> AttributeSelection {
        let mut interest = AttributeSelection::default();
        self.filter.for_each_type(&mut |name| interest.insert(name, ()));
        interest
    }

    /// Whether base and scope cover the entry with this key.
    fn covers(&self, key: &[u8]) -> bool {
        // Every RDN of a key ends with a separator, so a prefix of a key is the key of an entry above.
        let Some(below) = key.strip_prefix(self.base.as_bytes()) else { return false };
        match self.scope {
            Scope::Base => below.is_empty(),
            Scope::One => crate::ldap::dn_key::prefixes(below).count() == 1,
            Scope::Sub => true,
        }
    }
}

/// The entries of a block that a search found, as text.
#[derive(Debug, Default)]
pub struct FoundEntries {
    /// How many entries were found.
    pub entries: u64,
    /// How many values were masked.
    pub masked: u64,
    /// The text of the entries.
    pub text: Vec<u8>,
}

/// The pass of a search; `write` appends each entry that is found.
pub struct SearchPass<'s, W> {
    /// The search.
    pub search: &'s Search,
    /// Appends the text of an entry.
    pub write: W,
    /// The attributes that the filter looks at: [`Search::interest`].
    pub interest: AttributeSelection,
}

impl<W: Fn(&EntryView<'_>, &mut FoundEntries) + Sync> Pass for SearchPass<'_, W> {
    type Found = FoundEntries;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut FoundEntries) -> Result<(), Unreadable> {
        if self.search.finds(entry) {
            found.entries += 1;
            (self.write)(entry, found);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        #[rustfmt::skip]
        let table = [
            // base,  entry,           base,  one,   sub
            ("o=x",   "o=x",           true,  false, true),
            ("O=X",   "ou=a, o=x",     false, true,  true),
            ("o=x",   "cn=b,ou=a,o=x", false, false, true),
            ("o=x",   "o=xy",          false, false, false),
            ("o=x",   "o=y",           false, false, false),
            ("ou=a,o=x", "o=x",        false, false, false),
            ("",      "o=x",           false, true,  true),
            ("",      "ou=a,o=x",      false, false, true),
        ];
        for (base, entry, is_base, one, sub) in table {
            let key = DnKey::parse(entry.as_bytes()).unwrap();
            for (scope, expected) in [(Scope::Base, is_base), (Scope::One, one), (Scope::Sub, sub)] {
                let base = DnKey::parse(base.as_bytes()).unwrap();
                let search = Search { base: base.clone(), scope, filter: Filter::parse("(&)").unwrap() };
                assert_eq!(search.covers(key.as_bytes()), expected, "{base:?} {scope:?} {entry}");
            }
        }
    }
}
