//! The lines of a unified diff, with the words marked in which an old value differs from its new one.
//!
//! | line of the diff | kind |
//! | --- | --- |
//! | `@@ ... @@` | [`LineKind::Hunk`] |
//! | ` attribute: value` | [`LineKind::Unchanged`] |
//! | `-attribute: value` | [`LineKind::Removed`] |
//! | `+attribute: value` | [`LineKind::Added`] |
//! | anything else | [`LineKind::Remark`] |
//!
//! A removed value is compared with the first added value of the same attribute in the same run of changed lines.

use similar::{Algorithm, DiffOp, capture_diff_slices, diff_ratio};

use super::entry_diff::MASKED;

/// The longest line that is compared word by word, in bytes.
const LONG: usize = 2000;

/// Two values that have a smaller part in common are shown as different values, without marked words.
const MIN_SIMILARITY: f32 = 0.4;

/// What a line of a diff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The position of the next lines in the entry.
    Hunk,
    /// A value that is not changed.
    Unchanged,
    /// A value that is removed.
    Removed,
    /// A value that is added.
    Added,
    /// A remark about the diff.
    Remark,
}

/// A line of a diff.
#[derive(Debug, PartialEq)]
pub struct DiffLine<'d> {
    pub kind: LineKind,
    /// Its text, without the sign.
    pub spans: Vec<Span<'d>>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Span<'d> {
    pub text: &'d str,
    /// The line that this one is compared with has another text here.
    pub differs: bool,
}

/// The lines of a unified diff.
pub fn lines(diff: &str) -> Vec<DiffLine<'_>> {
    let mut lines: Vec<DiffLine<'_>> = diff.lines().map(line).collect();
    let mut at = 0;
    while at < lines.len() {
        let run = |from: usize, kind| lines[from..].iter().take_while(|line| line.kind == kind).count();
        let removed = run(at, LineKind::Removed);
        let added = run(at + removed, LineKind::Added);
        let (before, after) = lines[at..at + removed + added].split_at_mut(removed);
        compare(before, after);
        at += (removed + added).max(1);
    }
    lines
}

fn line(text: &str) -> DiffLine<'_> {
    let (kind, text) = match text.split_at_checked(1) {
        _ if text == MASKED => (LineKind::Remark, text.trim()),
        Some((" ", rest)) => (LineKind::Unchanged, rest),
        Some(("-", rest)) => (LineKind::Removed, rest),
        Some(("+", rest)) => (LineKind::Added, rest),
        Some(("@", _)) => (LineKind::Hunk, text),
        _ => (LineKind::Remark, text),
    };
    DiffLine { kind, spans: vec![Span { text, differs: false }] }
}

/// Compares each removed value with an added value of the same attribute.
fn compare<'d>(before: &mut [DiffLine<'d>], after: &mut [DiffLine<'d>]) {
    let mut taken = vec![false; after.len()];
    for old in before {
        let attribute = attribute(old.spans[0].text);
        let new = after
            .iter_mut()
            .zip(&mut taken)
            .find(|(new, taken)| !**taken && new.spans.len() == 1 && self::attribute(new.spans[0].text) == attribute);
        let Some((new, taken)) = new else { continue };
        *taken = true;
        if let Some((left, right)) = differing(old.spans[0].text, new.spans[0].text) {
            (old.spans, new.spans) = (left, right);
        }
    }
}

fn attribute(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(attribute, _)| attribute)
}

/// The spans of both lines; `None` if the lines are too long or have too little in common.
fn differing<'d>(old: &'d str, new: &'d str) -> Option<(Vec<Span<'d>>, Vec<Span<'d>>)> {
    if old.len().max(new.len()) > LONG {
        return None;
    }
    let (left, right) = (words(old), words(new));
    let operations = capture_diff_slices(Algorithm::Myers, &left, &right);
    // The attribute name and its colon do not count as common text.
    let name = words(attribute(old)).len() + 2;
    let (values, ratio) = (left.len() + right.len(), diff_ratio(&operations, left.len(), right.len()));
    #[expect(clippy::cast_precision_loss, reason = "a few hundred words")]
    let similarity = (ratio * values as f32 - 2.0 * name as f32) / (values as f32 - 2.0 * name as f32).max(1.0);
    if similarity < MIN_SIMILARITY {
        return None;
    }
    let spans = |words: &[&'d str], text: &'d str, range: fn(&DiffOp) -> std::ops::Range<usize>| {
        let mut spans = Vec::new();
        let mut start = 0;
        for operation in &operations {
            let length: usize = words[range(operation)].iter().map(|word| word.len()).sum();
            if length > 0 {
                let differs = !matches!(operation, DiffOp::Equal { .. });
                spans.push(Span { text: &text[start..start + length], differs });
            }
            start += length;
        }
        spans
    };
    Some((spans(&left, old, DiffOp::old_range), spans(&right, new, DiffOp::new_range)))
}

/// Splits a text into runs of letters and digits, and single other characters.
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
    fn marked(diff: &str) -> Vec<String> {
        let span = |span: &Span<'_>| if span.differs { format!("[{}]", span.text) } else { span.text.to_owned() };
        let line = |line: &DiffLine<'_>| format!("{:?} {}", line.kind, line.spans.iter().map(span).collect::<String>());
        lines(diff).iter().map(line).collect()
    }

    #[test]
    fn what_differs_is_marked() {
        for (diff, expected) in [
            (
                "@@ -1 +1 @@\n cn: x\n (a masked value changes)",
                &["Hunk @@ -1 +1 @@", "Unchanged cn: x", "Remark (a masked value changes)"][..],
            ),
            // One word of a DN.
            (
                "-manager: uid=ann,ou=People,o=a\n+manager: uid=bob,ou=People,o=a",
                &["Removed manager: uid=[ann],ou=People,o=a", "Added manager: uid=[bob],ou=People,o=a"],
            ),
            // Values with nothing in common are not compared.
            ("-status: active\n+status: deleted", &["Removed status: active", "Added status: deleted"]),
            // Values of other attributes are not compared.
            ("-cn: a b\n+sn: a c", &["Removed cn: a b", "Added sn: a c"]),
            // Values are compared with those of the same attribute, in any order.
            (
                "-cn: a b\n-sn: c d\n+sn: c e\n+cn: a f",
                &["Removed cn: a [b]", "Removed sn: c [d]", "Added sn: c [e]", "Added cn: a [f]"],
            ),
            // Letters of more than one byte.
            ("-cn: Zoë Müller-x\n+cn: Zoë Meier-x", &["Removed cn: Zoë [Müller]-x", "Added cn: Zoë [Meier]-x"]),
            ("", &[]),
        ] {
            assert_eq!(marked(diff), expected, "{diff}");
        }
    }

    #[test]
    fn long_lines_are_not_compared() {
        let diff = format!("-cn: {}a\n+cn: {}b", "x ".repeat(LONG), "x ".repeat(LONG));
        assert!(lines(&diff).iter().all(|line| line.spans.len() == 1));
    }
}
