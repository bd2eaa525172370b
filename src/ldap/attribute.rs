//! Attribute descriptions (RFC 4512, 2.5): a type and its options, as `member` or `userCertificate;binary`.
//!
//! ```text
//! description = type *( ";" option )
//! type        = name / number *( "." number )
//! name        = ( ALPHA / DIGIT / "_" / "@" ) *( ALPHA / DIGIT / "-" / "_" )     ; not digits alone
//! option      = 1*( ALPHA / DIGIT / "-" / "_" / "." / "=" / "*" / ":" )
//! ```
//!
//! In RFC 4512, a name begins with a letter and contains letters, digits and `-`; an option contains the same. The following
//! is accepted as well, because exports contain it (the byte classes are in [`keystring`](super::keystring)):
//!
//! | accepted | where it comes from |
//! | --- | --- |
//! | `_` in names (`registered_developer`), a digit at their start | 389 DS and Sun DSEE with lenient schema names, Oracle |
//! | `@` at the start (`@IDXATTR`, `@LIST`) | the control records of Samba's ldb databases |
//! | `;range=0-1499`, `;range=1500-*` | Active Directory, a part of a large attribute |
//! | `.`, `_`, `:` in options | replication state that db2ldif writes (`;vucsn-...`), vendor options |
//!
//! An empty option (`cn;`, `cn;;binary`), a space and non-ASCII bytes are refused: such a line is an error in the file.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{
    attribute_types::{self, AttributeType},
    keystring::{is_lenient_keychar, is_numeric_oid, is_option_byte},
};

/// The reason why bytes are not an attribute description. Offsets are in bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// Nothing precedes the first `;` or the end.
    #[error("expected an attribute type at byte 0")]
    NoType,
    /// The type contains a byte that is not allowed there, or is a malformed OID.
    #[error("expected a letter, a digit, `-`, `_` or `;` in an attribute type at byte {offset}")]
    Type {
        /// The byte that is wrong.
        offset: usize,
    },
    /// Nothing follows a `;`.
    #[error("expected an attribute option after `;` at byte {offset}")]
    EmptyOption {
        /// The byte that is wrong.
        offset: usize,
    },
    /// An option contains a byte that is not allowed there.
    #[error("expected a letter, a digit or `-` in an attribute option at byte {offset}")]
    Option {
        /// The byte that is wrong.
        offset: usize,
    },
}

/// An attribute type with its options, as written.
///
/// Two descriptions are equal if their [keys](Self::key) are: they have the same type, by any of its names, and the same set
/// of options, in any order and case.
#[derive(Clone)]
pub struct AttributeDescription {
    text: DescriptionText,
    /// Length of the type in bytes.
    type_length: usize,
    known: Option<&'static AttributeType>,
}

/// The text of a description. An entry has dozens of descriptions, and nearly all are spelled as in the table of attribute
/// types: those need no allocation.
#[derive(Clone)]
enum DescriptionText {
    Known(&'static str),
    Own(Arc<str>),
}

impl DescriptionText {
    fn as_str(&self) -> &str {
        match self {
            Self::Known(text) => text,
            Self::Own(text) => text,
        }
    }
}

/// The normal form of an attribute description, by which descriptions are compared: the canonical name of the type and the
/// sorted options, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeKey(Box<str>);

impl AttributeKey {
    /// The key as text, such as `usercertificate;binary`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AttributeDescription {
    /// Parses an attribute description.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttributeError> {
        let mut parts = bytes.split(|&byte| byte == b';');
        let name = parts.next().unwrap_or_default();
        check_type(name)?;
        let mut offset = name.len() + 1;
        for option in parts {
            check_option(option, offset)?;
            offset += option.len() + 1;
        }
        // The checks above accept ASCII only.
        let text = str::from_utf8(bytes).map_err(|error| AttributeError::Type { offset: error.valid_up_to() })?;
        let known = text.get(..name.len()).and_then(attribute_types::find);
        let same_spelling = known.and_then(|known| known.names.iter().find(|own| **own == text));
        let text = same_spelling.map_or_else(|| DescriptionText::Own(text.into()), |own| DescriptionText::Known(own));
        Ok(Self { text, type_length: name.len(), known })
    }

    /// The description as it was written, with its options.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// The type as it was written, without options.
    pub fn attribute_type(&self) -> &str {
        self.as_str().get(..self.type_length).unwrap_or(self.as_str())
    }

    /// The options as they were written, in that order.
    pub fn options(&self) -> impl Iterator<Item = &str> {
        self.as_str().split(';').skip(1)
    }

    /// Whether the description has options.
    pub fn has_options(&self) -> bool {
        self.type_length < self.as_str().len()
    }

    /// Whether the description has an option, ignoring case.
    pub fn has_option(&self, option: &str) -> bool {
        self.options().any(|own| own.eq_ignore_ascii_case(option))
    }

    /// Whether this is an attribute type, by any of its names, without options.
    pub fn is(&self, attribute_type: &str) -> bool {
        !self.has_options() && self.is_type(attribute_type)
    }

    /// Whether this is an attribute type, by any of its names, with or without options.
    pub fn is_type(&self, attribute_type: &str) -> bool {
        self.attribute_type().eq_ignore_ascii_case(attribute_type)
            || self.known.is_some_and(|known| known.has_name(attribute_type))
    }

    /// The normal form by which descriptions are compared.
    pub fn key(&self) -> AttributeKey {
        let mut key = self.canonical_type().to_ascii_lowercase();
        for option in self.sorted_options() {
            key.push(';');
            key.push_str(&option);
        }
        AttributeKey(key.into())
    }

    fn canonical_type(&self) -> &str {
        match self.known {
            Some(known) => known.canonical_name(),
            None => self.attribute_type(),
        }
    }

    fn sorted_options(&self) -> Vec<String> {
        let mut options: Vec<_> = self.options().map(str::to_ascii_lowercase).collect();
        options.sort_unstable();
        options.dedup();
        options
    }
}

fn check_type(name: &[u8]) -> Result<(), AttributeError> {
    if name.is_empty() {
        return Err(AttributeError::NoType);
    }
    if is_numeric_oid(name) {
        return Ok(());
    }
    let allowed = |at: usize, byte: u8| match byte {
        b'@' => at == 0,
        b'-' => at > 0,
        byte => is_lenient_keychar(byte),
    };
    match name.iter().enumerate().find(|&(at, &byte)| !allowed(at, byte)) {
        Some((offset, _)) => Err(AttributeError::Type { offset }),
        // `01` is neither a name nor an OID, and `@` alone is not a name.
        None if name.iter().all(u8::is_ascii_digit) || name == b"@" => Err(AttributeError::Type { offset: name.len() }),
        None => Ok(()),
    }
}

fn check_option(option: &[u8], start: usize) -> Result<(), AttributeError> {
    if option.is_empty() {
        return Err(AttributeError::EmptyOption { offset: start });
    }
    match option.iter().position(|&byte| !is_option_byte(byte)) {
        Some(at) => Err(AttributeError::Option { offset: start + at }),
        None => Ok(()),
    }
}

impl PartialEq for AttributeDescription {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
            || (self.canonical_type().eq_ignore_ascii_case(other.canonical_type())
                && self.has_options() == other.has_options()
                && (!self.has_options() || self.sorted_options() == other.sorted_options()))
    }
}

impl Eq for AttributeDescription {}

impl Hash for AttributeDescription {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Debug for AttributeDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for AttributeDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The type of a description, without options.
pub fn base_type(description: &str) -> &str {
    let end = memchr::memchr(b';', description.as_bytes()).unwrap_or(description.len());
    &description[..end]
}

/// Whether two names, both without options, are of the same attribute type.
pub fn same_type(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || attribute_types::find(a).is_some_and(|known| known.has_name(b))
}

/// Whether a name without options is a name of one of these attribute types.
pub fn is_one_of(types: &[&str], name: &str) -> bool {
    let sought = SoughtType::new(name);
    types.iter().any(|own| sought.is(own))
}

/// An attribute type that is compared with many names. It is looked up once.
pub struct SoughtType<'a> {
    name: &'a str,
    known: Option<&'static AttributeType>,
}

impl<'a> SoughtType<'a> {
    /// Looks up the type of a name without options.
    pub fn new(name: &'a str) -> Self {
        Self { name, known: attribute_types::find(name) }
    }

    /// Whether a name is of this type: [`same_type`], without looking up the type again.
    pub fn is(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name) || self.known.is_some_and(|known| known.has_name(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn description(text: &str) -> AttributeDescription {
        AttributeDescription::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn parses() {
        for (text, attribute_type, options) in [
            ("cn", "cn", vec![]),
            ("2.5.4.3", "2.5.4.3", vec![]),
            ("userCertificate;binary", "userCertificate", vec!["binary"]),
            ("cn;lang-de;x-a", "cn", vec!["lang-de", "x-a"]),
            ("member;range=0-1499", "member", vec!["range=0-1499"]),
            ("member;range=1500-*", "member", vec!["range=1500-*"]),
            (
                "cn;adcsn-5a1;vucsn-5a1;deletedattribute;deleted",
                "cn",
                vec!["adcsn-5a1", "vucsn-5a1", "deletedattribute", "deleted"],
            ),
            ("registered_developer", "registered_developer", vec![]),
            ("@IDXATTR", "@IDXATTR", vec![]),
            ("2fa-token", "2fa-token", vec![]),
        ] {
            let parsed = description(text);
            assert_eq!(parsed.as_str(), text);
            assert_eq!(parsed.attribute_type(), attribute_type);
            assert_eq!(parsed.options().collect::<Vec<_>>(), options);
        }
    }

    #[test]
    fn refuses() {
        use AttributeError::{EmptyOption, NoType, Option, Type};
        for (bytes, error) in [
            (&b""[..], NoType),
            (b";binary", NoType),
            (b"c n", Type { offset: 1 }),
            (b"cn ", Type { offset: 2 }),
            (b"-cn", Type { offset: 0 }),
            (b"c@n", Type { offset: 1 }),
            (b"@", Type { offset: 1 }),
            (b"1.2.", Type { offset: 1 }),
            (b"01", Type { offset: 2 }),
            (b"v1.0", Type { offset: 2 }),
            (b"\xc3\xa9", Type { offset: 0 }),
            (b"c\0n", Type { offset: 1 }),
            (b"cn;", EmptyOption { offset: 3 }),
            (b"cn;;binary", EmptyOption { offset: 3 }),
            (b"cn;a;b c", Option { offset: 6 }),
        ] {
            assert_eq!(AttributeDescription::parse(bytes), Err(error), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn compares_by_key() {
        for (a, b, equal) in [
            ("uid", "UserID", true),
            ("uid", "0.9.2342.19200300.100.1.1", true),
            ("cn", "sn", false),
            ("cn;a;B", "commonName;b;A", true),
            ("cn;a;a", "cn;A", true),
            ("cn", "cn;a", false),
            ("cn;a", "cn;b", false),
            ("x-own", "X-OWN", true),
        ] {
            let (a, b) = (description(a), description(b));
            assert_eq!(a == b, equal, "{a:?} {b:?}");
            assert_eq!(a.key() == b.key(), equal, "{a:?} {b:?}");
        }
        assert_eq!(description("commonName;Lang-DE;binary").key().as_str(), "cn;binary;lang-de");
    }

    #[test]
    fn is_a_type() {
        assert!(description("UserId").is("uid") && description("uid").is("userid"));
        assert!(!description("uid;x").is("uid") && description("uid;x").is_type("UID"));
        assert!(description("cn;BINARY").has_option("binary") && !description("cn").has_option("binary"));
        assert!(same_type("CN", "cn") && same_type("2.5.4.3", "commonname") && !same_type("cn", "sn"));
        assert!(same_type("x-unknown", "X-Unknown") && !same_type("x-unknown", "x-other"));
        assert!(is_one_of(&["sn", "userid"], "UID") && is_one_of(&["x-own"], "X-Own") && !is_one_of(&["sn"], "cn"));
    }

    proptest! {
        #[test]
        fn equality_is_that_of_keys(a in "(cn|CN|uid|userid|x)(;[aAb]){0,3}", b in "(cn|commonName|UID|X)(;[aAb]){0,3}") {
            let (a, b) = (description(&a), description(&b));
            prop_assert_eq!(a == b, a.key() == b.key());
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            if let Ok(parsed) = AttributeDescription::parse(&bytes) {
                prop_assert_eq!(parsed.as_str().as_bytes(), &bytes[..]);
            }
        }
    }
}
