//! A fast parser for content records of the common kind.
//!
//! It reads a record whose every line is ordinary. All other records, from their first line on, are left to
//! [`reader`](super::reader), which alone decides what they mean and what is wrong with them:
//!
//! | read here | left to the reader |
//! | --- | --- |
//! | `dn: text` or `dn:: base64` as the first line, not empty | `version:`, a block without `dn:`, an empty DN |
//! | `description: text`, `description:: base64` | `description:< url`, a second `dn`, `control` or `changetype` after the DN |
//! | folds of a value | folds of a description, a fold right after `description:` |
//! | comments, LF and CR LF | NUL, a line that begins with TAB, a blank line with several CRs |
//! | valid base64 | invalid base64 |
//!
//! Lines of attributes that were not asked for are checked like all others, but not kept. Tests compare this parser with
//! the general one on malformed input.

use data_encoding::BASE64;
use memchr::memchr;

use super::grammar::{is_base64_digit, is_keychar, is_name_byte, is_option_byte};
use super::name_cache::AttributeNameCache;
use super::raw_value::{RawValue, base64_digits, pieces, strip_fill};
use super::record::{AttributeLine, LdifValue};
use crate::ldap::TypeMap;
use crate::ldap::dn_key::KeyBuffer;

/// The attributes whose lines are kept.
///
/// Lines that say something about the record as a whole ("special lines") are always kept: descriptions with options,
/// `isDeleted`, and an `objectClass` that is empty, `nsTombstone`, folded, or in base64.
pub type AttributeSelection = TypeMap<()>;

/// A record that was read here. Its attribute lines are in the vector that the caller gave.
pub(super) struct FastRecord<'b> {
    /// The value of its `dn:` line.
    pub dn: LdifValue<'b>,
    /// Number of the `dn:` line.
    pub line: u64,
    /// How many attribute lines the record has, kept or not.
    pub line_count: usize,
    /// Offset of the `dn:` line, after blank lines and comments.
    pub start: usize,
    /// Offset of the next record.
    pub end: usize,
    /// Number of the line at `end`.
    pub next_line: u64,
    /// No line says something about the record as a whole; see [`AttributeSelection`].
    pub has_no_special_lines: bool,
}

/// A logical line in which base64 is known to decode.
struct RawLine<'b> {
    name: &'b [u8],
    /// The bytes after the colons, with their folds.
    raw: &'b [u8],
    is_base64: bool,
    is_folded: bool,
}

impl<'b> RawLine<'b> {
    fn value(&self) -> LdifValue<'b> {
        if self.is_folded || self.is_base64 {
            LdifValue::Raw(RawValue::new(self.raw, self.is_base64))
        } else {
            LdifValue::Bytes(strip_fill(self.raw).into())
        }
    }
}

/// A position in a text without NUL bytes.
struct LineCursor<'b> {
    text: &'b [u8],
    at: usize,
    line: u64,
}

/// What is at the start of a physical line.
enum LineStart {
    /// The end of the text.
    End,
    /// An empty line, which was skipped.
    Blank,
    /// A comment, which was skipped.
    Comment,
    /// A line that is not empty.
    Line,
}

/// What is done with the lines of an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LineHandling {
    /// They are checked but not kept.
    #[default]
    Skip,
    /// They are kept.
    Keep,
    /// They are kept, and say something about the record as a whole.
    KeepSpecial,
    /// `objectClass`: kept if it was asked for (`keep`) or if its value is special.
    ObjectClass { keep: bool },
    /// The name may be a keyword, which depends on its place in the record.
    Keyword,
}

impl LineHandling {
    fn of(name: &[u8], has_options: bool, selection: Option<&AttributeSelection>) -> Self {
        let is = |keyword: &[u8]| name.eq_ignore_ascii_case(keyword);
        let keep = || selection.is_none_or(|selection| selection.get_type(name).is_some());
        match name.len() {
            _ if has_options => Self::KeepSpecial,
            2 if is(b"dn") => Self::Keyword,
            7 if is(b"control") => Self::Keyword,
            10 if is(b"changetype") => Self::Keyword,
            9 if is(b"isDeleted") => Self::KeepSpecial,
            11 if is(b"objectClass") => Self::ObjectClass { keep: keep() },
            _ if keep() => Self::Keep,
            _ => Self::Skip,
        }
    }
}

/// Reads the record at the start of `text`, which contains no NUL, and appends the lines to keep to `lines`.
///
/// `None` if the record must be left to the reader; `lines` may then have lines of it.
pub(super) fn content<'b>(
    text: &'b [u8],
    first_line: u64,
    selection: Option<&AttributeSelection>,
    names: &mut AttributeNameCache<LineHandling>,
    lines: &mut Vec<AttributeLine<'b>>,
) -> Option<FastRecord<'b>> {
    let mut cursor = LineCursor { text, at: 0, line: first_line };
    loop {
        match cursor.line_start()? {
            LineStart::End => return None,
            LineStart::Blank | LineStart::Comment => {}
            LineStart::Line => break,
        }
    }
    let (start, line) = (cursor.at, cursor.line);
    let first = cursor.logical_line()?;
    if !first.name.eq_ignore_ascii_case(b"dn") {
        return None;
    }
    let dn = first.value();
    let (mut line_count, mut has_no_special_lines) = (0, true);
    loop {
        let rest = &text[cursor.at..];
        let known = names.find(rest);
        // Nearly every line: a known attribute that was not asked for, as plain text on one physical line.
        if let Some((length, LineHandling::Skip | LineHandling::ObjectClass { keep: false })) = known
            && let Some(end) = end_of_plain_line(rest, length)
            && (known == Some((length, LineHandling::Skip)) || !may_be_special_class(rest, length))
        {
            cursor.at += end;
            cursor.line += 1;
            line_count += 1;
            continue;
        }
        let (length, handling) = if let Some(known) = known {
            known
        } else {
            match cursor.line_start()? {
                LineStart::End | LineStart::Blank => break,
                LineStart::Comment => continue,
                LineStart::Line => {}
            }
            let (length, has_options) = description(rest)?;
            let handling = LineHandling::of(&rest[..length], has_options, selection);
            names.insert(rest, length, handling);
            (length, handling)
        };
        let number = cursor.line;
        let read = cursor.value_after(length)?;
        let is_kept = match handling {
            LineHandling::Skip => false,
            LineHandling::KeepSpecial => {
                has_no_special_lines = false;
                true
            }
            LineHandling::ObjectClass { keep } => {
                let is_special = is_special_class(&read);
                has_no_special_lines &= !is_special;
                keep || is_special
            }
            // `control` and `changetype` are keywords right after the DN only, `dn` is one everywhere.
            LineHandling::Keyword if line_count == 0 || read.name.len() == 2 => return None,
            LineHandling::Keep | LineHandling::Keyword => true,
        };
        line_count += 1;
        if is_kept {
            let description = std::str::from_utf8(read.name).ok()?.into();
            lines.push(AttributeLine { line: number, description, value: read.value() });
        }
    }
    if dn.bytes().is_empty() {
        return None;
    }
    let (end, next_line) = (cursor.at, cursor.line);
    Some(FastRecord { dn, line, line_count, start, end, next_line, has_no_special_lines })
}

/// The offset just after the line that begins with a description of this length, or `None` if its value is not plain text
/// on this physical line alone.
#[inline]
fn end_of_plain_line(rest: &[u8], description: usize) -> Option<usize> {
    // Base64, a URL, an empty value, or a fold that hides which of them it is.
    if matches!(rest.get(description + 1)?, b':' | b'<' | b'\n' | b'\r') {
        return None;
    }
    let end = line_end(rest, description + 2)? + 1;
    (rest.get(end) != Some(&b' ')).then_some(end)
}

/// Whether a plain `objectClass` line may have a special value.
fn may_be_special_class(rest: &[u8], description: usize) -> bool {
    rest.get(description + 1) != Some(&b' ')
        || matches!(rest.get(description + 2), None | Some(b'n' | b'N' | b' ' | b'\n' | b'\r'))
}

/// The offset of the first line feed at or after `from`. Most lines are so short that a call of `memchr` takes longer.
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

/// Whether an `objectClass` line is special; see [`AttributeSelection`].
fn is_special_class(line: &RawLine<'_>) -> bool {
    let value = strip_fill(line.raw);
    line.is_base64 || line.is_folded || value.is_empty() || value.eq_ignore_ascii_case(b"nsTombstone")
}

/// Whether [`lint`](super::lint) certainly has nothing to report about the content record at the start of `text`, which
/// contains no NUL. It may be false for a record without problems.
pub(super) fn is_clean(text: &[u8], keys: &mut KeyBuffer) -> bool {
    let mut cursor = LineCursor { text, at: 0, line: 1 };
    let mut lines = 0_usize;
    loop {
        match cursor.line_start() {
            Some(LineStart::Comment) => continue,
            Some(LineStart::Line) => {}
            Some(LineStart::End) => return lines > 1 && text.ends_with(b"\n"),
            Some(LineStart::Blank) | None => return false,
        }
        let Some(line) = cursor.logical_line() else { return false };
        let has_clean_name = if lines == 0 {
            line.name == b"dn" && {
                let name = line.value();
                !name.bytes().is_empty() && keys.key_of(name.bytes()).is_ok()
            }
        } else {
            !is_keyword(line.name, lines == 1) && is_common_description(line.name)
        };
        if !has_clean_name || !has_clean_value(&line) {
            return false;
        }
        lines += 1;
    }
}

/// Whether a description is a descr (RFC 4512, 1.4) with or without options.
fn is_common_description(name: &[u8]) -> bool {
    name[0].is_ascii_alphabetic() && name.iter().all(|byte| is_keychar(*byte) || *byte == b';')
}

/// Whether the value is ASCII without a CR inside, without spaces at the end, and without folds of nothing but spaces.
fn has_clean_value(line: &RawLine<'_>) -> bool {
    if !line.is_folded {
        let value = strip_fill(line.raw);
        return value.last() != Some(&b' ') && (line.is_base64 || is_common_text(value));
    }
    pieces(line.raw).skip(1).all(|piece| is_common_text(piece) && !piece.trim_ascii().is_empty())
        && pieces(line.raw).next().is_some_and(is_common_text)
        && pieces(line.raw).last().is_some_and(|last| last.last() != Some(&b' '))
}

/// Whether a line is a keyword at its place: anywhere, or as the first line after the DN.
fn is_keyword(name: &[u8], is_first: bool) -> bool {
    let is = |keyword: &[u8]| name.eq_ignore_ascii_case(keyword);
    is(b"dn") || is_first && (is(b"control") || is(b"changetype"))
}

/// What a byte may be part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ByteClass {
    /// A name, and so an option too.
    Name,
    /// An option only.
    Option,
    /// Neither.
    Other,
}

/// The byte classes of the grammar as a table.
static BYTE_CLASSES: [ByteClass; 256] = {
    let mut classes = [ByteClass::Other; 256];
    let mut index = 0;
    while index < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the index is below 256")]
        let byte = index as u8;
        if is_name_byte(byte) {
            classes[index] = ByteClass::Name;
        } else if is_option_byte(byte) {
            classes[index] = ByteClass::Option;
        }
        index += 1;
    }
    classes
};

fn byte_class(byte: u8) -> ByteClass {
    BYTE_CLASSES[usize::from(byte)]
}

/// The length of the description at the start of a line, and whether it has options; `None` if no colon follows it.
fn description(line: &[u8]) -> Option<(usize, bool)> {
    let base = line.iter().position(|byte| byte_class(*byte) != ByteClass::Name)?;
    let mut end = base;
    while line[end] == b';' {
        let option = &line[end + 1..];
        let length = option.iter().position(|byte| byte_class(*byte) == ByteClass::Other)?;
        if length == 0 {
            return None;
        }
        end += 1 + length;
    }
    (base > 0 && line[end] == b':').then_some((end, end > base))
}

impl<'b> LineCursor<'b> {
    /// Skips a blank line or a comment; `None` if the line must be left to the reader.
    fn line_start(&mut self) -> Option<LineStart> {
        match self.text.get(self.at..).unwrap_or_default() {
            [] => Some(LineStart::End),
            [b'\n', ..] => {
                self.at += 1;
                self.line += 1;
                Some(LineStart::Blank)
            }
            [b'\r', b'\n', ..] => {
                self.at += 2;
                self.line += 1;
                Some(LineStart::Blank)
            }
            [b'#', ..] => {
                self.physical_line();
                while self.text.get(self.at) == Some(&b' ') {
                    self.physical_line();
                }
                Some(LineStart::Comment)
            }
            [b'\r' | b'\t' | b' ', ..] => None,
            _ => Some(LineStart::Line),
        }
    }

    /// Reads the rest of a physical line, without its end.
    fn physical_line(&mut self) -> &'b [u8] {
        let rest = &self.text[self.at..];
        let (line, length) = memchr(b'\n', rest).map_or((rest, rest.len()), |end| (&rest[..end], end + 1));
        self.at += length;
        self.line += 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Reads a logical line; `None` if it must be left to the reader.
    fn logical_line(&mut self) -> Option<RawLine<'b>> {
        let (length, _) = description(&self.text[self.at..])?;
        self.value_after(length)
    }

    /// Reads a logical line whose description has this length, with a colon after it.
    #[inline]
    fn value_after(&mut self, description: usize) -> Option<RawLine<'b>> {
        let rest = &self.text[self.at..];
        let name = &rest[..description];
        let is_base64 = match rest.get(description + 1)? {
            b':' => true,
            // A fold here may hide which form of value it is.
            b'<' | b'\n' | b'\r' if self.is_folded(description + 1) || rest[description + 1] == b'<' => return None,
            _ => false,
        };
        self.at += description + 1 + usize::from(is_base64);
        let begin = self.at;
        let first = self.physical_line();
        let is_folded = self.text.get(self.at) == Some(&b' ');
        while self.text.get(self.at) == Some(&b' ') {
            self.physical_line();
        }
        let raw = if is_folded { &self.text[begin..self.at] } else { first };
        let decodes = || {
            if !is_folded {
                return is_decodable(std::iter::once(base64_digits(raw)));
            }
            let mut pieces = pieces(raw);
            let first = pieces.next().map(strip_fill);
            is_decodable(first.into_iter().chain(pieces))
        };
        if is_base64 && !decodes() {
            return None;
        }
        Some(RawLine { name, raw, is_base64, is_folded })
    }

    /// Whether the physical line that ends at this offset from the cursor is folded.
    fn is_folded(&self, offset: usize) -> bool {
        matches!(&self.text[self.at + offset..], [b'\n', b' ', ..] | [b'\r', b'\n', b' ', ..])
    }
}

/// Whether base64 in pieces certainly decodes. It may be false for base64 that does, such as padding on two lines.
fn is_decodable<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut length = 0;
    let mut last_four = [0; 4];
    let mut is_padded = false;
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        let padding = piece.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
        // No early exit, so that the compiler can vectorise the loop.
        if is_padded || !piece[..piece.len() - padding].iter().fold(true, |all, byte| all & is_base64_digit(*byte)) {
            return false;
        }
        is_padded = padding > 0;
        length += piece.len();
        for byte in &piece[piece.len().saturating_sub(4)..] {
            last_four.rotate_left(1);
            last_four[3] = *byte;
        }
    }
    length == 0 || length % 4 == 0 && BASE64.decode(&last_four).is_ok()
}

/// ASCII without CR.
fn is_common_text(text: &[u8]) -> bool {
    text.is_ascii() && memchr(b'\r', text).is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ldif::{ContentRecord, LdifError, Record, RecordReader, UrlPolicy};

    /// Pieces of text that make valid and invalid records.
    #[rustfmt::skip]
    const PIECES: [&str; 44] = [
        "\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", "\n ", "\r\n ", "\n\n", "\r\n\r\n", "\n \n", "\r\r\n", "\n\t",
        "dn: uid=a,o=x", "DN:: dWlkPWEsbz14", "dn:", "dn: ", "dn", "d", "version: 1", "# comment", "#",
        "cn: a", "CN;lang-de: b ", "cn;: x", "cn:  two", "cn:", ":", "::", ": ", "mail:: YWJj", "mail::YWI=", "mail:: YQ==",
        "mail:: YWJ", "jpegPhoto:: ////", "====", " ", "objectClass: nsTombstone", "isDeleted: TRUE", "control: 1.2",
        "changetype: add", "cn:< file:///x",
    ];

    type Outcomes<'b> = Vec<Result<Record<'b>, LdifError>>;

    fn selection() -> AttributeSelection {
        ["mail"].into_iter().map(|name| (name, ())).collect()
    }

    /// Whether a line of a record must be kept, with the selection above.
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
        let slow: Outcomes<'_> = reader().slow().collect();
        prop_assert_eq!(&reader().collect::<Outcomes<'_>>(), &slow);
        let selection = selection();
        let mut selective = reader().only(Some(&selection));
        for expected in slow {
            let Some(read) = selective.next() else { return Err(TestCaseError::fail("a record is missing")) };
            match (read, expected) {
                (Ok(Record::Content(read)), Ok(Record::Content(expected))) => {
                    prop_assert_eq!(kept(&read), kept(&expected));
                    prop_assert_eq!((read.line, &read.dn), (expected.line, &expected.dn));
                    let Some(partial) = selective.partial() else {
                        prop_assert_eq!(read, expected);
                        continue;
                    };
                    prop_assert_eq!(partial.line_count, expected.attributes.len());
                    let whole = RecordReader::new(partial.text, partial.line, UrlPolicy::Refuse).next();
                    prop_assert_eq!(whole, Some(Ok(Record::Content(expected))));
                }
                (read, expected) => prop_assert_eq!(read, expected),
            }
        }
        prop_assert!(selective.next().is_none());
        Ok(())
    }

    #[test]
    fn records_that_are_left_to_the_reader() {
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
    fn a_record_that_is_read_here() {
        let text = b"\n# c\n  d\ndn: o=x\r\nobjectClass: top\r\ncn:  a\n  b\nphoto:: YWJj\n ZGVm\n\nnext";
        let mut lines = Vec::new();
        let read = content(text, 1, None, &mut AttributeNameCache::new(), &mut lines).unwrap();
        let values: Vec<_> = lines.iter().map(|line| (line.line, line.value.bytes())).collect();
        assert_eq!(values, [(5, &b"top"[..]), (6, b"a b"), (8, b"abcdef")]);
        assert_eq!((read.line, read.line_count, read.next_line, &text[read.end..]), (4, 3, 11, &b"next"[..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn both_parsers_agree_on_pieces_of_records(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40), tail in "[ -~\\x00\\r\\n]{0,3}",
        ) {
            check(format!("dn: o=x\n{}{tail}", pieces.concat()).as_bytes())?;
        }

        #[test]
        fn both_parsers_agree_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            check(&bytes)?;
        }
    }
}
