//! The parser of distinguished names. [`dn`](super::dn) lists what is accepted beyond RFC 4514, and why.
//!
//! ```text
//! dn      = blanks / rdn *( ( "," / ";" ) rdn )
//! rdn     = ava *( "+" ava )
//! ava     = blanks type blanks "=" blanks value blanks
//! type    = ALPHA *( ALPHA / DIGIT / "-" / "_" ) / [ "OID." ] number *( "." number )
//! value   = "#" 1*hexpair / DQUOTE *( quoted / pair ) DQUOTE / *( plain / pair )
//! pair    = "\" ( special / hexpair )
//! special = one of  \ " + , ; < > # = SPACE
//! plain   = any byte but  \ " + , ; < > NUL
//! quoted  = any byte but  \ " NUL
//! blanks  = *SPACE
//! ```
//!
//! Spaces at the ends of an unquoted value are not part of the value, unless they are escaped.

use std::borrow::Cow;

use nom::{
    Err, IResult, Parser,
    bytes::complete::{take_while, take_while_m_n, take_while1},
    character::complete::one_of,
    error::{ErrorKind, ParseError},
    multi::separated_list1,
};

use super::dn::{DnError, DnErrorKind};
use super::keystring::{is_lenient_descr, is_lenient_keychar, is_numeric_oid};

/// An RDN, with the part of the input that it was read from.
pub(super) struct ParsedRdn<'a> {
    /// The RDN as written, without blanks around it.
    pub spelling: &'a [u8],
    /// The input from this RDN to the end.
    pub tail: &'a [u8],
    /// The attribute types and values, at least one.
    pub avas: Vec<ParsedAva<'a>>,
}

/// An attribute type and value of a parsed RDN.
pub(super) struct ParsedAva<'a> {
    pub attribute_type: &'a str,
    pub value: Cow<'a, [u8]>,
    /// The value is BER that is not decoded here.
    pub is_opaque: bool,
}

/// The maximum number of RDNs in a name, far more than directories have.
///
/// Code that looks at every ancestor of a name takes time that grows with the square of the number of RDNs: a second for
/// 10,000 RDNs, hours for a million.
pub(super) const MAX_RDNS: usize = 16_384;

/// Parses a whole DN, leaf first; the root has no RDN.
pub(super) fn parse_dn(input: &[u8]) -> Result<Vec<ParsedRdn<'_>>, DnError> {
    if input.iter().all(|&byte| byte == b' ') {
        return Ok(Vec::new());
    }
    let rdns = whole(input, separated_list1(one_of(&b",;"[..]), rdn).parse(input))?;
    match rdns.get(MAX_RDNS) {
        Some(excess) => Err(DnError { offset: input.len() - excess.tail.len(), kind: DnErrorKind::Depth }),
        None => Ok(rdns),
    }
}

/// Parses a single RDN.
pub(super) fn parse_rdn(input: &[u8]) -> Result<ParsedRdn<'_>, DnError> {
    whole(input, rdn(input))
}

/// Whether these bytes are an attribute type as it is written in a DN.
pub(super) fn is_attribute_type(name: &[u8]) -> bool {
    match name {
        [b'O' | b'o', b'I' | b'i', b'D' | b'd', b'.', oid @ ..] => is_numeric_oid(oid),
        [first, ..] if first.is_ascii_digit() => is_numeric_oid(name),
        name => is_lenient_descr(name),
    }
}

/// Removes the spaces at both ends, except an escaped one at the end.
pub(super) fn trim_blanks(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().take_while(|&&byte| byte == b' ').count();
    let bytes = bytes.get(start..).unwrap_or_default();
    let text = bytes.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    let (text, blanks) = bytes.split_at_checked(text).unwrap_or((bytes, &[]));
    let backslashes = text.iter().rev().take_while(|&&byte| byte == b'\\').count();
    let escaped = usize::from(backslashes % 2 == 1 && !blanks.is_empty());
    bytes.get(..text.len() + escaped).unwrap_or(text)
}

/// What was expected, and where.
#[derive(Debug)]
struct Expected<'a> {
    /// The rest of the input from that place.
    at: &'a [u8],
    kind: DnErrorKind,
}

impl<'a> ParseError<&'a [u8]> for Expected<'a> {
    fn from_error_kind(at: &'a [u8], _: ErrorKind) -> Self {
        Self { at, kind: DnErrorKind::End }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Expected<'a>>;

/// Ends the parse with an error: this grammar has no alternatives to backtrack to.
fn stop<T>(at: &[u8], kind: DnErrorKind) -> Parsed<'_, T> {
    Err(Err::Failure(Expected { at, kind }))
}

fn whole<'a, T>(input: &'a [u8], parsed: Parsed<'a, T>) -> Result<T, DnError> {
    // The rest at a position is always a tail of the input, so the lengths give the offset.
    let error = |at: &[u8], kind| DnError { offset: input.len() - at.len(), kind };
    match parsed {
        Ok(([], value)) => Ok(value),
        Ok((rest, _)) => Err(error(rest, DnErrorKind::End)),
        Err(Err::Failure(expected) | Err::Error(expected)) => Err(error(expected.at, expected.kind)),
        Err(Err::Incomplete(_)) => Err(error(&[], DnErrorKind::End)),
    }
}

fn rdn(input: &[u8]) -> Parsed<'_, ParsedRdn<'_>> {
    let (rest, avas) = separated_list1(one_of(&b"+"[..]), ava).parse(input)?;
    let consumed = input.get(..input.len() - rest.len()).unwrap_or(input);
    Ok((rest, ParsedRdn { spelling: trim_blanks(consumed), tail: input, avas }))
}

fn ava(input: &[u8]) -> Parsed<'_, ParsedAva<'_>> {
    let (rest, _) = blanks(input)?;
    let (rest, attribute_type) = attribute_type(rest)?;
    let (rest, _) = blanks(rest)?;
    let [b'=', rest @ ..] = rest else {
        return stop(rest, DnErrorKind::Equals);
    };
    let (rest, _) = blanks(rest)?;
    let (rest, (value, is_opaque)) = match rest {
        [b'#', ..] => hex(rest)?,
        [b'"', ..] => quoted(rest)?,
        _ => string(rest)?,
    };
    let (rest, _) = blanks(rest)?;
    match rest {
        [] | [b',' | b';' | b'+', ..] => Ok((rest, ParsedAva { attribute_type, value, is_opaque })),
        _ => stop(rest, DnErrorKind::EndOfValue),
    }
}

fn blanks(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while(|byte| byte == b' ').parse(input)
}

fn attribute_type(input: &[u8]) -> Parsed<'_, &str> {
    let name_byte = |byte: u8| is_lenient_keychar(byte) || byte == b'.';
    let (rest, name) = take_while(name_byte).parse(input)?;
    match str::from_utf8(name) {
        Ok(name) if is_attribute_type(name.as_bytes()) => Ok((rest, name)),
        _ => stop(input, DnErrorKind::AttributeType),
    }
}

/// The decoded value, and whether it is opaque.
type ParsedValue<'a> = (Cow<'a, [u8]>, bool);

fn string(input: &[u8]) -> Parsed<'_, ParsedValue<'_>> {
    let plain = |byte: u8| !matches!(byte, b'\\' | b'"' | b'+' | b',' | b';' | b'<' | b'>' | 0);
    let (rest, (value, escaped)) = runs_and_pairs(input, plain)?;
    // Spaces up to the last escape belong to the value.
    let is_trimmed = |&(at, &byte): &(usize, &u8)| byte == b' ' && at >= escaped;
    let trimmed = value.iter().enumerate().rev().take_while(is_trimmed).count();
    let length = value.len() - trimmed;
    let value = match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(..length).unwrap_or(bytes)),
        Cow::Owned(mut bytes) => {
            bytes.truncate(length);
            Cow::Owned(bytes)
        }
    };
    Ok((rest, (value, false)))
}

fn quoted(input: &[u8]) -> Parsed<'_, ParsedValue<'_>> {
    let (rest, _) = one_of(&b"\""[..]).parse(input)?;
    match runs_and_pairs(rest, |byte| !matches!(byte, b'\\' | b'"' | 0))? {
        ([b'"', rest @ ..], (value, _)) => Ok((rest, (value, false))),
        (rest, _) => stop(rest, DnErrorKind::ClosingQuote),
    }
}

/// Reads plain bytes and escapes: the value, and its length after the last escape.
fn runs_and_pairs(input: &[u8], is_plain: impl Fn(u8) -> bool) -> Parsed<'_, (Cow<'_, [u8]>, usize)> {
    let (mut rest, run) = take_while(&is_plain).parse(input)?;
    let mut value = Cow::Borrowed(run);
    let mut escaped = 0;
    while let [b'\\', ..] = rest {
        let (after, byte) = pair(rest)?;
        let (after, run) = take_while(&is_plain).parse(after)?;
        let bytes = value.to_mut();
        bytes.push(byte);
        escaped = bytes.len();
        bytes.extend_from_slice(run);
        rest = after;
    }
    Ok((rest, (value, escaped)))
}

fn pair(input: &[u8]) -> Parsed<'_, u8> {
    match input {
        [b'\\', special, rest @ ..] if b"\\\"+,;<>#= ".contains(special) => Ok((rest, *special)),
        [b'\\', rest @ ..] => match hex_pair(rest) {
            Ok(parsed) => Ok(parsed),
            Err(_) => stop(input, DnErrorKind::Escape),
        },
        _ => stop(input, DnErrorKind::Escape),
    }
}

fn hex_pair(input: &[u8]) -> Parsed<'_, u8> {
    let (rest, digits) = take_while_m_n(2, 2, |byte: u8| byte.is_ascii_hexdigit()).parse(input)?;
    let byte = str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.map_or_else(|| stop(input, DnErrorKind::Hex), |byte| Ok((rest, byte)))
}

fn hex(input: &[u8]) -> Parsed<'_, ParsedValue<'_>> {
    let (rest, _) = one_of(&b"#"[..]).parse(input)?;
    let digits: Parsed<'_, &[u8]> = take_while1(|byte: u8| byte.is_ascii_hexdigit()).parse(rest);
    let Ok((after, digits)) = digits else {
        return stop(rest, DnErrorKind::Hex);
    };
    let Ok(ber) = data_encoding::HEXLOWER_PERMISSIVE.decode(digits) else {
        return stop(after, DnErrorKind::Hex); // an odd number of digits
    };
    match ber_string(&ber) {
        Ber::String(value) => Ok((after, (Cow::Owned(value.to_vec()), false))),
        Ber::Opaque => Ok((after, (Cow::Owned(ber), true))),
        Ber::Malformed => stop(input, DnErrorKind::Ber),
    }
}

/// What the bytes of a `#` value are.
enum Ber<'a> {
    String(&'a [u8]),
    Opaque,
    Malformed,
}

/// Reads one primitive OCTET STRING, `UTF8String`, `PrintableString` or `IA5String` of definite length (X.690, 8.1).
fn ber_string(ber: &[u8]) -> Ber<'_> {
    let [0x04 | 0x0C | 0x13 | 0x16, rest @ ..] = ber else {
        return Ber::Opaque;
    };
    let (length, content) = match rest {
        [short @ 0..=0x7F, content @ ..] => (usize::from(*short), content),
        [long @ 0x81..=0x84, rest @ ..] => match rest.split_at_checked(usize::from(long & 0x7F)) {
            Some((octets, content)) => {
                (octets.iter().fold(0, |length, &octet| length << 8 | usize::from(octet)), content)
            }
            None => return Ber::Malformed,
        },
        _ => return Ber::Malformed,
    };
    if content.len() == length { Ber::String(content) } else { Ber::Malformed }
}
