//! What filters know of attribute types and object classes: from a schema if one is given, completed by the built-in tables.
//!
//! | question | answered by a description | without a description |
//! | --- | --- | --- |
//! | Which classes derive from a class? | `SUP` | [`class_superiors`] |
//! | Which types derive from a type? | `SUP` | [`attribute_types::derived`], not for Active Directory |
//! | How do values of a type match? | `EQUALITY`; if missing, the syntax of DNs, integers or numeric strings; if missing, the table; if missing, the supertype | [`attribute_types`] |
//! | How are values of a type ordered? | `ORDERING` | integers, times, UUIDs and `dnQualifier`; text if the server orders it |
//! | Does a type exist? | a [whole](Schema::is_whole) schema describes all types that exist | any type is accepted |
//!
//! A schema may contain only the extensions of a site. The tables answer for what it does not describe, so a class of the
//! site that derives from `inetOrgPerson` is a `person` too.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::LazyLock;

use super::attribute_types::{self, without_oid_prefix};
use super::class_superiors;
use super::matching::MatchingRule;
use super::schema::{Described, Schema};
use super::{object_classes, server_attributes};
use crate::suggestion::nearest;

/// The differences between servers in the evaluation of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterRules {
    /// An attribute type also finds the values of its subtypes (RFC 4511, 4.5.1). In Active Directory no type derives from
    /// another: `name` and `distinguishedName` are attributes like any other.
    pub finds_subtypes: bool,
    /// `>=` and `<=` compare text without an ordering rule; otherwise such an item is Undefined.
    pub orders_text: bool,
}

/// The rules of slapd, for use where no server is known.
impl Default for FilterRules {
    fn default() -> Self {
        Self { finds_subtypes: true, orders_text: false }
    }
}

/// The schema and the server's rules to which a filter is bound.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'s> {
    /// The schema; may be empty.
    pub schema: &'s Schema,
    /// The rules of the server.
    pub rules: FilterRules,
}

/// The ordering rule of an attribute type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderedBy {
    /// Values are ordered by this rule.
    Rule(MatchingRule),
    /// The type has no ordering rule.
    Nothing,
    /// The attribute type is unknown.
    Unknown,
}

impl Vocabulary<'_> {
    /// A vocabulary without a schema.
    pub fn built_in(rules: FilterRules) -> Vocabulary<'static> {
        static NONE: LazyLock<Schema> = LazyLock::new(Schema::default);
        Vocabulary { schema: &NONE, rules }
    }

    /// Whether the schema is whole and does not describe an attribute type.
    pub fn lacks(&self, attribute_type: &str) -> bool {
        self.schema.is_whole() && !self.schema.knows_attribute(attribute_type)
    }

    /// Whether the schema or a built-in table has an attribute type.
    pub fn knows(&self, attribute_type: &str) -> bool {
        self.schema.knows_attribute(attribute_type)
            || attribute_types::find(attribute_type).is_some()
            || object_classes::is_of_a_class(attribute_type)
            || server_attributes::is_listed(attribute_type)
    }

    /// The known attribute type that is spelled most like a name.
    pub fn nearest(&self, name: &str) -> Option<String> {
        let described: Vec<&str> = self.schema.attribute_types().flat_map(|known| known.names).collect();
        let listed = attribute_types::all().flat_map(|known| known.names.iter().copied());
        let of_classes = object_classes::all().iter().flat_map(object_classes::ObjectClass::attribute_names);
        let tables = listed.chain(of_classes).chain(server_attributes::names());
        nearest(name.as_bytes(), described).or_else(|| nearest(name.as_bytes(), tables)).map(str::to_owned)
    }

    /// The matching rule of an attribute type.
    pub fn equality(&self, attribute_type: &str) -> MatchingRule {
        let schema = self.schema;
        let named = schema.equality(attribute_type).and_then(|name| NamedRule::from_name(name.as_bytes()));
        if let Some(named) = named {
            return named.rule;
        }
        if let Some(rule) = schema.rule_of_syntax(attribute_type) {
            return rule;
        }
        let supertypes = std::iter::successors(Some(attribute_type), |name| schema.supertype(name));
        let rules = supertypes.take(super::schema::MAX_DEPTH).map(attribute_types::equality_rule);
        rules.into_iter().find(|rule| *rule != MatchingRule::Unknown).unwrap_or(MatchingRule::Unknown)
    }

    /// The ordering rule of an attribute type.
    pub fn ordering(&self, attribute_type: &str) -> OrderedBy {
        use MatchingRule as R;
        let named = self.schema.ordering(attribute_type).and_then(|name| NamedRule::from_name(name.as_bytes()));
        if let Some(named) = named {
            return OrderedBy::Rule(named.rule);
        }
        let rule = self.equality(attribute_type);
        // Descriptions of Active Directory name no rules.
        let is_described = self.schema.equality(attribute_type).is_some();
        match rule {
            R::Unknown => OrderedBy::Unknown,
            R::Integer | R::GeneralizedTime | R::Uuid if !is_described || self.rules.orders_text => {
                OrderedBy::Rule(rule)
            }
            R::CaseIgnore
            | R::CaseExact
            | R::CaseIgnoreIa5
            | R::CaseExactIa5
            | R::CaseIgnoreList
            | R::NumericString
            | R::TelephoneNumber
                if self.rules.orders_text =>
            {
                OrderedBy::Rule(rule)
            }
            R::CaseIgnore if !is_described && attribute_types::canonical_name(attribute_type) == "dnQualifier" => {
                OrderedBy::Rule(rule)
            }
            _ => OrderedBy::Nothing,
        }
    }

    /// All names of an attribute type and of its subtypes, the given name first.
    pub fn with_subtypes(&self, attribute_type: &str) -> Vec<String> {
        let mut all = joined(self.schema.attribute_types().collect(), types());
        if !self.rules.finds_subtypes {
            forget_superiors(&mut all);
        }
        derived_from(attribute_type, &all)
    }

    /// All names of an object class and of its subclasses, the given name first.
    pub fn with_subclasses(&self, class: &str) -> Vec<String> {
        derived_from(class, &joined(self.schema.object_classes().collect(), classes()))
    }

    /// All names of the object class or attribute type with this name or OID, the given name first.
    pub fn names_of(&self, name: &str) -> Vec<String> {
        let mut all = joined(self.schema.object_classes().collect(), classes());
        all.extend(joined(self.schema.attribute_types().collect(), types()));
        forget_superiors(&mut all);
        derived_from(name, &all)
    }
}

fn classes() -> Vec<Described<'static>> {
    let all = class_superiors::all().map(|class| Described {
        names: class.names.iter().copied().chain(Some(class.oid).filter(|oid| !oid.is_empty())).collect(),
        superiors: class.superiors.to_vec(),
    });
    all.collect()
}

fn types() -> Vec<Described<'static>> {
    let derived = attribute_types::derived().map(|(subtype, supertype)| {
        let known = attribute_types::find(subtype);
        let names = known.map_or(&[][..], |known| known.names).iter().copied();
        let oid = known.map(|known| known.oid).filter(|oid| !oid.is_empty());
        Described { names: std::iter::once(subtype).chain(names).chain(oid).collect(), superiors: vec![supertype] }
    });
    let supertypes = attribute_types::derived().map(|(_, supertype)| supertype).collect::<HashSet<_>>();
    let supertypes = supertypes.into_iter().filter_map(attribute_types::find).map(|known| Described {
        names: known.names.iter().copied().chain(Some(known.oid).filter(|oid| !oid.is_empty())).collect(),
        superiors: Vec::new(),
    });
    derived.chain(supertypes).collect()
}

/// Removes all superiors, so that nothing derives from anything.
fn forget_superiors(all: &mut [Described<'_>]) {
    for known in all {
        known.superiors.clear();
    }
}

/// A name without the prefix `OID.`, in lower case.
fn key(name: &str) -> String {
    without_oid_prefix(name).to_ascii_lowercase()
}

/// The elements of a schema, with the additional names from the tables, followed by the elements that only the tables have.
fn joined<'n>(described: Vec<Described<'n>>, tables: Vec<Described<'static>>) -> Vec<Described<'n>> {
    let mut all = described;
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (at, known) in all.iter().enumerate() {
        for name in &known.names {
            by_name.entry(key(name)).or_insert(at);
        }
    }
    for known in tables {
        match known.names.iter().find_map(|name| by_name.get(&key(name))) {
            Some(at) => all[*at].names.extend(known.names),
            None => all.push(known),
        }
    }
    all
}

/// The names of the element with a name and of all elements that derive from it, directly or indirectly. Each name is listed
/// once, the given one first, the others sorted. Cycles in the schema do no harm.
fn derived_from(name: &str, all: &[Described<'_>]) -> Vec<String> {
    let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, known) in all.iter().enumerate() {
        let keys: HashSet<String> = known.names.iter().chain(&known.superiors).map(|name| key(name)).collect();
        for key in keys {
            by_key.entry(key).or_default().push(at);
        }
    }
    let mut seen = HashSet::from([key(name)]);
    let mut found = Vec::new();
    let mut next = VecDeque::from([key(name)]);
    while let Some(wanted) = next.pop_front() {
        for known in by_key.get(&wanted).into_iter().flatten().filter_map(|at| all.get(*at)) {
            for name in known.names.iter().filter(|name| seen.insert(key(name))) {
                next.push_back(key(name));
                found.push(without_oid_prefix(name).to_owned());
            }
        }
    }
    found.sort_by_cached_key(|name| name.to_ascii_lowercase());
    found.insert(0, without_oid_prefix(name).to_owned());
    found
}

/// A matching rule that has a name and an OID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedRule {
    /// The equality rule by which values are normalised.
    pub rule: MatchingRule,
    /// Whether this is an ordering rule, which asks for lesser values.
    pub orders: bool,
}

impl NamedRule {
    /// The rule with a name or OID (RFC 4517, 4.2; RFC 4530).
    pub fn from_name(name: &[u8]) -> Option<Self> {
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
        let found = RULES.into_iter().find(|(rule, oid, ..)| is(rule) || is(oid));
        found.map(|(_, _, rule, orders)| Self { rule, orders })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::ldap::filter::{Filter, Truth};
    use crate::ldap::{AttributeDescription, Dn, Entry, Origin, Value};

    fn entry(lines: &[(&str, String)]) -> Entry {
        let mut entry = Entry { dn: Dn::parse(b"cn=a").unwrap(), origin: Origin::default(), attributes: Vec::new() };
        for (name, value) in lines {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    fn schema(lines: &[(&str, String)]) -> Schema {
        let mut schema = Schema::default();
        schema.add(&entry(lines));
        schema
    }

    #[test]
    fn the_schema_of_a_site_is_completed_by_the_tables() {
        let schema = schema(&[
            ("objectClasses", "( 1.2.3.1 NAME ( 'siteUser' 'siteMember' ) SUP inetOrgPerson )".to_owned()),
            ("objectClasses", "( 1.2.3.2 NAME 'siteAdmin' SUP ( siteMember $ account ) )".to_owned()),
            ("attributeTypes", "( 1.2.3.3 NAME 'siteNick' SUP cn )".to_owned()),
            ("attributeTypes", "( 1.2.3.4 NAME 'siteLevel' EQUALITY 2.5.13.14 ORDERING 2.5.13.15 )".to_owned()),
            ("attributeTypes", "( 1.2.3.5 NAME 'siteBoss' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )".to_owned()),
        ]);
        let known = Vocabulary { schema: &schema, rules: FilterRules::default() };
        let has = |names: Vec<String>, name: &str| names.iter().any(|own| own == name);
        for name in ["siteUser", "siteMember", "1.2.3.1", "siteAdmin", "1.2.3.2", "inetOrgPerson", "2.5.6.7"] {
            assert!(has(known.with_subclasses("person"), name), "{name}");
        }
        assert!(
            has(known.with_subclasses("account"), "siteAdmin") && !has(known.with_subclasses("account"), "siteUser")
        );
        assert!(has(known.with_subtypes("name"), "siteNick") && has(known.with_subtypes("commonName"), "1.2.3.3"));
        assert!(has(known.with_subtypes("1.2.3.3"), "siteNick") && !has(known.with_subtypes("sn"), "siteNick"));
        assert_eq!(known.equality("siteNick"), MatchingRule::CaseIgnore);
        assert_eq!(known.equality("siteBoss"), MatchingRule::DistinguishedName);
        assert_eq!(known.ordering("siteLevel"), OrderedBy::Rule(MatchingRule::Integer));
        assert_eq!(known.ordering("siteBoss"), OrderedBy::Nothing);
        assert_eq!(known.ordering("siteOther"), OrderedBy::Unknown);
        assert!(!known.lacks("siteOther"), "the extensions of a site are not a whole schema");
        let of_ad = FilterRules { finds_subtypes: false, orders_text: true };
        assert_eq!(Vocabulary::built_in(of_ad).with_subtypes("name"), ["name", "2.5.4.41"]);
        assert_eq!(Vocabulary::built_in(of_ad).ordering("cn"), OrderedBy::Rule(MatchingRule::CaseIgnore));
    }

    /// The superclasses of each of the classes c0 to c11, cycles included.
    fn classes() -> impl Strategy<Value = Vec<Vec<usize>>> {
        vec(vec(0..12_usize, 0..3), 12)
    }

    proptest! {
        /// A bound filter finds an entry if and only if the asked class is one of its classes or of their superclasses.
        #[test]
        fn a_bound_filter_agrees_with_walking_up(
            superiors in classes(), listed in vec(0..12_usize, 0..4), asked in 0..12_usize, form in 0..3_usize,
        ) {
            let described: Vec<(&str, String)> = superiors.iter().enumerate().map(|(class, superiors)| {
                let names: Vec<String> = superiors.iter().map(|superior| format!("C{superior}")).collect();
                ("objectClasses", format!("( 1.2.{class} NAME ( 'c{class}' 'alias{class}' ) SUP ( {} ) )", names.join(" $ ")))
            }).collect();
            let schema = schema(&described);
            let values: Vec<(&str, String)> = listed.iter().map(|class| ("objectClass", format!("ALIAS{class}"))).collect();
            let name = [format!("c{asked}"), format!("Alias{asked}"), format!("1.2.{asked}")][form].clone();
            let vocabulary = Vocabulary { schema: &schema, rules: FilterRules::default() };
            let filter = Filter::parse(&format!("(objectClass={name})")).unwrap().bound(vocabulary);

            let mut reached: HashSet<usize> = listed.iter().copied().collect();
            let mut next = listed.clone();
            while let Some(class) = next.pop() {
                next.extend(superiors[class].iter().filter(|superior| reached.insert(**superior)));
            }
            prop_assert_eq!(filter.evaluate(&entry(&values)), Truth::from(reached.contains(&asked)));
        }
    }
}
