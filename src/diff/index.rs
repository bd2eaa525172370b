//! Every entry of an export in 24 bytes: the hash of its name and that of its content.

/// What is known of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    /// The hash of its name.
    pub key: u64,
    /// The hash of its content.
    pub content: u128,
}

/// A [`Print`] without the gaps that a `u128` asks for.
#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    content: [u64; 2],
}

/// Stands in the place of a content that was compared with the other export.
const SEEN: [u64; 2] = [u64::MAX; 2];

/// Lists of which each grows by itself, so that never all of them are copied at once.
const LISTS: usize = 256;

/// The entries, by the hash of their names.
pub struct Index {
    lists: Vec<Vec<Slot>>,
}

impl Default for Index {
    fn default() -> Self {
        Self { lists: vec![Vec::new(); LISTS] }
    }
}

/// What became of an entry of the other export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The same content.
    Same,
    /// Another content.
    Different,
    /// No such name.
    Absent,
    /// The name was asked for before.
    Again,
}

impl Index {
    /// Adds entries.
    pub fn extend(&mut self, entries: Vec<Print>) {
        for entry in entries {
            let slot = Slot { key: entry.key, content: halves(entry.content) };
            self.lists[list_of(entry.key)].push(slot);
        }
    }

    /// Makes it ready to be asked; gives the hashes that more than one name has.
    pub fn sort(&mut self) -> Vec<u64> {
        let mut repeated = Vec::new();
        for list in &mut self.lists {
            list.sort_unstable_by_key(|slot| slot.key);
            repeated.extend(list.windows(2).filter(|two| two[0].key == two[1].key).map(|two| two[0].key));
        }
        repeated.sort_unstable();
        repeated
    }

    /// Holds an entry of the other export against it.
    pub fn compare(&mut self, entry: Print) -> Seen {
        let list = &mut self.lists[list_of(entry.key)];
        let Ok(at) = list.binary_search_by_key(&entry.key, |slot| slot.key) else { return Seen::Absent };
        let content = std::mem::replace(&mut list[at].content, SEEN);
        match content {
            SEEN => Seen::Again,
            content if content == halves(entry.content) => Seen::Same,
            _ => Seen::Different,
        }
    }

    /// The hashes of names that were never asked for.
    pub fn unseen(&self) -> impl Iterator<Item = u64> {
        self.lists.iter().flatten().filter(|slot| slot.content != SEEN).map(|slot| slot.key)
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
    fn what_becomes_of_entries() {
        let mut index = Index::default();
        let print = |key, content| Print { key, content };
        index.extend(vec![print(7, 1), print(5, 1 << 64), print(u64::MAX, 3), print(9, 4), print(9, 5)]);
        assert_eq!(index.sort(), [9]);
        let answers = [(7, 1), (5, 1), (7, 1), (8, 1)].map(|(key, content)| index.compare(print(key, content)));
        assert_eq!(answers, [Seen::Same, Seen::Different, Seen::Again, Seen::Absent]);
        assert_eq!(index.unseen().collect::<Vec<_>>(), [9, 9, u64::MAX]);
        assert_eq!(size_of::<Slot>(), 24);
    }
}
