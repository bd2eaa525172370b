//! The schema of a directory, as far as its exports hold it.
//!
//! | in an export | written by | read as |
//! | --- | --- | --- |
//! | `attributeTypes`, `objectClasses` | `cn=Subschema` of OpenLDAP, `cn=schema` of 389 DS, Sun DSEE | RFC 4512: [`description`] |
//! | the same | Active Directory's `CN=Aggregate`, schema files (`99user.ldif`) | the same |
//! | `olcAttributeTypes`, `olcObjectClasses` | OpenLDAP's `cn=config` | the same |
//! | `olcObjectIdentifier` | OpenLDAP's `cn=config` | short names for OIDs |
//! | entries of class `attributeSchema` or `classSchema` | Active Directory | see `active_directory` |
//!
//! DIT content rules and name forms are not read: what a rule of the content adds to a class, `must` and `allows` do
//! not know.
//!
//! A subtype has the equality rule and the syntax of its supertype unless it names its own (RFC 4512, 2.5.1); it does
//! not inherit that it holds one value. An object class requires and allows what its superiors do (RFC 4512, 2.4).
//! Of an attribute type or object class that no description is about, nothing is known: whoever asks must ask
//! [`Schema::knows_attribute`] or [`Schema::knows_class`] first.

mod active_directory;
pub mod description;
pub mod directives;
mod facts;
mod grammar;

pub use description::{AttributeTypeDescription, ObjectClassDescription, Usage};
pub use facts::Link;
pub use grammar::{SchemaError, SchemaErrorKind};

use active_directory::SchemaClass;
use facts::{AttributeFacts, Catalogue, ClassFacts, Macros, Named, Syntax};

use super::{
    DnKey, Entry, Origin,
    attribute::{base_type, same_type},
    attribute_types, object_classes,
};

/// Longest chain of supertypes that is followed: a hostile schema may go in circles.
pub(super) const MAX_DEPTH: usize = 64;

/// A value that is not a description, or an entry of Active Directory's schema without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it is.
    pub origin: Origin,
    /// Why it was not read.
    pub error: SchemaError,
}

/// What is in a value of a schema attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    AttributeType,
    ObjectClass,
    Macro,
    /// `objectClass: attributeSchema` or `classSchema`.
    Entry(SchemaClass),
}

impl Part {
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

/// The attributes of which a line may make an entry one that [`Schema::add`] reads.
pub const SCHEMA_ATTRIBUTES: [&str; 6] =
    ["objectClass", "attributeTypes", "olcAttributeTypes", "objectClasses", "olcObjectClasses", "olcObjectIdentifier"];

/// Whether a line of an entry makes the entry one that [`Schema::add`] reads.
pub fn is_schema(description: &str, value: &[u8]) -> bool {
    Part::of(description, value).is_some()
}

/// The names of an attribute type or of an object class, and what it derives from, as spelled.
#[derive(Clone, Debug)]
pub struct Described<'s> {
    /// All names, then the OID.
    pub names: Vec<&'s str>,
    /// The names of what it derives from directly.
    pub superiors: Vec<&'s str>,
}

impl<'s> Described<'s> {
    fn new(facts: &'s impl Named, superiors: &'s [Box<str>]) -> Self {
        let oid = Some(facts.oid()).filter(|oid| !oid.is_empty());
        let names = facts.names().iter().map(AsRef::as_ref).chain(oid).collect();
        Self { names, superiors: superiors.iter().map(AsRef::as_ref).collect() }
    }
}

/// What a description defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// An attribute type.
    AttributeType,
    /// An object class.
    ObjectClass,
    /// A name for an OID: `NSDSat NetscapeDS:1`.
    ObjectIdentifier,
}

/// What descriptions say of an attribute type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inherited<'s, T> {
    /// The type, or a supertype that it inherits from, says this.
    Said(T),
    /// The type and all its supertypes are described, and none of them says anything.
    Nothing,
    /// The type of this name is not described: the type itself, or the supertype that it inherits from.
    Elsewhere(&'s str),
}

/// Whether an entry of an export is one in which a server publishes its schema: a subschema subentry by its class or usual
/// name, the schema below `cn=config` of `OpenLDAP`, or an entry of Active Directory's schema.
///
/// Any other entry may hold such attributes (`extensibleObject`), put there by whoever may write it: it says nothing.
pub fn publishes_schema(entry: &Entry) -> bool {
    const CLASSES: [&str; 4] = ["subschema", "olcSchemaConfig", "attributeSchema", "classSchema"];
    const NAMES: [&[u8]; 2] = [b"cn=schema", b"cn=subschema"];
    let is_named = |name: &[u8]| DnKey::parse(name).is_ok_and(|key| key == *entry.dn.key());
    let is_configuration = || DnKey::parse(b"cn=config").is_ok_and(|key| entry.dn.key().is_at_or_under(&key));
    CLASSES.into_iter().any(|class| entry.has_class(class)) || NAMES.into_iter().any(is_named) || is_configuration()
}

/// What is known of attribute types and object classes. Empty by default.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    attributes: Catalogue<AttributeFacts>,
    classes: Catalogue<ClassFacts>,
    macros: Macros,
    unreadable: Vec<Unreadable>,
}

impl Schema {
    /// Reads what an entry says of the schema, and tells whether it said anything.
    pub fn add(&mut self, entry: &Entry) -> bool {
        let parts = || {
            entry.attributes.iter().flat_map(|attribute| {
                let spelling = attribute.description.raw_bytes();
                attribute.values.iter().filter_map(|value| Some((Part::of(spelling, &value.bytes)?, value)))
            })
        };
        // Short names for OIDs first: an entry may hold its attributes in any order.
        for (_, value) in parts().filter(|(part, _)| *part == Part::Macro) {
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

    /// Reads one description that is not an attribute value of an entry.
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

    fn add_part(&mut self, part: Part, entry: &Entry, value: &[u8]) -> Result<(), SchemaError> {
        const NAMELESS: SchemaError = SchemaError { offset: 0, kind: SchemaErrorKind::Nameless };
        match part {
            Part::AttributeType => self.add_attribute_type(value)?,
            Part::ObjectClass => self.add_object_class(value)?,
            Part::Entry(_) if active_directory::is_defunct(entry) => {}
            Part::Entry(SchemaClass::AttributeSchema) => {
                self.attributes.add(active_directory::attribute_type(entry).ok_or(NAMELESS)?);
            }
            Part::Entry(SchemaClass::ClassSchema) => {
                self.classes.add(active_directory::object_class(entry).ok_or(NAMELESS)?);
            }
            Part::Macro => {}
        }
        Ok(())
    }

    fn refuse(&mut self, entry: &Entry, line: u64, error: SchemaError) {
        let origin = Origin { export: entry.origin.export, line };
        self.unreadable.push(Unreadable { origin, error });
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.attributes.all().is_empty() && self.classes.all().is_empty()
    }

    /// What could not be read, in the order in which it was met.
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Whether an attribute type is described. Here and below: by any name or OID, whatever the case and the options.
    pub fn knows_attribute(&self, name: &str) -> bool {
        self.attributes.position(name).is_some()
    }

    /// Whether an object class is described.
    pub fn knows_class(&self, name: &str) -> bool {
        self.classes.position(name).is_some()
    }

    /// Whether values are DNs.
    pub fn is_dn(&self, name: &str) -> bool {
        self.syntax(name) == Some(Syntax::Dn)
    }

    /// Whether values are DNs with an optional UID, `cn=x#'0101'B`.
    pub fn is_name_and_uid(&self, name: &str) -> bool {
        self.syntax(name) == Some(Syntax::NameAndUid)
    }

    /// Whether values are DNs behind other data, `B:8:01020304:CN=x` or `S:1:a:CN=x` (Active Directory).
    pub fn is_dn_with_data(&self, name: &str) -> bool {
        self.syntax(name) == Some(Syntax::DnWithData)
    }

    /// Whether an entry has at most one value; `false` if nothing is known.
    pub fn is_single_valued(&self, name: &str) -> bool {
        self.attributes.find(name).is_some_and(|facts| facts.single_valued)
    }

    /// Name or OID of the equality rule, as spelled; Active Directory names none.
    pub fn equality(&self, name: &str) -> Option<&str> {
        self.inherited(name, |facts| facts.equality.as_deref())
    }

    /// Name or OID of the ordering rule, as spelled; Active Directory names none.
    pub fn ordering(&self, name: &str) -> Option<&str> {
        self.inherited(name, |facts| facts.ordering.as_deref())
    }

    /// The type that an attribute type derives from directly, as spelled.
    pub fn supertype(&self, name: &str) -> Option<&str> {
        self.attributes.find(name)?.superior.as_deref()
    }

    /// Whether it describes all that its server has: what every server has, it describes. Files with a site's own
    /// descriptions do not.
    pub fn is_whole(&self) -> bool {
        self.knows_attribute("objectClass") && self.knows_class("top")
    }

    /// The attribute types, each with its supertype.
    pub fn attribute_types(&self) -> impl Iterator<Item = Described<'_>> {
        self.attributes.all().iter().map(|facts| Described::new(facts, facts.superior.as_slice()))
    }

    /// The object classes, each with the classes that it derives from directly.
    pub fn object_classes(&self) -> impl Iterator<Item = Described<'_>> {
        self.classes.all().iter().map(|facts| Described::new(facts, &facts.superiors))
    }

    /// The equality rule of an attribute type, its own or that of a supertype.
    pub fn equality_rule<'s>(&'s self, name: &'s str) -> Inherited<'s, &'s str> {
        let mut name = name;
        for _ in 0..MAX_DEPTH {
            let Some(facts) = self.attributes.find(name) else { return Inherited::Elsewhere(base_type(name)) };
            match (&facts.equality, &facts.superior) {
                (Some(rule), _) => return Inherited::Said(rule),
                (None, Some(superior)) => name = superior,
                (None, None) => return Inherited::Nothing,
            }
        }
        Inherited::Nothing
    }

    /// Whether an attribute type has an EQUALITY rule, its own or that of a supertype: by its description, else by the
    /// table of [`attribute_types`]; one that neither knows is taken to have one.
    pub fn names_equality(&self, name: &str) -> bool {
        match self.equality_rule(name) {
            Inherited::Said(_) => true,
            Inherited::Nothing => false,
            Inherited::Elsewhere(name) => attribute_types::names_equality(name).unwrap_or(true),
        }
    }

    /// Whether an attribute type is described as one of user applications, so that only object classes allow it.
    pub fn is_user_attribute(&self, name: &str) -> bool {
        self.attributes.find(name).is_some_and(|facts| facts.is_user_attribute)
    }

    /// The names of superiors of an object class, at any height, that are not described.
    pub fn missing_superiors(&self, class: &str) -> Vec<&str> {
        let superiors = self.with_superiors(class).into_iter().flat_map(|class| &class.superiors);
        superiors.map(AsRef::as_ref).filter(|name| !self.knows_class(name)).collect()
    }

    /// The same, and forgets it.
    pub fn take_unreadable(&mut self) -> Vec<Unreadable> {
        std::mem::take(&mut self.unreadable)
    }

    /// Makes what is described so far final: what is added later says nothing of these attribute types and classes.
    pub fn seal(&mut self) {
        self.attributes.seal();
        self.classes.seal();
    }

    /// Whether a client may write it; `true` if nothing is known.
    pub fn is_user_modifiable(&self, name: &str) -> bool {
        !self.attributes.find(name).is_some_and(|facts| facts.read_only)
    }

    /// Whether the server keeps it and another attribute in step (Active Directory).
    pub fn is_linked(&self, name: &str) -> bool {
        self.link(name).is_some()
    }

    /// Which end of a pair of linked attributes it is (Active Directory).
    pub fn link(&self, name: &str) -> Option<Link> {
        self.attributes.find(name)?.link
    }

    /// The attribute types that an entry of a class must have, the class's own first, as spelled.
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

    /// The OID and a name of every attribute type that is described.
    pub fn attribute_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.all().iter().filter_map(|facts| Some((facts.oid(), facts.names_or_oid().next()?)))
    }

    /// All names of the attribute types whose values are DNs, with or without a UID, and that a client may write;
    /// sorted, ignoring case.
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

    /// What an attribute type says, or else the nearest of its supertypes.
    fn inherited<'s, T>(&'s self, name: &str, said: impl Fn(&'s AttributeFacts) -> Option<T>) -> Option<T> {
        let superior = |facts: &&'s AttributeFacts| self.attributes.find(facts.superior.as_deref()?);
        std::iter::successors(self.attributes.find(name), superior).take(MAX_DEPTH).find_map(said)
    }

    /// A class and the classes whose attributes it has, each once, the nearest first.
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

    /// Whether two names are of the same attribute type, as the schema has it or as everybody knows.
    fn same_attribute(&self, a: &str, b: &str) -> bool {
        let b = base_type(b);
        let known = || self.attributes.position(a).is_some_and(|at| self.attributes.position(b) == Some(at));
        same_type(a, b) || known()
    }
}
