//! Patterns for attribute types: one type, or all types with a prefix.
//!
//! ```text
//! pattern = attribute-type / prefix "*"   ; without options
//! ```

use crate::ldap::attribute::{AttributeError, same_type};
use crate::ldap::{AttributeDescription, attribute_types};

/// A pattern for attribute types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// One type, which matches by any of its names: `mailQuota`.
    Type(String),
    /// All types that have a name with this prefix: `ics*`.
    Prefix(String),
}

/// Why text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The name, or the prefix, is not a valid attribute type.
    #[error(transparent)]
    Type(#[from] AttributeError),
    /// The attribute description has options.
    #[error("an attribute option is not allowed here; name the attribute type alone")]
    Options,
}

impl Pattern {
    /// Parses an attribute type, or a prefix followed by `*`.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (name, pattern): (_, fn(String) -> Self) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, Self::Prefix),
            None => (text, Self::Type),
        };
        if AttributeDescription::parse(name.as_bytes())?.has_options() {
            return Err(PatternError::Options);
        }
        Ok(pattern(name.to_owned()))
    }

    /// Whether an attribute type matches; `attribute_type` has no options.
    pub fn matches(&self, attribute_type: &str) -> bool {
        match self {
            Self::Type(name) => same_type(name, attribute_type),
            Self::Prefix(prefix) => {
                let begins = |name: &str| {
                    name.get(..prefix.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix))
                };
                let known = attribute_types::find(attribute_type);
                begins(attribute_type) || known.is_some_and(|known| known.names.iter().any(|name| begins(name)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (text, attribute_type, matches) in [
            ("ics*", "icsStatus", true),
            ("ics*", "ICS", true),
            ("ics*", "ic", false),
            ("ics*", "nswcalDisallowAccess", false),
            ("uni*", "2.5.4.50", true),
            ("icsStatus", "ICSSTATUS", true),
            ("icsStatus", "icsStatusX", false),
            ("surname", "sn", true),
            ("mail-*", "mail", false),
        ] {
            assert_eq!(Pattern::parse(text).unwrap().matches(attribute_type), matches, "{text} {attribute_type}");
        }
        for (text, error) in [
            ("", PatternError::Type(AttributeError::NoType)),
            ("*", PatternError::Type(AttributeError::NoType)),
            ("*x", PatternError::Type(AttributeError::Type { offset: 0 })),
            ("i*s", PatternError::Type(AttributeError::Type { offset: 1 })),
            ("ics**", PatternError::Type(AttributeError::Type { offset: 3 })),
            ("mail;lang-de", PatternError::Options),
            ("mail;*", PatternError::Type(AttributeError::EmptyOption { offset: 5 })),
            ("mail;x*", PatternError::Options),
        ] {
            assert_eq!(Pattern::parse(text), Err(error), "{text}");
        }
    }
}
