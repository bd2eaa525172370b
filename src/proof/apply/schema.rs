//! What a server's schema refuses, as far as `offboard` knows it without reading one.
//!
//! | refused | code | known from |
//! | --- | --- | --- |
//! | an attribute that only the server writes | 19, 53 | [`server_attributes`](crate::ldap::server_attributes) |
//! | a value that its syntax forbids: empty or not UTF-8 text, a name that is none | 21, 34 | RFC 4517 (3.3.6, 3.3.9) |
//! | a value twice in one modification | 20 | RFC 4511 (4.6) |
//! | a second value of a single-valued attribute | 19, 65, 20 | [`single_valued`](crate::ldap::single_valued) |
//! | an entry without object class | 65 | RFC 4512, 2.4.2 |
//! | another structural class, or none | 69, 65 | [`object_classes`] |
//! | a value of the entry's own name gone | 64, 67 | RFC 4511, 4.6 |
//! | a required attribute gone | 65 | [`object_classes`] |
//! | an attribute that no class of the entry allows | 65 | [`object_classes`] |
//!
//! Where the schema of the directory is known, it says what is required, allowed and single-valued
//! ([`ServerSchema`]). Sites add to their schema. So what is not known is allowed, and what an export shows is allowed on the entry that it
//! shows it on: only what a change makes worse is refused. The classes of Active Directory bear the names of the RFCs'
//! and have other attributes: nothing is asked of them.

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

/// Classes whose kind is another on some servers; see the table in [`object_classes`].
const OF_ANY_KIND: [&str; 4] = ["icsCalendarUser", "posixGroup", "mailGroup", "piLocalBook"];

/// Whether no modify makes one entry of the other: each has one structural class, and they are two (69).
pub fn is_another_structural_class(before: &Entry, after: &Entry) -> bool {
    // The kinds of classes are those of the table, whatever the server.
    let schema = ServerSchema::from(Server::OpenLdap);
    let (before, after) = (Classes::of(before, &schema), Classes::of(after, &schema));
    check_structural(Some(&before), &after) == Err(ResultCode::ObjectClassModsProhibited)
}

/// What is asked of a change on one kind of server.
#[derive(Clone, Copy)]
pub struct Rules<'m> {
    /// The server.
    pub profile: &'m Profile,
    /// Its schema.
    pub schema: &'m ServerSchema,
    /// What is written stood in the exports: a rollback.
    pub stood_before: bool,
    /// The record has the relax rules control, and the server knows it.
    pub is_relaxed: bool,
}

impl<'m> Rules<'m> {
    /// Looks at the modifications alone, as servers do before they look for the entry.
    pub fn check_request(self, entry: Option<&Entry>, modifications: &[Modification]) -> Result<(), ResultCode> {
        for modification in modifications {
            let attribute = entry.and_then(|entry| {
                entry.attributes.iter().find(|attribute| attribute.description == modification.description)
            });
            let there = || attribute.into_iter().flat_map(|attribute| &attribute.values).map(|value| &*value.bytes);
            let is_long = modification.values.len() > LONG_LIST;
            let known: HashSet<&[u8]> = if is_long { there().collect() } else { HashSet::new() };
            let stands = |value: &Value| {
                if is_long { known.contains(&*value.bytes) } else { there().any(|known| *known == *value.bytes) }
            };
            for value in modification.values.iter().filter(|value| !stands(value)) {
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

    /// Looks at the attributes of a new entry alone.
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
        if self.stood_before {
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
        if values.len() > 1 && !self.stood_before && self.schema.takes_one_value(description.attribute_type()) {
            return Err(self.profile.codes.second_value);
        }
        let rule = equality_rule(description.attribute_type());
        let twice = |(at, value): (usize, &Value)| {
            values.iter().take(at).any(|other| matches(rule, &other.bytes, &value.bytes))
        };
        // Members by the thousand are compared with each other only where there is a doubt.
        if values.len() <= LONG_LIST && values.iter().enumerate().any(twice) {
            return Err(ResultCode::AttributeOrValueExists);
        }
        Ok(())
    }

    /// Looks at an entry as a change would leave it; `before` is none for a new one.
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
        if self.profile.enforces_structural_class && !self.stood_before {
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
            if !had_many && !self.stood_before && self.schema.takes_one_value(attribute.description.attribute_type()) {
                return Err(self.profile.codes.second_value);
            }
        }
        Ok(())
    }

    fn check_name(self, before: Option<&Entry>, after: &Entry) -> Result<(), ResultCode> {
        // A server adds the name's values to a new entry that lacks them.
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
            let is_new = !self.stood_before && !classes_before.is_some_and(|before| before.has(class.name));
            for required in class.rules.required() {
                let may_go = self.profile.allows_empty_groups && is_one_of(&["member", "uniqueMember"], required);
                let lost = || before.is_some_and(|entry| has_type(entry, required));
                if !may_go && !has_type(after, required) && (is_new || lost()) {
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
            // What was there is as allowed as it was.
            if same_classes && before.is_some_and(|before| has_type(before, name)) {
                continue;
            }
            if classes.allow(name) || !self.schema.is_of_a_class(name) {
                continue;
            }
            let was_there = before.is_some_and(|entry| has_type(entry, name));
            let was_allowed = classes_before.is_some_and(|before| before.allow(name));
            if if was_there { was_allowed } else { !self.stood_before } {
                return Err(ResultCode::ObjectClassViolation);
            }
        }
        Ok(())
    }
}

/// From here on the values of one modification are looked up and not searched for, and not compared with each other.
const LONG_LIST: usize = 64;

/// Whether two states of an entry have the same attributes and the same classes, so that what the classes ask for is as
/// it was: most modifications, of groups above all.
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
    /// As spelled.
    name: &'m str,
    rules: ClassRules<'m>,
}

/// The object classes of an entry.
struct Classes<'m> {
    all: Vec<Class<'m>>,
    /// Those of the table, which says of what kind they are.
    known: Vec<&'static ObjectClass>,
    /// What a class requires and allows is not known.
    has_unknown: bool,
    /// What kind a class is of is not known.
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

    /// Whether they are the same ones.
    fn are(&self, others: &Self) -> bool {
        self.all.len() == others.all.len() && others.all.iter().all(|class| self.has(class.name))
    }

    fn allow(&self, attribute_type: &str) -> bool {
        self.all.iter().any(|class| class.rules.allows(attribute_type))
    }

    /// The structural classes that no other of the entry derives from; none if it is not known of each what it is.
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
        // It was not known, or not in order as the RFC has it.
        Some(None) => return Ok(()),
        Some(Some(was)) if was.len() != 1 => return Ok(()),
        Some(Some(was)) => was.first().copied(),
        None => None,
    };
    match (was, &now[..]) {
        (None, [_]) => Ok(()),
        (Some(was), [now]) if was == *now => Ok(()),
        (Some(_), [_]) => Err(ResultCode::ObjectClassModsProhibited),
        // None, or several of which none derives from the other.
        _ => Err(ResultCode::ObjectClassViolation),
    }
}
