//! A cache of attribute descriptions: an export has a few dozen of them, on millions of lines.
//!
//! A description that was parsed once is recognised by its first eight bytes and one comparison, and what was found out
//! about it is looked up. On a cache miss, or where a description is too long, the caller parses it normally.

/// Longest description that is cached, in bytes, with its colon.
const LONGEST: usize = 8 + REST;
/// How many bytes are kept after the first eight.
const REST: usize = 24;
/// A power of two, several times the number of descriptions in an export.
const SLOTS: usize = 128;

/// Attribute descriptions, each with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct AttributeNameCache<T> {
    slots: Vec<Slot<T>>,
}

#[derive(Clone, Copy, Debug)]
struct Slot<T> {
    /// The first eight bytes of description and colon, the first byte lowest; zero after the colon.
    word: u64,
    rest: [u8; REST],
    /// Length of description and colon; 0 in an empty slot.
    length: usize,
    known: T,
}

impl<T: Copy + Default> AttributeNameCache<T> {
    /// An empty cache.
    pub(super) fn new() -> Self {
        Self { slots: vec![Slot { word: 0, rest: [0; REST], length: 0, known: T::default() }; SLOTS] }
    }

    /// Looks up the description at the start of a line: its length without the colon, and what is known of it.
    #[inline]
    pub(super) fn find(&self, line: &[u8]) -> Option<(usize, T)> {
        let word = first_word(line)?;
        let slot = self.slots.get(slot_of(word))?;
        if slot.word != word || slot.length == 0 {
            return None;
        }
        if slot.length > 8 {
            let rest = slot.length - 8;
            if line.get(8..slot.length)? != slot.rest.get(..rest)? {
                return None;
            }
        }
        Some((slot.length - 1, slot.known))
    }

    /// Stores what is known of the description at the start of a line; `length` is without the colon.
    pub(super) fn insert(&mut self, line: &[u8], length: usize, known: T) {
        let length = length + 1;
        let Some(word) = first_word(line).filter(|_| length <= LONGEST) else { return };
        let mut rest = [0; REST];
        if let Some(text) = line.get(8..length) {
            rest[..text.len()].copy_from_slice(text);
        }
        if let Some(slot) = self.slots.get_mut(slot_of(word)) {
            *slot = Slot { word, rest, length, known };
        }
    }
}

/// The first eight bytes of a line, with zeros after the first colon among them.
#[inline]
fn first_word(line: &[u8]) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const COLONS: u64 = b':' as u64 * ONES;
    let word = u64::from_le_bytes(*line.first_chunk()?);
    // The high bit of every byte that is a colon. Bits above the first one may be wrong; they are not used.
    let other = word ^ COLONS;
    let colons = other.wrapping_sub(ONES) & !other & (ONES << 7);
    // All bits up to that of the first colon, or all bits if there is no colon.
    Some(word & (colons ^ colons.wrapping_sub(1)))
}

/// The index of the slot for a word (Fibonacci hashing).
#[inline]
fn slot_of(word: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "seven bits remain")]
    let slot = (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOTS.trailing_zeros())) as usize;
    slot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_inserted() {
        let long = "a-name-of-thirty-one-letters-ab: x";
        let mut names = AttributeNameCache::new();
        for (index, line) in ["cn: John Smith", "sn:: WmEK", "objectClass: top", "mailHost: x", long].iter().enumerate()
        {
            names.insert(line.as_bytes(), line.find(':').unwrap(), index + 1);
        }
        for (line, expected) in [
            ("cn: another value", Some((2, 1))),
            ("cn:abcdef", Some((2, 1))),
            ("sn:  12345", Some((2, 2))),
            ("objectClass: person", Some((11, 3))),
            ("mailHost:: eA==", Some((8, 4))),
            (long, Some((31, 5))),
            ("objectClasz: person", None),
            ("objectClass;x: person", None),
            ("mailHosts: x", None),
            ("Cn: in capitals", None),
            ("cnn: other", None),
            ("cn: x", None),
            ("", None),
        ] {
            assert_eq!(names.find(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn too_long_descriptions_are_not_cached() {
        let line = b"a-name-of-thirty-two-letters-abc: x";
        let mut names = AttributeNameCache::new();
        names.insert(line, 32, 1);
        assert_eq!(names.find(line), None);
    }
}
