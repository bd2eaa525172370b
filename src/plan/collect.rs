//! Pass 2: what names, contains or belongs to the accounts that are deleted or moved, and what stands above all of them.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::directory::census::{Finding, Place};
use crate::directory::references::{DN_KINDS, named_dn};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::dn_key::{KeyBuffer, prefixes};
use crate::ldap::{AttributeDescription, DnKey, Entry, TypeMap};
use crate::policy::Policy;

/// What is done with values of an attribute that name a deleted account. Those that name a moved one are all rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// The value is removed.
    Remove,
    /// A successor takes its place.
    Reassign,
    /// It is reported and left alone.
    Review,
    /// The policy does not list the attribute: the proof will find it.
    Unlisted,
}

/// Looks for everything around the accounts.
pub struct Collect {
    /// How the policy treats each kind of reference.
    kinds: TypeMap<Treatment>,
    /// Accounts that are deleted or moved.
    accounts: HashMap<DnKey, usize>,
    /// How many RDNs their names have.
    depths: BTreeSet<usize>,
    /// Names that are no account but look like one (`cn=<its cn>` beside it).
    pub near_misses: HashMap<DnKey, usize>,
    /// Entries that are needed for what they say: successors, domains, places that accounts move to.
    pub wanted: HashSet<DnKey>,
    /// Known address-book roots.
    pub book_roots: HashMap<DnKey, usize>,
    /// RDN keys of address-book roots whose place is not known.
    pub book_rdns: HashMap<Vec<u8>, Vec<usize>>,
    /// Under which address books stand.
    pub book_suffix: Option<DnKey>,
}

/// One value that names an account.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The account, by index; the value names it or an entry below it.
    pub account: usize,
    /// What is to be done with it if the account is deleted.
    pub treatment: Treatment,
    /// Position of the attribute in the entry, and of the value in the attribute.
    pub at: (usize, usize),
    /// The value does not name the account, only something that looks like it.
    pub near_miss: bool,
}

/// An entry that is kept, and why.
pub struct Kept {
    /// The entry.
    pub entry: Entry,
    /// Its values that name accounts.
    pub references: Vec<Reference>,
    /// The account below which it stands.
    pub below: Option<usize>,
    /// The address-book root at or under which it stands.
    pub in_book: Option<DnKey>,
}

/// What pass 2 keeps.
#[derive(Default)]
pub struct Collected {
    /// Entries around the accounts.
    pub kept: Vec<Kept>,
    /// Values of reference attributes, all of them.
    pub reference_values: u64,
    /// Values of reassigned attributes, all of them.
    pub owner_values: u64,
    /// Address-book roots, all of them.
    pub books: u64,
    /// Values of reference attributes that are no distinguished names.
    pub unreadable_values: Finding,
    keys: KeyBuffer,
}

impl Collected {
    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.kept.extend(other.kept);
        self.reference_values += other.reference_values;
        self.owner_values += other.owner_values;
        self.books += other.books;
        self.unreadable_values.merge(other.unreadable_values);
    }
}

impl Collect {
    /// A pass that looks for nothing yet.
    pub fn new(policy: &Policy) -> Self {
        fn with(list: &[AttributeDescription], treatment: Treatment) -> impl Iterator<Item = (&str, Treatment)> {
            list.iter().map(move |kind| (kind.attribute_type(), treatment))
        }
        let references = &policy.references;
        // What stands first counts.
        let kinds = with(&references.remove, Treatment::Remove)
            .chain(with(&references.reassign, Treatment::Reassign))
            .chain(with(&references.review, Treatment::Review))
            .chain(DN_KINDS.into_iter().map(|kind| (kind, Treatment::Unlisted)))
            .collect();
        Self {
            kinds,
            accounts: HashMap::new(),
            depths: BTreeSet::new(),
            near_misses: HashMap::new(),
            wanted: HashSet::new(),
            book_roots: HashMap::new(),
            book_rdns: HashMap::new(),
            book_suffix: policy.address_books.suffix.as_ref().map(|suffix| suffix.key().clone()),
        }
    }

    /// Makes it look for what is around an account.
    pub fn look_around(&mut self, account: usize, key: &DnKey) {
        self.depths.insert(key.depth());
        self.accounts.insert(key.clone(), account);
    }

    /// The account at or above a name.
    fn account_at_or_above(&self, key: &[u8]) -> Option<usize> {
        if self.depths.is_empty() {
            return None;
        }
        let above = prefixes(key).enumerate().filter(|(index, _)| self.depths.contains(&(index + 1)));
        above.map(|(_, (above, _))| above).find_map(|above| self.accounts.get(above).copied())
    }

    /// Whether values of the entry name accounts; counts them.
    fn names_somebody(&self, entry: &EntryView<'_>, found: &mut Collected) -> bool {
        let mut names = false;
        for line in &entry.record.attributes {
            let Some(treatment) = self.kinds.get(&line.description) else { continue };
            match treatment {
                Treatment::Reassign => found.owner_values += 1,
                Treatment::Remove | Treatment::Review => found.reference_values += 1,
                Treatment::Unlisted => {}
            }
            let value = named_dn(line.description.split(';').next().unwrap_or_default(), line.value.bytes());
            match found.keys.key_of(value) {
                Ok(key) => names |= self.account_at_or_above(key).is_some() || self.near_misses.contains_key(key),
                Err(_) => found.unreadable_values.add(Place {
                    export: entry.export,
                    line: line.line,
                    text: line.value.bytes().to_vec(),
                }),
            }
        }
        names
    }

    fn references(&self, entry: &Entry, keys: &mut KeyBuffer) -> Vec<Reference> {
        let mut references = Vec::new();
        for (attribute_at, attribute) in entry.attributes.iter().enumerate() {
            let name = attribute.description.attribute_type();
            let Some(treatment) = self.kinds.get(name) else { continue };
            for (value_at, value) in attribute.values.iter().enumerate() {
                let Ok(key) = keys.key_of(named_dn(name, &value.bytes)) else { continue };
                let exact = self.account_at_or_above(key).map(|account| (account, false));
                let near = || self.near_misses.get(key).map(|account| (*account, true));
                if let Some((account, near_miss)) = exact.or_else(near) {
                    references.push(Reference { account, treatment, at: (attribute_at, value_at), near_miss });
                }
            }
        }
        references
    }

    /// The address-book root at or above an entry that is one of those looked for.
    fn book_above(&self, key: &[u8]) -> Option<DnKey> {
        if self.book_roots.is_empty() && self.book_rdns.is_empty() {
            return None;
        }
        let suffix = self.book_suffix.as_ref().map_or(0, |suffix| suffix.as_bytes().len());
        prefixes(key).find_map(|(above, rdn)| {
            let known = self.book_roots.get_key_value(above).map(|(root, _)| root.clone());
            let guessed = || {
                let is_root = above.len() > suffix && self.book_rdns.contains_key(rdn) && self.is_in_books(above);
                is_root.then(|| DnKey::from_key_bytes(above))
            };
            known.or_else(guessed)
        })
    }

    fn is_in_books(&self, key: &[u8]) -> bool {
        self.book_suffix.as_ref().is_some_and(|suffix| key.starts_with(suffix.as_bytes()))
    }
}

impl Pass for Collect {
    type Found = Collected;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Collected) -> Result<(), Unreadable> {
        let names_somebody = self.names_somebody(entry, found);
        if self.is_in_books(entry.key) && is_book_root(entry.key) {
            found.books += 1;
        }
        let below = self.account_at_or_above(entry.key);
        let in_book = if below.is_some() { None } else { self.book_above(entry.key) };
        let is_wanted = self.wanted.contains(entry.key) || self.near_misses.contains_key(entry.key);
        if !names_somebody && below.is_none() && in_book.is_none() && !is_wanted {
            return Ok(());
        }
        let entry = entry.to_entry()?;
        let references = if names_somebody { self.references(&entry, &mut found.keys) } else { Vec::new() };
        found.kept.push(Kept { entry, references, below, in_book });
        Ok(())
    }
}

/// Whether the key ends with a `piPStoreOwner` RDN.
fn is_book_root(key: &[u8]) -> bool {
    let rdn = prefixes(key).last().map_or(&[][..], |(_, rdn)| rdn);
    rdn.starts_with(b"pipstoreowner=")
}
