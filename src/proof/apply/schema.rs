//! What a server refuses because of its schema.
//!
//! | refused | code | source |
//! | --- | --- | --- |
//! | a change of an attribute that only the server writes | 19, 53 | [`server_attributes`](crate::ldap::server_attributes) |
//! | a value that its syntax forbids: text that is empty or not UTF-8, an invalid DN | 21, 34 | RFC 4517 (3.3.6, 3.3.9) |
//! | the same value twice in one modification | 20 | RFC 4511 (4.6) |
//! | a second value of a single-valued attribute | 19, 65, 20 | [`single_valued`](crate::ldap::single_valued) |
//! | an entry without object class | 65 | RFC 4512, 2.4.2 |
//! | another structural class, or none | 69, 65 | [`object_classes`] |
//! | the removal of a value of the RDN | 64, 67 | RFC 4511, 4.6 |
//! | the removal of a required attribute | 65 | [`object_classes`] |
//! | an attribute that no class of the entry allows | 65 | [`object_classes`] |
//!
//! Where the schema of the directory is known ([`ServerSchema`]), it decides what is required, allowed and single-valued.
//! Sites extend their schema, so unknown attributes and classes are allowed, and an entry may keep what it has in the export:
//! only a change that adds a violation is refused. Active Directory gives other attributes to classes with the names of the
//! RFCs, so its classes are not checked.

use std::collections::HashSet;

use crate::ldap::attribute::is_one_of;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::dn::Ava;
use crate::ldap::matching::{MatchingRule, matches};
use crate::ldap::name_and_uid::split_name_and_uid;
use crate::ldap::object_classes::{self, ClassKind, ObjectClass};
use crate::ldap::server::{Profile, SchemaOrigin};
use crate::ldap::server_attributes::{is_read_only, is_writable_with_relax};
use crate::ldap::server_schema::ClassRules;
use crate::ldap::{Attribute, AttributeDescription, Dn, Entry, ModOp, Modification, ResultCode, Value};
use crate::policy::{Server, ServerSchema};

/// Classes whose kind differs between servers; see the table in [`object_classes`].
const OF_ANY_KIND: [&str; 4] = ["icsCalendarUser", "posixGroup", "mailGroup", "piLocalBook"];

/// Whether a modify from one entry to the other would change its structural class, which servers refuse (69).
pub fn changes_structural_class(before: &Entry, after: &Entry) -> bool {
    // The kinds of classes come from the built-in table, which is the same for every server.
    let schema = ServerSchema::from(Server::OpenLdap);
    let (before, after) = (Classes::of(before, &schema), Classes::of(after, &schema));
    check_structural(Some(&before), &after) == Err(ResultCode::ObjectClassModsProhibited)
}

/// The schema checks of one server, for one record.
#[derive(Clone, Copy)]
pub struct SchemaRules<'m> {
    /// How the server behaves.
    pub profile: &'m Profile,
    /// The schema of the server.
    pub schema: &'m ServerSchema,
    /// Whether the record restores what was in the exports, which the server allowed then.
    pub restored_state: bool,
    /// Whether the record has the relax rules control, and the server supports it.
    pub is_relaxed: bool,
}

impl<'m> SchemaRules<'m> {
    /// Checks the modifications alone, as servers do before they look for the entry.
    pub fn check_request(self, entry: Option<&Entry>, modifications: &[Modification]) -> Result<(), ResultCode> {
        for modification in modifications {
            let attribute = entry.and_then(|entry| {
                entry.attributes.iter().find(|attribute| attribute.description == modification.description)
            });
            let present = || attribute.into_iter().flat_map(|attribute| &attribute.values).map(|value| &*value.bytes);
            let is_long = modification.values.len() > LONG_LIST;
            let known: HashSet<&[u8]> = if is_long { present().collect() } else { HashSet::new() };
            let is_present = |value: &Value| {
                if is_long { known.contains(&*value.bytes) } else { present().any(|known| *known == *value.bytes) }
            };
            for value in modification.values.iter().filter(|value| !is_present(value)) {
                self.check_syntax(&modification.description, value)?;
            }
            match modification.op {
                ModOp::Add if modification.values.is_empty() => return Err(ResultCode::ProtocolError),
                ModOp::Add | ModOp::Replace => self.check_list(&modification.description, &modification.values)?,
                ModOp::Delete | ModOp::Increment => {}
            }
        }
        modifications.iter().try_for_each(|modification| self.check_writable(&modification.description))
    }

    /// Checks the attributes of a new entry alone.
    pub fn check_attributes(self, attributes: &[Attribute]) -> Result<(), ResultCode> {
        for attribute in attributes {
            for value in &attribute.values {
                self.check_syntax(&attribute.description, value)?;
            }
            self.check_list(&attribute.description, &attribute.values)?;
        }
        if self.profile.drops_read_only_in_add {
            return Ok(());
        }
        attributes.iter().try_for_each(|attribute| self.check_writable(&attribute.description))
    }

    fn check_writable(self, description: &AttributeDescription) -> Result<(), ResultCode> {
        let name = description.attribute_type();
        let is_taken = self.is_relaxed && is_writable_with_relax(name);
        if is_read_only(self.profile.server, name) && !is_taken { Err(self.profile.codes.read_only) } else { Ok(()) }
    }

    fn check_syntax(self, description: &AttributeDescription, value: &Value) -> Result<(), ResultCode> {
        if self.restored_state {
            return Ok(());
        }
        if value.bytes.is_empty() && self.profile.schema == SchemaOrigin::ActiveDirectory {
            return Err(ResultCode::InvalidAttributeSyntax);
        }
        let is_text = || !value.bytes.is_empty() && std::str::from_utf8(&value.bytes).is_ok();
        let is_name = |name: &[u8]| Dn::parse(name).is_ok();
        match equality_rule(description.attribute_type()) {
            MatchingRule::CaseIgnore | MatchingRule::CaseExact if !is_text() => Err(ResultCode::InvalidAttributeSyntax),
            MatchingRule::DistinguishedName if !is_name(&value.bytes) => Err(self.profile.codes.invalid_dn),
            MatchingRule::NameAndOptionalUid if !is_name(split_name_and_uid(&value.bytes).0) => {
                Err(self.profile.codes.invalid_dn)
            }
            _ => Ok(()),
        }
    }

    fn check_list(self, description: &AttributeDescription, values: &[Value]) -> Result<(), ResultCode> {
        if values.len() > 1 && !self.restored_state && self.schema.takes_one_value(description.attribute_type()) {
            return Err(self.profile.codes.second_value);
        }
        let rule = equality_rule(description.attribute_type());
        let twice = |(at, value): (usize, &Value)| {
            values.iter().take(at).any(|other| matches(rule, &other.bytes, &value.bytes))
        };
        // Comparing all pairs of a long list would be too slow, so repeated values in it are not found.
        if values.len() <= LONG_LIST && values.iter().enumerate().any(twice) {
            return Err(ResultCode::AttributeOrValueExists);
        }
        Ok(())
    }

    /// Checks an entry as a change would leave it; `before` is `None` for a new entry.
    pub fn check_entry(self, before: Option<&Entry>, after: &Entry) -> Result<(), ResultCode> {
        self.check_single(before, after)?;
        if before.is_some_and(|before| has_same_shape(before, after)) {
            return self.check_name(before, after);
        }
        if after.values("objectClass").next().is_none() {
            return Err(ResultCode::ObjectClassViolation);
        }
        let classes = Classes::of(after, self.schema);
        let classes_before = before.map(|before| Classes::of(before, self.schema));
        if self.profile.enforces_structural_class && !self.restored_state {
            check_structural(classes_before.as_ref(), &classes)?;
        }
        self.check_name(before, after)?;
        if self.profile.schema == SchemaOrigin::ActiveDirectory {
            return Ok(());
        }
        self.check_required(before, after, classes_before.as_ref(), &classes)?;
        self.check_allowed(before, after, classes_before.as_ref(), &classes)
    }

    fn check_single(self, before: Option<&Entry>, after: &Entry) -> Result<(), ResultCode> {
        let many = |attribute: &&Attribute| attribute.values.len() > 1;
        for attribute in after.attributes.iter().filter(many) {
            let same = |other: &&Attribute| other.description == attribute.description;
            let had_many = before.is_some_and(|entry| entry.attributes.iter().filter(same).any(|other| many(&other)));
            if !had_many && !self.restored_state && self.schema.takes_one_value(attribute.description.attribute_type())
            {
                return Err(self.profile.codes.second_value);
            }
        }
        Ok(())
    }

    fn check_name(self, before: Option<&Entry>, after: &Entry) -> Result<(), ResultCode> {
        // A server adds missing values of the RDN to a new entry.
        let Some(before) = before else { return Ok(()) };
        let rdn = after.dn.rdn().map_or(&[][..], |rdn| rdn.avas());
        let keeps = |ava: &Ava| {
            let rule = equality_rule(&ava.attribute_type);
            let has =
                |entry: &Entry| entry.values(&ava.attribute_type).any(|value| matches(rule, &value.bytes, &ava.value));
            has(after) || !has(before)
        };
        if rdn.iter().all(keeps) { Ok(()) } else { Err(self.profile.codes.naming_value) }
    }

    fn check_required(
        self,
        before: Option<&Entry>,
        after: &Entry,
        classes_before: Option<&Classes<'m>>,
        classes: &Classes<'m>,
    ) -> Result<(), ResultCode> {
        for class in &classes.all {
            let is_new = !self.restored_state && !classes_before.is_some_and(|before| before.has(class.name));
            for required in class.rules.required() {
                let is_optional = self.profile.allows_empty_groups && is_one_of(&["member", "uniqueMember"], required);
                let lost = || before.is_some_and(|entry| has_type(entry, required));
                if !is_optional && !has_type(after, required) && (is_new || lost()) {
                    return Err(ResultCode::ObjectClassViolation);
                }
            }
        }
        Ok(())
    }

    fn check_allowed(
        self,
        before: Option<&Entry>,
        after: &Entry,
        classes_before: Option<&Classes<'m>>,
        classes: &Classes<'m>,
    ) -> Result<(), ResultCode> {
        if classes.has_unknown {
            return Ok(());
        }
        let same_classes = classes_before.is_some_and(|before| before.are(classes));
        for attribute in &after.attributes {
            let name = attribute.description.attribute_type();
            // The classes have not changed, so an attribute that the entry had is still allowed or not.
            if same_classes && before.is_some_and(|before| has_type(before, name)) {
                continue;
            }
            if classes.allow(name) || !self.schema.is_of_a_class(name) {
                continue;
            }
            let was_there = before.is_some_and(|entry| has_type(entry, name));
            let was_allowed = classes_before.is_some_and(|before| before.allow(name));
            if if was_there { was_allowed } else { !self.restored_state } {
                return Err(ResultCode::ObjectClassViolation);
            }
        }
        Ok(())
    }
}

/// Lists with more values than this are looked up in a hash set, and their values are not compared with each other.
const LONG_LIST: usize = 64;

/// Whether two states of an entry have the same attributes and the same classes, so that the classes need no new check.
///
/// This is the case for most modifications, above all of groups.
fn has_same_shape(before: &Entry, after: &Entry) -> bool {
    before.attributes.len() == after.attributes.len()
        && before.attributes.iter().zip(&after.attributes).all(|(old, new)| {
            let is_class = new.description.is_type("objectClass");
            old.description == new.description
                && !old.values.is_empty()
                && !new.values.is_empty()
                && (!is_class || old.values == new.values)
        })
}

fn has_type(entry: &Entry, name: &str) -> bool {
    entry.attributes.iter().any(|attribute| attribute.description.is_type(name) && !attribute.values.is_empty())
}

/// One of the object classes of an entry.
struct Class<'m> {
    /// Its name, as spelled in the entry.
    name: &'m str,
    rules: ClassRules<'m>,
}

/// The object classes of an entry.
struct Classes<'m> {
    all: Vec<Class<'m>>,
    /// Those of the built-in table, which has their kinds.
    known: Vec<&'static ObjectClass>,
    /// Whether one of the classes is in no schema, so that what it requires and allows is unknown.
    has_unknown: bool,
    /// Whether the kind of one of the classes is unknown.
    has_unknown_kind: bool,
}

impl<'m> Classes<'m> {
    fn of(entry: &'m Entry, schema: &'m ServerSchema) -> Self {
        let mut classes = Self { all: Vec::new(), known: Vec::new(), has_unknown: false, has_unknown_kind: false };
        for value in entry.values("objectClass") {
            let name = std::str::from_utf8(&value.bytes).unwrap_or_default();
            match schema.class(name) {
                Some(rules) => classes.all.push(Class { name, rules }),
                None => classes.has_unknown = true,
            }
            match object_classes::find(name) {
                Some(known) => classes.known.push(known),
                None => classes.has_unknown_kind = true,
            }
        }
        classes
    }

    fn has(&self, name: &str) -> bool {
        self.all.iter().any(|class| object_classes::same_class(class.name, name))
    }

    /// Whether both entries have the same classes.
    fn are(&self, others: &Self) -> bool {
        self.all.len() == others.all.len() && others.all.iter().all(|class| self.has(class.name))
    }

    fn allow(&self, attribute_type: &str) -> bool {
        self.all.iter().any(|class| class.rules.allows(attribute_type))
    }

    /// The structural classes from which no other class of the entry derives; `None` if the kind of a class is unknown.
    fn structural(&self) -> Option<Vec<&'static ObjectClass>> {
        let of_any_kind = |class: &&'static ObjectClass| OF_ANY_KIND.iter().any(|name| class.has_name(name));
        if self.has_unknown_kind || self.known.iter().any(of_any_kind) {
            return None;
        }
        let structural = || self.known.iter().filter(|class| class.kind == ClassKind::Structural);
        let is_above = |class: &ObjectClass| structural().any(|other| *other != class && other.derives_from(class));
        Some(structural().filter(|class| !is_above(class)).copied().collect())
    }
}

fn check_structural(before: Option<&Classes<'_>>, after: &Classes<'_>) -> Result<(), ResultCode> {
    let Some(now) = after.structural() else { return Ok(()) };
    let was = match before.map(Classes::structural) {
        // The structural class was unknown, or not exactly one as RFC 4512 requires.
        Some(None) => return Ok(()),
        Some(Some(was)) if was.len() != 1 => return Ok(()),
        Some(Some(was)) => was.first().copied(),
        None => None,
    };
    match (was, &now[..]) {
        (None, [_]) => Ok(()),
        (Some(was), [now]) if was == *now => Ok(()),
        (Some(_), [_]) => Err(ResultCode::ObjectClassModsProhibited),
        // No structural class, or several that do not derive from each other.
        _ => Err(ResultCode::ObjectClassViolation),
    }
}
