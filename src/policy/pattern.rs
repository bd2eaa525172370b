//! Attribute types, as the lists of a policy name them: one by one, or all that begin alike.

use crate::ldap::attribute::{AttributeError, same_type};
use crate::ldap::{AttributeDescription, attribute_types};

/// Attribute types, as a policy lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// One type, by any of its names: `mailQuota`.
    Type(String),
    /// All types with a name that begins so: `ics*`.
    Prefix(String),
}

/// Why text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is not an attribute type, nor the beginning of one.
    #[error(transparent)]
    Type(#[from] AttributeError),
    /// It has options.
    #[error("expected an attribute type without options")]
    Options,
}

impl Pattern {
    /// Reads an attribute type, or a prefix with `*` after it.
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

    /// Whether a type, without options, is meant.
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
