//! What a schema keeps of the descriptions of attribute types and object classes.
//!
//! Two descriptions of the same name are merged. Of single values the first counts; a restriction, or an attribute type in
//! a list, is kept if either description has it. So Active Directory's `attributeSchema` entries add what its `cn=Aggregate`
//! lacks, and an export that is read twice changes nothing.

use std::collections::HashMap;

use super::description::{AttributeTypeDescription, ObjectClassDescription};
use crate::ldap::attribute::base_type;
use crate::ldap::attribute_types::without_oid_prefix;

/// The syntaxes that are distinguished: whether values are names of entries, or octet strings, and how they compare where a description names
/// no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// A DN.
    Dn,
    /// A DN, optionally followed by `#'0101'B` (RFC 4517, 3.3.21).
    NameAndUid,
    /// An integer, such as Active Directory's `LargeInteger`.
    Integer,
    /// Digits and spaces.
    NumericString,
    /// An octet string (RFC 4517, 3.3.25).
    OctetString,
    /// Anything else, Active Directory's `B:32:...:DN` and `S:5:...:DN` included.
    Other,
}

impl Syntax {
    /// The syntax with an OID. 1.2.840.113556.1.4.1221 is OR-Name in the cn=Aggregate of Active Directory.
    fn of(oid: &str) -> Self {
        match oid {
            "1.3.6.1.4.1.1466.115.121.1.12" | "1.2.840.113556.1.4.1221" => Self::Dn,
            "1.3.6.1.4.1.1466.115.121.1.34" => Self::NameAndUid,
            "1.3.6.1.4.1.1466.115.121.1.27" | "1.2.840.113556.1.4.906" => Self::Integer,
            "1.3.6.1.4.1.1466.115.121.1.36" => Self::NumericString,
            // Binary (RFC 2252, 4.3.1) is how older schemas write it.
            "1.3.6.1.4.1.1466.115.121.1.40" | "1.3.6.1.4.1.1466.115.121.1.5" => Self::OctetString,
            _ => Self::Other,
        }
    }
}

/// Names for OIDs, such as `olcObjectIdentifier: NSDSat NetscapeDS:1` in OpenLDAP's cn=config.
#[derive(Clone, Debug, Default)]
pub(super) struct Macros(HashMap<Box<str>, Box<str>>);

impl Macros {
    /// Adds a definition; `None` if the value is not a definition.
    pub(super) fn add(&mut self, value: &[u8]) -> Option<()> {
        let text = str::from_utf8(value).ok()?.trim();
        let text = text.strip_prefix('{').and_then(|text| text.split_once('}')).map_or(text, |(_, text)| text);
        let (name, oid) = text.split_once(|character: char| character.is_ascii_whitespace())?;
        let oid = self.resolve(oid.trim());
        self.0.insert(name.to_ascii_lowercase().into(), oid.into());
        Some(())
    }

    /// The OID that a name or `name:suffix` is defined as; any other text is returned unchanged.
    fn resolve(&self, written: &str) -> String {
        let (name, suffix) = written.split_once(':').map_or((written, None), |(name, suffix)| (name, Some(suffix)));
        match (self.0.get(name.to_ascii_lowercase().as_str()), suffix) {
            (Some(oid), Some(suffix)) => format!("{oid}.{suffix}"),
            (Some(oid), None) => oid.to_string(),
            (None, _) => written.to_owned(),
        }
    }
}

/// What is known of an attribute type.
#[derive(Clone, Debug)]
pub(super) struct AttributeFacts {
    pub(super) oid: Box<str>,
    pub(super) names: Box<[Box<str>]>,
    pub(super) superior: Option<Box<str>>,
    pub(super) equality: Option<Box<str>>,
    pub(super) ordering: Option<Box<str>>,
    /// `None` if the type inherits the syntax of its supertype.
    pub(super) syntax: Option<Syntax>,
    pub(super) single_valued: bool,
    /// Only the server writes the attribute.
    pub(super) read_only: bool,
    /// The attribute is not operational (USAGE userApplications).
    pub(super) is_user_attribute: bool,
}

/// What is known of an object class.
#[derive(Clone, Debug)]
pub(super) struct ClassFacts {
    pub(super) oid: Box<str>,
    pub(super) names: Box<[Box<str>]>,
    pub(super) superiors: Vec<Box<str>>,
    /// Classes whose attributes its entries have although the entries do not belong to these classes (Active Directory).
    pub(super) auxiliaries: Vec<Box<str>>,
    pub(super) must: Vec<Box<str>>,
    pub(super) may: Vec<Box<str>>,
}

fn boxed<T: FromIterator<Box<str>>>(texts: Vec<String>) -> T {
    texts.into_iter().map(String::into_boxed_str).collect()
}

impl AttributeFacts {
    pub(super) fn new(description: AttributeTypeDescription, macros: &Macros) -> Self {
        let syntax = description.syntax.as_deref().map(|oid| Syntax::of(&macros.resolve(oid)));
        Self {
            oid: macros.resolve(&description.oid).into(),
            names: boxed(description.names),
            superior: description.superior.map(String::into_boxed_str),
            equality: description.equality.map(String::into_boxed_str),
            ordering: description.ordering.map(String::into_boxed_str),
            syntax,
            single_valued: description.single_value,
            read_only: description.no_user_modification,
            is_user_attribute: !description.is_operational,
        }
    }
}

impl ClassFacts {
    pub(super) fn new(description: ObjectClassDescription, macros: &Macros) -> Self {
        Self {
            oid: macros.resolve(&description.oid).into(),
            names: boxed(description.names),
            superiors: boxed(description.superiors),
            auxiliaries: Vec::new(),
            must: boxed(description.must),
            may: boxed(description.may),
        }
    }
}

/// A schema element with an OID and names.
pub(super) trait Named {
    fn oid(&self) -> &str;
    fn names(&self) -> &[Box<str>];
    /// Merges another description of the same name into this one.
    fn join(&mut self, other: Self);

    /// The names, or the OID if there is no name.
    fn names_or_oid(&self) -> impl Iterator<Item = &str> {
        let oid = Some(self.oid()).filter(|oid| self.names().is_empty() && !oid.is_empty());
        self.names().iter().map(AsRef::as_ref).chain(oid)
    }
}

impl Named for AttributeFacts {
    fn oid(&self) -> &str {
        &self.oid
    }

    fn names(&self) -> &[Box<str>] {
        &self.names
    }

    fn join(&mut self, other: Self) {
        join_oid(&mut self.oid, other.oid);
        join_names(&mut self.names, other.names);
        self.superior = self.superior.take().or(other.superior);
        self.equality = self.equality.take().or(other.equality);
        self.ordering = self.ordering.take().or(other.ordering);
        self.syntax = self.syntax.or(other.syntax);
        self.single_valued |= other.single_valued;
        self.read_only |= other.read_only;
        self.is_user_attribute &= other.is_user_attribute;
    }
}

impl Named for ClassFacts {
    fn oid(&self) -> &str {
        &self.oid
    }

    fn names(&self) -> &[Box<str>] {
        &self.names
    }

    fn join(&mut self, other: Self) {
        join_oid(&mut self.oid, other.oid);
        join_names(&mut self.names, other.names);
        join_lists(&mut self.superiors, other.superiors);
        join_lists(&mut self.auxiliaries, other.auxiliaries);
        join_lists(&mut self.must, other.must);
        join_lists(&mut self.may, other.may);
    }
}

fn join_names(own: &mut Box<[Box<str>]>, other: Box<[Box<str>]>) {
    let mut all = std::mem::take(own).into_vec();
    join_lists(&mut all, other.into_vec());
    *own = all.into_boxed_slice();
}

fn join_oid(own: &mut Box<str>, other: Box<str>) {
    if own.is_empty() {
        *own = other;
    }
}

fn join_lists(own: &mut Vec<Box<str>>, other: Vec<Box<str>>) {
    for name in other {
        if !own.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            own.push(name);
        }
    }
}

/// Schema elements of one kind, found by any name or OID, ignoring case.
#[derive(Clone, Debug)]
pub(super) struct Catalogue<T> {
    all: Vec<T>,
    by_name: HashMap<Box<str>, usize>,
    /// The number of elements, from the start, that later descriptions do not change.
    sealed: usize,
}

impl<T> Default for Catalogue<T> {
    fn default() -> Self {
        Self { all: Vec::new(), by_name: HashMap::new(), sealed: 0 }
    }
}

impl<T: Named> Catalogue<T> {
    /// Adds an element, or merges it into the element that has one of its names (or its OID, if it has no name).
    pub(super) fn add(&mut self, new: T) {
        let known = new.names_or_oid().find_map(|name| self.position(name));
        let at = if let Some(at) = known {
            if at < self.sealed {
                return;
            }
            self.all[at].join(new);
            at
        } else {
            self.all.push(new);
            self.all.len() - 1
        };
        let item = &self.all[at];
        // The first element with a name keeps the name.
        for name in item.names_or_oid().chain([item.oid()]).filter(|name| !name.is_empty()) {
            self.by_name.entry(key(name).into()).or_insert(at);
        }
    }

    /// Makes the elements so far final: later descriptions do not change them.
    pub(super) fn seal(&mut self) {
        self.sealed = self.all.len();
    }

    /// The index in [`all`](Self::all).
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(key(name).as_str()).copied()
    }

    pub(super) fn find(&self, name: &str) -> Option<&T> {
        self.position(name).and_then(|at| self.all.get(at))
    }

    pub(super) fn all(&self) -> &[T] {
        &self.all
    }
}

/// A name without options and without `OID.`, in lower case.
fn key(name: &str) -> String {
    without_oid_prefix(base_type(name)).to_ascii_lowercase()
}
