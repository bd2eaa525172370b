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
use super::seen_names::AttributeNameCache;
use super::written::{Written, digits_of, folds, without_fill};
use crate::ldap::TypeMap;
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::keystring::{is_keychar, is_ldif_option_byte, is_name_byte};

/// Attributes whose lines are kept; always kept are lines that say something of the record as a whole: descriptions with
/// options, `isDeleted`, and an `objectClass` that is empty, `nsTombstone`, or not written as plain text.
pub type AttributeSelection = TypeMap<()>;

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
    /// No line says something of the record as a whole; see [`AttributeSelection`].
    pub has_no_special_lines: bool,
}

/// A logical line, not yet taken for anything. Its base64 decodes.
struct Line<'b> {
    name: &'b [u8],
    /// What stands behind the colons, with its folds.
    written: &'b [u8],
    is_base64: bool,
    is_folded: bool,
}

impl<'b> Line<'b> {
    fn value(&self) -> Text<'b> {
        if self.is_folded || self.is_base64 {
            Text::Written(Written::new(self.written, self.is_base64))
        } else {
            Text::Bytes(without_fill(self.written).into())
        }
    }
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
    /// An empty line, which was skipped.
    Blank,
    /// A comment, which was skipped.
    Comment,
    /// A line with something in it.
    Line,
}

/// What is done with the lines of an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Use {
    /// They are checked and skipped.
    #[default]
    Pass,
    /// They are kept.
    Keep,
    /// They are kept, and say something of the record as a whole.
    Tell,
    /// An `objectClass` that nobody asks for, or, if `keep`, that somebody does: it depends on the value.
    Class { keep: bool },
    /// The name may be a keyword: what it is depends on its place.
    Keyword,
}

impl Use {
    fn of(name: &[u8], has_options: bool, interest: Option<&AttributeSelection>) -> Self {
        let is = |keyword: &[u8]| name.eq_ignore_ascii_case(keyword);
        let keep = || interest.is_none_or(|interest| interest.get_type(name).is_some());
        match name.len() {
            _ if has_options => Self::Tell,
            2 if is(b"dn") => Self::Keyword,
            7 if is(b"control") => Self::Keyword,
            10 if is(b"changetype") => Self::Keyword,
            9 if is(b"isDeleted") => Self::Tell,
            11 if is(b"objectClass") => Self::Class { keep: keep() },
            _ if keep() => Self::Keep,
            _ => Self::Pass,
        }
    }
}

/// Takes the record at the start of `text`, which holds no NUL, if it is a plain one; its lines go to the end of `lines`.
pub(super) fn content<'b>(
    text: &'b [u8],
    first_line: u64,
    interest: Option<&AttributeSelection>,
    names: &mut AttributeNameCache<Use>,
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
    let dn = first.value();
    let (mut count, mut has_no_special_lines) = (0, true);
    loop {
        let rest = &text[walk.at..];
        let known = names.find(rest);
        // Nearly every line: a known attribute that nobody asks for, plain, on one physical line.
        if let Some((name, Use::Pass | Use::Class { keep: false })) = known
            && let Some(end) = end_of_plain(rest, name)
            && (known == Some((name, Use::Pass)) || !may_tell(rest, name))
        {
            walk.at += end;
            walk.line += 1;
            count += 1;
            continue;
        }
        let (length, usage) = if let Some(known) = known {
            known
        } else {
            match walk.start()? {
                Start::End | Start::Blank => break,
                Start::Comment => continue,
                Start::Line => {}
            }
            let (length, has_options) = description(rest)?;
            let usage = Use::of(&rest[..length], has_options, interest);
            names.keep(rest, length, usage);
            (length, usage)
        };
        let number = walk.line;
        let taken = walk.value_behind(length)?;
        let is_kept = match usage {
            Use::Pass => false,
            Use::Tell => {
                has_no_special_lines = false;
                true
            }
            Use::Class { keep } => {
                let is_telling = is_telling_class(&taken);
                has_no_special_lines &= !is_telling;
                keep || is_telling
            }
            // `control` and `changetype` are keywords right behind the name only, `dn` is one everywhere.
            Use::Keyword if count == 0 || taken.name.len() == 2 => return None,
            Use::Keep | Use::Keyword => true,
        };
        count += 1;
        if is_kept {
            let description = std::str::from_utf8(taken.name).ok()?.into();
            lines.push(AttributeLine { line: number, description, value: taken.value() });
        }
    }
    if dn.bytes().is_empty() {
        return None;
    }
    Some(Taken { dn, line, lines: count, start, end: walk.at, next_line: walk.line, has_no_special_lines })
}

/// Where the line ends that begins with a description of this length, if its value is plain text on this line alone.
#[inline]
fn end_of_plain(rest: &[u8], description: usize) -> Option<usize> {
    // Base64, a URL, nothing, or a fold that hides which.
    if matches!(rest.get(description + 1)?, b':' | b'<' | b'\n' | b'\r') {
        return None;
    }
    let end = line_end(rest, description + 2)? + 1;
    (rest.get(end) != Some(&b' ')).then_some(end)
}

/// Whether an `objectClass` line that is plain may say something of the record as a whole.
fn may_tell(rest: &[u8], description: usize) -> bool {
    rest.get(description + 1) != Some(&b' ')
        || matches!(rest.get(description + 2), None | Some(b'n' | b'N' | b' ' | b'\n' | b'\r'))
}

/// The first line feed from a place on. Most lines are shorter than it takes to call `memchr`.
#[inline]
fn line_end(text: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const FEEDS: u64 = b'\n' as u64 * ONES;
    let mut at = from;
    for _ in 0..5 {
        let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk()) else { break };
        let other = u64::from_le_bytes(*chunk) ^ FEEDS;
        let feeds = other.wrapping_sub(ONES) & !other & (ONES << 7);
        if feeds != 0 {
            return Some(at + feeds.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr(b'\n', text.get(at..)?).map(|end| at + end)
}

/// Whether an `objectClass` says something of the record as a whole; see [`AttributeSelection`].
fn is_telling_class(line: &Line<'_>) -> bool {
    let value = without_fill(line.written);
    line.is_base64 || line.is_folded || value.is_empty() || value.eq_ignore_ascii_case(b"nsTombstone")
}

/// Whether nothing is wrong with the record at the start of `text`, which holds no NUL, and nothing about it is unusual:
/// [`lint`](super::lint) has nothing to say of it for itself. It may say no to a record that is in order.
pub(super) fn is_faultless(text: &[u8], keys: &mut KeyBuffer) -> bool {
    let mut walk = Walk { text, at: 0, line: 1 };
    let mut lines = 0_usize;
    loop {
        match walk.start() {
            Some(Start::Comment) => continue,
            Some(Start::Line) => {}
            Some(Start::End) => return lines > 1 && text.ends_with(b"\n"),
            Some(Start::Blank) | None => return false,
        }
        let Some(line) = walk.take() else { return false };
        let is_in_order = if lines == 0 {
            line.name == b"dn" && {
                let name = line.value();
                !name.bytes().is_empty() && keys.key_of(name.bytes()).is_ok()
            }
        } else {
            !is_keyword(line.name, lines == 1) && has_usual_name(&line)
        };
        if !is_in_order || !is_usually_written(&line) {
            return false;
        }
        lines += 1;
    }
}

/// Letters, digits and hyphens, a letter first (RFC 4512, 1.4).
fn has_usual_name(line: &Line<'_>) -> bool {
    let usual = |byte: &u8| is_keychar(*byte) || *byte == b';';
    line.name[0].is_ascii_alphabetic() && line.name.iter().all(usual)
}

/// ASCII without CR inside and blanks at the end, no line of blanks.
fn is_usually_written(line: &Line<'_>) -> bool {
    if !line.is_folded {
        let value = without_fill(line.written);
        return value.last() != Some(&b' ') && (line.is_base64 || is_usual_text(value));
    }
    folds(line.written).skip(1).all(|part| is_usual_text(part) && !part.trim_ascii().is_empty())
        && folds(line.written).next().is_some_and(is_usual_text)
        && folds(line.written).last().is_some_and(|last| last.last() != Some(&b' '))
}

/// Whether a line cannot be an attribute's at its place.
fn is_keyword(name: &[u8], is_first: bool) -> bool {
    let is = |keyword: &[u8]| name.eq_ignore_ascii_case(keyword);
    is(b"dn") || is_first && (is(b"control") || is(b"changetype"))
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
        classes[at] = if is_name_byte(byte_value) {
            Class::Name
        } else if is_ldif_option_byte(byte_value) {
            Class::Option
        } else {
            Class::Other
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

/// The length of the description at the start of a line, and whether it has options; `None` if there is no colon behind
/// it.
fn description(line: &[u8]) -> Option<(usize, bool)> {
    let base = line.iter().position(|byte| class(*byte) != Class::Name)?;
    let mut end = base;
    while line[end] == b';' {
        let option = &line[end + 1..];
        let length = option.iter().position(|byte| class(*byte) == Class::Other)?;
        if length == 0 {
            return None;
        }
        end += 1 + length;
    }
    (base > 0 && line[end] == b':').then_some((end, end > base))
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
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Takes a logical line.
    fn take(&mut self) -> Option<Line<'b>> {
        let (length, _) = description(&self.text[self.at..])?;
        self.value_behind(length)
    }

    /// Takes a logical line whose description has this length, with a colon behind it.
    #[inline]
    fn value_behind(&mut self, end: usize) -> Option<Line<'b>> {
        let rest = &self.text[self.at..];
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
        let written = if is_folded { &self.text[begin..self.at] } else { first };
        let decodes = || {
            if !is_folded {
                return is_decodable(std::iter::once(digits_of(written)));
            }
            let mut parts = folds(written);
            let first = parts.next().map(without_fill);
            is_decodable(first.into_iter().chain(parts))
        };
        if is_base64 && !decodes() {
            return None;
        }
        Some(Line { name, written, is_base64, is_folded })
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
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/')
}

/// ASCII without CR.
fn is_usual_text(text: &[u8]) -> bool {
    text.is_ascii() && memchr(b'\r', text).is_none()
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

    fn interest() -> AttributeSelection {
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
            assert!(
                content(text.as_bytes(), 1, None, &mut AttributeNameCache::new(), &mut Vec::new()).is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_taken() {
        let text = b"\n# c\n  d\ndn: o=x\r\nobjectClass: top\r\ncn:  a\n  b\nphoto:: YWJj\n ZGVm\n\nnext";
        let mut lines = Vec::new();
        let taken = content(text, 1, None, &mut AttributeNameCache::new(), &mut lines).unwrap();
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
