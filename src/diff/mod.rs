//! The changes that turn one export of a directory (BEFORE) into another (AFTER).
//!
//! | in the exports | change |
//! | --- | --- |
//! | a name in AFTER only | add, parents first |
//! | a name in BEFORE only, and its `entryUUID`, `nsUniqueId` or `objectGUID` under a new name in AFTER | modrdn, with everything below it |
//! | a name in both, or moved along with an entry above it, with different values | modify: delete and add the exact values; replace where the server cannot compare them |
//! | a name in BEFORE only | delete, leaves first |
//! | another spelling of a name, another order of values or attributes | none |
//! | another spelling of a value | modify |
//! | an attribute that the server sets, or that is ignored | none |
//! | a name in both with another structural class | delete and add, or a modify that is listed as refused ([`replacement`]) |
//! | a name in both with another identity | modify: where a name is in both exports, the name decides which entries belong together |
//!
//! The exports are read four times, and a fifth time if structural classes change. The first reading keeps 24 bytes for every
//! entry of BEFORE ([`fingerprint_index`]), the second compares AFTER with them, the third and fourth take the entries that
//! differ. So memory depends on what differs; the index takes at most 64 bytes an entry, as its lists double when they grow.
//!
//! An incomplete export is refused: what is missing in it would be deleted.

mod fingerprint;
mod fingerprint_index;
pub mod modifications;
mod rename_plan;
mod replacement;
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
use crate::simulate::gaps::{Gap, first_gap};

use fingerprint::{FingerprintPass, key_hash};
use fingerprint_index::{Comparison, FingerprintIndex};
pub use steps::{Difference, Pair, Step, StepKind};

/// How exports are compared.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server of the directory.
    pub server: Server,
    /// The schema of the directory, as far as it was given.
    pub schema: Arc<Schema>,
    /// Whether attributes that the server sets are compared, too.
    pub with_operational: bool,
    /// Attributes that are not compared. One with options ignores exactly that description; one without ignores the type with
    /// any options.
    pub ignored: Vec<AttributeDescription>,
    /// The seed of all hashes. It must differ in every run, so that two contents with the same hash cannot be prepared.
    pub seed: u64,
}

impl Options {
    /// The server and its schema together.
    pub fn server_schema(&self) -> ServerSchema {
        ServerSchema::new(self.server, Arc::clone(&self.schema))
    }

    /// Whether an attribute is not compared.
    pub fn ignores(&self, description: &AttributeDescription) -> bool {
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
    /// The export that the changes start from.
    Before,
    /// The export that the changes lead to.
    After,
}

/// Why two exports cannot be compared.
#[derive(Debug, Error)]
pub enum DiffError<E> {
    /// An export cannot be read.
    #[error("{error}")]
    Scan {
        /// The export.
        side: Side,
        /// The error.
        error: ScanError<E>,
    },
    /// An entry appears twice in an export.
    #[error("an entry appears twice, on lines {} and {}", .lines[0], .lines[1])]
    Twice {
        /// The export.
        side: Side,
        /// The name of the entry, as spelled the first time.
        dn: Dn,
        /// The first lines of both records, from 1.
        lines: [u64; 2],
    },
    /// An export is incomplete.
    #[error("{what}")]
    Incomplete {
        /// The export.
        side: Side,
        /// What shows that, as a message.
        what: &'static str,
        /// The places that show it.
        finding: Finding,
    },
}

/// One of the two exports, to be read several times.
struct SideReader<'r, E> {
    exports: &'r E,
    urls: UrlPolicy<'r>,
    side: Side,
}

impl<E: Exports> SideReader<'_, E> {
    /// Reads the export once.
    fn scan<P: Pass>(&self, pass: &P, merge: impl FnMut(P::Found)) -> Result<Census, DiffError<E::Error>> {
        scan(self.exports, self.urls, None, pass, merge).map_err(|error| DiffError::Scan { side: self.side, error })
    }

    /// The entries whose names have one of these hashes, which are sorted.
    fn entries(&self, hashes: &[u64], seed: u64) -> Result<Vec<Entry>, DiffError<E::Error>> {
        let mut entries = Vec::new();
        self.scan(&WantedPass { hashes, seed }, |found| entries.extend(found))?;
        Ok(entries)
    }

    /// Refuses an export that shows signs of missing entries or values.
    fn check_complete(&self, census: &Census) -> Result<(), DiffError<E::Error>> {
        let names = Gap { what: "some entries have an invalid DN", finding: &census.unreadable_names };
        match first_gap(census).or((names.finding.count > 0).then_some(names)) {
            None => Ok(()),
            Some(gap) => Err(DiffError::Incomplete { side: self.side, what: gap.what, finding: gap.finding.clone() }),
        }
    }

    /// Refuses an export in which an entry appears twice. Different names may have one of these hashes, too.
    fn check_names(&self, hashes: &[u64], seed: u64) -> Result<(), DiffError<E::Error>> {
        if hashes.is_empty() {
            return Ok(());
        }
        let mut first: BTreeMap<DnKey, (Dn, u64)> = BTreeMap::new();
        for entry in self.entries(hashes, seed)? {
            let line = entry.origin.line;
            if let Some((dn, other)) = first.insert(entry.dn.key().clone(), (entry.dn, line)) {
                return Err(DiffError::Twice { side: self.side, dn, lines: [other, line] });
            }
        }
        Ok(())
    }
}

/// The pass that takes the entries whose names have one of these hashes.
struct WantedPass<'w> {
    /// Sorted.
    hashes: &'w [u64],
    seed: u64,
}

impl Pass for WantedPass<'_> {
    type Found = Vec<Entry>;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Vec<Entry>) -> Result<(), Unreadable> {
        if self.hashes.binary_search(&key_hash(entry.key, self.seed)).is_ok() {
            found.push(entry.to_entry()?);
        }
        Ok(())
    }
}

/// Compares two exports.
pub fn diff<E: Exports>(
    before: &E,
    after: &E,
    urls: UrlPolicy<'_>,
    options: &Options,
) -> Result<Difference, DiffError<E::Error>> {
    let before = SideReader { exports: before, urls, side: Side::Before };
    let after = SideReader { exports: after, urls, side: Side::After };
    let wanted = differing_names(&before, &after, options)?;
    if wanted.is_empty() {
        return Ok(Difference::default());
    }
    let was = by_name(before.entries(&wanted, options.seed)?);
    let now = by_name(after.entries(&wanted, options.seed)?);
    let replaced = replacement::replaced_names(&was, &now, &after, options, &wanted)?;
    Ok(steps::steps(was, now, &replaced, options))
}

/// The hashes of the names of entries that differ, sorted.
fn differing_names<E: Exports>(
    before: &SideReader<'_, E>,
    after: &SideReader<'_, E>,
    options: &Options,
) -> Result<Vec<u64>, DiffError<E::Error>> {
    let pass = FingerprintPass { options };
    let mut index = FingerprintIndex::default();
    let census = before.scan(&pass, |found| index.extend(found.entries))?;
    before.check_complete(&census)?;
    let count_before = census.entries;
    let mut wanted = index.sort();
    before.check_names(&wanted, options.seed)?;

    let mut repeated = Vec::new();
    let mut added = Vec::new();
    let census = after.scan(&pass, |found| {
        for entry in found.entries {
            match index.compare(entry) {
                Comparison::Same => {}
                Comparison::Different => wanted.push(entry.key),
                Comparison::Absent => added.push(entry.key),
                Comparison::Repeated => repeated.push(entry.key),
            }
        }
    })?;
    after.check_complete(&census)?;
    // An export that failed may be empty. The changes would delete every entry.
    if census.entries == 0 && count_before > 0 {
        let finding = Finding::default();
        return Err(DiffError::Incomplete { side: Side::After, what: "it has no entries", finding });
    }
    added.sort_unstable();
    repeated.extend(added.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]));
    repeated.sort_unstable();
    after.check_names(&repeated, options.seed)?;

    wanted.extend(added.into_iter().chain(repeated).chain(index.not_compared()));
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

fn by_name(entries: Vec<Entry>) -> BTreeMap<DnKey, Entry> {
    entries.into_iter().map(|entry| (entry.dn.key().clone(), entry)).collect()
}
