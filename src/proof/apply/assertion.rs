//! The assertion control of RFC 4528: a BER-encoded filter (RFC 4511, 4.5.1.7), evaluated on an entry.
//!
//! | tag | filter | |
//! | --- | --- | --- |
//! | `a0` | and | plans write it |
//! | `a1` | or | |
//! | `a2` | not | |
//! | `a3` | equalityMatch | plans write it; Undefined on an attribute that the server cannot compare |
//! | `87` | present | |
//!
//! An Undefined filter does not hold, not even inside `not`: slapd answers 122.

use super::modify::Positions;
use crate::ldap::filter::Truth;
use crate::ldap::{AttributeDescription, Entry, ResultCode};
use crate::policy::ServerSchema;

/// Whether the filter is true for the entry; [`ResultCode::ProtocolError`] if it cannot be decoded, as slapd answers.
pub fn holds(entry: &Entry, filter: &[u8], schema: &ServerSchema) -> Result<bool, ResultCode> {
    let truth = truth(Subject { entry, schema }, filter, 0).ok_or(ResultCode::ProtocolError)?;
    Ok(truth == Truth::True)
}

/// The deepest nesting that is evaluated, so that a hostile filter cannot exhaust the stack.
const MAX_DEPTH: usize = 16;

/// The entry that a filter is evaluated on, and the schema of its server.
#[derive(Clone, Copy)]
struct Subject<'s> {
    entry: &'s Entry,
    schema: &'s ServerSchema,
}

fn truth(subject: Subject<'_>, filter: &[u8], depth: usize) -> Option<Truth> {
    let (tag, content, []) = element(filter)? else { return None };
    if depth > MAX_DEPTH {
        return None;
    }
    match tag {
        0xa0 => Some(first_of([Truth::False, Truth::Undefined], &parts(subject, content, depth)?, Truth::True)),
        0xa1 => Some(first_of([Truth::True, Truth::Undefined], &parts(subject, content, depth)?, Truth::False)),
        0xa2 => truth(subject, content, depth + 1).map(|inner| match inner {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Undefined => Truth::Undefined,
        }),
        0xa3 => {
            let (0x04, name, rest) = element(content)? else { return None };
            let (0x04, value, []) = element(rest)? else { return None };
            let description = AttributeDescription::parse(name).ok()?;
            if !subject.schema.compares(description.attribute_type()) {
                return Some(Truth::Undefined);
            }
            let attribute = subject.entry.attributes.iter().find(|attribute| attribute.description == description);
            Some(Truth::from(attribute.is_some_and(|attribute| Positions::of(attribute).find(value).is_some())))
        }
        0x87 => {
            let description = AttributeDescription::parse(content).ok()?;
            Some(Truth::from(subject.entry.attributes.iter().any(|attribute| attribute.description == description)))
        }
        _ => None,
    }
}

/// The first of the `wanted` values that one of the parts has, or else `other`.
fn first_of(wanted: [Truth; 2], parts: &[Truth], other: Truth) -> Truth {
    wanted.into_iter().find(|wanted| parts.contains(wanted)).unwrap_or(other)
}

fn parts(subject: Subject<'_>, mut content: &[u8], depth: usize) -> Option<Vec<Truth>> {
    let mut parts = Vec::new();
    while !content.is_empty() {
        let (_, _, rest) = element(content)?;
        parts.push(truth(subject, &content[..content.len() - rest.len()], depth + 1)?);
        content = rest;
    }
    Some(parts)
}

/// Splits off the first BER element: its tag, its content, and the bytes after it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let add = |length: usize, digit: &u8| length.checked_mul(256).map(|length| length + usize::from(*digit));
        (digits.iter().try_fold(0, add)?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{Dn, Origin, Value};

    #[test]
    fn true_false_and_invalid_filters() {
        let mut entry = Entry { dn: Dn::parse(b"cn=a").unwrap(), origin: Origin::default(), attributes: Vec::new() };
        entry.push(AttributeDescription::parse(b"cn").unwrap(), Value::new(b"a"));
        entry.push(AttributeDescription::parse(b"fax").unwrap(), Value::new(b"1"));
        let schema = ServerSchema::from(crate::policy::Server::OpenLdap);
        for (filter, expected) in [
            (&b"\xa3\x07\x04\x02cn\x04\x01A"[..], Ok(true)),
            (b"\xa3\x07\x04\x02cn\x04\x01b", Ok(false)),
            (b"\xa3\x07\x04\x02sn\x04\x01a", Ok(false)),
            (b"\xa3\x08\x04\x03fax\x04\x011", Ok(false)),
            (b"\xa2\x0a\xa3\x08\x04\x03fax\x04\x011", Ok(false)),
            (b"\xa1\x0e\xa3\x08\x04\x03fax\x04\x011\x87\x02cn", Ok(true)),
            (b"\x87\x02cn", Ok(true)),
            (b"\x87\x02sn", Ok(false)),
            (b"\xa2\x04\x87\x02sn", Ok(true)),
            (b"\xa0\x08\x87\x02cn\x87\x02sn", Ok(false)),
            (b"\xa1\x08\x87\x02cn\x87\x02sn", Ok(true)),
            (b"\xa0\x00", Ok(true)),
            (b"\xa1\x00", Ok(false)),
            (b"", Err(ResultCode::ProtocolError)),
            (b"zz", Err(ResultCode::ProtocolError)),
            (b"(cn=a)", Err(ResultCode::ProtocolError)),
            (b"\x87\x02cn\x00", Err(ResultCode::ProtocolError)),
            (b"\xa0\x01\x87", Err(ResultCode::ProtocolError)),
        ] {
            assert_eq!(holds(&entry, filter, &schema), expected, "{}", filter.escape_ascii());
        }
        let deep = (0..40u8).fold(b"\x87\x02cn".to_vec(), |inner, _| {
            [&[0xa2, u8::try_from(inner.len()).unwrap()][..], &inner].concat()
        });
        assert_eq!(holds(&entry, &deep, &schema), Err(ResultCode::ProtocolError));
    }
}
