//! The changes that turn one export of a directory into another.
//!
//! | in the exports | change |
//! | --- | --- |
//! | a name in AFTER only | add, parents first |
//! | a name in BEFORE only, and its `entryUUID`, `nsUniqueId` or `objectGUID` under a new name in AFTER | modrdn; what stands below goes along |
//! | a name in both, or carried along, with other values | modify: the exact values that go and come; replace where values cannot be compared |
//! | a name in BEFORE only | delete, leaves first |
//! | another spelling of a name, another order of values or attributes | none |
//! | another spelling of a value | modify |
//! | an attribute that the server sets, or that is to be ignored | none |
//! | a name in both with another structural class | delete and add, or a modify that is named ([`kind`]) |
//! | a name in both with another identity | modify: a name says which entry it is, where it can |
//!
//! Four readings. The first keeps 24 bytes of every entry of BEFORE ([`index`]), the second holds AFTER against them, the
//! third and fourth take the entries that differ; a fifth is for structural classes. So memory depends on what differs, and little on what is read: at most
//! 64 bytes an entry, as lists grow by doubling.
//!
//! An export of which a part is missing would have the rest deleted: it is refused.

mod content;
mod index;
mod kind;
pub mod modifications;
mod names;
mod steps;
pub mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::directory::census::Finding;
use crate::directory::scan::{Exports, ScanError, Unreadable};
use crate::directory::{Census, EntryView, Pass, scan};
use crate::ldap::schema::Schema;
use crate::ldap::{AttributeDescription, Dn, DnKey, Entry};
use crate::ldif::UrlPolicy;
use crate::policy::{Server, ServerSchema};

use content::{Contents, key_hash};
use index::Index;
pub use steps::{Difference, Pair, Step, StepKind};

/// What counts as a difference.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose rules and attributes they are.
    pub server: Server,
    /// What is described of its schema.
    pub schema: Arc<Schema>,
    /// Compare what the server sets by itself, too.
    pub with_operational: bool,
    /// Attributes that are not compared: with options only so, without options with any.
    pub ignored: Vec<AttributeDescription>,
    /// Any number; another one each run, so that nobody can prepare two contents that look the same.
    pub seed: u64,
}

impl Options {
    /// The schema of the directory.
    pub fn server_schema(&self) -> ServerSchema {
        ServerSchema::new(self.server, Arc::clone(&self.schema))
    }

    /// Whether an attribute is not compared.
    pub fn leaves_out(&self, description: &AttributeDescription) -> bool {
        let ignored = |ignored: &AttributeDescription| {
            if ignored.has_options() { ignored == description } else { description.is_type(ignored.attribute_type()) }
        };
        !self.with_operational && self.server_schema().sets(description.attribute_type())
            || self.ignored.iter().any(ignored)
    }
}

/// One of the two exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the directory was.
    Before,
    /// What it is to be.
    After,
}

/// Why two exports are not compared.
#[derive(Debug, Error)]
pub enum DiffError<E> {
    /// One cannot be read.
    #[error("{error}")]
    Scan {
        /// Which.
        side: Side,
        /// What was wrong.
        error: ScanError<E>,
    },
    /// A name is in one twice.
    #[error("an entry is there twice, on lines {} and {}", .lines[0], .lines[1])]
    Twice {
        /// Which.
        side: Side,
        /// The name as first spelled.
        dn: Dn,
        /// Where.
        lines: [u64; 2],
    },
    /// A part of one is missing.
    #[error("{what}")]
    Incomplete {
        /// Which.
        side: Side,
        /// What is missing.
        what: &'static str,
        /// Where that shows.
        finding: Finding,
    },
}

/// Compares two exports.
pub fn diff<E: Exports>(
    before: &E,
    after: &E,
    urls: UrlPolicy<'_>,
    options: &Options,
) -> Result<Difference, DiffError<E::Error>> {
    let wanted = differing(before, after, urls, options)?;
    if wanted.is_empty() {
        return Ok(Difference::default());
    }
    let seed = options.seed;
    let was = by_name(entries(before, Side::Before, urls, seed, &wanted)?);
    let now = by_name(entries(after, Side::After, urls, seed, &wanted)?);
    let replaced = kind::replaced(&was, &now, (after, urls), options, &wanted)?;
    Ok(steps::steps(was, now, &replaced, options))
}

/// The hashes of the names of entries that differ, sorted.
fn differing<E: Exports>(
    before: &E,
    after: &E,
    urls: UrlPolicy<'_>,
    options: &Options,
) -> Result<Vec<u64>, DiffError<E::Error>> {
    let contents = Contents { options };
    let mut index = Index::default();
    let census = scan(before, urls, None, &contents, |found| index.extend(found.entries))
        .map_err(|error| DiffError::Scan { side: Side::Before, error })?;
    check_whole(Side::Before, &census)?;
    let whole = census.entries;
    let mut wanted = index.sort();
    check_names(before, Side::Before, urls, options.seed, &wanted)?;

    let mut repeated = Vec::new();
    let mut added = Vec::new();
    let census = scan(after, urls, None, &contents, |found| {
        for entry in found.entries {
            match index.compare(entry) {
                index::Seen::Same => {}
                index::Seen::Different => wanted.push(entry.key),
                index::Seen::Absent => added.push(entry.key),
                index::Seen::Again => repeated.push(entry.key),
            }
        }
    })
    .map_err(|error| DiffError::Scan { side: Side::After, error })?;
    check_whole(Side::After, &census)?;
    // An export that failed is empty, too: everything would be deleted.
    if census.entries == 0 && whole > 0 {
        let finding = Finding::default();
        return Err(DiffError::Incomplete { side: Side::After, what: "it holds no entries", finding });
    }
    added.sort_unstable();
    repeated.extend(added.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]));
    repeated.sort_unstable();
    check_names(after, Side::After, urls, options.seed, &repeated)?;

    wanted.extend(added.into_iter().chain(repeated).chain(index.unseen()));
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

fn check_whole<E>(side: Side, census: &Census) -> Result<(), DiffError<E>> {
    let lacks = [
        (&census.cut, "a search ended before it had given every entry"),
        (&census.partial_lists, "lists of which the export holds a part only"),
        (&census.without_values, "entries without their values"),
        (&census.unreadable_names, "entries whose name is not a distinguished name"),
    ];
    match lacks.into_iter().find(|(finding, _)| finding.count > 0) {
        None => Ok(()),
        Some((finding, what)) => Err(DiffError::Incomplete { side, what, finding: finding.clone() }),
    }
}

/// Tells names that are there twice from names that only hash alike.
fn check_names<E: Exports>(
    exports: &E,
    side: Side,
    urls: UrlPolicy<'_>,
    seed: u64,
    hashes: &[u64],
) -> Result<(), DiffError<E::Error>> {
    if hashes.is_empty() {
        return Ok(());
    }
    let mut first: BTreeMap<DnKey, (Dn, u64)> = BTreeMap::new();
    for entry in entries(exports, side, urls, seed, hashes)? {
        let line = entry.origin.line;
        if let Some((dn, other)) = first.insert(entry.dn.key().clone(), (entry.dn, line)) {
            return Err(DiffError::Twice { side, dn, lines: [other, line] });
        }
    }
    Ok(())
}

/// Takes the entries whose names have these hashes, which are sorted.
struct Wanted<'w> {
    hashes: &'w [u64],
    seed: u64,
}

impl Pass for Wanted<'_> {
    type Found = Vec<Entry>;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Vec<Entry>) -> Result<(), Unreadable> {
        if self.hashes.binary_search(&key_hash(entry.key, self.seed)).is_ok() {
            found.push(entry.to_entry()?);
        }
        Ok(())
    }
}

fn entries<E: Exports>(
    exports: &E,
    side: Side,
    urls: UrlPolicy<'_>,
    seed: u64,
    hashes: &[u64],
) -> Result<Vec<Entry>, DiffError<E::Error>> {
    let mut entries = Vec::new();
    scan(exports, urls, None, &Wanted { hashes, seed }, |found| entries.extend(found))
        .map_err(|error| DiffError::Scan { side, error })?;
    Ok(entries)
}

fn by_name(entries: Vec<Entry>) -> BTreeMap<DnKey, Entry> {
    entries.into_iter().map(|entry| (entry.dn.key().clone(), entry)).collect()
}
