//! The causes that make an item of a filter Undefined for every entry (RFC 4511, 4.5.1.7).

use std::fmt;

use super::{Assertion, Item};
use crate::ldap::AttributeDescription;
use crate::ldap::matching::MatchingRule;

/// The cause why an item is Undefined for every entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The assertion value violates the syntax of the rule.
    Value(MatchingRule),
    /// `>=` or `<=` on an attribute type without an ordering rule.
    NoOrdering,
    /// `>=` or `<=` on an unknown attribute type.
    UnknownOrdering,
    /// Substrings of OIDs.
    NoSubstrings,
    /// An unknown matching rule.
    UnknownRule,
    /// A matching rule that does not apply to the attribute type.
    UnsuitableRule,
    /// A matching rule that needs an attribute type.
    AnyAttribute,
    /// An attribute type that the schema does not describe.
    UnknownAttribute,
}

impl Cause {
    /// Whether a schema may remove the cause.
    pub fn depends_on_schema(self) -> bool {
        matches!(self, Self::UnknownOrdering | Self::UnknownAttribute)
    }
}

/// An item that is Undefined, with the cause. The text contains parts of the filter, which are not sanitized for a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Undefined<'f> {
    /// The item.
    pub item: &'f Item,
    /// The cause.
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
                write!(f, "the values of {attribute} must be {}; `{value}` is not valid", syntax(*kind))
            }
            Cause::Value(kind) => {
                write!(
                    f,
                    "the values that the matching rule {rule} compares must be {}; `{value}` is not valid",
                    syntax(*kind)
                )
            }
            Cause::NoOrdering => write!(f, "`>=` and `<=` need an ordering rule, and {attribute} has none"),
            Cause::UnknownOrdering => {
                write!(
                    f,
                    "neither the tables of offboard nor a schema has an ordering rule for {attribute}; give a schema that has one"
                )
            }
            Cause::NoSubstrings => {
                write!(f, "the values of {attribute} are object identifiers, which have no substrings rule")
            }
            Cause::UnknownRule => write!(f, "the matching rule {rule} is unknown"),
            Cause::UnsuitableRule => write!(f, "the matching rule {rule} does not apply to {attribute}"),
            Cause::AnyAttribute => write!(f, "the matching rule {rule} needs an attribute"),
            Cause::UnknownAttribute => write!(f, "the schema does not describe the attribute type {attribute}"),
        }
    }
}

/// The kind of values that a rule compares.
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
