//! The quick way through a content record: what nearly every record of an export looks like.
//!
//! It takes a record whose every line is plain, and leaves all others to [`reader`](super::reader), from the first line
//! of the record on. So what a record means, and what is wrong with one, is said in one place; this one only has to know
//! what it knows:
//!
//! | taken | left to the reader |
//! | --- | --- |
//! | `dn: text`, `dn:: base64` as the first line, not empty | `version:`, a block without `dn:`, an empty name |
//! | `description: text`, `description:: base64` | `description:< url`, a second `dn`, `control` or `changetype` behind the name |
//! | folds of a value | folds of a description, a fold right behind `description:` |
//! | comments, LF and CR LF | NUL, a line that begins with TAB, a blank line with several CR |
//! | base64 that decodes | base64 that does not |
//!
//! Lines of attributes that nobody asks for are checked like all others, and then not kept.

use data_encoding::BASE64;
use memchr::memchr;

use super::record::{AttributeLine, Text};
use super::written::{Written, digits_of, folds, without_fill};
use crate::ldap::TypeMap;

/// Attributes whose lines are kept; always kept are lines that say something of the record as a whole: descriptions with
/// options, `isDeleted`, and an `objectClass` that is empty, `nsTombstone`, or not written as plain text.
pub type Interest = TypeMap<()>;

/// A record that was taken.
pub(super) struct Taken<'b> {
    /// The value of its `dn:` line.
    pub dn: Text<'b>,
    /// Number of that line.
    pub line: u64,
    /// How many attribute lines it has, kept or not.
    pub lines: usize,
    /// Where its first line begins, behind blank lines and comments.
    pub start: usize,
    /// Where the next record begins.
    pub end: usize,
    /// Number of the line there.
    pub next_line: u64,
}

/// A logical line, not yet taken for anything.
struct Line<'b> {
    name: &'b [u8],
    has_options: bool,
    value: Text<'b>,
    /// Written as plain text on one physical line.
    is_plain: bool,
}

/// Walks over the lines of a text that holds no NUL.
struct Walk<'b> {
    text: &'b [u8],
    at: usize,
    line: u64,
}

/// What stands at the start of a physical line.
enum Start {
    /// Nothing is left.
    End,
    /// An empty line, which was passed over.
    Blank,
    /// A comment, which was passed over.
    Comment,
    /// A line with something in it.
    Line,
}

/// Takes the record at the start of `text`, which holds no NUL, if it is a plain one; its lines go to the end of `lines`.
pub(super) fn content<'b>(
    text: &'b [u8],
    first_line: u64,
    interest: Option<&Interest>,
    lines: &mut Vec<AttributeLine<'b>>,
) -> Option<Taken<'b>> {
    let mut walk = Walk { text, at: 0, line: first_line };
    loop {
        match walk.start()? {
            Start::End => return None,
            Start::Blank | Start::Comment => {}
            Start::Line => break,
        }
    }
    let (start, line) = (walk.at, walk.line);
    let first = walk.take()?;
    if !first.name.eq_ignore_ascii_case(b"dn") {
        return None;
    }
    let dn = first.value;
    let mut count = 0;
    loop {
        match walk.start()? {
            Start::End | Start::Blank => break,
            Start::Comment => continue,
            Start::Line => {}
        }
        let number = walk.line;
        let taken = walk.take()?;
        let name = taken.name;
        if matches!(name.len(), 2 | 7 | 10) && is_keyword(name, count == 0) {
            return None;
        }
        count += 1;
        if interest.is_none_or(|interest| taken.has_options || interest.get_type(name).is_some() || says_more(&taken)) {
            let description = std::str::from_utf8(name).ok()?.into();
            lines.push(AttributeLine { line: number, description, value: taken.value });
        }
    }
    if dn.bytes().is_empty() {
        return None;
    }
    Some(Taken { dn, line, lines: count, start, end: walk.at, next_line: walk.line })
}

/// Whether a line cannot be an attribute's at its place.
fn is_keyword(name: &[u8], is_first: bool) -> bool {
    let is = |keyword: &[u8]| name.eq_ignore_ascii_case(keyword);
    is(b"dn") || is_first && (is(b"control") || is(b"changetype"))
}

/// Whether a line says something of the record as a whole; see [`Interest`].
fn says_more(line: &Line<'_>) -> bool {
    match line.name.len() {
        9 => line.name.eq_ignore_ascii_case(b"isDeleted"),
        11 if matches!(line.name[0], b'o' | b'O') => {
            let is_telling = || {
                let value = line.value.bytes();
                !line.is_plain || value.is_empty() || value.eq_ignore_ascii_case(b"nsTombstone")
            };
            line.name.eq_ignore_ascii_case(b"objectClass") && is_telling()
        }
        _ => false,
    }
}

/// What a byte may be in a description.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Name,
    Option,
    Other,
}

/// As [`grammar`](super::grammar) has it.
static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let (at, byte_value) = (byte, byte as u8);
        classes[at] = match byte_value {
            b'-' | b'.' | b'_' | b'@' => Class::Name,
            b'=' | b'*' => Class::Option,
            byte if byte.is_ascii_alphanumeric() => Class::Name,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

impl<'b> Walk<'b> {
    fn start(&mut self) -> Option<Start> {
        match self.text.get(self.at..).unwrap_or_default() {
            [] => Some(Start::End),
            [b'\n', ..] => {
                self.at += 1;
                self.line += 1;
                Some(Start::Blank)
            }
            [b'\r', b'\n', ..] => {
                self.at += 2;
                self.line += 1;
                Some(Start::Blank)
            }
            [b'#', ..] => {
                self.physical();
                while self.text.get(self.at) == Some(&b' ') {
                    self.physical();
                }
                Some(Start::Comment)
            }
            [b'\r' | b'\t' | b' ', ..] => None,
            _ => Some(Start::Line),
        }
    }

    /// Takes the rest of a physical line, without its end.
    fn physical(&mut self) -> &'b [u8] {
        let rest = &self.text[self.at..];
        let (line, taken) = memchr(b'\n', rest).map_or((rest, rest.len()), |end| (&rest[..end], end + 1));
        self.at += taken;
        self.line += 1;
        match line {
            [line @ .., b'\r'] => line,
            line => line,
        }
    }

    /// Takes a logical line.
    fn take(&mut self) -> Option<Line<'b>> {
        let rest = &self.text[self.at..];
        let base = rest.iter().position(|byte| class(*byte) != Class::Name)?;
        let mut end = base;
        while rest[end] == b';' {
            let option = &rest[end + 1..];
            let length = option.iter().position(|byte| class(*byte) == Class::Other)?;
            if length == 0 {
                return None;
            }
            end += 1 + length;
        }
        if base == 0 || rest[end] != b':' {
            return None;
        }
        let name = &rest[..end];
        let is_base64 = match rest.get(end + 1)? {
            b':' => true,
            // A fold here may hide what kind of value it is.
            b'<' | b'\n' | b'\r' if self.is_folded(end + 1) || rest[end + 1] == b'<' => return None,
            _ => false,
        };
        self.at += end + 1 + usize::from(is_base64);
        let begin = self.at;
        let first = self.physical();
        let is_folded = self.text.get(self.at) == Some(&b' ');
        while self.text.get(self.at) == Some(&b' ') {
            self.physical();
        }
        let value = match (is_folded, is_base64) {
            (false, false) => Text::Bytes(without_fill(first).into()),
            (false, true) => {
                is_decodable(std::iter::once(digits_of(first))).then(|| Text::Written(Written::new(first, true)))?
            }
            (true, _) => {
                let written = &self.text[begin..self.at];
                let mut parts = folds(written);
                let first = parts.next().map(without_fill);
                if is_base64 && !is_decodable(first.into_iter().chain(parts)) {
                    return None;
                }
                Text::Written(Written::new(written, is_base64))
            }
        };
        Some(Line { name, has_options: end > base, value, is_plain: !is_folded && !is_base64 })
    }

    /// Whether the physical line that ends at or just behind this place of the rest is folded.
    fn is_folded(&self, place: usize) -> bool {
        matches!(&self.text[self.at + place..], [b'\n', b' ', ..] | [b'\r', b'\n', b' ', ..])
    }
}

/// Whether base64 in parts is sure to decode. It may say no to what does, such as padding on two lines.
fn is_decodable<'a>(parts: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut length = 0;
    let mut quad = [0; 4];
    let mut is_padded = false;
    for part in parts.filter(|part| !part.is_empty()) {
        let padding = part.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
        // Without an early end, so that the compiler can look at many bytes at once.
        if is_padded || !part[..part.len() - padding].iter().fold(true, |all, byte| all & is_digit(*byte)) {
            return false;
        }
        is_padded = padding > 0;
        length += part.len();
        for byte in &part[part.len().saturating_sub(4)..] {
            quad.rotate_left(1);
            quad[3] = *byte;
        }
    }
    length == 0 || length % 4 == 0 && BASE64.decode(&quad).is_ok()
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | (byte == b'+') | (byte == b'/')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ldif::{ContentRecord, LdifError, Record, RecordReader, UrlPolicy};

    /// Pieces of text that records are made of, and broken with.
    #[rustfmt::skip]
    const PIECES: [&str; 44] = [
        "\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", "\n ", "\r\n ", "\n\n", "\r\n\r\n", "\n \n", "\r\r\n", "\n\t",
        "dn: uid=a,o=x", "DN:: dWlkPWEsbz14", "dn:", "dn: ", "dn", "d", "version: 1", "# comment", "#",
        "cn: a", "CN;lang-de: b ", "cn;: x", "cn:  two", "cn:", ":", "::", ": ", "mail:: YWJj", "mail::YWI=", "mail:: YQ==",
        "mail:: YWJ", "jpegPhoto:: ////", "====", " ", "objectClass: nsTombstone", "isDeleted: TRUE", "control: 1.2",
        "changetype: add", "cn:< file:///x",
    ];

    type Read<'b> = Vec<Result<Record<'b>, LdifError>>;

    fn interest() -> Interest {
        ["mail"].into_iter().map(|name| (name, ())).collect()
    }

    /// The lines that must be kept of a record, whatever else is.
    fn is_kept(line: &AttributeLine<'_>) -> bool {
        line.description.contains(';')
            || ["mail", "isDeleted"].iter().any(|name| line.description.eq_ignore_ascii_case(name))
            || line.description.eq_ignore_ascii_case("objectClass") && line.value.bytes() == b"nsTombstone"
    }

    fn kept(record: &ContentRecord<'_>) -> Vec<(u64, String, Vec<u8>)> {
        let lines = record.attributes.iter().filter(|line| is_kept(line));
        lines.map(|line| (line.line, line.description.to_string(), line.value.bytes().to_vec())).collect()
    }

    fn check(text: &[u8]) -> Result<(), TestCaseError> {
        let reader = || RecordReader::new(text, 7, UrlPolicy::Refuse);
        let slow: Read<'_> = reader().slow().collect();
        prop_assert_eq!(&reader().collect::<Read<'_>>(), &slow);
        let interest = interest();
        let mut part = reader().only(Some(&interest));
        for expected in slow {
            let Some(read) = part.next() else { return Err(TestCaseError::fail("a record is lacking")) };
            match (read, expected) {
                (Ok(Record::Content(read)), Ok(Record::Content(expected))) => {
                    prop_assert_eq!(kept(&read), kept(&expected));
                    prop_assert_eq!((read.line, &read.dn), (expected.line, &expected.dn));
                    let Some(part) = part.part() else {
                        prop_assert_eq!(read, expected);
                        continue;
                    };
                    prop_assert_eq!(part.lines, expected.attributes.len());
                    let whole = RecordReader::new(part.text, part.line, UrlPolicy::Refuse).next();
                    prop_assert_eq!(whole, Some(Ok(Record::Content(expected))));
                }
                (read, expected) => prop_assert_eq!(read, expected),
            }
        }
        prop_assert!(part.next().is_none());
        Ok(())
    }

    #[test]
    fn what_is_left_to_the_reader() {
        for text in [
            "version: 1\ndn: o=x\no: x\n\n",
            "dn: \no: x\n",
            "dn: o=x\nchangetype: delete\n",
            "dn: o=x\ncontrol: 1.2 true\nchangetype: delete\n",
            "dn: o=x\ncn:\n x\n",
            "dn: o=x\nc\n n: x\n",
            "dn: o=x\ncn:< file:///x\n",
            "dn: o=x\ncn:: YQ\n",
            "dn: o=x\ncn:: Y Q=\n",
            "dn: o=x\n\tcn: x\n",
            "dn: o=x\ndn: o=y\n",
            "ref: ldap://x\n",
        ] {
            assert!(content(text.as_bytes(), 1, None, &mut Vec::new()).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_taken() {
        let text = b"\n# c\n  d\ndn: o=x\r\nobjectClass: top\r\ncn:  a\n  b\nphoto:: YWJj\n ZGVm\n\nnext";
        let mut lines = Vec::new();
        let taken = content(text, 1, None, &mut lines).unwrap();
        let values: Vec<_> = lines.iter().map(|line| (line.line, line.value.bytes())).collect();
        assert_eq!(values, [(5, &b"top"[..]), (6, b"a b"), (8, b"abcdef")]);
        assert_eq!((taken.line, taken.lines, taken.next_line, &text[taken.end..]), (4, 3, 11, &b"next"[..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn the_quick_way_says_what_the_slow_one_says(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40), tail in "[ -~\\x00\\r\\n]{0,3}",
        ) {
            check(format!("dn: o=x\n{}{tail}", pieces.concat()).as_bytes())?;
        }

        #[test]
        fn whatever_the_bytes(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            check(&bytes)?;
        }
    }
}
