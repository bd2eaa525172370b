//! Equality matching rules (RFC 4517, 4.2): whether two values are the same value.
//!
//! A rule is implemented as a normal form: two values match if their normal forms are the same bytes. Normalising never
//! fails. A value that violates its syntax (a `member` that is not a DN, a malformed time) is its own normal form, which no
//! valid value has: it matches itself only, so it can be reported. [`read`] returns `None` for such a value.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::{SignedDuration, civil};

use super::{
    dn_key,
    keystring::{is_lenient_descr, is_numeric_oid},
    name_and_uid::split_name_and_uid,
    string_prep::{Preparation, prepare},
};

/// An equality matching rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchingRule {
    /// `caseIgnoreMatch` (RFC 4517, 4.2.11).
    CaseIgnore,
    /// `caseExactMatch` (4.2.4).
    CaseExact,
    /// `caseIgnoreIA5Match` (4.2.7). Servers accept UTF-8 in these values, so they are prepared like any text.
    CaseIgnoreIa5,
    /// `caseExactIA5Match` (4.2.3).
    CaseExactIa5,
    /// `caseIgnoreListMatch` (4.2.9): lines separated by `$`.
    CaseIgnoreList,
    /// `numericStringMatch` (4.2.22): spaces are insignificant.
    NumericString,
    /// `telephoneNumberMatch` (4.2.29): case, spaces and hyphens are insignificant.
    TelephoneNumber,
    /// `distinguishedNameMatch` (4.2.15), by [`DnKey`](super::DnKey).
    DistinguishedName,
    /// `uniqueMemberMatch` (4.2.31): the same DN and the same bit string, or none in both.
    NameAndOptionalUid,
    /// `octetStringMatch` (4.2.27).
    OctetString,
    /// `bitStringMatch` (4.2.1), byte by byte.
    BitString,
    /// `integerMatch` (4.2.19), for integers of any size; leading zeros and a plus sign are insignificant.
    Integer,
    /// `booleanMatch` (4.2.2), ignoring case, because Active Directory and scripts write `true`.
    Boolean,
    /// `generalizedTimeMatch` (4.2.17): the same instant.
    GeneralizedTime,
    /// `objectIdentifierMatch` (4.2.26), ignoring case. Names are not translated into OIDs.
    ObjectIdentifier,
    /// `uuidMatch` (RFC 4530, 2.2).
    Uuid,
    /// The rule of types that are not in the table: `caseIgnoreMatch`, except that control characters are significant, because
    /// the values may not be text.
    Unknown,
}

/// The normal form of a value under a rule.
pub fn normalize(rule: MatchingRule, value: &[u8]) -> Cow<'_, [u8]> {
    normalize_nested(rule, value, 0)
}

/// Whether two values match.
pub fn matches(rule: MatchingRule, a: &[u8], b: &[u8]) -> bool {
    a == b || (rule != MatchingRule::OctetString && normalize(rule, a) == normalize(rule, b))
}

/// The normal form of a stored value; `None` if the value violates the syntax of the rule.
///
/// More is accepted than by [`is_assertion_value`], because servers and tools have stored `true` and numbers with leading
/// zeros.
pub fn read(rule: MatchingRule, value: &[u8]) -> Option<Cow<'_, [u8]>> {
    match rule {
        MatchingRule::DistinguishedName => Some(Cow::Owned(dn_key::key_at_depth(value, 0)?.ok()?)),
        MatchingRule::NameAndOptionalUid => {
            let is_name = matches!(dn_key::key_at_depth(split_name_and_uid(value).0, 0), Some(Ok(_)));
            is_name.then(|| normalize(rule, value))
        }
        MatchingRule::Integer => {
            let normal = integer(value);
            is_integer(&normal).then_some(normal)
        }
        MatchingRule::Boolean => Some(boolean(value)).filter(|normal| matches!(&**normal, b"TRUE" | b"FALSE")),
        MatchingRule::GeneralizedTime => instant(value).map(Cow::Owned),
        MatchingRule::Uuid => is_uuid(value).then(|| normalize(rule, value)),
        _ => Some(normalize(rule, value)),
    }
}

/// Whether an assertion value of a filter conforms to the syntax of the rule (RFC 4517, 3.3). If it does not, the filter item
/// is Undefined (RFC 4511, 4.5.1.7).
///
/// IA5 strings may contain UTF-8, as on many servers.
pub fn is_assertion_value(rule: MatchingRule, value: &[u8]) -> bool {
    use MatchingRule as R;
    let is_text = || str::from_utf8(value).is_ok();
    match rule {
        R::Unknown | R::OctetString => true,
        R::CaseIgnore | R::CaseExact => !value.is_empty() && is_text(),
        R::CaseIgnoreIa5 | R::CaseExactIa5 | R::CaseIgnoreList => is_text(),
        R::NumericString => !value.is_empty() && value.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '),
        R::TelephoneNumber => {
            let is_printable = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+,-.=/:? ".contains(byte);
            !value.is_empty() && value.iter().all(is_printable)
        }
        R::BitString => {
            let bits = value.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'B"));
            bits.is_some_and(|bits| bits.iter().all(|bit| matches!(bit, b'0' | b'1')))
        }
        R::Integer => is_integer(value),
        R::Boolean => matches!(value, b"TRUE" | b"FALSE"),
        R::GeneralizedTime => !value.contains(&b'z') && instant(value).is_some(),
        R::ObjectIdentifier => is_object_identifier(value),
        R::DistinguishedName | R::NameAndOptionalUid | R::Uuid => read(rule, value).is_some(),
    }
}

/// `"0" / [ "-" ] (%x31-39) *DIGIT` (RFC 4517, 3.3.16).
fn is_integer(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let is_number = digits.iter().all(u8::is_ascii_digit) && matches!(digits, [b'1'..=b'9', ..]);
    value == b"0" || is_number
}

/// The lengths of the parts of a UUID (RFC 4122, 3).
const UUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];

fn is_uuid(value: &[u8]) -> bool {
    let parts = || value.split(|byte| *byte == b'-');
    parts().map(<[u8]>::len).eq(UUID_PARTS) && parts().flatten().all(u8::is_ascii_hexdigit)
}

/// Whether a value is an OID, or a name, in which 389 DS allows `_`.
fn is_object_identifier(value: &[u8]) -> bool {
    is_lenient_descr(value) || is_numeric_oid(value)
}

/// The order of two normal forms that [`read`] returned. Numeric strings are ordered as numbers, other text by the bytes of its normal form.
pub fn order(rule: MatchingRule, a: &[u8], b: &[u8]) -> Ordering {
    match rule {
        MatchingRule::Integer => {
            let parts = |text: &'_ [u8]| (text.first() == Some(&b'-'), text.len());
            match (parts(a), parts(b)) {
                ((true, _), (false, _)) => Ordering::Less,
                ((false, _), (true, _)) => Ordering::Greater,
                ((true, long), (true, other)) => other.cmp(&long).then_with(|| b.cmp(a)),
                ((false, long), (false, other)) => long.cmp(&other).then_with(|| a.cmp(b)),
            }
        }
        // As numbers of any length: Active Directory's numeric strings are compared with numbers in filters.
        MatchingRule::NumericString => {
            let digits = |text: &'_ [u8]| text.len() - text.iter().take_while(|digit| **digit == b'0').count();
            let (a, b) = (&a[a.len() - digits(a)..], &b[b.len() - digits(b)..]);
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        }
        // `...23Z` is before `...23.5Z`, so the Z must not be compared.
        MatchingRule::GeneralizedTime => a.strip_suffix(b"Z").unwrap_or(a).cmp(b.strip_suffix(b"Z").unwrap_or(b)),
        _ => a.cmp(b),
    }
}

/// [`normalize`] for a value that is nested in `depth` DNs.
pub(super) fn normalize_nested(rule: MatchingRule, value: &[u8], depth: usize) -> Cow<'_, [u8]> {
    match rule {
        MatchingRule::CaseIgnore
        | MatchingRule::CaseIgnoreIa5
        | MatchingRule::ObjectIdentifier
        | MatchingRule::Uuid => prepare(value, FOLDED),
        MatchingRule::Unknown => prepare(value, Preparation { fold_case: true, drop_controls: false }),
        MatchingRule::CaseExact | MatchingRule::CaseExactIa5 => {
            prepare(value, Preparation { fold_case: false, drop_controls: true })
        }
        MatchingRule::CaseIgnoreList => lines(value),
        MatchingRule::NumericString => without(value, |c| c == ' '),
        MatchingRule::TelephoneNumber => without(value, is_space_or_hyphen),
        MatchingRule::DistinguishedName => name(value, depth),
        MatchingRule::NameAndOptionalUid => name_and_uid(value, depth),
        MatchingRule::OctetString | MatchingRule::BitString => Cow::Borrowed(value),
        MatchingRule::Integer => integer(value),
        MatchingRule::Boolean => boolean(value),
        MatchingRule::GeneralizedTime => instant(value).map_or(Cow::Borrowed(value), Cow::Owned),
    }
}

const FOLDED: Preparation = Preparation { fold_case: true, drop_controls: true };

fn lines(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'$') {
        return prepare(value, FOLDED);
    }
    let lines: Vec<_> = value.split(|&byte| byte == b'$').map(|line| prepare(line, FOLDED)).collect();
    Cow::Owned(lines.join(&b'$'))
}

fn without(value: &[u8], insignificant: fn(char) -> bool) -> Cow<'_, [u8]> {
    match prepare(value, FOLDED) {
        Cow::Borrowed(same) if str::from_utf8(same).is_ok_and(|text| !text.contains(insignificant)) => {
            Cow::Borrowed(same)
        }
        prepared => match str::from_utf8(&prepared) {
            Ok(text) => Cow::Owned(text.replace(insignificant, "").into_bytes()),
            Err(_) => prepared,
        },
    }
}

/// RFC 4518, 2.6.3.
fn is_space_or_hyphen(c: char) -> bool {
    matches!(c, ' ' | '-' | '\u{58A}' | '\u{2010}' | '\u{2011}' | '\u{2212}' | '\u{FE63}' | '\u{FF0D}')
}

/// The first byte of the normal form of a value that is not a DN. No key begins with it.
const NOT_A_DN: u8 = 0x00;

fn name(value: &[u8], depth: usize) -> Cow<'_, [u8]> {
    match dn_key::key_at_depth(value, depth) {
        Some(Ok(key)) => Cow::Owned(key),
        Some(Err(_)) | None => Cow::Owned([&[NOT_A_DN], value].concat()),
    }
}

fn name_and_uid(value: &[u8], depth: usize) -> Cow<'_, [u8]> {
    match split_name_and_uid(value) {
        (dn, None) => name(dn, depth),
        // A key is empty or ends with 0x00, so the text after it cannot be taken for a part of it.
        (dn, Some(bits)) => Cow::Owned([name(dn, depth).as_ref(), b"#", bits].concat()),
    }
}

fn integer(value: &[u8]) -> Cow<'_, [u8]> {
    let trimmed = value.trim_ascii();
    let (negative, digits) = match trimmed.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, trimmed),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Cow::Borrowed(value);
    }
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count().min(digits.len() - 1);
    let significant = digits.get(zeros..).unwrap_or(digits);
    if negative && significant != b"0" { Cow::Owned([b"-", significant].concat()) } else { Cow::Borrowed(significant) }
}

fn boolean(value: &[u8]) -> Cow<'_, [u8]> {
    match value {
        _ if value.eq_ignore_ascii_case(b"TRUE") => Cow::Borrowed(b"TRUE"),
        _ if value.eq_ignore_ascii_case(b"FALSE") => Cow::Borrowed(b"FALSE"),
        _ => Cow::Borrowed(value),
    }
}

/// The normal form `YYYYMMDDHHMMSS[.fraction]Z` of a `GeneralizedTime` in any of its forms (RFC 4517, 3.3.13); `None` if the
/// value is not a `GeneralizedTime`.
///
/// A fraction is a fraction of the last unit written: hour, minute or second. Second 60 (a leap second) is the second after
/// 59. Nothing is rounded.
fn instant(value: &[u8]) -> Option<Vec<u8>> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (clock, rest) = value.split_at_checked(digits)?;
    let number = |from: usize, to: usize| -> Option<i16> { str::from_utf8(clock.get(from..to)?).ok()?.parse().ok() };
    let two = |from: usize| -> Option<i8> { number(from, from + 2)?.try_into().ok() };
    let (minute, second, unit) = match clock.len() {
        10 => (0, 0, 3600),
        12 => (two(10)?, 0, 60),
        14 => (two(10)?, two(12)?, 1),
        _ => return None,
    };
    let leap = i64::from(second == 60);
    let second = if leap == 1 { 59 } else { second };
    let at = civil::DateTime::new(number(0, 4)?, two(4)?, two(6)?, two(8)?, minute, second, 0).ok()?;

    let (fraction, zone) = match rest {
        [b'.' | b',', b'0'..=b'9', ..] => {
            let after = rest.get(1..)?;
            after.split_at(after.iter().take_while(|byte| byte.is_ascii_digit()).count())
        }
        _ => (&[][..], rest),
    };
    let (seconds, fraction) = in_seconds(fraction, unit);
    let moment = at.checked_add(SignedDuration::from_secs(seconds + leap)).ok()?;
    let utc = moment.checked_sub(SignedDuration::from_mins(offset_minutes(zone)?)).ok()?;

    let mut normal = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
    .into_bytes();
    let significant = fraction.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    if significant > 0 {
        normal.push(b'.');
        normal.extend(fraction.iter().take(significant));
    }
    normal.push(b'Z');
    Some(normal)
}

/// Converts `0.fraction` of a unit of `unit` seconds into whole seconds and the digits of a fraction of a second.
fn in_seconds(fraction: &[u8], unit: u16) -> (i64, Vec<u8>) {
    let mut digits = fraction.to_vec();
    let mut carry = 0;
    for digit in digits.iter_mut().rev() {
        let product = u32::from(*digit - b'0') * u32::from(unit) + carry;
        *digit = b'0' + u8::try_from(product % 10).unwrap_or_default();
        carry = product / 10;
    }
    (carry.into(), digits)
}

/// The offset from UTC of `Z`, `+HH` or `+HHMM`, in minutes, positive to the east; `None` if the text is not a time zone.
fn offset_minutes(zone: &[u8]) -> Option<i64> {
    let (sign, digits) = match zone {
        b"Z" | b"z" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| -> Option<i64> { str::from_utf8(digits).ok()?.parse().ok() };
    let (hours, minutes) = match digits.len() {
        2 => (number(digits)?, 0),
        4 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::{MatchingRule as R, *};

    #[test]
    fn equal_and_different_values() {
        #[rustfmt::skip]
        let table: &[(R, &[u8], &[u8], bool)] = &[
            (R::CaseIgnore, b"John  Doe ", b"john doe", true),
            (R::CaseIgnore, b"a\x0db", b"A B", true),
            (R::CaseIgnore, b"M\xfcller", b"m\xfcller", false),
            (R::CaseIgnore, "Müller".as_bytes(), "MU\u{308}LLER".as_bytes(), true),
            (R::Unknown, b"\x04\x02Hi", b"hi", false),
            (R::Unknown, b"Hi  there", b"hi THERE", true),
            (R::CaseExact, b"a  b", b"a b", true),
            (R::CaseExact, b"a", b"A", false),
            (R::CaseExactIa5, b"jsmith", b"JSmith", false),
            (R::CaseIgnoreIa5, b"J.Smith@Sesta.com", b"j.smith@sesta.com", true),
            (R::CaseIgnoreList, b"1 Main St $ Town", b"1 main st$town", true),
            (R::CaseIgnoreList, b"1 Main St$$Town", b"1 main st$town", false),
            (R::NumericString, b"12 345", b"1 2345", true),
            (R::NumericString, b"12345", b"12346", false),
            (R::TelephoneNumber, b"+1 408 555-1212", b"+14085551212", true),
            (R::TelephoneNumber, b"+1 408", b"1 408", false),
            (R::DistinguishedName, b"UID=a, DC=X", b"userid=A,dc=x", true),
            (R::DistinguishedName, b"uid=a", b"uid=b", false),
            (R::DistinguishedName, b"no name", b"no  name", false),
            (R::DistinguishedName, b"", b"no name", false),
            (R::DistinguishedName, b"cn=a", b"cn=a\0", false),
            (R::NameAndOptionalUid, b"UID=a#'01'B", b"uid=a#'01'B", true),
            (R::NameAndOptionalUid, b"uid=a#'01'B", b"uid=a", false),
            (R::NameAndOptionalUid, b"uid=a#'01'B", b"uid=a#'10'B", false),
            (R::OctetString, b"a", b"A", false),
            (R::Integer, b"007", b"7", true),
            (R::Integer, b"-0", b"0", true),
            (R::Integer, b"000", b"0", true),
            (R::Integer, b"-7", b"7", false),
            (R::Integer, b"99999999999999999999999", b"099999999999999999999999", true),
            (R::Integer, b"x", b"y", false),
            (R::Boolean, b"true", b"TRUE", true),
            (R::Boolean, b"TRUE", b"FALSE", false),
            (R::GeneralizedTime, b"20060217074523Z", b"20060217074523.000Z", true),
            (R::GeneralizedTime, b"20060217074523.50Z", b"20060217074523.5Z", true),
            (R::GeneralizedTime, b"20060217074523.5Z", b"20060217074523Z", false),
            (R::GeneralizedTime, b"200602170745Z", b"20060217074500Z", true),
            (R::GeneralizedTime, b"20060101003000+0100", b"20051231233000Z", true),
            (R::GeneralizedTime, b"2006010100-05", b"20060101050000Z", true),
            (R::GeneralizedTime, b"20060217T074523Z", b"20060217074523Z", false),
            (R::GeneralizedTime, b"2006021707.5Z", b"20060217073000Z", true),
            (R::GeneralizedTime, b"2006021707,125Z", b"200602170707.5Z", true),
            (R::GeneralizedTime, b"200602170745.25Z", b"20060217074515.0Z", true),
            (R::GeneralizedTime, b"200602170745.01Z", b"20060217074500.6Z", true),
            (R::GeneralizedTime, b"2006021707.0001Z", b"20060217070000.36Z", true),
            (R::GeneralizedTime, b"2006021707.5+0130", b"20060217060000Z", true),
            (R::GeneralizedTime, b"20051231235960Z", b"20060101000000Z", true),
            (R::GeneralizedTime, b"99991231235959Z", b"99991231235959.0Z", true),
            (R::GeneralizedTime, b"20061317074523Z", b"20061317074523.0Z", false),
            (R::ObjectIdentifier, b"inetOrgPerson", b"INETORGPERSON", true),
            (R::Uuid, b"597AE2F6-16A6-1027-98F4-D28B5365DC14", b"597ae2f6-16a6-1027-98f4-d28b5365dc14", true),
        ];
        for &(rule, a, b, expected) in table {
            assert_eq!(matches(rule, a, b), expected, "{rule:?}: {} and {}", a.escape_ascii(), b.escape_ascii());
            assert_eq!(matches(rule, b, a), expected, "{rule:?}: {} and {}", b.escape_ascii(), a.escape_ascii());
        }
    }
}
