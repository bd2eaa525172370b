//! LDAP URLs (RFC 4516).
//!
//! ```text
//! url = ( "ldap" / "ldaps" / "ldapi" ) "://" [host [":" port]] ["/" [dn] ["?" rest]]
//! ```
//!
//! The DN is percent-decoded and parsed. In values of `psRoot` and `pabURI` the DN is not encoded, so a `%` that is not
//! followed by two hexadecimal digits is kept. What follows the DN (attributes, scope, filter) is kept as text.

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_till};
use nom::combinator::opt;
use nom::sequence::preceded;
use nom::{IResult, Parser};
use thiserror::Error;

use super::hex_escapes::decode_hex_escapes;
use super::{Dn, DnError};

/// The reason why a text is not an LDAP URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// The text does not begin with `ldap://`, `ldaps://` or `ldapi://`.
    #[error("expected `ldap://`, `ldaps://` or `ldapi://`")]
    Scheme,
    /// The part after the host is not a DN.
    #[error("invalid DN in the URL: {0}")]
    Dn(DnError),
}

/// A parsed LDAP URL.
#[derive(Clone, Debug)]
pub struct LdapUrl {
    /// `host` or `host:port`; empty if the URL has no host.
    pub host: String,
    /// The DN; the root if the URL has none.
    pub dn: Dn,
    /// The text after the first `?`, as written.
    pub rest: Option<String>,
}

impl LdapUrl {
    /// Parses a URL.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let (_, (host, dn, rest)) = parts(text).map_err(|_| UrlError::Scheme)?;
        let dn = Dn::parse(&percent_decoded(dn.unwrap_or_default())).map_err(UrlError::Dn)?;
        Ok(Self { host: host.to_owned(), dn, rest: rest.map(str::to_owned) })
    }

    /// Parses an attribute value; `None` if the value is not an LDAP URL.
    pub fn of_value(value: &[u8]) -> Option<Self> {
        Self::parse(std::str::from_utf8(value).ok()?).ok()
    }
}

type Parts<'t> = (&'t str, Option<&'t str>, Option<&'t str>);

fn parts(input: &str) -> IResult<&str, Parts<'_>> {
    let scheme = (alt((tag_no_case("ldaps"), tag_no_case("ldapi"), tag_no_case("ldap"))), tag("://"));
    let host = preceded(scheme, take_till(|c| c == '/' || c == '?'));
    let dn = opt(preceded(tag("/"), take_till(|c| c == '?')));
    let rest = opt(preceded(tag("?"), nom::combinator::rest));
    (host, dn, rest).parse(input)
}

/// Decodes percent-encoded text (RFC 3986, 2.1).
pub fn percent_decoded(text: &str) -> Vec<u8> {
    decode_hex_escapes(text.as_bytes(), b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_urls_of_address_books() {
        for (url, host, dn) in [
            (
                "ldap://host:389/piPStoreOwner=jsmith,o=sesta.com,o=PiServerDb",
                "host:389",
                "piPStoreOwner=jsmith,o=sesta.com,o=PiServerDb",
            ),
            ("ldaps://host/uid=a%20b,o=x?cn?sub?(uid=*)", "host", "uid=a b,o=x"),
            ("ldap:///o=100%,o=x", "", "o=100%,o=x"),
            ("ldap://host", "host", ""),
        ] {
            let parsed = LdapUrl::parse(url).unwrap();
            assert_eq!((parsed.host.as_str(), parsed.dn.raw_bytes()), (host, dn.as_bytes()), "{url}");
        }
        assert_eq!(LdapUrl::parse("http://x/").unwrap_err(), UrlError::Scheme);
        assert!(matches!(LdapUrl::parse("ldap:///x").unwrap_err(), UrlError::Dn(_)));
    }
}
