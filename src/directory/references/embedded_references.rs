//! Names of entries inside LDAP URLs, filters and access rules.
//!
//! | text | what may be a name |
//! | --- | --- |
//! | URL (RFC 4516) | the base; each equality assertion in the filter |
//! | filter (RFC 4515) | each equality assertion; a value with `*` is a pattern and names no entry |
//! | access rule of 389 DS and DSEE | text in quotes: URLs (`userdn`, `groupdn`), filters (`targetfilter`), names |
//! | access rule of OpenLDAP | `dn.exact="..."`, `dn="..."` and the like: text in quotes or after `=` |
//! | `iplanet-am-role-aci-list` | also the text before the first `:` |
//!
//! This is a search, not a parser: a match is shown to a reviewer, and offboard never writes a value because of it.

use std::borrow::Cow;

use crate::ldap::hex_escapes::decode_hex_escapes;
use crate::ldap::url::{LdapUrl, percent_decoded};

/// A part of a text that may name an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddedReference<'t> {
    /// Text that may be a distinguished name.
    Name(Cow<'t, [u8]>),
    /// An equality assertion: the attribute type and the value.
    Equality(&'t str, Vec<u8>),
}

/// Calls `take` with every part of an LDAP URL that may name an entry; not at all if the text is not an LDAP URL.
pub fn of_url(url: &[u8], take: &mut dyn FnMut(EmbeddedReference<'_>)) {
    let Ok(text) = std::str::from_utf8(url) else { return };
    let Ok(parsed) = LdapUrl::parse(text) else { return };
    take(EmbeddedReference::Name(Cow::Borrowed(parsed.dn.raw_bytes())));
    // attributes ? scope ? filter ? extensions
    if let Some(filter) = parsed.rest.as_deref().and_then(|rest| rest.split('?').nth(2)) {
        of_filter(&percent_decoded(filter), take);
    }
}

/// Calls `take` with every equality assertion in a filter, or in text that contains one.
pub fn of_filter(filter: &[u8], take: &mut dyn FnMut(EmbeddedReference<'_>)) {
    for item in filter.split(|byte| matches!(byte, b'(' | b')')) {
        let Some(at) = memchr::memchr(b'=', item) else { continue };
        let (attribute, value) = (&item[..at], &item[at + 1..]);
        let is_type = attribute.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';'));
        let Ok(attribute) = std::str::from_utf8(attribute) else { continue };
        if !is_type || attribute.is_empty() || value.is_empty() || value.contains(&b'*') {
            continue;
        }
        // `\28` is an escaped byte (RFC 4515, 3).
        let value = decode_hex_escapes(value, b'\\');
        take(EmbeddedReference::Equality(attribute, value.clone()));
        take(EmbeddedReference::Name(Cow::Owned(value)));
    }
}

/// Calls `take` with every part of an access rule that may name an entry.
pub fn of_text(text: &[u8], take: &mut dyn FnMut(EmbeddedReference<'_>)) {
    if let Some(end) = memchr::memchr(b':', text) {
        take(EmbeddedReference::Name(Cow::Borrowed(&text[..end])));
    }
    for (at, quoted) in text.split(|byte| *byte == b'"').enumerate() {
        // Every second piece is inside quotes.
        if at % 2 == 1 {
            of_quoted(quoted, take);
        } else {
            for word in quoted.split(u8::is_ascii_whitespace) {
                of_filter(word, take);
                // dn.exact=uid=jsmith,ou=People,o=x
                if let Some(at) = memchr::memchr(b'=', word) {
                    take(EmbeddedReference::Name(Cow::Borrowed(&word[at + 1..])));
                }
            }
        }
    }
}

fn of_quoted(quoted: &[u8], take: &mut dyn FnMut(EmbeddedReference<'_>)) {
    take(EmbeddedReference::Name(Cow::Borrowed(quoted)));
    of_filter(quoted, take);
    let mut rest = quoted;
    // userdn = "ldap:///a || ldap:///b"
    while let Some(at) = memchr::memmem::find(rest, b"ldap") {
        let url = &rest[at..];
        let end = memchr::memmem::find(url, b"||").unwrap_or(url.len());
        of_url(url[..end].trim_ascii(), take);
        rest = &url[end.max(4)..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Finder = fn(&[u8], &mut dyn FnMut(EmbeddedReference<'_>));

    /// The names, then the assertions, that a text yields.
    fn parts(of: Finder, text: &str) -> (Vec<String>, Vec<String>) {
        let (mut names, mut assertions) = (Vec::new(), Vec::new());
        of(text.as_bytes(), &mut |part| match part {
            EmbeddedReference::Name(name) => names.push(String::from_utf8_lossy(&name).into_owned()),
            EmbeddedReference::Equality(attribute, value) => {
                assertions.push(format!("{attribute}={}", String::from_utf8_lossy(&value)));
            }
        });
        (names, assertions)
    }

    #[test]
    fn urls() {
        for (url, names, assertions) in [
            ("ldap:///uid=a,o=x", vec!["uid=a,o=x"], vec![]),
            ("ldap:///uid=a%20b,o=x??sub?", vec!["uid=a b,o=x"], vec![]),
            ("ldap:///o=x??sub?(uid=a)", vec!["o=x", "a"], vec!["uid=a"]),
            ("ldap:///o=x??sub?(%26(uid=a)(!(mail=b@c))(cn=*a*))", vec!["o=x", "a", "b@c"], vec!["uid=a", "mail=b@c"]),
            ("http://host/~a", vec![], vec![]),
        ] {
            assert_eq!(
                parts(of_url, url),
                (
                    names.iter().map(|n| (*n).to_owned()).collect(),
                    assertions.iter().map(|n: &&str| (*n).to_owned()).collect()
                ),
                "{url}"
            );
        }
    }

    #[test]
    fn access_rules() {
        for (rule, name) in [
            (r#"(targetattr="*")(version 3.0; acl "x"; allow (all) userdn="ldap:///uid=a,o=x";)"#, "uid=a,o=x"),
            (r#"(version 3.0; acl "x"; allow (all) userdn = "ldap:///self || ldap:///uid=a,o=x";)"#, "uid=a,o=x"),
            (r#"{0}to * by dn.exact="uid=a,o=x" write by * read"#, "uid=a,o=x"),
            (r"{0}to * by dn.exact=uid=a,o=x write by * read", "uid=a,o=x"),
            (r#"uid=a,o=x:aci: (target="ldap:///o=x")"#, "uid=a,o=x"),
            (r#"(targetfilter="(uid=a)")(version 3.0; acl "y"; allow (all) userdn="ldap:///self";)"#, "a"),
        ] {
            let (names, _) = parts(of_text, rule);
            assert!(names.iter().any(|found| found == name), "{rule}: {names:?}");
        }
    }
}
