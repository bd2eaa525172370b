//! Binding: from an item as written and a vocabulary to the comparison with each value.

use std::cmp::Ordering;
use std::sync::Arc;

use super::chain::{Chain, ReachedNames};
use super::undefined::Cause;
use super::{AskedAttribute, Assertion, Item, Truth};
use crate::ldap::attribute_types::canonical_name;
use crate::ldap::keystring::is_descr;
use crate::ldap::matching::{self, MatchingRule, is_assertion_value, normalize, read};
use crate::ldap::vocabulary::{NamedRule, OrderedBy, Vocabulary};
use crate::ldap::{AttributeDescription, Dn, DnKey, TypeMap};

/// The comparison of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ValueTest {
    /// The item is Undefined for every entry.
    Undefined(Cause),
    Present,
    Equal {
        rule: MatchingRule,
        /// The assertion value as written. Most matching values are spelled the same and need no normalising.
        written: Vec<u8>,
        /// The assertion value, normalised.
        wanted: Vec<u8>,
    },
    /// The value is a name or OID of a class or type, or of one that derives from it.
    Names(NameSet),
    /// The value is the category of a class (Active Directory): the first RDN of its DN, without hyphens.
    Category(Vec<u8>),
    Ordered {
        rule: MatchingRule,
        side: Side,
        /// The assertion value, normalised.
        limit: Vec<u8>,
    },
    /// The value contains the parts, which are normalised, in order.
    Substrings {
        rule: MatchingRule,
        parts: Vec<Vec<u8>>,
    },
    /// The entry reaches another one: see [`chain`](super::chain).
    Chain {
        chain: Chain,
        /// The names of the entries that do; `None` until they are looked up.
        reached: Option<Arc<ReachedNames>>,
    },
    /// The number has all bits of the mask, or any of them.
    Bits {
        all: bool,
        mask: i64,
    },
}

/// Names and OIDs of classes or types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NameSet {
    /// Any class: the filter asks for `top`, to which every entry with a class belongs.
    Any,
    Of(Box<TypeMap<()>>),
}

/// The values that an ordered comparison accepts, relative to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    AtLeast,
    AtMost,
    /// The comparison of an ordering rule in an extensible match (RFC 4517, 4.2.5).
    Less,
}

impl Side {
    fn has(self, of_value: Ordering) -> bool {
        match self {
            Self::AtLeast => of_value.is_ge(),
            Self::AtMost => of_value.is_le(),
            Self::Less => of_value.is_lt(),
        }
    }
}

impl Item {
    /// Binds an attribute and an assertion.
    pub(super) fn new(
        attribute: Option<AttributeDescription>,
        assertion: Assertion,
        vocabulary: Vocabulary<'_>,
    ) -> Self {
        let attribute_type = attribute.as_ref().map(AttributeDescription::attribute_type);
        let test = test(attribute_type, &assertion, vocabulary).unwrap_or_else(ValueTest::Undefined);
        let asked = attribute.clone().map(|description| {
            let names = vocabulary.with_subtypes(description.attribute_type());
            AskedAttribute::of_names(description, names)
        });
        Self { attribute, assertion, asked, test }
    }
}

impl ValueTest {
    /// Compares a value; Undefined if the value violates its syntax.
    pub(super) fn judge(&self, value: &[u8]) -> Truth {
        let of = |holds: Option<bool>| holds.map_or(Truth::Undefined, Truth::from);
        match self {
            // A chain is a property of the entry, not of one value.
            Self::Undefined(_) | Self::Chain { .. } => Truth::Undefined,
            Self::Present => Truth::True,
            Self::Equal { rule, written, wanted } => {
                if value == written.as_slice() {
                    return Truth::True;
                }
                of(read(*rule, value).map(|normal| *normal == **wanted))
            }
            Self::Names(names) => names.have(value).into(),
            Self::Category(wanted) => of(Dn::parse(value).ok().map(|dn| {
                let rdns = dn.rdns();
                let first = rdns.first().and_then(|rdn| rdn.avas().first());
                let letters = |ava: &crate::ldap::dn::Ava| {
                    ava.value
                        .iter()
                        .filter(|byte| **byte != b'-')
                        .map(u8::to_ascii_lowercase)
                        .eq(wanted.iter().copied())
                };
                first.is_some_and(letters)
            })),
            Self::Ordered { rule, side, limit } => {
                of(read(*rule, value).map(|normal| side.has(matching::order(*rule, &normal, limit))))
            }
            Self::Substrings { rule, parts } => contains_parts(&normalize(*rule, value), parts).into(),
            Self::Bits { all, mask } => {
                of(number(value).map(|number| if *all { number & mask == *mask } else { number & mask != 0 }))
            }
        }
    }

    /// The rule of an extensible match. Without an attribute, it determines which attributes are compared.
    pub(super) fn rule(&self) -> Option<MatchingRule> {
        match self {
            Self::Equal { rule, .. } | Self::Ordered { rule, .. } => Some(*rule),
            Self::Bits { .. } => Some(MatchingRule::Integer),
            _ => None,
        }
    }
}

impl NameSet {
    fn of(names: &[String]) -> Self {
        let mut map = TypeMap::default();
        for name in names {
            map.insert_name(name, ());
        }
        Self::Of(Box::new(map))
    }

    fn have(&self, value: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Of(names) => {
                let is_plain = |byte: &u8| byte.is_ascii_graphic();
                names.get_type(value).is_some()
                    || !value.iter().all(is_plain)
                        && names.get_type(&normalize(MatchingRule::ObjectIdentifier, value)).is_some()
            }
        }
    }
}

fn test(attribute: Option<&str>, assertion: &Assertion, vocabulary: Vocabulary<'_>) -> Result<ValueTest, Cause> {
    if attribute.is_some_and(|attribute| vocabulary.lacks(attribute)) {
        return Err(Cause::UnknownAttribute);
    }
    match (assertion, attribute) {
        (Assertion::Present, _) => Ok(ValueTest::Present),
        (Assertion::Extensible { rule: Some(rule), value, .. }, _) => by_rule(attribute, rule, value, vocabulary),
        // The parser accepts no other item without an attribute.
        (_, None) => Err(Cause::AnyAttribute),
        (
            Assertion::Equal(value) | Assertion::Approximate(value) | Assertion::Extensible { value, .. },
            Some(attribute),
        ) => equal(attribute, vocabulary.equality(attribute), value, vocabulary),
        (Assertion::AtLeast(value), Some(attribute)) => ordered(attribute, Side::AtLeast, value, vocabulary),
        (Assertion::AtMost(value), Some(attribute)) => ordered(attribute, Side::AtMost, value, vocabulary),
        (Assertion::Substrings(parts), Some(attribute)) => match vocabulary.equality(attribute) {
            MatchingRule::ObjectIdentifier => Err(Cause::NoSubstrings),
            rule => {
                let rule = substring_rule(rule);
                // A space at the end of a part is significant: only whole values lose their outer spaces.
                let parts = parts.iter().map(|part| normalize_part(rule, part)).collect();
                Ok(ValueTest::Substrings { rule, parts })
            }
        },
    }
}

fn equal(attribute: &str, rule: MatchingRule, value: &[u8], vocabulary: Vocabulary<'_>) -> Result<ValueTest, Cause> {
    if let Some(category) = category(attribute, value) {
        return Ok(ValueTest::Category(category));
    }
    check_assertion_value(rule, value)?;
    if rule != MatchingRule::ObjectIdentifier {
        return Ok(ValueTest::Equal { rule, written: value.to_vec(), wanted: normalize(rule, value).into_owned() });
    }
    let name = String::from_utf8_lossy(value);
    let canonical = canonical_name(attribute);
    let is_of_classes = CLASS_ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(canonical));
    if !is_of_classes {
        return Ok(ValueTest::Names(NameSet::of(&vocabulary.names_of(&name))));
    }
    let is_top = ["top", "2.5.6.0"].iter().any(|top| top.eq_ignore_ascii_case(&name));
    Ok(ValueTest::Names(if is_top { NameSet::Any } else { NameSet::of(&vocabulary.with_subclasses(&name)) }))
}

fn ordered(attribute: &str, side: Side, value: &[u8], vocabulary: Vocabulary<'_>) -> Result<ValueTest, Cause> {
    let rule = match vocabulary.ordering(attribute) {
        OrderedBy::Rule(rule) => rule,
        OrderedBy::Nothing => return Err(Cause::NoOrdering),
        OrderedBy::Unknown => return Err(Cause::UnknownOrdering),
    };
    check_assertion_value(rule, value)?;
    Ok(ValueTest::Ordered { rule, side, limit: normalize(rule, value).into_owned() })
}

fn by_rule(attribute: Option<&str>, name: &str, value: &[u8], vocabulary: Vocabulary<'_>) -> Result<ValueTest, Cause> {
    let is_unsuitable = |rule| attribute.is_some_and(|attribute| !applies(rule, vocabulary.equality(attribute)));
    if let Some(all) = bit_rule(name) {
        if is_unsuitable(MatchingRule::Integer) {
            return Err(Cause::UnsuitableRule);
        }
        let mask = number(value).filter(|_| is_assertion_value(MatchingRule::Integer, value));
        return mask.map(|mask| ValueTest::Bits { all, mask }).ok_or(Cause::Value(MatchingRule::Integer));
    }
    if name == IN_CHAIN {
        let attribute = attribute.ok_or(Cause::AnyAttribute)?;
        if is_unsuitable(MatchingRule::DistinguishedName) && is_unsuitable(MatchingRule::NameAndOptionalUid) {
            return Err(Cause::UnsuitableRule);
        }
        let target = DnKey::parse(value).map_err(|_| Cause::Value(MatchingRule::DistinguishedName))?;
        let chain = Chain { attribute: canonical_name(attribute).to_owned(), target };
        return Ok(ValueTest::Chain { chain, reached: None });
    }
    let Some(named) = NamedRule::from_name(name.as_bytes()) else { return Err(Cause::UnknownRule) };
    if is_unsuitable(named.rule) {
        return Err(Cause::UnsuitableRule);
    }
    match attribute {
        _ if named.orders => {
            check_assertion_value(named.rule, value)?;
            let limit = normalize(named.rule, value).into_owned();
            Ok(ValueTest::Ordered { rule: named.rule, side: Side::Less, limit })
        }
        None if named.rule == MatchingRule::ObjectIdentifier => Err(Cause::AnyAttribute),
        attribute => equal(attribute.unwrap_or_default(), named.rule, value, vocabulary),
    }
}

fn check_assertion_value(rule: MatchingRule, value: &[u8]) -> Result<(), Cause> {
    if is_assertion_value(rule, value) { Ok(()) } else { Err(Cause::Value(rule)) }
}

/// Whether a rule applies to attributes with the equality rule `own` (RFC 4512, 4.1.4). Any rule applies to unknown ones.
pub(super) fn applies(rule: MatchingRule, own: MatchingRule) -> bool {
    use MatchingRule::{CaseExact, CaseExactIa5, CaseIgnore, CaseIgnoreIa5, Unknown};
    match rule {
        CaseIgnore | CaseExact => matches!(own, CaseIgnore | CaseExact | Unknown),
        CaseIgnoreIa5 | CaseExactIa5 => matches!(own, CaseIgnoreIa5 | CaseExactIa5 | Unknown),
        rule => own == rule || own == Unknown,
    }
}

/// The category that is meant by the name of a class: Active Directory accepts it in place of the category's DN (MS-ADTS
/// 3.1.1.3.1.3.5). A category is named like its class, with hyphens; the classes of people share one category.
fn category(attribute: &str, value: &[u8]) -> Option<Vec<u8>> {
    const PERSONS: [&str; 4] = ["user", "contact", "inetorgperson", "organizationalperson"];
    if !is_descr(value) || !attribute.eq_ignore_ascii_case("objectCategory") {
        return None;
    }
    let name = value.to_ascii_lowercase();
    let is_person = PERSONS.iter().any(|person| person.as_bytes() == name.as_slice());
    let category = if is_person { b"person".to_vec() } else { name };
    Some(category.into_iter().filter(|byte| *byte != b'-').collect())
}

/// An integer that fits in 64 bits.
fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(&read(MatchingRule::Integer, text)?).ok()?.parse().ok()
}

/// The rule by which substrings are compared. A part of a DN or a number is not a DN or a number, so these are compared as
/// text.
fn substring_rule(rule: MatchingRule) -> MatchingRule {
    use MatchingRule as R;
    match rule {
        R::DistinguishedName | R::NameAndOptionalUid | R::Integer | R::Boolean | R::BitString | R::GeneralizedTime => {
            R::CaseIgnore
        }
        rule => rule,
    }
}

/// Normalises a part of a substring assertion. A letter at each end keeps the outer spaces of the part.
fn normalize_part(rule: MatchingRule, part: &[u8]) -> Vec<u8> {
    let framed = [b"x", part, b"x"].concat();
    let normal = normalize(rule, &framed);
    normal.get(1..normal.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

/// Whether a value consists of the parts in order, with any text between them: the first part is at its start, the last one
/// at its end.
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

/// The attributes whose values are the classes of an entry. The entry also belongs to their superclasses.
const CLASS_ATTRIBUTES: [&str; 2] = ["objectClass", "structuralObjectClass"];

/// Active Directory's `LDAP_MATCHING_RULE_IN_CHAIN`, which follows nested groups.
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// Whether a bitwise rule asks for all bits; `None` for other rules. The rules are Active Directory's
/// `LDAP_MATCHING_RULE_BIT_AND` (all bits) and `LDAP_MATCHING_RULE_BIT_OR` (any bit), by their OIDs or by OpenLDAP's names.
fn bit_rule(name: &str) -> Option<bool> {
    let is = |oid: &str, rule: &str| name == oid || name.eq_ignore_ascii_case(rule);
    if is("1.2.840.113556.1.4.803", "integerBitAndMatch") {
        Some(true)
    } else if is("1.2.840.113556.1.4.804", "integerBitOrMatch") {
        Some(false)
    } else {
        None
    }
}
