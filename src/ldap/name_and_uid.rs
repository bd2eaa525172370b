//! Name and Optional UID (RFC 4517, 3.3.21): the values of `uniqueMember`.
//!
//! ```text
//! NameAndOptionalUID = distinguishedName [ "#" BitString ]
//! BitString          = "'" *( "0" / "1" ) "'B"
//! ```

use memchr::memrchr;

/// Splits `DN#'0101'B` into the DN and the bit string (`'0101'B`); a value without a bit string is returned as the DN.
///
/// A DN may contain `#`, so only a well-formed bit string at the end counts.
pub fn split_name_and_uid(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some((dn, [b'#', bits @ ..])) = memrchr(b'#', value).and_then(|at| value.split_at_checked(at)) else {
        return (value, None);
    };
    match bits {
        [b'\'', digits @ .., b'\'', b'B'] if digits.iter().all(|digit| matches!(digit, b'0' | b'1')) => {
            // `cn=a\#'1'B` ends with an escaped `#`, which belongs to the DN.
            let backslashes = dn.iter().rev().take_while(|&&byte| byte == b'\\').count();
            if backslashes % 2 == 1 { (value, None) } else { (dn, Some(bits)) }
        }
        _ => (value, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_only_at_a_bit_string() {
        type SplitCase = (&'static [u8], &'static [u8], Option<&'static [u8]>);
        let table: &[SplitCase] = &[
            (b"uid=a,dc=x", b"uid=a,dc=x", None),
            (b"uid=a,dc=x#'0101'B", b"uid=a,dc=x", Some(b"'0101'B")),
            (b"uid=a#''B", b"uid=a", Some(b"''B")),
            (b"#'1'B", b"", Some(b"'1'B")),
            (b"cn=a#b", b"cn=a#b", None),
            (b"cn=a#'2'B", b"cn=a#'2'B", None),
            (b"cn=a#'1'", b"cn=a#'1'", None),
            (b"cn=a\\#'1'B", b"cn=a\\#'1'B", None),
            (b"cn=a\\\\#'1'B", b"cn=a\\\\", Some(b"'1'B")),
            (b"", b"", None),
        ];
        for &(value, dn, bits) in table {
            assert_eq!(split_name_and_uid(value), (dn, bits), "{}", value.escape_ascii());
        }
    }
}
