//! What the exports hold, and what of it is not an entry: nothing that was read goes uncounted.

use std::collections::BTreeSet;

use super::operational::Shown;

/// How many places of each kind are named; the rest is counted.
const NAMED: usize = 20;

/// Where something was found, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the export.
    pub export: u16,
    /// Line, from 1.
    pub line: u64,
    /// What is there, raw.
    pub text: Vec<u8>,
}

/// Things of one kind: all counted, the first ones named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// How many there are.
    pub count: u64,
    /// Where the first ones stand.
    pub places: Vec<Place>,
}

impl Finding {
    /// Counts one more.
    pub fn add(&mut self, place: Place) {
        self.count += 1;
        if self.places.len() < NAMED {
            self.places.push(place);
        }
    }

    /// Adds what stands behind.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        let free = NAMED - self.places.len();
        self.places.extend(other.places.into_iter().take(free));
    }
}

/// Counts of one scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Live entries.
    pub entries: u64,
    /// The exports that hold one, by index.
    pub with_entries: BTreeSet<u16>,
    /// Of those, written as `changetype: add` (what `ldifde` does).
    pub add_records: u64,
    /// Entries of deleted things: 389 tombstones, AD deleted objects.
    pub tombstones: u64,
    /// 389 replication state that is not an entry (RUV).
    pub replica_states: u64,
    /// Values that 389 keeps as deleted (`;deleted`), so absent.
    pub deleted_values: u64,
    /// Blocks around entries: `version:`, the end of a search, pages.
    pub other_blocks: u64,
    /// Continuation references: a part of the tree that stands on another server.
    pub referrals: Finding,
    /// Searches that ended with a result other than success: the export is cut.
    pub cut: Finding,
    /// Lists of which the export holds a part only (`;range=`).
    pub partial_lists: Finding,
    /// Entries of which the export holds no values (`ldapsearch -A`, `1.1`).
    pub without_values: Finding,
    /// Entries whose name is not a distinguished name; nothing is planned for them.
    pub unreadable_names: Finding,
    /// Operational attributes that the exports show, of those that the pass [asks for](super::Pass::operational).
    pub operational: Shown,
}

impl Census {
    /// Adds the counts of what stands behind.
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
        self.partial_lists.merge(other.partial_lists);
        self.without_values.merge(other.without_values);
        self.unreadable_names.merge(other.unreadable_names);
        self.operational.merge(other.operational);
    }
}
