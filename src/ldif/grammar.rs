//! The grammar of one logical line.
//!
//! As implemented (RFC 2849, "Formal Syntax Definition of LDIF", with RFC 4512, 2.5 for descriptions):
//!
//! ```text
//! attrval-spec  = description value-spec
//! description   = 1*name-byte *(";" 1*option-byte)
//! name-byte     = keychar / "." / "_" / "@"       ; "_", "@" and a leading digit occur in real files
//! option-byte   = name-byte / "=" / "*"           ; Active Directory: `;range=0-1499`, `;range=1500-*`
//! keychar       = ALPHA / DIGIT / "-"             ; RFC 4512, 1.4
//! value-spec    = ":" ( ":" FILL base64 / "<" FILL url / FILL *OCTET )
//! control-value = ldap-oid [1*SPACE ("true" / "false")] [*SPACE value-spec]
//! version       = 1*DIGIT
//! deleteoldrdn  = "0" / "1" / "false" / "no"      ; "true" is refused: some tools read it as 0, others as 1
//! ```
//!
//! Spaces at the end of a value belong to the value.

use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{all_consuming, map, opt, recognize, rest, value};
use nom::multi::many0_count;
use nom::sequence::{pair, preceded};

use crate::ldap::keystring::{is_ldif_option_byte, is_name_byte};

/// A value in the form in which the line gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueSpec<'a> {
    /// `: text`
    Text(&'a [u8]),
    /// `:: base64`
    Base64(&'a [u8]),
    /// `:< url`
    Url(&'a [u8]),
}

impl<'a> ValueSpec<'a> {
    /// The bytes after the colons and the spaces, not decoded.
    pub fn raw(self) -> &'a [u8] {
        match self {
            Self::Text(raw) | Self::Base64(raw) | Self::Url(raw) => raw,
        }
    }
}

/// A digit of base64 (RFC 4648, 4), without the padding.
pub(super) const fn is_base64_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn fill(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|byte| byte == b' ')(input)
}

/// The attribute description at the start of a line.
pub fn description(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let option = pair(char(';'), take_while1(is_ldif_option_byte));
    recognize(pair(take_while1(is_name_byte), many0_count(option))).parse(input)
}

/// The rest of the line, after the description.
pub fn value_spec(input: &[u8]) -> IResult<&[u8], ValueSpec<'_>> {
    preceded(
        char(':'),
        alt((
            map(preceded(pair(char(':'), fill), rest), ValueSpec::Base64),
            map(preceded(pair(char('<'), fill), rest), ValueSpec::Url),
            map(preceded(fill, rest), ValueSpec::Text),
        )),
    )
    .parse(input)
}

/// The value of a `control:` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSpec<'a> {
    /// Dotted-decimal OID.
    pub oid: &'a [u8],
    /// Criticality; `None` if the line does not give it, which means false.
    pub critical: Option<bool>,
    /// The controlValue, if the line gives one.
    pub value: Option<ValueSpec<'a>>,
}

/// The value of a `control:` line.
pub fn control(input: &[u8]) -> IResult<&[u8], ControlSpec<'_>> {
    let oid = recognize(pair(digit1, many0_count(pair(char('.'), digit1))));
    let critical = alt((value(true, tag_no_case("true")), value(false, tag_no_case("false"))));
    let parts = (oid, opt(preceded(take_while1(|byte| byte == b' '), critical)), fill, opt(value_spec));
    map(all_consuming(parts), |(oid, critical, _, value)| ControlSpec { oid, critical, value }).parse(input)
}

/// The value of a `version:` line.
pub fn version(input: &[u8]) -> IResult<&[u8], &[u8]> {
    all_consuming(digit1).parse(input)
}

/// The value of a `deleteoldrdn:` line.
pub fn delete_old_rdn(input: &[u8]) -> IResult<&[u8], bool> {
    all_consuming(alt((value(true, tag("1")), value(false, alt((tag("0"), tag_no_case("false"), tag_no_case("no")))))))
        .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let parse = |line: &'static str| {
            let (rest, name) = description(line.as_bytes()).unwrap();
            (std::str::from_utf8(name).unwrap(), value_spec(rest).unwrap().1)
        };
        assert_eq!(parse("cn:  a b "), ("cn", ValueSpec::Text(b"a b ")));
        assert_eq!(parse("cn;lang-de::  Wg=="), ("cn;lang-de", ValueSpec::Base64(b"Wg==")));
        assert_eq!(parse("photo:< file:///p"), ("photo", ValueSpec::Url(b"file:///p")));
        assert_eq!(parse("2.5.4.3: x:: y"), ("2.5.4.3", ValueSpec::Text(b"x:: y")));
        assert_eq!(parse("cn:"), ("cn", ValueSpec::Text(b"")));
    }

    #[test]
    fn controls() {
        let spec = |oid: &'static str, critical, value| Some(ControlSpec { oid: oid.as_bytes(), critical, value });
        let cases = [
            ("1.2.3", spec("1.2.3", None, None)),
            ("1.2.3 true", spec("1.2.3", Some(true), None)),
            ("1.2.3 FALSE: x", spec("1.2.3", Some(false), Some(ValueSpec::Text(b"x")))),
            ("1.2.3:: Wg==", spec("1.2.3", None, Some(ValueSpec::Base64(b"Wg==")))),
            ("1.2.3 true:< file:///a", spec("1.2.3", Some(true), Some(ValueSpec::Url(b"file:///a")))),
            ("1a2.3 true", None),
            ("1.2. true", None),
            ("", None),
            ("1.2.3 maybe", None),
            ("1.2.3true", None),
        ];
        for (text, expected) in cases {
            assert_eq!(control(text.as_bytes()).ok().map(|(_, spec)| spec), expected, "{text}");
        }
    }
}
