//! The fingerprints of all entries of an export, 24 bytes each, by the hashes of their names.

/// An entry as two hashes.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    /// The hash of its name.
    pub key: u64,
    /// The hash of its content.
    pub content: u128,
}

/// A [`Fingerprint`] without the padding that the alignment of a `u128` requires.
#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    content: [u64; 2],
}

/// Replaces the content of an entry that was compared with the other export.
const COMPARED: [u64; 2] = [u64::MAX; 2];

/// Number of lists that the fingerprints are split into. Each grows by itself, so never all of them are copied at once.
const LISTS: usize = 256;

/// The fingerprints of an export.
pub struct FingerprintIndex {
    lists: Vec<Vec<Slot>>,
}

impl Default for FingerprintIndex {
    fn default() -> Self {
        Self { lists: vec![Vec::new(); LISTS] }
    }
}

/// How an entry of the other export compares with the entry of the same name in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The content is the same.
    Same,
    /// The content differs.
    Different,
    /// The index has no entry of this name.
    Absent,
    /// An entry of this name was compared before.
    Repeated,
}

impl FingerprintIndex {
    /// Adds fingerprints.
    pub fn extend(&mut self, entries: Vec<Fingerprint>) {
        for entry in entries {
            let slot = Slot { key: entry.key, content: halves(entry.content) };
            self.lists[list_of(entry.key)].push(slot);
        }
    }

    /// Sorts the index, which [`compare`](Self::compare) needs, and returns the hashes that appear more than once, sorted.
    pub fn sort(&mut self) -> Vec<u64> {
        let mut repeated = Vec::new();
        for list in &mut self.lists {
            list.sort_unstable_by_key(|slot| slot.key);
            repeated.extend(list.windows(2).filter(|two| two[0].key == two[1].key).map(|two| two[0].key));
        }
        repeated.sort_unstable();
        repeated
    }

    /// Compares an entry of the other export with the index.
    pub fn compare(&mut self, entry: Fingerprint) -> Comparison {
        let list = &mut self.lists[list_of(entry.key)];
        let Ok(at) = list.binary_search_by_key(&entry.key, |slot| slot.key) else { return Comparison::Absent };
        let content = std::mem::replace(&mut list[at].content, COMPARED);
        match content {
            COMPARED => Comparison::Repeated,
            content if content == halves(entry.content) => Comparison::Same,
            _ => Comparison::Different,
        }
    }

    /// The hashes of names that were never compared.
    pub fn not_compared(&self) -> impl Iterator<Item = u64> {
        self.lists.iter().flatten().filter(|slot| slot.content != COMPARED).map(|slot| slot.key)
    }
}

fn list_of(key: u64) -> usize {
    usize::from(key.to_be_bytes()[0])
}

fn halves(content: u128) -> [u64; 2] {
    let bytes = content.to_ne_bytes();
    let half = |from: usize| bytes[from..from + 8].try_into().map_or(0, u64::from_ne_bytes);
    [half(0), half(8)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_entries_compare() {
        let mut index = FingerprintIndex::default();
        let fingerprint = |key, content| Fingerprint { key, content };
        index.extend(vec![
            fingerprint(7, 1),
            fingerprint(5, 1 << 64),
            fingerprint(u64::MAX, 3),
            fingerprint(9, 4),
            fingerprint(9, 5),
        ]);
        assert_eq!(index.sort(), [9]);
        let answers = [(7, 1), (5, 1), (7, 1), (8, 1)].map(|(key, content)| index.compare(fingerprint(key, content)));
        assert_eq!(answers, [Comparison::Same, Comparison::Different, Comparison::Repeated, Comparison::Absent]);
        assert_eq!(index.not_compared().collect::<Vec<_>>(), [9, 9, u64::MAX]);
        assert_eq!(size_of::<Slot>(), 24);
    }
}
