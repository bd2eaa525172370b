//! The schema of a directory, as far as exports and schema files describe it.
//!
//! | read | written by | grammar |
//! | --- | --- | --- |
//! | `attributeTypes`, `objectClasses` | `cn=Subschema` of OpenLDAP; `cn=schema` of 389 DS and Sun DSEE; `CN=Aggregate` of Active Directory; schema files (`99user.ldif`) | `description` (RFC 4512) |
//! | `olcAttributeTypes`, `olcObjectClasses` | `cn=config` of OpenLDAP | `description` |
//! | `olcObjectIdentifier` | `cn=config` of OpenLDAP | a name and an OID |
//! | entries of class `attributeSchema` or `classSchema` | Active Directory | `active_directory` |
//! | directives of `.schema` files and `slapd.conf` | OpenLDAP | [`directives`] |
//!
//! DIT content rules and name forms are not read, so `must` and `allows` do not know what a content rule adds to a class.
//!
//! A subtype inherits the equality rule and the syntax of its supertype unless it names its own (RFC 4512, 2.5.1); it does
//! not inherit SINGLE-VALUE. An object class requires and allows what its superiors do (RFC 4512, 2.4).
//!
//! The questions of [`Schema`] have a defined answer for attribute types and classes without a description too. A caller
//! that must not rely on it asks [`Schema::knows_attribute`] or [`Schema::knows_class`] first.

mod active_directory;
mod description;
pub mod directives;
mod facts;
mod grammar;

pub use grammar::{SchemaError, SchemaErrorKind};

use active_directory::SchemaClass;
use description::{AttributeTypeDescription, ObjectClassDescription};
use facts::{AttributeFacts, Catalogue, ClassFacts, Macros, Named, Syntax};

use super::{
    DnKey, Entry, Origin,
    attribute::{base_type, same_type},
    attribute_types,
    dn_key::prefixes,
    matching::MatchingRule,
    object_classes,
};

/// The maximum length of a chain of supertypes that is followed: a hostile schema may contain cycles.
pub(super) const MAX_DEPTH: usize = 64;

/// A value that is not a description, or an entry of Active Directory's schema without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The export and line of the value.
    pub origin: Origin,
    /// The reason.
    pub error: SchemaError,
}

/// What a value of a schema attribute defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SchemaValue {
    AttributeType,
    ObjectClass,
    Macro,
    /// `objectClass: attributeSchema` or `classSchema`.
    Entry(SchemaClass),
}

impl SchemaValue {
    fn of(description: &str, value: &[u8]) -> Option<Self> {
        let is = |name: &str| description.eq_ignore_ascii_case(name);
        if is("objectClass") {
            SchemaClass::from_name(value).map(Self::Entry)
        } else if is("attributeTypes") || is("olcAttributeTypes") {
            Some(Self::AttributeType)
        } else if is("objectClasses") || is("olcObjectClasses") {
            Some(Self::ObjectClass)
        } else {
            is("olcObjectIdentifier").then_some(Self::Macro)
        }
    }
}

/// The attributes that [`Schema::add`] reads.
pub const SCHEMA_ATTRIBUTES: [&str; 6] =
    ["objectClass", "attributeTypes", "olcAttributeTypes", "objectClasses", "olcObjectClasses", "olcObjectIdentifier"];

/// Whether [`Schema::add`] reads something from a value of an entry.
pub fn is_schema(description: &str, value: &[u8]) -> bool {
    SchemaValue::of(description, value).is_some()
}

/// The names of an attribute type or object class and of what it derives from, spelled as in the schema.
#[derive(Clone, Debug)]
pub struct Described<'s> {
    /// All names, then the OID.
    pub names: Vec<&'s str>,
    /// The names of its direct supertype or superclasses.
    pub superiors: Vec<&'s str>,
}

impl<'s> Described<'s> {
    fn new(facts: &'s impl Named, superiors: &'s [Box<str>]) -> Self {
        let oid = Some(facts.oid()).filter(|oid| !oid.is_empty());
        let names = facts.names().iter().map(AsRef::as_ref).chain(oid).collect();
        Self { names, superiors: superiors.iter().map(AsRef::as_ref).collect() }
    }
}

/// What a description that is not a value of an entry defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// An attribute type.
    AttributeType,
    /// An object class.
    ObjectClass,
    /// A name for an OID, such as `NSDSat NetscapeDS:1`.
    ObjectIdentifier,
}

/// A property that an attribute type may inherit from its supertypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inherited<'s, T> {
    /// The type, or the nearest supertype that has the property, has this value.
    Value(T),
    /// The type and all its supertypes are described, and none of them has the property.
    Absent,
    /// The type of this name is not described: the type itself, or a supertype that it inherits from.
    NotDescribed(&'s str),
}

/// Whether a server publishes its schema in an entry: by its place, where users cannot add entries.
///
/// | place | server |
/// | --- | --- |
/// | `cn=schema`, `cn=subschema`; any entry with a name of one RDN and the class `subschema` | most servers (RFC 4512, 4.2) |
/// | at or below `cn=config` | OpenLDAP |
/// | directly below `cn=schema,cn=configuration` and the `dc` of the forest | Active Directory (\[MS-ADTS\] 3.1.1.1.9) |
///
/// Other entries may have schema attributes too, and even these classes (`extensibleObject`), but users can write those, so they
/// do not count.
pub fn publishes_schema(entry: &Entry) -> bool {
    const NAMES: [&[u8]; 2] = [b"cn=schema", b"cn=subschema"];
    let key = entry.dn.key();
    let is_named = |name: &[u8]| DnKey::parse(name).is_ok_and(|name| name == *key);
    let is_configuration = || DnKey::parse(b"cn=config").is_ok_and(|config| key.is_at_or_under(&config));
    let is_subentry = || key.depth() == 1 && entry.has_class("subschema");
    NAMES.into_iter().any(is_named) || is_configuration() || is_subentry() || is_in_schema_of_active_directory(key)
}

fn is_in_schema_of_active_directory(key: &DnKey) -> bool {
    let rdns: Vec<&[u8]> = prefixes(key.as_bytes()).map(|(_, rdn)| rdn).collect();
    let Some(at) = rdns.len().checked_sub(3) else { return false };
    let is = |rdn: &[u8], name: &[u8]| DnKey::parse(name).is_ok_and(|name| name.rdn_bytes() == rdn);
    let is_in_forest = rdns[..at].iter().all(|rdn| rdn.starts_with(b"dc="));
    at > 0 && is_in_forest && is(rdns[at], b"cn=configuration") && is(rdns[at + 1], b"cn=schema")
}

/// The attribute types and object classes that are described. Empty by default.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    attributes: Catalogue<AttributeFacts>,
    classes: Catalogue<ClassFacts>,
    macros: Macros,
    unreadable: Vec<Unreadable>,
}

impl Schema {
    /// Reads the schema attributes of an entry; returns whether it has any.
    pub fn add(&mut self, entry: &Entry) -> bool {
        let parts = || {
            entry.attributes.iter().flat_map(|attribute| {
                let spelling = attribute.description.as_str();
                attribute.values.iter().filter_map(|value| Some((SchemaValue::of(spelling, &value.bytes)?, value)))
            })
        };
        // Names for OIDs first: an entry may have its attributes in any order.
        for (_, value) in parts().filter(|(part, _)| *part == SchemaValue::Macro) {
            if self.macros.add(&value.bytes).is_none() {
                self.refuse(entry, value.line, SchemaError { offset: 0, kind: SchemaErrorKind::Word });
            }
        }
        for (part, value) in parts() {
            if let Err(error) = self.add_part(part, entry, &value.bytes) {
                self.refuse(entry, value.line, error);
            }
        }
        parts().next().is_some()
    }

    /// Reads one description that is not a value of an entry.
    pub fn define(&mut self, definition: Definition, value: &[u8], origin: Origin) {
        let done = match definition {
            Definition::AttributeType => self.add_attribute_type(value),
            Definition::ObjectClass => self.add_object_class(value),
            Definition::ObjectIdentifier => {
                self.macros.add(value).ok_or(SchemaError { offset: 0, kind: SchemaErrorKind::Word })
            }
        };
        if let Err(error) = done {
            self.unreadable.push(Unreadable { origin, error });
        }
    }

    fn add_attribute_type(&mut self, value: &[u8]) -> Result<(), SchemaError> {
        let description = AttributeTypeDescription::parse(value)?;
        self.attributes.add(AttributeFacts::new(description, &self.macros));
        Ok(())
    }

    fn add_object_class(&mut self, value: &[u8]) -> Result<(), SchemaError> {
        let description = ObjectClassDescription::parse(value)?;
        self.classes.add(ClassFacts::new(description, &self.macros));
        Ok(())
    }

    fn add_part(&mut self, part: SchemaValue, entry: &Entry, value: &[u8]) -> Result<(), SchemaError> {
        const NAMELESS: SchemaError = SchemaError { offset: 0, kind: SchemaErrorKind::Nameless };
        match part {
            SchemaValue::AttributeType => self.add_attribute_type(value)?,
            SchemaValue::ObjectClass => self.add_object_class(value)?,
            SchemaValue::Entry(_) if active_directory::is_defunct(entry) => {}
            SchemaValue::Entry(SchemaClass::AttributeSchema) => {
                self.attributes.add(active_directory::attribute_type(entry).ok_or(NAMELESS)?);
            }
            SchemaValue::Entry(SchemaClass::ClassSchema) => {
                self.classes.add(active_directory::object_class(entry).ok_or(NAMELESS)?);
            }
            SchemaValue::Macro => {}
        }
        Ok(())
    }

    fn refuse(&mut self, entry: &Entry, line: u64, error: SchemaError) {
        let origin = Origin { export: entry.origin.export, line };
        self.unreadable.push(Unreadable { origin, error });
    }

    /// Whether nothing is described.
    pub fn is_empty(&self) -> bool {
        self.attributes.all().is_empty() && self.classes.all().is_empty()
    }

    /// The values that could not be read, in the order of the input.
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Whether an attribute type is described. Here and below, an attribute type is given by any name or its OID, in any case,
    /// with or without options.
    pub fn knows_attribute(&self, name: &str) -> bool {
        self.attributes.position(name).is_some()
    }

    /// Whether an object class is described.
    pub fn knows_class(&self, name: &str) -> bool {
        self.classes.position(name).is_some()
    }

    /// Whether the values of an attribute type are DNs.
    pub fn is_dn(&self, name: &str) -> bool {
        self.syntax(name) == Some(Syntax::Dn)
    }

    /// Whether the values of an attribute type are DNs with an optional UID, such as `cn=x#'0101'B`.
    pub fn is_name_and_uid(&self, name: &str) -> bool {
        self.syntax(name) == Some(Syntax::NameAndUid)
    }

    /// The rule by which the syntax of an attribute type compares values, for descriptions that name no rule.
    pub fn rule_of_syntax(&self, name: &str) -> Option<MatchingRule> {
        match self.syntax(name)? {
            Syntax::Dn => Some(MatchingRule::DistinguishedName),
            Syntax::NameAndUid => Some(MatchingRule::NameAndOptionalUid),
            Syntax::Integer => Some(MatchingRule::Integer),
            Syntax::NumericString => Some(MatchingRule::NumericString),
            Syntax::OctetString | Syntax::Other => None,
        }
    }

    /// Whether the values of an attribute type are octet strings.
    pub fn is_octet_string(&self, name: &str) -> bool {
        self.syntax(name) == Some(Syntax::OctetString)
    }

    /// Whether an attribute type is single-valued; `false` without a description.
    pub fn is_single_valued(&self, name: &str) -> bool {
        self.attributes.find(name).is_some_and(|facts| facts.single_valued)
    }

    /// Name or OID of the equality rule, as written. Active Directory names no rules.
    pub fn equality(&self, name: &str) -> Option<&str> {
        self.inherited(name, |facts| facts.equality.as_deref())
    }

    /// Name or OID of the ordering rule, as written. Active Directory names no rules.
    pub fn ordering(&self, name: &str) -> Option<&str> {
        self.inherited(name, |facts| facts.ordering.as_deref())
    }

    /// The direct supertype of an attribute type, as written.
    pub fn supertype(&self, name: &str) -> Option<&str> {
        self.attributes.find(name)?.superior.as_deref()
    }

    /// All names and the OIDs of an attribute type and of its direct and indirect supertypes. Supertypes that are not described
    /// are among them as written.
    pub fn names_with_supertypes(&self, name: &str) -> Vec<&str> {
        let mut all = Vec::new();
        let mut next = self.attributes.find(name);
        for _ in 0..MAX_DEPTH {
            let Some(facts) = next else { break };
            all.extend(facts.names().iter().map(AsRef::as_ref).chain([facts.oid()]));
            all.extend(facts.superior.as_deref());
            next = facts.superior.as_deref().and_then(|superior| self.attributes.find(superior));
        }
        all
    }

    /// All names and the OID of an attribute type.
    pub fn names_of(&self, name: &str) -> impl Iterator<Item = &str> {
        let facts = self.attributes.find(name).into_iter();
        facts.flat_map(|facts| facts.names().iter().map(AsRef::as_ref).chain([facts.oid()]))
    }

    /// Whether this is the whole schema of a server: it describes `objectClass` and `top`, which every server has. Files with
    /// a site's own extensions do not describe them.
    pub fn is_whole(&self) -> bool {
        self.knows_attribute("objectClass") && self.knows_class("top")
    }

    /// The attribute types, each with its direct supertype.
    pub fn attribute_types(&self) -> impl Iterator<Item = Described<'_>> {
        self.attributes.all().iter().map(|facts| Described::new(facts, facts.superior.as_slice()))
    }

    /// The object classes, each with its direct superclasses.
    pub fn object_classes(&self) -> impl Iterator<Item = Described<'_>> {
        self.classes.all().iter().map(|facts| Described::new(facts, &facts.superiors))
    }

    /// The equality rule of an attribute type, its own or that of a supertype.
    pub fn equality_rule<'s>(&'s self, name: &'s str) -> Inherited<'s, &'s str> {
        let mut name = name;
        for _ in 0..MAX_DEPTH {
            let Some(facts) = self.attributes.find(name) else { return Inherited::NotDescribed(base_type(name)) };
            match (&facts.equality, &facts.superior) {
                (Some(rule), _) => return Inherited::Value(rule),
                (None, Some(superior)) => name = superior,
                (None, None) => return Inherited::Absent,
            }
        }
        Inherited::Absent
    }

    /// Whether an attribute type has an EQUALITY rule, its own or that of a supertype. Without a description, the table of
    /// [`attribute_types`] decides; a type that is not in the table is assumed to have a rule.
    pub fn names_equality(&self, name: &str) -> bool {
        match self.equality_rule(name) {
            Inherited::Value(_) => true,
            Inherited::Absent => false,
            Inherited::NotDescribed(name) => attribute_types::names_equality(name).unwrap_or(true),
        }
    }

    /// Whether an attribute type is described as a user attribute, so that entries need an object class that allows it.
    pub fn is_user_attribute(&self, name: &str) -> bool {
        self.attributes.find(name).is_some_and(|facts| facts.is_user_attribute)
    }

    /// The names of direct and indirect superclasses of an object class that are not described.
    pub fn missing_superiors(&self, class: &str) -> Vec<&str> {
        let superiors = self.with_superiors(class).into_iter().flat_map(|class| &class.superiors);
        superiors.map(AsRef::as_ref).filter(|name| !self.knows_class(name)).collect()
    }

    /// Removes and returns the [unreadable](Self::unreadable) values.
    pub fn take_unreadable(&mut self) -> Vec<Unreadable> {
        std::mem::take(&mut self.unreadable)
    }

    /// Makes the descriptions so far final: later ones do not change these attribute types and classes.
    pub fn seal(&mut self) {
        self.attributes.seal();
        self.classes.seal();
    }

    /// Whether a client may write an attribute; `true` without a description.
    pub fn is_user_modifiable(&self, name: &str) -> bool {
        !self.attributes.find(name).is_some_and(|facts| facts.read_only)
    }

    /// The attribute types that an entry of a class must have, as written; those of the class itself come first.
    pub fn must(&self, class: &str) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for name in self.with_superiors(class).into_iter().flat_map(|class| &class.must) {
            if !all.iter().any(|known| self.same_attribute(known, name)) {
                all.push(name);
            }
        }
        all
    }

    /// Whether an entry of a class must or may have an attribute type.
    pub fn allows(&self, class: &str, attribute: &str) -> bool {
        let everything = |name| object_classes::find(name).is_some_and(object_classes::ObjectClass::is_extensible);
        self.with_superiors(class).into_iter().any(|class| {
            let listed = class.must.iter().chain(&class.may).any(|own| self.same_attribute(own, attribute));
            listed || class.names_or_oid().any(everything)
        })
    }

    /// The OID and the first name of every attribute type.
    pub fn attribute_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.all().iter().filter_map(|facts| Some((facts.oid(), facts.names_or_oid().next()?)))
    }

    /// All names of the attribute types that a client may write and whose values are DNs, with or without a UID; sorted
    /// ignoring case.
    pub fn dn_attributes(&self) -> Vec<&str> {
        let facts = self.attributes.all().iter().filter(|facts| !facts.read_only);
        let named = facts.filter(|facts| {
            let name = facts.names_or_oid().next().unwrap_or_default();
            self.is_dn(name) || self.is_name_and_uid(name)
        });
        let mut names: Vec<_> = named.flat_map(Named::names_or_oid).collect();
        names.sort_by_cached_key(|name| name.to_ascii_lowercase());
        names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        names
    }

    fn syntax(&self, name: &str) -> Option<Syntax> {
        self.inherited(name, |facts| facts.syntax)
    }

    /// A property of an attribute type, or of its nearest supertype that has it.
    fn inherited<'s, T>(&'s self, name: &str, property: impl Fn(&'s AttributeFacts) -> Option<T>) -> Option<T> {
        let superior = |facts: &&'s AttributeFacts| self.attributes.find(facts.superior.as_deref()?);
        std::iter::successors(self.attributes.find(name), superior).take(MAX_DEPTH).find_map(property)
    }

    /// A class, its superclasses and its auxiliary classes, each once, the nearest first.
    fn with_superiors(&self, class: &str) -> Vec<&ClassFacts> {
        let mut found: Vec<usize> = self.classes.position(class).into_iter().collect();
        let mut next = 0;
        while let Some(class) = found.get(next).and_then(|at| self.classes.all().get(*at)) {
            next += 1;
            let all = class.superiors.iter().chain(&class.auxiliaries);
            for superior in all.filter_map(|name| self.classes.position(name)) {
                if !found.contains(&superior) {
                    found.push(superior);
                }
            }
        }
        found.into_iter().filter_map(|at| self.classes.all().get(at)).collect()
    }

    /// Whether two names are of the same attribute type, by the built-in table or by the schema.
    fn same_attribute(&self, a: &str, b: &str) -> bool {
        let b = base_type(b);
        let known = || self.attributes.position(a).is_some_and(|at| self.attributes.position(b) == Some(at));
        same_type(a, b) || known()
    }
}
