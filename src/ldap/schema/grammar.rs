//! The pieces of a schema description: words, names, texts and lists.
//!
//! See [`description`](super::description) for the grammar. Blanks are space, tab and line end; every piece takes
//! those that follow it.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map, map_res, opt, value, verify};
use nom::error::{ErrorKind, ParseError};
use nom::multi::{many0, many1};
use nom::sequence::{delimited, terminated};
use nom::{IResult, Parser};
use thiserror::Error;

/// Why a value is not a description.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at byte {offset})")]
pub struct SchemaError {
    /// Byte of the value, from 0.
    pub offset: usize,
    /// What is wrong there.
    pub kind: SchemaErrorKind,
}

/// The kinds of [`SchemaError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SchemaErrorKind {
    /// The description does not begin as one.
    #[error("expected `(`")]
    Open,
    /// A list does not end.
    #[error("expected `)`")]
    Close,
    /// Something that is not a keyword of such a description.
    #[error("expected a keyword such as `NAME`, or `)`")]
    Keyword,
    /// A keyword without its name or OID.
    #[error("expected a name or an OID")]
    Word,
    /// A quote that does not end, or none where text is due.
    #[error("expected a text in quotes")]
    Text,
    /// A length that is not a number.
    #[error("expected a number and `}}`")]
    Length,
    /// A usage that RFC 4512 does not know.
    #[error("expected `userApplications`, `directoryOperation`, `distributedOperation` or `dSAOperation`")]
    Usage,
    /// Neither a name nor an OID.
    #[error("expected a description with a name or an OID")]
    Nameless,
    /// Something stands behind the description.
    #[error("expected the end of the description")]
    End,
}

/// Where parsing stopped, and what was due there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault<'t> {
    /// The rest of the value from there.
    pub(super) rest: &'t [u8],
    pub(super) kind: SchemaErrorKind,
}

impl<'t> ParseError<&'t [u8]> for Fault<'t> {
    fn from_error_kind(rest: &'t [u8], _: ErrorKind) -> Self {
        Self { rest, kind: SchemaErrorKind::Word }
    }

    fn append(_: &'t [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'t, E> nom::error::FromExternalError<&'t [u8], E> for Fault<'t> {
    fn from_external_error(rest: &'t [u8], kind: ErrorKind, _: E) -> Self {
        Self::from_error_kind(rest, kind)
    }
}

pub(super) type Parsed<'t, T> = IResult<&'t [u8], T, Fault<'t>>;

/// An error that says what is due at `rest`.
pub(super) fn due<T>(rest: &[u8], kind: SchemaErrorKind) -> Parsed<'_, T> {
    Err(nom::Err::Error(Fault { rest, kind }))
}

/// The parser, with its errors said to be about `kind` where they happen.
fn named<'t, T>(
    kind: SchemaErrorKind,
    mut parser: impl Parser<&'t [u8], Output = T, Error = Fault<'t>>,
) -> impl Parser<&'t [u8], Output = T, Error = Fault<'t>> {
    move |input| parser.parse(input).map_err(|error| error.map(|fault: Fault<'t>| Fault { kind, ..fault }))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Any blanks.
pub(super) fn blanks(input: &[u8]) -> Parsed<'_, ()> {
    value((), take_while(is_blank)).parse(input)
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()'\"${}\\".contains(&byte)
}

fn as_text(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

/// A bare word.
pub(super) fn bare(input: &[u8]) -> Parsed<'_, String> {
    terminated(map(take_while1(is_word_byte), as_text), blanks).parse(input)
}

/// A keyword: a bare word that may touch what follows it.
pub(super) fn keyword(input: &[u8]) -> Parsed<'_, &[u8]> {
    terminated(take_while1(|byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), blanks).parse(input)
}

/// A word between quotes; none if nothing is there.
pub(super) fn quoted_word(input: &[u8]) -> Parsed<'_, Option<String>> {
    let inside = delimited(blanks, take_while(is_word_byte), blanks);
    terminated(delimited(char('\''), inside, char('\'')), blanks)
        .map(|word: &[u8]| Some(word).filter(|word| !word.is_empty()).map(as_text))
        .parse(input)
}

/// One name or OID, with or without quotes; none for `''`.
pub(super) fn word(input: &[u8]) -> Parsed<'_, Option<String>> {
    named(SchemaErrorKind::Word, alt((quoted_word, map(bare, Some)))).parse(input)
}

/// One name or OID, or a list of them in parentheses with or without `$` between them.
pub(super) fn words(input: &[u8]) -> Parsed<'_, Vec<String>> {
    let dollars = || many0(terminated(char('$'), blanks));
    let Ok((inside, ())) = opening(input) else {
        return word.map(|word| word.into_iter().collect()).parse(input);
    };
    let (rest, _) = dollars().parse(inside)?;
    let (rest, words) = many0(terminated(word, dollars())).parse(rest)?;
    let (rest, ()) = closing(rest)?;
    Ok((rest, words.into_iter().flatten().collect()))
}

/// A text between single or double quotes, with `\27` and `\5C` undone (RFC 4512, 4.1).
pub(super) fn text(input: &[u8]) -> Parsed<'_, String> {
    let between = |quote: char| {
        delimited(char(quote), take_till(move |byte| char::from(byte) == quote), char(quote)).map(unescaped)
    };
    named(SchemaErrorKind::Text, terminated(alt((between('\''), between('"'))), blanks)).parse(input)
}

/// What follows an extension: texts in parentheses, a text, bare words up to the next keyword, or nothing.
pub(super) fn texts(is_keyword: fn(&[u8]) -> bool, input: &[u8]) -> Parsed<'_, Vec<String>> {
    if let Ok((inside, ())) = opening(input) {
        return terminated(many0(alt((text, bare))), closing).parse(inside);
    }
    if matches!(input.first(), Some(b'\'' | b'"')) {
        return many1(text).parse(input);
    }
    many0(verify(bare, move |word: &String| !is_keyword(word.as_bytes()))).parse(input)
}

/// A syntax: an OID and perhaps a length, `1.3.6.1.4.1.1466.115.121.1.15{64}`.
pub(super) fn syntax(input: &[u8]) -> Parsed<'_, (Option<String>, Option<u64>)> {
    let Ok((inside, _)) = char::<_, Fault<'_>>('\'').parse(input) else {
        let (rest, oid) = word(input)?;
        return length(rest).map(|(rest, length)| (rest, (oid, length)));
    };
    let (rest, oid) = delimited(blanks, take_while(is_word_byte), blanks).parse(inside)?;
    let (rest, inner) = length(rest)?;
    let (rest, _) = named(SchemaErrorKind::Word, terminated(char('\''), blanks)).parse(rest)?;
    let (rest, outer) = length(rest)?;
    Ok((rest, (Some(as_text(oid)).filter(|oid| !oid.is_empty()), inner.or(outer))))
}

/// `{64}`, if it is there.
fn length(input: &[u8]) -> Parsed<'_, Option<u64>> {
    let Some(inside) = input.strip_prefix(b"{") else { return Ok((input, None)) };
    let number = map_res(digit1, |digits: &[u8]| as_text(digits).parse::<u64>());
    named(SchemaErrorKind::Length, terminated(number, (char('}'), blanks))).map(Some).parse(inside)
}

/// `{12}`, the place of a value in cn=config.
pub(super) fn place(input: &[u8]) -> Parsed<'_, ()> {
    let number = delimited(char('{'), take_while(|byte: u8| byte.is_ascii_digit() || byte == b'-'), char('}'));
    value((), opt(terminated(number, blanks))).parse(input)
}

/// `(`.
pub(super) fn opening(input: &[u8]) -> Parsed<'_, ()> {
    named(SchemaErrorKind::Open, value((), terminated(tag("("), blanks))).parse(input)
}

/// `)`.
pub(super) fn closing(input: &[u8]) -> Parsed<'_, ()> {
    named(SchemaErrorKind::Close, value((), terminated(tag(")"), blanks))).parse(input)
}

fn unescaped(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (character, length) = match from.as_bytes() {
            [b'\\', b'2', b'7', ..] => ('\'', 3),
            [b'\\', b'5', b'C' | b'c', ..] => ('\\', 3),
            _ => ('\\', 1),
        };
        out.push(character);
        rest = from.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// A text as it stands between single quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\5C").replace('\'', "\\27")
}
