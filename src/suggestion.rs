//! "Did you mean?": known words that differ from a written word by one or two typing errors.
//!
//! A typing error is a letter left out, put in, replaced, or swapped with its neighbour (optimal string alignment). Words
//! of fewer than 8 bytes may have one, longer words two. ASCII case does not count.

/// Length in bytes from which a word may have two typing errors.
const LONG_WORD: usize = 8;

/// The known word with the fewest typing errors; the first of several. `None` if every word differs by too many.
pub fn nearest<'k>(word: &[u8], known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let distances = known.into_iter().filter_map(|known| Some((edit_distance_within(word, known.as_bytes())?, known)));
    distances.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// The number of typing errors between two words, if it is small enough that one may be meant for the other.
pub fn edit_distance_within(word: &[u8], known: &[u8]) -> Option<usize> {
    let allowed = if known.len().min(word.len()) < LONG_WORD { 1 } else { 2 };
    // The work grows with the product of the lengths, and a word from an export may be of any length.
    if known.len().abs_diff(word.len()) > allowed {
        return None;
    }
    let distance = strsim::osa_distance(&one_char_per_byte(word), &one_char_per_byte(known));
    (distance <= allowed).then_some(distance)
}

/// The help for an unknown word: the nearest known word, if there is one, and all known words.
pub fn suggestion(word: &str, known: &[&str]) -> String {
    let all = known.join(", ");
    match nearest(word.as_bytes(), known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? expected one of: {all}"),
        None => format!("expected one of: {all}"),
    }
}

/// Text with one character for each byte, so that bytes that are not UTF-8 can be compared; lower case in ASCII.
fn one_char_per_byte(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_word() {
        let known = ["grace", "service", "references", "sun-comms", "sun-calendar"];
        for (word, meant) in [
            ("grase", Some("grace")),
            ("GRACE", Some("grace")),
            ("garce", Some("grace")),
            ("gras", None),
            ("refrence", Some("references")),
            ("sun-com", None),
            ("sun-coms", Some("sun-comms")),
            ("sun-comms", Some("sun-comms")),
            ("", None),
        ] {
            assert_eq!(nearest(word.as_bytes(), known), meant, "{word}");
        }
        assert_eq!(suggestion("sumc", &["a", "b"]), "expected one of: a, b");
        assert_eq!(suggestion("servce", &known[..2]), "did you mean `service`? expected one of: grace, service");
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", Some(0)),
            ("abc", "abc", Some(0)),
            ("abc", "ab", Some(1)),
            ("abc", "xabc", Some(1)),
            ("abc", "axc", Some(1)),
            ("abc", "acb", Some(1)),
            ("abcd", "badc", None),
            ("abcdefgh", "badcefgh", Some(2)),
            ("abcdefgh", "cabdefgh", Some(2)),
            ("abcdefgh", "acbefghi", None),
            ("", "abc", None),
            ("\u{e9}bc", "ebc", None),
        ] {
            assert_eq!(edit_distance_within(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(edit_distance_within(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
        }
        assert_eq!(edit_distance_within(b"a\xffcdefgh", b"abcdefgh"), Some(1));
        let long = vec![b'i'; 1 << 20];
        assert_eq!(edit_distance_within(&long, b"inetUser"), None);
    }
}
