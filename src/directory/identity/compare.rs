//! Whether two values are the same identifier.
//!
//! | values | result |
//! | --- | --- |
//! | equal by the equality rule of the attribute type, prepared as in RFC 4518 (`ÖZ` = `öz`, NFC = NFD) | equal |
//! | equal as numbers only: digits that differ in leading zeros, where the rule compares text (`007` and `7`) | the same number |
//! | any other | different |
//!
//! `employeeNumber` is a Directory String (RFC 2798), so `007` and `7` are two values of it, and two people may have them. A
//! spreadsheet drops the zeros: such a pair is never taken as equal, and always reported.

use std::borrow::Cow;

use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::{MatchingRule, normalize};

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// They are equal by the equality rule.
    Equal,
    /// They are the same number, but not equal by the equality rule.
    SameNumber,
    /// They differ.
    Different,
}

/// Compares two values of an attribute type.
pub fn compare(attribute_type: &str, a: &[u8], b: &[u8]) -> Comparison {
    let rule = equality_rule(attribute_type);
    let (a, b) = (normalize(rule, a), normalize(rule, b));
    if a == b {
        Comparison::Equal
    } else if number(&a).is_some_and(|first| number(&b) == Some(first)) {
        Comparison::SameNumber
    } else {
        Comparison::Different
    }
}

/// A value in the normal form of its attribute type: two values are equal if their normal forms are.
pub fn normal_form<'v>(attribute_type: &str, value: &'v [u8]) -> Cow<'v, [u8]> {
    normalize(equality_rule(attribute_type), value)
}

/// The digits of a number without its leading zeros; `None` if the value is not made of ASCII digits only.
pub fn number(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let zeros = value.iter().take_while(|digit| **digit == b'0').count().min(value.len() - 1);
    Some(&value[zeros..])
}

/// Whether the rule of an attribute type compares numbers as text, so that `007` and `7` differ.
pub fn compares_numbers_as_text(attribute_type: &str) -> bool {
    !matches!(equality_rule(attribute_type), MatchingRule::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons() {
        use Comparison::{Different, Equal, SameNumber};
        for (attribute, a, b, expected) in [
            ("employeeNumber", "007", "007", Equal),
            ("employeeNumber", "007", "7", SameNumber),
            ("employeeNumber", "0", "000", SameNumber),
            ("employeeNumber", "70", "7", Different),
            ("employeeNumber", "A7", "A07", Different),
            ("uidNumber", "007", "7", Equal),
            ("uid", "ÖZ", "öz", Equal),
            ("uid", "o\u{308}z", "\u{f6}z", Equal),
            ("uid", "oz", "öz", Different),
            ("mail", "M\u{fc}ller@example.com", "mu\u{308}ller@EXAMPLE.com", Equal),
        ] {
            assert_eq!(compare(attribute, a.as_bytes(), b.as_bytes()), expected, "{attribute} {a} {b}");
            assert_eq!(compare(attribute, b.as_bytes(), a.as_bytes()), expected, "{attribute} {b} {a}");
        }
    }
}
