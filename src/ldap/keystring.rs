//! The bytes of attribute descriptions, and the names and OIDs that they are made of.
//!
//! RFC 4512 (1.4, 2.5):
//!
//! ```text
//! descr       = ALPHA *keychar
//! keychar     = ALPHA / DIGIT / "-"
//! option      = 1*keychar
//! numericoid  = number 1*( "." number )
//! ```
//!
//! What each reader accepts beyond that:
//!
//! | reader | names | options | because |
//! | --- | --- | --- | --- |
//! | [`AttributeDescription`](super::AttributeDescription) | also `_`; a digit or `@` first | also `_` `.` `=` `*` `:` | see there |
//! | LDIF ([`is_name_byte`], [`is_ldif_option_byte`]) | also `_`, `.` and `@` at any place, to find the end of the description | also `_` `.` `@` `=` `*`; a `:` ends the description | the description is checked afterwards |
//! | DNs ([`is_lenient_descr`]) | also `_`, not first | none | servers allow `_` in type names, and exports have them |
//! | OIDs ([`is_numeric_oid`]) | one number suffices | | Oracle and hand-written schemas |

/// `keychar` of RFC 4512.
pub const fn is_keychar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// A byte of a name by the RFC, or `_`.
pub const fn is_lenient_keychar(byte: u8) -> bool {
    is_keychar(byte) || byte == b'_'
}

/// A byte that an LDIF line may have in an attribute type: of a name or of an OID.
pub const fn is_name_byte(byte: u8) -> bool {
    is_lenient_keychar(byte) || matches!(byte, b'.' | b'@')
}

/// A byte that an LDIF line may have in an option.
pub const fn is_ldif_option_byte(byte: u8) -> bool {
    is_name_byte(byte) || matches!(byte, b'=' | b'*')
}

/// A byte that an option of an [`AttributeDescription`](super::AttributeDescription) may have.
pub const fn is_option_byte(byte: u8) -> bool {
    is_lenient_keychar(byte) || matches!(byte, b'.' | b'=' | b'*' | b':')
}

/// Whether this is a `descr` of RFC 4512.
pub fn is_descr(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().copied().all(is_keychar)
}

/// Whether this is a `descr` in which `_` may occur, except at the start.
pub fn is_lenient_descr(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().copied().all(is_lenient_keychar)
}

/// Whether this is a `numericoid`, or a single number of one.
pub fn is_numeric_oid(name: &[u8]) -> bool {
    name.split(|&byte| byte == b'.').all(|number| match number {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_oids() {
        for (name, descr, lenient, oid) in [
            ("cn", true, true, false),
            ("c-TelexNumber", true, true, false),
            ("registered_developer", false, true, false),
            ("_cn", false, false, false),
            ("2fa", false, false, false),
            ("2.5.4.3", false, false, true),
            ("0", false, false, true),
            ("2.05", false, false, false),
            ("2.", false, false, false),
            ("", false, false, false),
        ] {
            let name_bytes = name.as_bytes();
            assert_eq!(
                (is_descr(name_bytes), is_lenient_descr(name_bytes), is_numeric_oid(name_bytes)),
                (descr, lenient, oid),
                "{name}"
            );
        }
    }
}
