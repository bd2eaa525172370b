//! Whether two values are the same identifier.
//!
//! | values | result |
//! | --- | --- |
//! | equal by the equality rule of the attribute type, prepared as in RFC 4518 (`ÖZ` = `öz`, NFC = NFD) | equal |
//! | equal only without the leading zeros of their numbers, and without punctuation and blanks (`007` and `7`, `E-12` and `e12`) | alike |
//! | any other | different |
//!
//! `employeeNumber` is a Directory String (RFC 2798), so `007` and `7` are two values of it, and two people may have them. A
//! spreadsheet drops the zeros. Such a pair is never taken as equal, and always reported.

use std::borrow::Cow;

use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::normalize;

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// They are equal by the equality rule.
    Equal,
    /// They are not equal by the equality rule, but one may be meant for the other.
    Alike,
    /// They differ.
    Different,
}

/// Compares two values of an attribute type.
pub fn compare(attribute_type: &str, a: &[u8], b: &[u8]) -> Comparison {
    let (a, b) = (normal_form(attribute_type, a), normal_form(attribute_type, b));
    if a == b {
        Comparison::Equal
    } else if loose_form(&a).is_some_and(|first| loose_form(&b) == Some(first)) {
        Comparison::Alike
    } else {
        Comparison::Different
    }
}

/// A value in the normal form of its attribute type: two values are equal if their normal forms are.
pub fn normal_form<'v>(attribute_type: &str, value: &'v [u8]) -> Cow<'v, [u8]> {
    normalize(equality_rule(attribute_type), value)
}

/// What is left of a normal form without ASCII punctuation, blanks, case, and leading zeros of numbers: two values are alike
/// if this is equal. `None` if nothing is left.
pub fn loose_form(normal: &[u8]) -> Option<Vec<u8>> {
    let mut loose: Vec<u8> = Vec::with_capacity(normal.len());
    let mut zeros_lead = true;
    for (at, byte) in normal.iter().enumerate() {
        let is_digit_next = normal.get(at + 1).is_some_and(u8::is_ascii_digit);
        if *byte == b'0' && zeros_lead && is_digit_next {
            continue;
        }
        zeros_lead = !byte.is_ascii_digit();
        if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
            loose.push(byte.to_ascii_lowercase());
        }
    }
    (!loose.is_empty()).then_some(loose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons() {
        use Comparison::{Alike, Different, Equal};
        for (attribute, a, b, expected) in [
            ("employeeNumber", "007", "007", Equal),
            ("employeeNumber", "007", "7", Alike),
            ("employeeNumber", "0", "000", Alike),
            ("employeeNumber", "100", "1", Different),
            ("employeeNumber", "70", "7", Different),
            ("employeeNumber", "E-007", "e7", Alike),
            ("employeeNumber", "A7", "A07", Alike),
            ("employeeNumber", "A70", "A7", Different),
            ("employeeNumber", "-", ".", Different),
            ("uidNumber", "007", "7", Equal),
            ("uid", "j.smith", "jsmith", Alike),
            ("uid", "\u{d6}Z", "\u{f6}z", Equal),
            ("uid", "o\u{308}z", "\u{f6}z", Equal),
            ("uid", "oz", "\u{f6}z", Different),
            ("mail", "M\u{fc}ller@example.com", "mu\u{308}ller@EXAMPLE.com", Equal),
        ] {
            assert_eq!(compare(attribute, a.as_bytes(), b.as_bytes()), expected, "{attribute} {a} {b}");
            assert_eq!(compare(attribute, b.as_bytes(), a.as_bytes()), expected, "{attribute} {b} {a}");
        }
    }
}
