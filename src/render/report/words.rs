//! The unified diff of an entry, line by line, with the words disabled in which an old value and its new one differ.
//!
//! | line of the diff | what it is |
//! | --- | --- |
//! | `@@ ... @@` | where the next lines are in the entry |
//! | ` attribute: value` | stays |
//! | `-attribute: value` | goes |
//! | `+attribute: value` | comes |
//! | anything else | a remark |
//!
//! A value that goes is compared with the first one that comes for the same attribute, in the same run of changed lines.

use similar::{Algorithm, DiffOp, capture_diff_slices, diff_ratio};

use super::diff::MASKED;

/// Longest line that is compared word by word, in bytes.
const LONG: usize = 2000;

/// Values that have less than this in common are two values, not one that changed.
const ALIKE: f32 = 0.4;

/// A line of a diff.
#[derive(Debug, PartialEq)]
pub struct Line<'d> {
    /// `place`, `stays`, `goes`, `comes` or `remark`.
    pub kind: &'static str,
    /// Its text in parts, without the sign.
    pub parts: Vec<Part<'d>>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<'d> {
    /// The text.
    pub text: &'d str,
    /// The other line has something else here.
    pub differs: bool,
}

/// The lines of a unified diff.
pub fn lines(diff: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = diff.lines().map(line).collect();
    let mut at = 0;
    while at < lines.len() {
        let run = |from: usize, kind| lines[from..].iter().take_while(|line| line.kind == kind).count();
        let goes = run(at, "goes");
        let comes = run(at + goes, "comes");
        let (before, after) = lines[at..at + goes + comes].split_at_mut(goes);
        compare(before, after);
        at += (goes + comes).max(1);
    }
    lines
}

fn line(text: &str) -> Line<'_> {
    let (kind, text) = match text.split_at_checked(1) {
        _ if text == MASKED => ("remark", text.trim()),
        Some((" ", rest)) => ("stays", rest),
        Some(("-", rest)) => ("goes", rest),
        Some(("+", rest)) => ("comes", rest),
        Some(("@", _)) => ("place", text),
        _ => ("remark", text),
    };
    Line { kind, parts: vec![Part { text, differs: false }] }
}

/// Marks what differs between values of the same attribute.
fn compare<'d>(before: &mut [Line<'d>], after: &mut [Line<'d>]) {
    let mut taken = vec![false; after.len()];
    for old in before {
        let attribute = attribute(old.parts[0].text);
        let new = after
            .iter_mut()
            .zip(&mut taken)
            .find(|(new, taken)| !**taken && new.parts.len() == 1 && self::attribute(new.parts[0].text) == attribute);
        let Some((new, taken)) = new else { continue };
        *taken = true;
        if let Some((left, right)) = differing(old.parts[0].text, new.parts[0].text) {
            (old.parts, new.parts) = (left, right);
        }
    }
}

fn attribute(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(attribute, _)| attribute)
}

/// Both lines in parts; nothing if they are too long, or have too little in common.
fn differing<'d>(old: &'d str, new: &'d str) -> Option<(Vec<Part<'d>>, Vec<Part<'d>>)> {
    if old.len().max(new.len()) > LONG {
        return None;
    }
    let (left, right) = (words(old), words(new));
    let operations = capture_diff_slices(Algorithm::Myers, &left, &right);
    // What the attribute name and its colon have in common says nothing.
    let name = words(attribute(old)).len() + 2;
    let (values, ratio) = (left.len() + right.len(), diff_ratio(&operations, left.len(), right.len()));
    #[expect(clippy::cast_precision_loss, reason = "a few hundred words")]
    let alike = (ratio * values as f32 - 2.0 * name as f32) / (values as f32 - 2.0 * name as f32).max(1.0);
    if alike < ALIKE {
        return None;
    }
    let parts = |words: &[&'d str], text: &'d str, range: fn(&DiffOp) -> std::ops::Range<usize>| {
        let mut parts = Vec::new();
        let mut start = 0;
        for operation in &operations {
            let length: usize = words[range(operation)].iter().map(|word| word.len()).sum();
            if length > 0 {
                let differs = !matches!(operation, DiffOp::Equal { .. });
                parts.push(Part { text: &text[start..start + length], differs });
            }
            start += length;
        }
        parts
    };
    Some((parts(&left, old, DiffOp::old_range), parts(&right, new, DiffOp::new_range)))
}

/// Runs of letters and digits, and every other character alone.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = false;
    for (at, character) in text.char_indices() {
        let inside = character.is_alphanumeric();
        if at > start && !(inside && before) {
            words.push(&text[start..at]);
            start = at;
        }
        before = inside;
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines with their kinds, and what differs in brackets.
    fn disabled(diff: &str) -> Vec<String> {
        let part = |part: &Part<'_>| if part.differs { format!("[{}]", part.text) } else { part.text.to_owned() };
        let line = |line: &Line<'_>| format!("{} {}", line.kind, line.parts.iter().map(part).collect::<String>());
        lines(diff).iter().map(line).collect()
    }

    #[test]
    fn what_differs_is_marked() {
        for (diff, expected) in [
            (
                "@@ -1 +1 @@\n cn: x\n (a masked value changes)",
                &["place @@ -1 +1 @@", "stays cn: x", "remark (a masked value changes)"][..],
            ),
            // One word of a name.
            (
                "-manager: uid=ann,ou=People,o=a\n+manager: uid=bob,ou=People,o=a",
                &["goes manager: uid=[ann],ou=People,o=a", "comes manager: uid=[bob],ou=People,o=a"],
            ),
            // A value with nothing in common is another value.
            ("-status: active\n+status: deleted", &["goes status: active", "comes status: deleted"]),
            // Values of other attributes are not compared.
            ("-cn: a b\n+sn: a c", &["goes cn: a b", "comes sn: a c"]),
            // Each with its own, whatever the order.
            (
                "-cn: a b\n-sn: c d\n+sn: c e\n+cn: a f",
                &["goes cn: a [b]", "goes sn: c [d]", "comes sn: c [e]", "comes cn: a [f]"],
            ),
            // Letters that are more than one byte.
            ("-cn: Zoë Müller-x\n+cn: Zoë Meier-x", &["goes cn: Zoë [Müller]-x", "comes cn: Zoë [Meier]-x"]),
            ("", &[]),
        ] {
            assert_eq!(disabled(diff), expected, "{diff}");
        }
    }

    #[test]
    fn long_lines_are_not_compared() {
        let diff = format!("-cn: {}a\n+cn: {}b", "x ".repeat(LONG), "x ".repeat(LONG));
        assert!(lines(&diff).iter().all(|line| line.parts.len() == 1));
    }
}
