//! Numbers in sentences: real plurals, and lists that are cut short.

use std::borrow::Cow;

/// A count with its noun: "1 entry", "2 entries", "0 records".
pub fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {}", inflected(count, noun))
}

/// The form of a noun after a count: singular after 1, else plural.
pub fn inflected(count: u64, noun: &str) -> Cow<'_, str> {
    if count == 1 { Cow::Borrowed(noun) } else { Cow::Owned(plural(noun)) }
}

/// The regular plural of an English noun, or of the last word of a phrase.
fn plural(noun: &str) -> String {
    let is_consonant = |letter: char| !"aeiou".contains(letter);
    match noun.strip_suffix('y') {
        Some(stem) if stem.ends_with(is_consonant) => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// What follows a list that is cut short: " and 3 more", or nothing if nothing was left out.
pub fn and_more(left_out: usize) -> String {
    if left_out == 0 { String::new() } else { format!(" and {left_out} more") }
}

/// The first `limit` items joined by commas, and how many more there are.
pub fn first_few(items: &[String], limit: usize) -> String {
    let (shown, rest) = items.split_at(items.len().min(limit));
    format!("{}{}", shown.join(", "), and_more(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals() {
        for (count, noun, expected) in [
            (0_u64, "record", "0 records"),
            (1, "record", "1 record"),
            (2, "change record", "2 change records"),
            (2, "entry", "2 entries"),
            (2, "day", "2 days"),
            (3, "address", "3 addresses"),
            (3, "match", "3 matches"),
        ] {
            assert_eq!(counted(count, noun), expected);
        }
    }

    #[test]
    fn lists_are_cut() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(first_few(&items, 3), "a, b, c");
        assert_eq!(first_few(&items, 2), "a, b and 1 more");
    }
}
