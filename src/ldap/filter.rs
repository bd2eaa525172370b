//! Search filters (RFC 4515), and whether an entry matches one (RFC 4511, 4.5.1.7).
//!
//! ```text
//! filter     = "(" ( "&" *filter / "|" *filter / "!" filter / item ) ")"   ; the outermost "( )" are optional
//! item       = description ( "=" / ">=" / "<=" / "~=" ) value
//!            / description "=*"
//!            / description "=" [value] *( "*" value ) "*" [value]
//!            / [description] [":dn"] [":" rule] ":=" value
//! value      = *( OCTET except NUL ( ) * \  /  "\" HEX HEX )
//! ```
//!
//! Evaluation has three results: an item that cannot be evaluated is Undefined, and a filter that is Undefined selects
//! nothing, also below `!`. Values are compared by the matching rule of their attribute; `~=` is equality, as on most servers.
//!
//! A filter is *bound* to the built-in tables when it is parsed, and by [`Filter::bound`] to a [`Vocabulary`], which is a
//! schema and the rules of a server. Binding resolves the names of each item, so that evaluation needs no lookup in a schema.
//!
//! | item | as implemented | measured with slapd 2.5 |
//! | --- | --- | --- |
//! | an attribute type | also finds the values of its subtypes (RFC 4511, 4.5.1) that have at least the asked options | the same |
//! | an attribute type that a whole schema lacks | Undefined; without a schema any type is accepted | Undefined |
//! | `objectClass`, `structuralObjectClass` with `=`, `:=` | an entry belongs to all superclasses of its classes (RFC 4512, 2.4.1), given by any name or OID; an unknown class is compared by its name | the same; Undefined for an unknown class |
//! | `objectClass:objectIdentifierMatch:=` | the same | Undefined |
//! | other OIDs | by any name or OID of a known class or type | by OID only |
//! | substrings of OIDs | Undefined | the same |
//! | a value that violates the syntax ([`matching::is_assertion_value`]) | Undefined | the same; also UTF-8 for IA5 strings, and DNs with unknown types |
//! | a stored value that violates the syntax ([`matching::read`]) | does not match; Undefined if no other value matches | slapd does not store such values |
//! | fractions of hours and minutes in times | fractions of the hour or minute (RFC 4517, 3.3.13) | taken for fractions of a second |
//! | `>=`, `<=` | by the ordering rule, see [`Vocabulary::ordering`]; Undefined without one | the same; of the integers of standard schemas, only `uidNumber` and `gidNumber` have one |
//! | substrings of DNs, numbers and bit strings | of the text as written, ignoring case | Undefined: no rule |
//! | `:rule:=` | the equality and ordering rules of RFC 4517; an ordering rule asks for lesser values | the same |
//! | `:=` | the equality rule of the attribute | the same |
//! | `:dn` | also compares the types and values of the entry's DN (RFC 4511, 4.5.1.7.7) | the same |
//! | no attribute | compares every attribute that the rule applies to, by the built-in tables; not for OIDs | the same |
//! | a rule that does not apply to a known attribute | Undefined | the same |
//! | 1.2.840.113556.1.4.803, .804 | all bits, any bit (MS-ADTS 3.1.1.3.4.4); `integerBitAndMatch`, `integerBitOrMatch` | the same |
//! | 1.2.840.113556.1.4.1941 | follows the attribute from entry to entry ([`chain`]); Undefined where that was not looked up | Undefined |
//! | any other rule | Undefined | the same |
//! | `objectCategory=CLASS` | the category of that class (MS-ADTS 3.1.1.3.1.3.5) | unknown to slapd |

mod bind;
pub mod chain;
mod undefined;

use std::fmt::{self, Write as _};

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{map, opt, value};
use nom::{IResult, Parser};
use thiserror::Error;

use super::attribute::{AttributeError, base_type};
use super::attribute_types::equality_rule;
use super::keystring::{is_keychar, is_lenient_keychar};
use super::vocabulary::{FilterRules, Vocabulary};
use super::{AttributeDescription, Dn, Entry, TypeMap};
use bind::{ValueTest, applies};
pub use undefined::{Cause, Undefined};

/// The maximum nesting of filters.
const MAX_DEPTH: usize = 64;

/// The reason why a text is not a filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at byte {offset})")]
pub struct FilterError {
    /// Offset in the text, in bytes from 0.
    pub offset: usize,
    /// The error at that offset.
    pub kind: FilterErrorKind,
}

/// The kinds of [`FilterError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FilterErrorKind {
    /// The text is neither `&`, `|` or `!` nor a comparison.
    #[error("expected a comparison such as `uid=jsmith`, or `&`, `|`, `!`")]
    Item,
    /// A parenthesis is missing.
    #[error("expected `)`")]
    Close,
    /// Text follows the filter.
    #[error("expected the end of the filter")]
    End,
    /// A backslash is not followed by two hexadecimal digits, or a character is not escaped that must be.
    #[error("expected `\\` and two hexadecimal digits for this character")]
    Escape,
    /// The text before the operator is not an attribute description.
    #[error("expected an attribute description")]
    Attribute,
    /// Filters are nested too deeply.
    #[error("expected at most 64 nested filters")]
    Depth,
}

/// The result of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// The entry matches.
    True,
    /// The entry does not match.
    False,
    /// The filter cannot be evaluated.
    Undefined,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// An entry, in any representation, on which a filter is evaluated.
pub trait Attributes {
    /// Whether `test` holds for any value of an attribute that [`AskedAttribute::covers`].
    fn any_value(&self, asked: &AskedAttribute, test: &mut dyn FnMut(&[u8]) -> bool) -> bool;

    /// Whether `test` holds for the description and a value of any attribute.
    fn any_attribute(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool;

    /// Whether `test` holds for any attribute type and value of the entry's DN.
    fn any_of_name(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool;

    /// The key of the entry's DN.
    fn name_key(&self) -> &[u8];
}

/// [`Attributes::any_of_name`] for a DN.
pub fn any_of_dn(dn: &Dn, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
    dn.rdns().iter().flat_map(super::Rdn::avas).any(|ava| test(&ava.attribute_type, &ava.value))
}

/// The attribute that an item is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedAttribute {
    description: AttributeDescription,
    /// The names of the type and of its subtypes, the given name first.
    names: Vec<String>,
    types: TypeMap<()>,
}

impl AskedAttribute {
    fn new(description: AttributeDescription) -> Self {
        let names = vec![description.attribute_type().to_owned()];
        Self::of_names(description, names)
    }

    fn of_names(description: AttributeDescription, names: Vec<String>) -> Self {
        let types = names.iter().map(|name| (name, ())).collect();
        Self { description, names, types }
    }

    /// The names of the type and of its subtypes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The attribute with a description, without subtypes.
    pub fn parse(description: &str) -> Result<Self, AttributeError> {
        AttributeDescription::parse(description.as_bytes()).map(Self::new)
    }

    /// The description, as written.
    pub fn as_str(&self) -> &str {
        self.description.as_str()
    }

    /// The type, without options.
    pub fn attribute_type(&self) -> &str {
        self.description.attribute_type()
    }

    /// Whether a description has the asked type or a subtype, and at least the asked options (RFC 4511, 4.5.1).
    pub fn covers(&self, description: &str) -> bool {
        let has = |option: &str| description.split(';').skip(1).any(|part| part.eq_ignore_ascii_case(option));
        self.types.get(description).is_some() && self.description.options().all(has)
    }
}

impl Attributes for Entry {
    fn any_value(&self, asked: &AskedAttribute, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.attributes
            .iter()
            .filter(|attribute| asked.covers(attribute.description.as_str()))
            .flat_map(|attribute| &attribute.values)
            .any(|value| test(&value.bytes))
    }

    fn any_attribute(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        let mut attributes = self.attributes.iter();
        attributes
            .any(|attribute| attribute.values.iter().any(|value| test(attribute.description.as_str(), &value.bytes)))
    }

    fn any_of_name(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        any_of_dn(&self.dn, test)
    }

    fn name_key(&self) -> &[u8] {
        self.dn.key().as_bytes()
    }
}

/// A parsed and bound filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All filters match; true without any (RFC 4526).
    And(Vec<Filter>),
    /// At least one filter matches; false without any.
    Or(Vec<Filter>),
    /// The filter does not match.
    Not(Box<Filter>),
    /// A comparison.
    Item(Box<Item>),
}

/// One comparison of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    attribute: Option<AttributeDescription>,
    assertion: Assertion,
    /// The attribute with its subtypes; set by [`bind`].
    asked: Option<AskedAttribute>,
    /// The comparison with a value; set by [`bind`].
    test: ValueTest,
}

/// The assertion of an item, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Assertion {
    Present,
    Equal(Vec<u8>),
    Approximate(Vec<u8>),
    AtLeast(Vec<u8>),
    AtMost(Vec<u8>),
    /// The parts between the `*`. An empty first or last part means that the value may begin or end with any text.
    Substrings(Vec<Vec<u8>>),
    Extensible {
        /// The name or OID of the rule.
        rule: Option<String>,
        /// Whether there is `:dn`.
        dn: bool,
        value: Vec<u8>,
    },
}

impl Filter {
    /// Parses a filter and binds it to the built-in tables.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let bytes = text.as_bytes();
        let trimmed = trim(bytes);
        let mut parser = FilterParser { start: bytes, depth: 0 };
        let (rest, filter) =
            if trimmed.first() == Some(&b'(') { parser.filter(trimmed)? } else { parser.component(trimmed)? };
        if rest.is_empty() { Ok(filter) } else { Err(parser.error(rest, FilterErrorKind::End)) }
    }

    /// The same filter, bound to a schema and to the rules of a server.
    #[must_use]
    pub fn bound(&self, vocabulary: Vocabulary<'_>) -> Self {
        let all = |filters: &[Self]| filters.iter().map(|filter| filter.bound(vocabulary)).collect();
        match self {
            Self::And(filters) => Self::And(all(filters)),
            Self::Or(filters) => Self::Or(all(filters)),
            Self::Not(filter) => Self::Not(Box::new(filter.bound(vocabulary))),
            Self::Item(item) => {
                Self::Item(Box::new(Item::new(item.attribute.clone(), item.assertion.clone(), vocabulary)))
            }
        }
    }

    /// The items that are Undefined for every entry, with the cause.
    pub fn undefined(&self) -> Vec<Undefined<'_>> {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().flat_map(Self::undefined).collect(),
            Self::Not(filter) => filter.undefined(),
            Self::Item(item) => match &item.test {
                ValueTest::Undefined(cause) => vec![Undefined { item, cause }],
                _ => Vec::new(),
            },
        }
    }

    /// Whether the filter has an item. The result of a filter without items does not depend on a schema.
    pub fn has_items(&self) -> bool {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().any(Self::has_items),
            Self::Not(filter) => filter.has_items(),
            Self::Item(_) => true,
        }
    }

    /// Calls `take` with the names of every attribute type that the filter compares, subtypes included. An item without an
    /// attribute compares all types, and is skipped; so is a chain of `memberOf`, which the members of groups show.
    pub fn for_each_type<'f>(&'f self, take: &mut dyn FnMut(&'f str)) {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().for_each(|filter| filter.for_each_type(take)),
            Self::Not(filter) => filter.for_each_type(take),
            Self::Item(item) => {
                if !matches!(&item.test, ValueTest::Chain { chain, .. } if chain.is_of_members()) {
                    item.asked.iter().flat_map(AskedAttribute::names).for_each(take);
                }
            }
        }
    }

    /// Calls `take` with the attribute type of every item that has one, as written.
    pub fn for_each_asked<'f>(&'f self, take: &mut dyn FnMut(&'f str)) {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().for_each(|filter| filter.for_each_asked(take)),
            Self::Not(filter) => filter.for_each_asked(take),
            Self::Item(item) => item.attribute.iter().map(AttributeDescription::attribute_type).for_each(take),
        }
    }

    /// Evaluates the filter on an entry.
    pub fn evaluate(&self, subject: &dyn Attributes) -> Truth {
        match self {
            Self::And(filters) => {
                let mut all = Truth::True;
                for filter in filters {
                    match filter.evaluate(subject) {
                        Truth::False => return Truth::False,
                        Truth::Undefined => all = Truth::Undefined,
                        Truth::True => {}
                    }
                }
                all
            }
            Self::Or(filters) => {
                let mut any = Truth::False;
                for filter in filters {
                    match filter.evaluate(subject) {
                        Truth::True => return Truth::True,
                        Truth::Undefined => any = Truth::Undefined,
                        Truth::False => {}
                    }
                }
                any
            }
            Self::Not(filter) => match filter.evaluate(subject) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Undefined => Truth::Undefined,
            },
            Self::Item(item) => item.evaluate(subject),
        }
    }
}

impl Item {
    fn evaluate(&self, subject: &dyn Attributes) -> Truth {
        let dn = matches!(self.assertion, Assertion::Extensible { dn: true, .. });
        let mut is_unreadable = false;
        let mut holds = |value: &[u8]| match self.test.judge(value) {
            Truth::True => true,
            Truth::False => false,
            Truth::Undefined => {
                is_unreadable = true;
                false
            }
        };
        let found = match (&self.test, &self.asked) {
            (ValueTest::Undefined(_) | ValueTest::Chain { reached: None, .. }, _) => return Truth::Undefined,
            (ValueTest::Chain { reached: Some(names), .. }, _) => return names.contains(subject.name_key()).into(),
            (_, Some(asked)) => {
                subject.any_value(asked, &mut holds)
                    || dn && subject.any_of_name(&mut |name, value| asked.covers(name) && holds(value))
            }
            (test, None) => {
                // Values that violate their syntax do not make an item without an attribute Undefined.
                let mut any = |name: &str, value: &[u8]| {
                    let is_of_rule = |rule| applies(rule, equality_rule(base_type(name)));
                    test.rule().is_some_and(is_of_rule) && test.judge(value) == Truth::True
                };
                return (subject.any_attribute(&mut any) || dn && subject.any_of_name(&mut any)).into();
            }
        };
        if !found && is_unreadable { Truth::Undefined } else { found.into() }
    }
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// The input and the current nesting.
struct FilterParser<'t> {
    start: &'t [u8],
    depth: usize,
}

impl<'t> FilterParser<'t> {
    fn error(&self, rest: &[u8], kind: FilterErrorKind) -> FilterError {
        let end = self.start.as_ptr_range().end as usize;
        FilterError { offset: self.start.len() - (end - rest.as_ptr() as usize), kind }
    }

    fn filter(&mut self, input: &'t [u8]) -> Result<(&'t [u8], Filter), FilterError> {
        let Some(inside) = input.strip_prefix(b"(") else { return Err(self.error(input, FilterErrorKind::Item)) };
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(input, FilterErrorKind::Depth));
        }
        let (rest, filter) = self.component(inside.trim_ascii_start())?;
        self.depth -= 1;
        match rest.trim_ascii_start().strip_prefix(b")") {
            Some(rest) => Ok((rest.trim_ascii_start(), filter)),
            None => Err(self.error(rest, FilterErrorKind::Close)),
        }
    }

    fn component(&mut self, input: &'t [u8]) -> Result<(&'t [u8], Filter), FilterError> {
        match input.first() {
            Some(b'&') => self.list(&input[1..]).map(|(rest, filters)| (rest, Filter::And(filters))),
            Some(b'|') => self.list(&input[1..]).map(|(rest, filters)| (rest, Filter::Or(filters))),
            Some(b'!') => {
                self.filter(input[1..].trim_ascii_start()).map(|(rest, filter)| (rest, Filter::Not(Box::new(filter))))
            }
            _ => self.item(input).map(|(rest, item)| (rest, Filter::Item(Box::new(item)))),
        }
    }

    fn list(&mut self, input: &'t [u8]) -> Result<(&'t [u8], Vec<Filter>), FilterError> {
        let mut rest = input.trim_ascii_start();
        let mut filters = Vec::new();
        while rest.first() == Some(&b'(') {
            let (after, filter) = self.filter(rest)?;
            filters.push(filter);
            rest = after;
        }
        Ok((rest, filters))
    }

    fn item(&self, input: &'t [u8]) -> Result<(&'t [u8], Item), FilterError> {
        let (rest, (name, operator)) = comparison(input).map_err(|_| self.error(input, FilterErrorKind::Item))?;
        let (after, written) = assertion(rest).unwrap_or((rest, &[]));
        if !matches!(after.first(), None | Some(b')')) {
            return Err(self.error(after, FilterErrorKind::Escape));
        }
        let unescaped = |part: &[u8]| unescape(part).ok_or_else(|| self.error(rest, FilterErrorKind::Escape));
        let describe = |name: &[u8]| {
            AttributeDescription::parse(name.trim_ascii()).map_err(|_| self.error(input, FilterErrorKind::Attribute))
        };
        let vocabulary = Vocabulary::built_in(FilterRules::default());
        if let Operator::Extensible { dn, rule_name } = operator {
            // The attribute or the rule may be missing, but not both.
            let attribute = match (name, rule_name) {
                ([], Some(_)) => None,
                _ => Some(describe(name)?),
            };
            let rule = rule_name.map(|name| String::from_utf8_lossy(name).into_owned());
            let assertion = Assertion::Extensible { rule, dn, value: unescaped(written)? };
            return Ok((after, Item::new(attribute, assertion, vocabulary)));
        }
        let description = describe(name)?;
        let assertion = match operator {
            Operator::Equal if written == b"*" => Assertion::Present,
            Operator::Equal if written.contains(&b'*') => {
                Assertion::Substrings(written.split(|byte| *byte == b'*').map(unescaped).collect::<Result<_, _>>()?)
            }
            Operator::Equal => Assertion::Equal(unescaped(written)?),
            Operator::Approximate => Assertion::Approximate(unescaped(written)?),
            Operator::AtLeast => Assertion::AtLeast(unescaped(written)?),
            Operator::AtMost => Assertion::AtMost(unescaped(written)?),
            Operator::Extensible { .. } => return Err(self.error(input, FilterErrorKind::Item)),
        };
        Ok((after, Item::new(Some(description), assertion, vocabulary)))
    }
}

#[derive(Clone, Copy)]
enum Operator<'t> {
    Equal,
    Approximate,
    AtLeast,
    AtMost,
    Extensible { dn: bool, rule_name: Option<&'t [u8]> },
}

/// A byte of an attribute description; spaces around it are removed afterwards.
fn is_description_byte(byte: u8) -> bool {
    is_lenient_keychar(byte) || matches!(byte, b'.' | b';' | b' ')
}

fn comparison(input: &[u8]) -> IResult<&[u8], (&[u8], Operator<'_>)> {
    let rule = nom::sequence::preceded(char(':'), take_while1(|byte: u8| is_keychar(byte) || byte == b'.'));
    let extensible = map((opt(tag(":dn")), opt(rule), tag(":=")), |(dn, rule_name, _)| Operator::Extensible {
        dn: dn.is_some(),
        rule_name,
    });
    let operator = alt((
        value(Operator::AtLeast, tag(">=")),
        value(Operator::AtMost, tag("<=")),
        value(Operator::Approximate, tag("~=")),
        value(Operator::Equal, tag("=")),
        extensible,
    ));
    (take_while(is_description_byte), operator).parse(input)
}

/// The text after the operator, up to a parenthesis.
fn assertion(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|byte| !matches!(byte, b'(' | b')' | 0))(input)
}

fn unescape(written: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(written.len());
    let mut rest = written;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'\\' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            value.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            value.push(byte);
            rest = tail;
        }
    }
    Some(value)
}

fn escape(value: &[u8]) -> String {
    let mut text = String::new();
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '(' | ')' | '*' | '\\' | '\0' => {
                    let _ = write!(text, "\\{:02x}", u32::from(character));
                }
                other => text.push(other),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\{byte:02x}");
        }
    }
    text
}

/// The filter as text, with escapes.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, sign: char, filters: &[Self]| {
            write!(f, "({sign}")?;
            filters.iter().try_for_each(|filter| write!(f, "{filter}"))?;
            f.write_str(")")
        };
        match self {
            Self::And(filters) => list(f, '&', filters),
            Self::Or(filters) => list(f, '|', filters),
            Self::Not(filter) => write!(f, "(!{filter})"),
            Self::Item(item) => write!(f, "({item})"),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.attribute.as_ref().map_or("", AttributeDescription::as_str);
        match &self.assertion {
            Assertion::Present => write!(f, "{name}=*"),
            Assertion::Equal(value) => write!(f, "{name}={}", escape(value)),
            Assertion::Approximate(value) => write!(f, "{name}~={}", escape(value)),
            Assertion::AtLeast(value) => write!(f, "{name}>={}", escape(value)),
            Assertion::AtMost(value) => write!(f, "{name}<={}", escape(value)),
            Assertion::Substrings(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| escape(part)).collect();
                write!(f, "{name}={}", parts.join("*"))
            }
            Assertion::Extensible { rule, dn, value } => {
                let rule = rule.as_ref().map(|rule| format!(":{rule}")).unwrap_or_default();
                write!(f, "{name}{}{rule}:={}", if *dn { ":dn" } else { "" }, escape(value))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{Dn, Origin, Value};

    fn entry() -> Entry {
        let mut entry =
            Entry { dn: Dn::parse(b"uid=j,o=x").unwrap(), origin: Origin::default(), attributes: Vec::new() };
        for (name, value) in [
            ("objectClass", "inetUser"),
            ("uid", "jsmith"),
            ("cn", "John  Smith"),
            ("cn;lang-de", "Hans"),
            ("gidNumber", "100"),
            ("description", "a*b(c)"),
            ("member", "uid=Boss, o=X"),
            ("createTimestamp", "20250102030405.5Z"),
            ("mailQuota", "lots"),
            ("objectClass", "pilotPerson"),
            ("structuralObjectClass", "0.9.2342.19200300.100.4.4"),
            ("shadowExpire", "soon"),
            ("shadowMax", "005"),
            ("shadowMax", "never"),
            ("objectCategory", "CN=Person,CN=Schema,CN=Configuration,DC=x"),
        ] {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn evaluation() {
        for (filter, expected) in [
            ("(objectClass=INETUSER)", Truth::True),
            ("uid=jsmith", Truth::True),
            ("(userid=jsmith)", Truth::True),
            ("(cn=john smith)", Truth::True),
            ("(cn;lang-de=hans)", Truth::True),
            ("(cn;lang-fr=hans)", Truth::False),
            ("(&)", Truth::True),
            ("(|)", Truth::False),
            ("(&(uid=*)(!(sn=*)))", Truth::True),
            ("(cn=jo*sm*h)", Truth::True),
            ("(cn=*hn sm*)", Truth::True),
            ("(cn=j*x)", Truth::False),
            ("(uid=j*j*h)", Truth::False),
            ("(gidNumber>=99)", Truth::True),
            ("(gidNumber<=99)", Truth::False),
            ("(description=a\\2ab\\28c\\29)", Truth::True),
            ("(cn:caseExactMatch:=John Smith)", Truth::True),
            ("(cn:caseExactMatch:=john smith)", Truth::False),
            ("(cn:1.2.3.4:=x)", Truth::Undefined),
            ("(!(cn:1.2.3.4:=x))", Truth::Undefined),
            ("(|(uid=jsmith)(cn:1.2.3.4:=x))", Truth::True),
            ("(gidNumber:1.2.840.113556.1.4.803:=36)", Truth::True),
            ("(gidNumber:1.2.840.113556.1.4.803:=37)", Truth::False),
            ("(gidNumber:1.2.840.113556.1.4.804:=37)", Truth::True),
            ("(gidNumber:1.2.840.113556.1.4.804:=3)", Truth::False),
            ("(gidNumber:1.2.840.113556.1.4.803:=x)", Truth::Undefined),
            ("(systemFlags:1.2.840.113556.1.4.803:=1)", Truth::False),
            ("(gidNumber:integerBitAndMatch:=36)", Truth::True),
            ("(gidNumber:integerBitOrMatch:=3)", Truth::False),
            // Order of numbers, times and text.
            ("(gidNumber>=0100)", Truth::Undefined),
            ("(gidNumber<=99999999999999999999)", Truth::True),
            ("(gidNumber>=x)", Truth::Undefined),
            ("(createTimestamp>=20250102030405Z)", Truth::True),
            ("(createTimestamp<=20250102030405Z)", Truth::False),
            ("(createTimestamp<=20250102040405.6+0100)", Truth::True),
            ("(cn>=JOHN)", Truth::Undefined),
            ("(!(sn<=a))", Truth::Undefined),
            ("(mailQuota>=1)", Truth::Undefined),
            ("(dnQualifier>=a)", Truth::False),
            ("(gidNumber:integerOrderingMatch:=101)", Truth::True),
            ("(gidNumber:integerOrderingMatch:=100)", Truth::False),
            ("(createTimestamp:2.5.13.28:=20250102030406Z)", Truth::True),
            // Names.
            ("(member=UID=boss,o=x)", Truth::True),
            ("(member=uid=b*)", Truth::True),
            ("(member=*x)", Truth::True),
            ("(member:distinguishedNameMatch:=userid=boss,O=x)", Truth::True),
            ("(cn~=JOHN SMITH)", Truth::True),
            ("(cn~=jon smith)", Truth::False),
            ("(cn:=john smith)", Truth::True),
            // `:dn` also compares the DN.
            ("(o:=x)", Truth::False),
            ("(o:dn:=X)", Truth::True),
            ("(uid:dn:caseIgnoreMatch:=J)", Truth::True),
            ("(organizationName:dn:=x)", Truth::True),
            ("(ou:dn:=x)", Truth::False),
            // Without an attribute: all attributes that the rule applies to.
            ("(:caseExactMatch:=jsmith)", Truth::True),
            ("(:caseExactMatch:=JSMITH)", Truth::False),
            ("(:caseIgnoreMatch:=x)", Truth::False),
            ("(:dn:caseIgnoreMatch:=x)", Truth::True),
            ("(:integerMatch:=100)", Truth::True),
            ("(:distinguishedNameMatch:=uid=boss,o=x)", Truth::True),
            // Subtypes, with the asked options.
            ("(name=john smith)", Truth::True),
            ("(2.5.4.41=HANS)", Truth::True),
            ("(name;lang-de=hans)", Truth::True),
            ("(name;lang-de=john smith)", Truth::False),
            ("(name=*)", Truth::True),
            ("(name=jo*h)", Truth::True),
            ("(name:caseExactMatch:=Hans)", Truth::True),
            ("(name=jsmith)", Truth::False),
            ("(distinguishedName=uid=boss,o=x)", Truth::True),
            ("(2.5.4.49=*)", Truth::True),
            ("(o=Hans)", Truth::False),
            ("(name:dn:=x)", Truth::True),
            // Assertion values that violate the syntax.
            ("(gidNumber=abc)", Truth::Undefined),
            ("(!(gidNumber=abc))", Truth::Undefined),
            ("(uidNumber=abc)", Truth::Undefined),
            ("(gidNumber=)", Truth::Undefined),
            ("(gidNumber=+100)", Truth::Undefined),
            ("(member=noname)", Truth::Undefined),
            ("(!(member=uid=a,,o=x))", Truth::Undefined),
            ("(member=)", Truth::False),
            ("(createTimestamp>=yesterday)", Truth::Undefined),
            ("(createTimestamp=2025-01-02)", Truth::Undefined),
            ("(createTimestamp>=2025010203.05Z)", Truth::True),
            ("(createTimestamp<=202501020304.085Z)", Truth::False),
            ("(entryUUID=12)", Truth::Undefined),
            ("(pwdReset=true)", Truth::Undefined),
            ("(pwdReset=TRUE)", Truth::False),
            ("(x121Address=12a)", Truth::Undefined),
            ("(telephoneNumber=)", Truth::Undefined),
            ("(telephoneNumber=1_2)", Truth::Undefined),
            ("(x500UniqueIdentifier=0101)", Truth::Undefined),
            ("(x500UniqueIdentifier='0101'B)", Truth::False),
            ("(cn=)", Truth::Undefined),
            ("(!(cn=\\ff))", Truth::Undefined),
            ("(objectClass=a b)", Truth::Undefined),
            ("(objectClass=inet*)", Truth::Undefined),
            ("(objectClass>=a)", Truth::Undefined),
            ("(gidNumber:integerMatch:=x)", Truth::Undefined),
            ("(:integerMatch:=x)", Truth::Undefined),
            ("(&(uid=jsmith)(gidNumber=x))", Truth::Undefined),
            ("(|(uid=jsmith)(gidNumber=x))", Truth::True),
            // Stored values that violate the syntax.
            ("(shadowExpire=5)", Truth::Undefined),
            ("(!(shadowExpire>=5))", Truth::Undefined),
            ("(shadowExpire=*)", Truth::True),
            ("(shadowMax=5)", Truth::True),
            ("(!(shadowMax=6))", Truth::Undefined),
            // Classes and their superclasses.
            ("(objectClass=top)", Truth::True),
            ("(objectClass=2.5.6.0)", Truth::True),
            ("(objectClass=person)", Truth::True),
            ("(objectClass=2.5.6.6)", Truth::True),
            ("(objectClass=OID.2.5.6.7)", Truth::Undefined),
            ("(2.5.4.0=PERSON)", Truth::True),
            ("(objectClass=organizationalPerson)", Truth::False),
            ("(objectClass~=person)", Truth::True),
            ("(objectClass:=person)", Truth::True),
            ("(objectClass:objectIdentifierMatch:=person)", Truth::True),
            ("(objectClass:caseIgnoreMatch:=person)", Truth::Undefined),
            ("(:objectIdentifierMatch:=person)", Truth::Undefined),
            ("(objectClass=inetOrgPerson)", Truth::False),
            ("(objectClass=newPilotPerson)", Truth::True),
            ("(objectClass=0.9.2342.19200300.100.4.4)", Truth::True),
            ("(objectClass=x-unknown)", Truth::False),
            ("(!(objectClass=person))", Truth::False),
            ("(structuralObjectClass=person)", Truth::True),
            ("(supportedThing=2.5.6.6)", Truth::False),
            ("(objectCategory=user)", Truth::True),
            ("(objectCategory=person)", Truth::True),
            ("(objectCategory=group)", Truth::False),
            ("(objectCategory=CN=Person,CN=Schema,CN=Configuration,DC=x)", Truth::True),
            // Rules that do not apply, or that need more than one entry.
            ("(cn:integerMatch:=5)", Truth::Undefined),
            ("(member:1.2.840.113556.1.4.1941:=uid=boss,o=x)", Truth::Undefined),
        ] {
            let parsed = Filter::parse(filter).unwrap();
            assert_eq!(parsed.evaluate(&entry()), expected, "{filter}");
            let again = Filter::parse(&parsed.to_string()).unwrap();
            assert_eq!(again.to_string(), parsed.to_string(), "{filter}");
            assert_eq!(again.evaluate(&entry()), expected, "{filter} after printing");
        }
    }

    #[test]
    fn errors_have_an_offset() {
        for (filter, offset, kind) in [
            ("", 0, FilterErrorKind::Item),
            ("(uid=a", 6, FilterErrorKind::Close),
            ("(uid=a))", 7, FilterErrorKind::End),
            ("(&(uid=a)(x))", 10, FilterErrorKind::Item),
            ("(uid=a\\zz)", 5, FilterErrorKind::Escape),
            ("(uid=a(b)", 6, FilterErrorKind::Escape),
            ("(u id=a)", 1, FilterErrorKind::Attribute),
            ("(:=a)", 1, FilterErrorKind::Attribute),
            ("(:dn:=a)", 1, FilterErrorKind::Attribute),
        ] {
            let error = Filter::parse(filter).unwrap_err();
            assert_eq!((error.offset, error.kind), (offset, kind), "{filter}");
        }
        let deep = "(!".repeat(100) + "(a=b)" + &")".repeat(100);
        assert_eq!(Filter::parse(&deep).unwrap_err().kind, FilterErrorKind::Depth);
    }
}
