//! DNs in the extended form of Active Directory, which a search with the control `LDAP_SERVER_EXTENDED_DN_OID` returns
//! (MS-ADTS, 3.1.1.3.4.1.5):
//!
//! ```text
//! <GUID=bdbd44c8-a4de-4e05-8d1c-1e2f60f3e4ff>;<SID=S-1-5-21-1-2-3-1104>;CN=Ann,OU=Staff,DC=example,DC=com
//! ```
//!
//! The GUID and the SID are hexadecimal digits or text. A value with a GUID or a SID alone has no DN; it is left as it is.

/// The DN in a value of the extended form; `None` for a value in any other form.
pub fn plain_dn(value: &[u8]) -> Option<&[u8]> {
    let mut rest = value;
    while rest.first() == Some(&b'<') {
        let end = memchr::memchr(b'>', rest)?;
        let (kind, id) = rest[1..end].split_at_checked(memchr::memchr(b'=', &rest[1..end])?)?;
        let is_id = id.len() > 1 && id[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        if !is_id || ![&b"GUID"[..], b"SID"].iter().any(|known| known.eq_ignore_ascii_case(kind)) {
            return None;
        }
        rest = rest[end + 1..].strip_prefix(b";")?;
    }
    (rest.len() < value.len() && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dn_after_the_identifiers() {
        for (value, expected) in [
            ("<GUID=bdbd44c8-a4de-4e05-8d1c-1e2f60f3e4ff>;<SID=S-1-5-21-1-2-3-1104>;CN=a,DC=x", Some("CN=a,DC=x")),
            ("<guid=0123456789abcdef0123456789abcdef>;CN=a\\;b,DC=x", Some("CN=a\\;b,DC=x")),
            ("<SID=010500>;CN=a", Some("CN=a")),
            ("<GUID=0123>", None),
            ("<GUID=0123>;<SID=01>", None),
            ("<GUID=>;CN=a", None),
            ("<WKGUID=0123,DC=x>;CN=a", None),
            ("<b>;CN=a", None),
            ("CN=a,DC=x", None),
            ("", None),
            ("<", None),
        ] {
            assert_eq!(plain_dn(value.as_bytes()), expected.map(str::as_bytes), "{value}");
        }
    }
}
