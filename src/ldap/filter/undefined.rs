//! Why an item of a filter can be judged of no entry (RFC 4511, 4.5.1.7).

use std::fmt;

use super::{Assertion, Item};
use crate::ldap::AttributeDescription;
use crate::ldap::matching::MatchingRule;

/// Why an item is Undefined, whatever the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The value is none that the rule takes.
    Value(MatchingRule),
    /// `>=` or `<=` on an attribute type without an ordering rule.
    NoOrdering,
    /// `>=` or `<=` on an attribute type of which nothing is known.
    UnknownOrdering,
    /// Substrings of OIDs.
    NoSubstrings,
    /// A matching rule that is not known.
    UnknownRule,
    /// A matching rule that does not suit the attribute type.
    UnsuitableRule,
    /// A matching rule whose answer needs more than one entry.
    SeveralEntries,
    /// A matching rule that needs an attribute type.
    AnyAttribute,
    /// An attribute type that the schema does not describe.
    UnknownAttribute,
}

impl Cause {
    /// Whether a schema that is not read yet may change it.
    pub fn depends_on_schema(self) -> bool {
        matches!(self, Self::UnknownOrdering | Self::UnknownAttribute)
    }
}

/// An item that is Undefined, and why. Its text holds what the filter holds: not fit for a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Undefined<'f> {
    /// The item.
    pub item: &'f Item,
    /// Why.
    pub cause: &'f Cause,
}

impl fmt::Display for Undefined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attribute = self.item.attribute.as_ref().map_or("", AttributeDescription::attribute_type);
        let (rule, value) = match &self.item.assertion {
            Assertion::Extensible { rule, value, .. } => (rule.as_deref().unwrap_or_default(), value.as_slice()),
            Assertion::Equal(value)
            | Assertion::Approximate(value)
            | Assertion::AtLeast(value)
            | Assertion::AtMost(value) => ("", value.as_slice()),
            Assertion::Present | Assertion::Substrings(_) => ("", &[][..]),
        };
        let value = String::from_utf8_lossy(value);
        write!(f, "({}) matches no entry: ", self.item)?;
        match self.cause {
            Cause::Value(kind) if rule.is_empty() => {
                write!(f, "the values of {attribute} are {}, and `{value}` cannot be one", syntax(*kind))
            }
            Cause::Value(kind) => {
                write!(f, "the rule {rule} compares {}, and `{value}` cannot be one", syntax(*kind))
            }
            Cause::NoOrdering => write!(f, "{attribute} has no ordering rule, which `>=` and `<=` need"),
            Cause::UnknownOrdering => {
                write!(f, "how values of {attribute} are ordered is not known without a schema that describes it")
            }
            Cause::NoSubstrings => write!(f, "{attribute} holds object identifiers, which have no substrings rule"),
            Cause::UnknownRule => write!(f, "the matching rule {rule} is not known"),
            Cause::UnsuitableRule => write!(f, "the matching rule {rule} is not for the values of {attribute}"),
            Cause::SeveralEntries => {
                write!(f, "the matching rule {rule} follows {attribute} through other entries, and a filter sees one")
            }
            Cause::AnyAttribute => write!(f, "the matching rule {rule} needs an attribute"),
            Cause::UnknownAttribute => write!(f, "the schema has no attribute type {attribute}"),
        }
    }
}

/// What values of a rule are.
fn syntax(rule: MatchingRule) -> &'static str {
    use MatchingRule as R;
    match rule {
        R::CaseIgnore | R::CaseExact => "UTF-8 text that is not empty",
        R::CaseIgnoreIa5 | R::CaseExactIa5 | R::CaseIgnoreList => "text",
        R::NumericString => "digits and spaces",
        R::TelephoneNumber => "telephone numbers (printable ASCII, not empty)",
        R::DistinguishedName => "distinguished names",
        R::NameAndOptionalUid => "distinguished names with an optional UID",
        R::BitString => "bit strings such as '0101'B",
        R::Integer => "integers such as 100, without leading zeros",
        R::Boolean => "TRUE or FALSE",
        R::GeneralizedTime => "times such as 20260131235959Z",
        R::ObjectIdentifier => "object identifiers or their names",
        R::Uuid => "UUIDs",
        R::OctetString | R::Unknown => "octets",
    }
}
