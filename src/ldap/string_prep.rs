//! String preparation (RFC 4518): the normal form by which texts are compared.
//!
//! | step (RFC 4518) | as implemented |
//! | --- | --- |
//! | 2.1 transcode | values that are not UTF-8 are compared byte by byte |
//! | 2.2 map | control and default-ignorable characters to nothing, white space to SPACE; case folding by table B.2 of RFC 3454, and by the lower-case mapping for letters that are newer than that table (Unicode 3.2) |
//! | 2.3 normalize | NFKC |
//! | 2.4 prohibit, 2.5 bidi | not enforced: any stored value must be comparable |
//! | 2.6.1 insignificant spaces | no space at the ends, one between words; a SPACE before a combining mark is not insignificant |
//!
//! Steps 2.2 and 2.3 are repeated until nothing changes, so that preparation is idempotent: NFKC turns some letters that are
//! newer than the table into capital letters.

use std::borrow::Cow;

use stringprep::tables;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The options of preparation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preparation {
    /// Upper and lower case are the same.
    pub fold_case: bool,
    /// Control characters other than white space are removed; otherwise they are significant.
    pub drop_controls: bool,
}

/// The prepared form of a value. It is borrowed if the value is already prepared or is not UTF-8.
pub fn prepare(value: &[u8], how: Preparation) -> Cow<'_, [u8]> {
    if is_prepared_ascii(value, how) {
        return Cow::Borrowed(value);
    }
    if value.iter().all(|&byte| matches!(byte, b' '..=b'~')) {
        let mut prepared = Vec::with_capacity(value.len());
        push_printable_ascii(&mut prepared, value, how.fold_case);
        return Cow::Owned(prepared);
    }
    match str::from_utf8(value) {
        Ok(text) => Cow::Owned(fold_spaces(&mapped_and_normalized(text, how)).into_bytes()),
        Err(_) => Cow::Borrowed(value),
    }
}

/// Appends the prepared form of a value that consists of printable ASCII.
pub(super) fn push_printable_ascii(out: &mut Vec<u8>, value: &[u8], fold_case: bool) {
    let start = out.len();
    let value = value.trim_ascii();
    if value.contains(&b' ') {
        let words = value.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        for word in words {
            out.extend_from_slice(word);
            out.push(b' ');
        }
        out.pop(); // A trimmed value that contains a space has words.
    } else {
        out.extend_from_slice(value);
    }
    if fold_case && let Some(prepared) = out.get_mut(start..) {
        prepared.make_ascii_lowercase();
    }
}

fn is_prepared_ascii(value: &[u8], how: Preparation) -> bool {
    value.first() != Some(&b' ')
        && value.last() != Some(&b' ')
        && value.iter().all(|&byte| match byte {
            b'A'..=b'Z' => !how.fold_case,
            b' '..=b'~' => true,
            _ => false,
        })
        && !value.windows(2).any(|pair| pair == b"  ")
}

fn mapped_and_normalized(text: &str, how: Preparation) -> String {
    let mut before = pass(text, how);
    // Two passes suffice for Unicode today. The limit guards against future versions.
    for _ in 0..4 {
        let after = pass(&before, how);
        if after == before {
            break;
        }
        before = after;
    }
    before
}

fn pass(text: &str, how: Preparation) -> String {
    let mapped = text.chars().filter_map(|c| map(c, how));
    if how.fold_case { mapped.flat_map(fold_case).nfkc().collect() } else { mapped.nfkc().collect() }
}

/// The mapping of RFC 4518, 2.2, without case folding.
fn map(c: char, how: Preparation) -> Option<char> {
    if is_white_space(c) {
        Some(' ')
    } else if is_ignorable(c) || (how.drop_controls && c.is_control()) {
        None
    } else {
        Some(c)
    }
}

#[rustfmt::skip]
fn is_white_space(c: char) -> bool {
    matches!(c,
        '\u{09}'..='\u{0D}' | ' ' | '\u{85}' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}'
        | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

#[rustfmt::skip]
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{6DD}' | '\u{70F}' | '\u{1806}' | '\u{180B}'..='\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2063}' | '\u{206A}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFC}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0001}' | '\u{E0020}'..='\u{E007F}')
}

fn fold_case(c: char) -> impl Iterator<Item = char> {
    let in_unicode_3_2 = !tables::unassigned_code_point(c);
    let by_table = in_unicode_3_2.then(|| tables::case_fold_for_nfkc(c));
    let by_lower_case = (!in_unicode_3_2).then(|| c.to_lowercase());
    by_table.into_iter().flatten().chain(by_lower_case.into_iter().flatten())
}

/// RFC 4518, 2.6.1, but with one space between words instead of two.
fn fold_spaces(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut pending = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let carries_a_mark = chars.peek().is_some_and(|&next| is_combining_mark(next));
        if c == ' ' && !carries_a_mark {
            pending = true;
            continue;
        }
        if pending && !folded.is_empty() {
            folded.push(' ');
        }
        pending = false;
        folded.push(c);
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IGNORE: Preparation = Preparation { fold_case: true, drop_controls: true };
    const EXACT: Preparation = Preparation { fold_case: false, drop_controls: true };
    const RAW: Preparation = Preparation { fold_case: true, drop_controls: false };

    #[test]
    fn prepares() {
        for (value, ignoring_case, keeping_case) in [
            ("", "", ""),
            ("  ", "", ""),
            (" John   Doe ", "john doe", "John Doe"),
            ("a\tb\r\nc", "a b c", "a b c"),
            ("a\u{AD}b\u{200B}c", "abc", "abc"),
            ("a\u{4}b", "ab", "ab"),
            ("a\u{A0}\u{3000}b", "a b", "a b"),
            ("e\u{301}", "é", "é"),
            ("JOSÉ", "josé", "JOSÉ"),
            ("Straße", "strasse", "Straße"),
            ("ﬁne", "fine", "fine"),
            ("Ꝏ𐐀", "ꝏ𐐨", "Ꝏ𐐀"),
            // A combining mark keeps the space before it, and only that one.
            ("a  \u{301}b", "a \u{20}\u{301}b", "a \u{20}\u{301}b"),
        ] {
            assert_eq!(prepare(value.as_bytes(), IGNORE), ignoring_case.as_bytes(), "{value:?}");
            assert_eq!(prepare(value.as_bytes(), EXACT), keeping_case.as_bytes(), "{value:?}");
        }
        assert_eq!(prepare(b"A\x04\x02B", RAW), b"a\x04\x02b".as_slice());
        assert_eq!(prepare(b"M\xFCLLER ", IGNORE), b"M\xFCLLER ".as_slice());
    }

    #[test]
    fn a_prepared_value_is_borrowed() {
        assert!(matches!(prepare(b"uid of an account", IGNORE), Cow::Borrowed(_)));
        assert!(matches!(prepare(b"Uid", IGNORE), Cow::Owned(_)));
        assert!(matches!(prepare(b"Uid", EXACT), Cow::Borrowed(_)));
    }

    #[test]
    fn every_character_is_idempotent() {
        for c in '\0'..=char::MAX {
            let once = prepare(format!("x{c}y").as_bytes(), IGNORE).into_owned();
            assert_eq!(prepare(&once, IGNORE), once, "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn preparing_is_idempotent(value in "\\PC*|[ -~]*|[\\x00-\\x7f]*|(\\pM| |\\pL)*") {
            for how in [IGNORE, EXACT, RAW] {
                let once = prepare(value.as_bytes(), how).into_owned();
                prop_assert_eq!(prepare(&once, how).into_owned(), once);
            }
        }

        #[test]
        fn the_ascii_paths_agree_with_the_general_one(value in "[ -~]*|[ aA]*") {
            for how in [IGNORE, EXACT, RAW] {
                let general = fold_spaces(&mapped_and_normalized(&value, how)).into_bytes();
                prop_assert_eq!(prepare(value.as_bytes(), how).into_owned(), general);
            }
        }
    }
}
