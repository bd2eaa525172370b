//! Attribute names that were seen before: an export has a few dozen of them, on millions of lines.
//!
//! A name that was taken apart once is known again by its first eight bytes and a comparison, with all that was found out
//! about it. Whoever is not known, or does not fit, is taken apart as if there were nobody.

/// How long a name may be, with its colon.
const LONGEST: usize = 8 + REST;
/// What is kept behind the first eight bytes.
const REST: usize = 24;
/// A power of two, a few times the number of names.
const SLOTS: usize = 128;

/// Names, each with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct AttributeNameCache<T> {
    slots: Vec<Slot<T>>,
}

#[derive(Clone, Copy, Debug)]
struct Slot<T> {
    /// The first eight bytes of name and colon, the first one lowest; zero behind the colon.
    word: u64,
    rest: [u8; REST],
    /// Of name and colon; 0 in an empty slot.
    length: usize,
    known: T,
}

impl<T: Copy + Default> AttributeNameCache<T> {
    /// Nobody.
    pub(super) fn new() -> Self {
        Self { slots: vec![Slot { word: 0, rest: [0; REST], length: 0, known: T::default() }; SLOTS] }
    }

    /// The length of the name at the start of a line, without the colon behind it, and what is known of it.
    #[inline]
    pub(super) fn find(&self, line: &[u8]) -> Option<(usize, T)> {
        let word = first_word(line)?;
        let slot = self.slots.get(place(word))?;
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

    /// Keeps what is known of the name at the start of a line; `length` is without the colon.
    pub(super) fn keep(&mut self, line: &[u8], length: usize, known: T) {
        let length = length + 1;
        let Some(word) = first_word(line).filter(|_| length <= LONGEST) else { return };
        let mut rest = [0; REST];
        if let Some(text) = line.get(8..length) {
            rest[..text.len()].copy_from_slice(text);
        }
        if let Some(slot) = self.slots.get_mut(place(word)) {
            *slot = Slot { word, rest, length, known };
        }
    }
}

/// The first eight bytes of a line, without what stands behind a colon among them.
#[inline]
fn first_word(line: &[u8]) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const COLONS: u64 = b':' as u64 * ONES;
    let word = u64::from_le_bytes(*line.first_chunk()?);
    // The high bit of every byte that is a colon; bits above the first one may be wrong, and are not looked at.
    let other = word ^ COLONS;
    let colons = other.wrapping_sub(ONES) & !other & (ONES << 7);
    // From the lowest bit to that of the first colon: all bits if there is none.
    Some(word & (colons ^ colons.wrapping_sub(1)))
}

/// The slot of a word (Fibonacci hashing).
#[inline]
fn place(word: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "seven bits are left")]
    let place = (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOTS.trailing_zeros())) as usize;
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_again() {
        let long = "a-name-of-thirty-one-letters-ab: x";
        let mut names = AttributeNameCache::new();
        for (index, line) in ["cn: John Smith", "sn:: WmEK", "objectClass: top", "mailHost: x", long].iter().enumerate()
        {
            names.keep(line.as_bytes(), line.find(':').unwrap(), index + 1);
        }
        for (line, expected) in [
            ("cn: somebody else", Some((2, 1))),
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
    fn what_is_too_long_is_not_kept() {
        let line = b"a-name-of-thirty-two-letters-abc: x";
        let mut names = AttributeNameCache::new();
        names.keep(line, 32, 1);
        assert_eq!(names.find(line), None);
    }
}
