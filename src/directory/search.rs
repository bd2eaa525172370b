//! The entries that a search asks for (RFC 4511, 4.5.1): by base, scope and filter.
//!
//! What is made of an entry is handed on block by block in the order of the exports, so memory holds a few blocks and
//! never the export.

use std::sync::atomic::{AtomicBool, Ordering};

use super::scan::{EntryView, Pass, Unreadable};
use crate::ldap::DnKey;
use crate::ldap::filter::{Filter, Truth};
use crate::ldif::{AttributeSelection, LdifErrorKind};

/// Which entries are looked at, seen from the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The base itself.
    Base,
    /// What is one level below it.
    One,
    /// It and all that is below it.
    Sub,
}

/// What is asked for.
#[derive(Debug)]
pub struct Search {
    /// Where; the root if nothing is said.
    pub base: DnKey,
    /// How deep.
    pub scope: Scope,
    /// What.
    pub filter: Filter,
}

impl Search {
    /// Whether an entry is one of them.
    pub fn finds(&self, entry: &EntryView<'_>) -> bool {
        self.covers(entry.key) && self.filter.evaluate(entry) == Truth::True
    }

    /// The attributes that the filter compares.
    pub fn interest(&self) -> AttributeSelection {
        let mut interest = AttributeSelection::default();
        self.filter.for_each_type(&mut |name| interest.insert(name, ()));
        interest
    }

    /// Whether the scope holds the entry with this key.
    fn covers(&self, key: &[u8]) -> bool {
        // Every RDN of a key has an end mark, so a prefix is a name above.
        let Some(below) = key.strip_prefix(self.base.as_bytes()) else { return false };
        match self.scope {
            Scope::Base => below.is_empty(),
            Scope::One => crate::ldap::dn_key::prefixes(below).count() == 1,
            Scope::Sub => true,
        }
    }
}

/// What was made of the entries of a block.
#[derive(Debug, Default)]
pub struct Found {
    /// How many were found.
    pub entries: u64,
    /// Values that were masked.
    pub masked: u64,
    /// What is to be written.
    pub text: Vec<u8>,
}

/// The pass that finds them and writes each with `write`.
pub struct SearchPass<'s, W> {
    /// What is asked for.
    pub search: &'s Search,
    /// Appends an entry.
    pub write: W,
    /// Nobody reads what is written: the rest need not be read.
    pub ended: &'s AtomicBool,
    /// What the filter compares: [`Search::interest`].
    pub interest: AttributeSelection,
}

impl<W: Fn(&EntryView<'_>, &mut Found) + Sync> Pass for SearchPass<'_, W> {
    type Found = Found;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Found) -> Result<(), Unreadable> {
        if self.ended.load(Ordering::Relaxed) {
            // The one way to end a scan; who set `ended` knows that nothing is wrong with the line.
            return Err(Unreadable { line: entry.record.line, kind: LdifErrorKind::EmptyDn });
        }
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
