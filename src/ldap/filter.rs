//! Search filters (RFC 4515), and whether an entry matches one (RFC 4511, 4.5.1.7).
//!
//! ```text
//! filter     = "(" ( "&" *filter / "|" *filter / "!" filter / item ) ")"   ; the outermost "( )" may be missing
//! item       = description ( "=" / ">=" / "<=" / "~=" ) value
//!            / description "=*"
//!            / description "=" [value] *( "*" value ) "*" [value]
//!            / [description] [":dn"] [":" rule] ":=" value
//! value      = *( OCTET except NUL ( ) * \  /  "\" HEX HEX )
//! ```
//!
//! Evaluation has three values: what cannot be judged (an unknown matching rule, a value that has no order) is
//! undefined, and an undefined filter selects nothing, also behind `!`. Values compare by the matching rule of their
//! attribute; `~=` is equality, as in most servers.
//!
//! | comparison | as implemented |
//! | --- | --- |
//! | `>=`, `<=` | integers by number, times by instant, all else by its normalised bytes; a server wants an ORDERING rule |
//! | substrings of names, numbers, bits | of the text as it is spelled, ignoring case; most servers have no rule for it |
//! | `:rule:=` | the rules of RFC 4517 for equality and for ordering (which ask for "less than") |
//! | `:=` | the attribute's own equality |
//! | `:dn` | the types and values of the entry's name count besides (RFC 4511, 4.5.1.7.7) |
//! | no attribute | every attribute that the rule suits |
//! | a rule that does not suit a known attribute | undefined |
//! | 1.2.840.113556.1.4.803, .804 | all bits, any bit (MS-ADTS 3.1.1.3.4.4); `integerBitAndMatch`, `integerBitOrMatch` |
//! | 1.2.840.113556.1.4.1941 and all others | undefined: what they ask is not in one entry |

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{map, opt, value};
use nom::{IResult, Parser};
use thiserror::Error;

use super::attribute::{AttributeError, base_type};
use super::attribute_types::equality_rule;
use super::matching::{MatchingRule, normalize};
use super::{AttributeDescription, Dn, Entry, TypeMap};

/// Deepest nesting of a filter.
const MAX_DEPTH: usize = 64;

/// Why text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at byte {offset})")]
pub struct FilterError {
    /// Byte of the text, from 0.
    pub offset: usize,
    /// What is wrong there.
    pub kind: FilterErrorKind,
}

/// The kinds of [`FilterError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FilterErrorKind {
    /// Neither `&`, `|`, `!` nor a comparison.
    #[error("expected a comparison such as `uid=jsmith`, or `&`, `|`, `!`")]
    Item,
    /// A parenthesis is missing.
    #[error("expected `)`")]
    Close,
    /// Something stands behind the filter.
    #[error("expected the end of the filter")]
    End,
    /// A backslash without two hexadecimal digits, or a character that must be escaped.
    #[error("expected `\\` and two hexadecimal digits for this character")]
    Escape,
    /// The attribute description is none.
    #[error("expected an attribute description")]
    Attribute,
    /// Filters inside filters inside filters.
    #[error("more than 64 filters inside each other")]
    Depth,
}

/// The outcome of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// The entry matches.
    True,
    /// It does not.
    False,
    /// It cannot be said.
    Undefined,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// Something with attributes that a filter can be held against.
pub trait Attributes {
    /// Whether `test` holds for any value of the attribute; options of the description must all be there.
    fn any_value(&self, asked: &Asked, test: &mut dyn FnMut(&[u8]) -> bool) -> bool;

    /// Whether `test` holds for the description and any value of any attribute.
    fn any_attribute(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool;

    /// Whether `test` holds for any type and value of the name.
    fn any_of_name(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool;
}

/// [`Attributes::any_of_name`] of a name.
pub fn any_of_dn(dn: &Dn, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
    dn.rdns().iter().flat_map(super::Rdn::avas).any(|ava| test(&ava.attribute_type, &ava.value))
}

/// The attribute that a comparison is about.
#[derive(Clone, Debug)]
pub struct Asked {
    description: AttributeDescription,
    types: TypeMap<()>,
}

impl Asked {
    fn new(description: AttributeDescription) -> Self {
        let types = [(description.attribute_type(), ())].into_iter().collect();
        Self { description, types }
    }

    /// An attribute by its description.
    pub fn parse(description: &str) -> Result<Self, AttributeError> {
        AttributeDescription::parse(description.as_bytes()).map(Self::new)
    }

    /// The description as written.
    pub fn spelling(&self) -> &str {
        self.description.spelling()
    }

    /// The type without options.
    pub fn attribute_type(&self) -> &str {
        self.description.attribute_type()
    }

    /// Whether a description of an entry is of the asked type and has at least its options (RFC 4511, 4.5.1).
    pub fn covers(&self, description: &str) -> bool {
        let has = |option: &str| description.split(';').skip(1).any(|part| part.eq_ignore_ascii_case(option));
        self.types.get(description).is_some() && self.description.options().all(has)
    }
}

impl Attributes for Entry {
    fn any_value(&self, asked: &Asked, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.attributes
            .iter()
            .filter(|attribute| asked.covers(attribute.description.spelling()))
            .flat_map(|attribute| &attribute.values)
            .any(|value| test(&value.bytes))
    }

    fn any_attribute(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        let mut attributes = self.attributes.iter();
        attributes
            .any(|attribute| attribute.values.iter().any(|value| test(attribute.description.spelling(), &value.bytes)))
    }

    fn any_of_name(&self, test: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        any_of_dn(&self.dn, test)
    }
}

/// A parsed filter.
#[derive(Clone, Debug)]
pub enum Filter {
    /// All of them; true if there are none (RFC 4526).
    And(Vec<Filter>),
    /// At least one of them; false if there are none.
    Or(Vec<Filter>),
    /// Not this one.
    Not(Box<Filter>),
    /// A comparison.
    Item(Item),
}

/// One comparison of a filter.
#[derive(Clone, Debug)]
pub struct Item {
    asked: Option<Asked>,
    rule: MatchingRule,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Present,
    /// The value as written, and normalised.
    Equal(Vec<u8>, Vec<u8>),
    Approximate(Vec<u8>, Vec<u8>),
    AtLeast(Vec<u8>, Vec<u8>),
    AtMost(Vec<u8>, Vec<u8>),
    /// Parts as written, and normalised; empty first or last parts mean an open end.
    Substrings(Vec<Vec<u8>>, Vec<Vec<u8>>),
    /// What is written, and what is done if that is known.
    Extensible {
        /// Name of the rule.
        name: Option<String>,
        /// `:dn`
        dn: bool,
        /// The value.
        value: Vec<u8>,
        how: Option<Extended>,
    },
}

/// How an extensible match is judged.
#[derive(Clone, Debug)]
enum Extended {
    /// The normalised value.
    Equal(MatchingRule, Vec<u8>),
    /// The values that are less than the normalised one: what an ordering rule asks for (RFC 4517, 4.2.5).
    Less(MatchingRule, Vec<u8>),
    /// Bits of a number: all of these, or any.
    Bits { all: bool, mask: i64 },
}

impl Extended {
    fn new(name: &[u8], value: &[u8]) -> Option<Self> {
        if let Some(all) = bit_rule(name) {
            return number(value).and_then(|mask| mask.try_into().ok()).map(|mask| Self::Bits { all, mask });
        }
        let (rule, order) = rule_called(name)?;
        let normal = normalize(rule, value).into_owned();
        Some(if order { Self::Less(rule, normal) } else { Self::Equal(rule, normal) })
    }

    fn rule(&self) -> MatchingRule {
        match self {
            Self::Equal(rule, _) | Self::Less(rule, _) => *rule,
            Self::Bits { .. } => MatchingRule::Integer,
        }
    }

    fn holds(&self, value: &[u8]) -> bool {
        match self {
            Self::Equal(rule, wanted) => *normalize(*rule, value) == **wanted,
            Self::Less(rule, wanted) => order(*rule, &normalize(*rule, value), wanted).is_some_and(Ordering::is_lt),
            Self::Bits { all, mask } => number(value)
                .and_then(|number| i64::try_from(number).ok())
                .is_some_and(|number| if *all { number & mask == *mask } else { number & mask != 0 }),
        }
    }
}

impl Filter {
    /// Parses a filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let bytes = text.as_bytes();
        let trimmed = trim(bytes);
        let mut parser = FilterParser { start: bytes, depth: 0 };
        let (rest, filter) =
            if trimmed.first() == Some(&b'(') { parser.filter(trimmed)? } else { parser.component(trimmed)? };
        if rest.is_empty() { Ok(filter) } else { Err(parser.error(rest, FilterErrorKind::End)) }
    }

    /// Calls `take` with every attribute type that the filter compares; one without an attribute compares all.
    pub fn for_each_type<'f>(&'f self, take: &mut dyn FnMut(&'f str)) {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().for_each(|filter| filter.for_each_type(take)),
            Self::Not(filter) => filter.for_each_type(take),
            Self::Item(item) => item.asked.iter().for_each(|asked| take(asked.attribute_type())),
        }
    }

    /// Holds the filter against something.
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
        if let Test::Extensible { dn, how: Some(how), .. } = &self.test {
            return self.extensible(*dn, how, subject);
        }
        let Some(asked) = &self.asked else { return Truth::Undefined };
        let any = |test: &mut dyn FnMut(&[u8]) -> bool| Truth::from(subject.any_value(asked, test));
        let normal = |value: &[u8]| normalize(self.rule, value).into_owned();
        match &self.test {
            Test::Present => any(&mut |_| true),
            // Values are mostly spelled as they are asked for: compare the bytes first.
            Test::Equal(written, wanted) | Test::Approximate(written, wanted) => {
                any(&mut |value| value == written.as_slice() || *normalize(self.rule, value) == **wanted)
            }
            Test::AtLeast(_, wanted) | Test::AtMost(_, wanted) if order(self.rule, wanted, wanted).is_none() => {
                Truth::Undefined
            }
            Test::AtLeast(_, wanted) => {
                any(&mut |value| order(self.rule, &normal(value), wanted).is_some_and(Ordering::is_ge))
            }
            Test::AtMost(_, wanted) => {
                any(&mut |value| order(self.rule, &normal(value), wanted).is_some_and(Ordering::is_le))
            }
            Test::Substrings(_, parts) => {
                let rule = substring_rule(self.rule);
                any(&mut |value| contains_parts(&normalize(rule, value), parts))
            }
            Test::Extensible { .. } => Truth::Undefined,
        }
    }

    fn extensible(&self, dn: bool, how: &Extended, subject: &dyn Attributes) -> Truth {
        let found = match &self.asked {
            Some(asked) if !suits(how.rule(), asked.description.attribute_type()) => return Truth::Undefined,
            Some(asked) => {
                subject.any_value(asked, &mut |value| how.holds(value))
                    || dn && subject.any_of_name(&mut |name, value| asked.covers(name) && how.holds(value))
            }
            None => {
                let mut test = |name: &str, value: &[u8]| {
                    let attribute_type = base_type(name);
                    suits(how.rule(), attribute_type) && how.holds(value)
                };
                subject.any_attribute(&mut test) || dn && subject.any_of_name(&mut test)
            }
        };
        found.into()
    }
}

fn number(text: &[u8]) -> Option<i128> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// How two normalised values stand; `None` for a number that is none.
fn order(rule: MatchingRule, a: &[u8], b: &[u8]) -> Option<Ordering> {
    match rule {
        MatchingRule::Integer => Some(number(a)?.cmp(&number(b)?)),
        // `...23Z` and `...23.5Z`: what stands before the Z has the order.
        MatchingRule::GeneralizedTime => {
            let instant = |text: &'_ [u8]| text.strip_suffix(b"Z").unwrap_or(text).to_vec();
            Some(instant(a).cmp(&instant(b)))
        }
        _ => Some(a.cmp(b)),
    }
}

/// Whether a rule may be asked of an attribute (RFC 4512, 4.1.4); of one that nobody knows, any may.
fn suits(rule: MatchingRule, attribute_type: &str) -> bool {
    use MatchingRule::{CaseExact, CaseExactIa5, CaseIgnore, CaseIgnoreIa5, Unknown};
    let own = equality_rule(attribute_type);
    match rule {
        CaseIgnore | CaseExact => matches!(own, CaseIgnore | CaseExact | Unknown),
        CaseIgnoreIa5 | CaseExactIa5 => matches!(own, CaseIgnoreIa5 | CaseExactIa5 | Unknown),
        rule => own == rule || own == Unknown,
    }
}

/// The rule under which substrings of a value are looked for: parts of names and numbers are no names or numbers.
fn substring_rule(rule: MatchingRule) -> MatchingRule {
    use MatchingRule as R;
    match rule {
        R::DistinguishedName | R::NameAndOptionalUid | R::Integer | R::Boolean | R::BitString | R::GeneralizedTime => {
            R::CaseIgnore
        }
        rule => rule,
    }
}

/// Whether the parts follow each other in the value; the first stands at its start, the last at its end.
fn contains_parts(value: &[u8], parts: &[Vec<u8>]) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = value.strip_prefix(first.as_slice()) else { return false };
    for part in middle {
        match memchr::memmem::find(rest, part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// What the grammar needs to know of its place.
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
            _ => self.item(input).map(|(rest, item)| (rest, Filter::Item(item))),
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
        if let Operator::Extensible { dn, rule_name } = operator {
            // Either the attribute or the rule may be missing, not both.
            let asked = match (name, rule_name) {
                ([], Some(_)) => None,
                _ => Some(Asked::new(describe(name)?)),
            };
            let value = unescaped(written)?;
            let how = match (&asked, rule_name) {
                (_, Some(name)) => Extended::new(name, &value),
                (Some(asked), None) => {
                    let rule = equality_rule(asked.description.attribute_type());
                    Some(Extended::Equal(rule, normalize(rule, &value).into_owned()))
                }
                (None, None) => None,
            };
            let name = rule_name.map(|name| String::from_utf8_lossy(name).into_owned());
            let rule = how.as_ref().map_or(MatchingRule::Unknown, Extended::rule);
            return Ok((after, Item { asked, rule, test: Test::Extensible { name, dn, value, how } }));
        }
        let description = describe(name)?;
        let rule = equality_rule(description.attribute_type());
        let both = |part: &[u8]| {
            let value = unescaped(part)?;
            let normal = normalize(rule, &value).into_owned();
            Ok((value, normal))
        };
        let test = match operator {
            Operator::Equal if written == b"*" => Test::Present,
            Operator::Equal if written.contains(&b'*') => {
                let parts: Vec<Vec<u8>> =
                    written.split(|byte| *byte == b'*').map(unescaped).collect::<Result<_, _>>()?;
                // A blank at the edge of a part counts: only whole values lose theirs.
                let normal = parts.iter().map(|part| normalize_part(substring_rule(rule), part)).collect();
                Test::Substrings(parts, normal)
            }
            Operator::Equal => both(written).map(|(value, normal)| Test::Equal(value, normal))?,
            Operator::Approximate => both(written).map(|(value, normal)| Test::Approximate(value, normal))?,
            Operator::AtLeast => both(written).map(|(value, normal)| Test::AtLeast(value, normal))?,
            Operator::AtMost => both(written).map(|(value, normal)| Test::AtMost(value, normal))?,
            Operator::Extensible { .. } => return Err(self.error(input, FilterErrorKind::Item)),
        };
        Ok((after, Item { asked: Some(Asked::new(description)), rule, test }))
    }
}

/// A part of a substring assertion: normalised between two marks, so that its own blanks survive.
fn normalize_part(rule: MatchingRule, part: &[u8]) -> Vec<u8> {
    let marked = [b"x", part, b"x"].concat();
    let normal = normalize(rule, &marked);
    normal.get(1..normal.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

/// Active Directory's `LDAP_MATCHING_RULE_BIT_AND` (all bits) and `LDAP_MATCHING_RULE_BIT_OR` (any bit), by their OIDs
/// and by the names that OpenLDAP gives them.
fn bit_rule(name: &[u8]) -> Option<bool> {
    let is = |oid: &str, rule: &str| name == oid.as_bytes() || name.eq_ignore_ascii_case(rule.as_bytes());
    if is("1.2.840.113556.1.4.803", "integerBitAndMatch") {
        Some(true)
    } else if is("1.2.840.113556.1.4.804", "integerBitOrMatch") {
        Some(false)
    } else {
        None
    }
}

/// A rule by name or OID (RFC 4517, 4.2; RFC 4530), and whether it is one for ordering.
fn rule_called(name: &[u8]) -> Option<(MatchingRule, bool)> {
    use MatchingRule as R;
    #[rustfmt::skip]
    const RULES: [(&str, &str, R, bool); 23] = [
        ("objectIdentifierMatch",        "2.5.13.0",                   R::ObjectIdentifier,   false),
        ("distinguishedNameMatch",       "2.5.13.1",                   R::DistinguishedName,  false),
        ("caseIgnoreMatch",              "2.5.13.2",                   R::CaseIgnore,         false),
        ("caseIgnoreOrderingMatch",      "2.5.13.3",                   R::CaseIgnore,         true),
        ("caseExactMatch",               "2.5.13.5",                   R::CaseExact,          false),
        ("caseExactOrderingMatch",       "2.5.13.6",                   R::CaseExact,          true),
        ("numericStringMatch",           "2.5.13.8",                   R::NumericString,      false),
        ("numericStringOrderingMatch",   "2.5.13.9",                   R::NumericString,      true),
        ("caseIgnoreListMatch",          "2.5.13.11",                  R::CaseIgnoreList,     false),
        ("booleanMatch",                 "2.5.13.13",                  R::Boolean,            false),
        ("integerMatch",                 "2.5.13.14",                  R::Integer,            false),
        ("integerOrderingMatch",         "2.5.13.15",                  R::Integer,            true),
        ("bitStringMatch",               "2.5.13.16",                  R::BitString,          false),
        ("octetStringMatch",             "2.5.13.17",                  R::OctetString,        false),
        ("octetStringOrderingMatch",     "2.5.13.18",                  R::OctetString,        true),
        ("telephoneNumberMatch",         "2.5.13.20",                  R::TelephoneNumber,    false),
        ("uniqueMemberMatch",            "2.5.13.23",                  R::NameAndOptionalUid, false),
        ("generalizedTimeMatch",         "2.5.13.27",                  R::GeneralizedTime,    false),
        ("generalizedTimeOrderingMatch", "2.5.13.28",                  R::GeneralizedTime,    true),
        ("caseExactIA5Match",            "1.3.6.1.4.1.1466.109.114.1", R::CaseExactIa5,       false),
        ("caseIgnoreIA5Match",           "1.3.6.1.4.1.1466.109.114.2", R::CaseIgnoreIa5,      false),
        ("UUIDMatch",                    "1.3.6.1.1.16.2",             R::Uuid,               false),
        ("UUIDOrderingMatch",            "1.3.6.1.1.16.3",             R::Uuid,               true),
    ];
    let is = |text: &str| text.as_bytes().eq_ignore_ascii_case(name);
    RULES.into_iter().find(|(rule, oid, ..)| is(rule) || is(oid)).map(|(_, _, rule, order)| (rule, order))
}

#[derive(Clone, Copy)]
enum Operator<'t> {
    Equal,
    Approximate,
    AtLeast,
    AtMost,
    Extensible { dn: bool, rule_name: Option<&'t [u8]> },
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b';' | b' ')
}

fn comparison(input: &[u8]) -> IResult<&[u8], (&[u8], Operator<'_>)> {
    let rule = nom::sequence::preceded(
        char(':'),
        take_while1(|byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')),
    );
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
    (take_while(is_name_byte), operator).parse(input)
}

/// What stands behind the operator, up to a parenthesis.
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

/// The filter again, with what must be escaped, escaped.
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
        let name = self.asked.as_ref().map_or("", |asked| asked.description.spelling());
        match &self.test {
            Test::Present => write!(f, "{name}=*"),
            Test::Equal(value, _) => write!(f, "{name}={}", escape(value)),
            Test::Approximate(value, _) => write!(f, "{name}~={}", escape(value)),
            Test::AtLeast(value, _) => write!(f, "{name}>={}", escape(value)),
            Test::AtMost(value, _) => write!(f, "{name}<={}", escape(value)),
            Test::Substrings(parts, _) => {
                let parts: Vec<String> = parts.iter().map(|part| escape(part)).collect();
                write!(f, "{name}={}", parts.join("*"))
            }
            Test::Extensible { name: rule, dn, value, .. } => {
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
        ] {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    #[test]
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
            // Order: by number, by instant, else by text.
            ("(gidNumber>=0100)", Truth::True),
            ("(gidNumber<=99999999999999999999)", Truth::True),
            ("(gidNumber>=x)", Truth::Undefined),
            ("(createTimestamp>=20250102030405Z)", Truth::True),
            ("(createTimestamp<=20250102030405Z)", Truth::False),
            ("(createTimestamp<=20250102040405.6+0100)", Truth::True),
            ("(cn>=JOHN)", Truth::True),
            ("(cn<=hans)", Truth::True),
            ("(cn<=ha)", Truth::False),
            ("(sn>=a)", Truth::False),
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
            // `:dn` asks the name too.
            ("(o:=x)", Truth::False),
            ("(o:dn:=X)", Truth::True),
            ("(uid:dn:caseIgnoreMatch:=J)", Truth::True),
            ("(organizationName:dn:=x)", Truth::True),
            ("(ou:dn:=x)", Truth::False),
            // No attribute: all that the rule suits.
            ("(:caseExactMatch:=jsmith)", Truth::True),
            ("(:caseExactMatch:=JSMITH)", Truth::False),
            ("(:caseIgnoreMatch:=x)", Truth::False),
            ("(:dn:caseIgnoreMatch:=x)", Truth::True),
            ("(:integerMatch:=0100)", Truth::True),
            ("(:distinguishedNameMatch:=uid=boss,o=x)", Truth::True),
            // A rule that does not suit, or that asks more than the entry can say.
            ("(cn:integerMatch:=5)", Truth::Undefined),
            ("(member:1.2.840.113556.1.4.1941:=uid=boss,o=x)", Truth::Undefined),
        ] {
            let parsed = Filter::parse(filter).unwrap();
            assert_eq!(parsed.evaluate(&entry()), expected, "{filter}");
            let again = Filter::parse(&parsed.to_string()).unwrap();
            assert_eq!(again.to_string(), parsed.to_string(), "{filter}");
            assert_eq!(again.evaluate(&entry()), expected, "{filter} written again");
        }
    }

    #[test]
    fn errors_have_a_place() {
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
