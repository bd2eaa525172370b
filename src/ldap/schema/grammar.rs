//! The parsers for the parts of a schema description: words, texts and lists.
//!
//! The grammar is in [`description`](super::description). Blanks are space, tab, CR and LF; every parser consumes the blanks
//! after its part.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map, map_res, opt, value, verify};
use nom::error::{ErrorKind, ParseError};
use nom::multi::{many0, many0_count, many1_count};
use nom::sequence::{delimited, terminated};
use nom::{IResult, Parser};
use thiserror::Error;

use crate::ldap::keystring::is_lenient_keychar;

/// The reason why a value is not a description.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at byte {offset})")]
pub struct SchemaError {
    /// Offset in the value, in bytes from 0.
    pub offset: usize,
    /// The error at that offset.
    pub kind: SchemaErrorKind,
}

/// The kinds of [`SchemaError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SchemaErrorKind {
    /// The description does not begin with `(`.
    #[error("expected `(`")]
    Open,
    /// A description or a list has no end.
    #[error("expected `)`")]
    Close,
    /// A word that is not a keyword of this kind of description.
    #[error("expected a keyword such as `NAME`, or `)`")]
    Keyword,
    /// A keyword without the name or OID that it needs.
    #[error("expected a name or an OID")]
    Word,
    /// A text without quotes, or without the closing quote.
    #[error("expected text in quotes")]
    Text,
    /// A length that is not a number.
    #[error("expected a number and `}}`")]
    Length,
    /// A usage that RFC 4512 does not define.
    #[error("expected `userApplications`, `directoryOperation`, `distributedOperation` or `dSAOperation`")]
    Usage,
    /// The description has neither a name nor an OID.
    #[error("expected a description with a name or an OID")]
    Nameless,
    /// Text after the end of the description.
    #[error("expected the end of the description")]
    End,
}

/// Where parsing stopped, and what was expected there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault<'t> {
    /// The rest of the value from that place.
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

/// Fails with an error that names what was expected at `rest`.
pub(super) fn due<T>(rest: &[u8], kind: SchemaErrorKind) -> Parsed<'_, T> {
    Err(nom::Err::Error(Fault { rest, kind }))
}

/// The parser, with the kind of its errors replaced by `kind`.
fn named<'t, T>(
    kind: SchemaErrorKind,
    mut parser: impl Parser<&'t [u8], Output = T, Error = Fault<'t>>,
) -> impl Parser<&'t [u8], Output = T, Error = Fault<'t>> {
    move |input| parser.parse(input).map_err(|error| error.map(|fault: Fault<'t>| Fault { kind, ..fault }))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Skips blanks.
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

/// A keyword, which may touch what follows it.
pub(super) fn keyword(input: &[u8]) -> Parsed<'_, &[u8]> {
    terminated(take_while1(is_lenient_keychar), blanks).parse(input)
}

/// A word in quotes; `None` for `''`.
pub(super) fn quoted_word(input: &[u8]) -> Parsed<'_, Option<String>> {
    let inside = delimited(blanks, take_while(is_word_byte), blanks);
    terminated(delimited(char('\''), inside, char('\'')), blanks)
        .map(|word: &[u8]| Some(word).filter(|word| !word.is_empty()).map(as_text))
        .parse(input)
}

/// One name or OID, with or without quotes; `None` for `''`.
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

/// Skips a text in single or double quotes.
pub(super) fn text(input: &[u8]) -> Parsed<'_, ()> {
    let quoted = |quote: char| delimited(char(quote), take_till(move |byte| char::from(byte) == quote), char(quote));
    named(SchemaErrorKind::Text, value((), terminated(alt((quoted('\''), quoted('"'))), blanks))).parse(input)
}

/// Skips the values of an extension: texts in parentheses, texts, bare words up to the next keyword, or nothing.
pub(super) fn texts(is_keyword: fn(&[u8]) -> bool, input: &[u8]) -> Parsed<'_, ()> {
    if let Ok((inside, ())) = opening(input) {
        return terminated(many0_count(alt((text, value((), bare)))), closing).map(|_| ()).parse(inside);
    }
    if matches!(input.first(), Some(b'\'' | b'"')) {
        return many1_count(text).map(|_| ()).parse(input);
    }
    many0_count(verify(bare, move |word: &String| !is_keyword(word.as_bytes()))).map(|_| ()).parse(input)
}

/// The OID of a syntax, `1.3.6.1.4.1.1466.115.121.1.15{64}`; the length in braces is optional and skipped.
pub(super) fn syntax(input: &[u8]) -> Parsed<'_, Option<String>> {
    let Ok((inside, _)) = char::<_, Fault<'_>>('\'').parse(input) else {
        return terminated(word, length).parse(input);
    };
    let (rest, oid) = delimited(blanks, take_while(is_word_byte), blanks).parse(inside)?;
    let (rest, ()) = length(rest)?;
    let (rest, _) = named(SchemaErrorKind::Word, terminated(char('\''), blanks)).parse(rest)?;
    let (rest, ()) = length(rest)?;
    Ok((rest, Some(as_text(oid)).filter(|oid| !oid.is_empty())))
}

/// Skips `{64}`, if it is there.
fn length(input: &[u8]) -> Parsed<'_, ()> {
    let Some(inside) = input.strip_prefix(b"{") else { return Ok((input, ())) };
    let number = map_res(digit1, |digits: &[u8]| as_text(digits).parse::<u64>());
    named(SchemaErrorKind::Length, terminated(number, (char('}'), blanks))).map(|_| ()).parse(inside)
}

/// Skips `{12}`, the position of a value in cn=config, if it is there.
pub(super) fn place(input: &[u8]) -> Parsed<'_, ()> {
    let number = delimited(char('{'), take_while(|byte: u8| byte.is_ascii_digit() || byte == b'-'), char('}'));
    value((), opt(terminated(number, blanks))).parse(input)
}

/// The opening parenthesis.
pub(super) fn opening(input: &[u8]) -> Parsed<'_, ()> {
    named(SchemaErrorKind::Open, value((), terminated(tag("("), blanks))).parse(input)
}

/// The closing parenthesis.
pub(super) fn closing(input: &[u8]) -> Parsed<'_, ()> {
    named(SchemaErrorKind::Close, value((), terminated(tag(")"), blanks))).parse(input)
}
