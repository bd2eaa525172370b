//! Words that are spelled almost like others: "did you mean?".

/// Words shorter than this are told apart by one letter.
const SHORT: usize = 8;

/// The known word that another is spelled almost like, the nearest one first; the cases of ASCII are alike.
///
/// One letter is forgiven, in longer words two.
pub fn nearest<'k>(word: &[u8], known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let distances = known.into_iter().filter_map(|known| Some((nearness(word, known.as_bytes())?, known)));
    distances.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// How many letters two words differ by, where those are few enough that one may be meant for the other.
pub fn nearness(word: &[u8], known: &[u8]) -> Option<usize> {
    let allowed = if known.len().min(word.len()) < SHORT { 1 } else { 2 };
    // Before the work: a word may be of any length.
    let near = known.len().abs_diff(word.len()) <= allowed;
    let distance = near.then(|| distance(&word.to_ascii_lowercase(), &known.to_ascii_lowercase()))?;
    (distance <= allowed).then_some(distance)
}

/// What to say to somebody who wrote a word that is not known: the one that is meant, if one is near; and all there are.
pub fn suggestion(word: &str, known: &[&str]) -> String {
    let all = known.join(", ");
    match nearest(word.as_bytes(), known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? there are: {all}"),
        None => format!("there are: {all}"),
    }
}

/// How many letters must be left out, put in, replaced or swapped with their neighbour to make `b` of `a`.
///
/// Optimal string alignment, row by row: `rows` are the last two rows and the one at work.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut left_of_a = None;
    for (i, &of_a) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut left_of_b = None;
        for (j, &of_b) in b.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&last, j) + usize::from(of_a != of_b);
            let mut least = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if left_of_a == Some(of_b) && left_of_b == Some(of_a) {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
            left_of_b = Some(of_b);
        }
        left_of_a = Some(of_a);
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant() {
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
        assert_eq!(suggestion("sumc", &["a", "b"]), "there are: a, b");
        assert_eq!(suggestion("servce", &known[..2]), "did you mean `service`? there are: grace, service");
    }

    #[test]
    fn the_distance() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "ab", 1),
            ("abc", "xabc", 1),
            ("abc", "axc", 1),
            ("abc", "acb", 1),
            ("abcd", "badc", 2),
            ("abc", "cab", 2),
            ("ca", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(distance(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
        }
    }
}
