//! What the exports contain: every record that a scan reads is counted, also those that are not entries.

use std::collections::BTreeSet;

use super::operational::Shown;

/// How many places of each kind are kept; the others are only counted.
const NAMED: usize = 20;

/// A place in an export, and the text that was found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the export.
    pub export: u16,
    /// Line, from 1.
    pub line: u64,
    /// The text, as raw bytes.
    pub text: Vec<u8>,
}

/// Things of one kind: how many there are, and where the first ones are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// How many there are.
    pub count: u64,
    /// The places of the first ones.
    pub places: Vec<Place>,
}

impl Finding {
    /// Counts one more, and keeps its place if it is one of the first.
    pub fn add(&mut self, place: Place) {
        self.count += 1;
        if self.places.len() < NAMED {
            self.places.push(place);
        }
    }

    /// Adds what later blocks contain.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        let free = NAMED - self.places.len();
        self.places.extend(other.places.into_iter().take(free));
    }
}

/// The counts of one scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Live entries.
    pub entries: u64,
    /// The exports that contain a live entry, by index.
    pub with_entries: BTreeSet<u16>,
    /// Of the live entries, those written as `changetype: add`, as `ldifde` writes them.
    pub add_records: u64,
    /// Entries that the server keeps of deleted entries: 389 tombstones, deleted objects of Active Directory.
    pub tombstones: u64,
    /// Replication state of 389 DS (RUV), which is not an entry.
    pub replica_states: u64,
    /// Values that 389 DS keeps although they were deleted (`;deleted`).
    pub deleted_values: u64,
    /// Blocks that are not records: `version:`, the end of a search, pages.
    pub other_blocks: u64,
    /// Continuation references: parts of the tree that are on another server.
    pub referrals: Finding,
    /// Searches that ended with a result other than success: the export is incomplete.
    pub cut: Finding,
    /// Files whose last line has no line end. What a tool exported has one; a file written by hand may lack it.
    pub unended: Finding,
    /// Attributes of which the export has only some of the values (`;range=`).
    pub partial_lists: Finding,
    /// Entries that the export shows without values (`ldapsearch -A`, `1.1`).
    pub without_values: Finding,
    /// Entries whose name is not a DN; nothing is planned for them.
    pub unreadable_names: Finding,
    /// Which operational attributes the exports show, of those that the pass names in
    /// [`operational`](super::Pass::operational).
    pub operational: Shown,
}

impl Census {
    /// Adds the counts of later blocks.
    pub fn merge(&mut self, other: Self) {
        self.entries += other.entries;
        self.with_entries.extend(other.with_entries);
        self.add_records += other.add_records;
        self.tombstones += other.tombstones;
        self.replica_states += other.replica_states;
        self.deleted_values += other.deleted_values;
        self.other_blocks += other.other_blocks;
        self.referrals.merge(other.referrals);
        self.cut.merge(other.cut);
        self.unended.merge(other.unended);
        self.partial_lists.merge(other.partial_lists);
        self.without_values.merge(other.without_values);
        self.unreadable_names.merge(other.unreadable_names);
        self.operational.merge(other.operational);
    }
}
