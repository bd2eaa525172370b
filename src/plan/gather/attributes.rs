//! The attributes that the second reading looks at.

use crate::directory::identity::holders::{IdentifierKind, identifying};
use crate::directory::membership::ways::Holds;
use crate::directory::membership::{self, MEMBERSHIP_ATTRIBUTES};
use crate::directory::references::reference_attributes::{
    ALIASED_OBJECT, BOOK_POINTER_ATTRIBUTES, REFERENCE_ATTRIBUTES,
};
use crate::directory::references::{Form, Treatment};
use crate::ldap::attribute::is_one_of;
use crate::ldap::managed_entries::{MANAGED_BY, MANAGED_ENTRY, has_plug_in};
use crate::ldap::schema::Schema;
use crate::ldap::{AttributeDescription, TypeMap};
use crate::ldif::AttributeSelection;
use crate::policy::{ListedReference, Policy, PolicyError};

/// An attribute whose values name other entries, under a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceAttribute {
    /// The attribute type.
    pub name: String,
    /// The form of its values.
    pub form: Form,
    /// What is done with a value that names a deleted account.
    pub treatment: Treatment,
}

/// The attributes whose values name other entries. If one is listed more than once, the first counts:
///
/// 1. what the policy lists, with the form of `[[reference]]`, of the built-in table or of the schema;
/// 2. the built-in table;
/// 3. what the schema says holds distinguished names, for review.
///
/// An attribute that the policy lists and of which nothing knows the form is refused earlier: see [`of_unknown_form`].
pub fn reference_attributes(policy: &Policy, schema: &Schema) -> Vec<ReferenceAttribute> {
    let known: TypeMap<Form> = REFERENCE_ATTRIBUTES.iter().map(|(name, form, _)| (*name, *form)).collect();
    let form_by_schema = |name: &str| if schema.is_name_and_uid(name) { Form::NameAndUid } else { Form::Name };
    let form_of = |name: &str| known.get(name).unwrap_or_else(|| form_by_schema(name));
    let attribute = |name: &str, form, treatment| ReferenceAttribute { name: name.to_owned(), form, treatment };
    let references = &policy.references;
    let mut all: Vec<ReferenceAttribute> = Vec::new();
    for stated in &references.stated {
        all.push(attribute(stated.attribute.attribute_type(), stated.form, stated.treatment));
    }
    let lists: [(&[AttributeDescription], Treatment); 4] = [
        (&references.leave, Treatment::Leave),
        (&references.remove, Treatment::Remove),
        (&references.reassign, Treatment::Reassign),
        (&references.review, Treatment::Review),
    ];
    for (list, treatment) in lists {
        let names = list.iter().map(AttributeDescription::attribute_type);
        all.extend(names.map(|name| attribute(name, form_of(name), treatment)));
    }
    let server = policy.directory.server;
    let written = REFERENCE_ATTRIBUTES.iter().filter(|(name, ..)| !server.sets(name));
    all.extend(written.map(|(name, form, treatment)| attribute(name, *form, *treatment)));
    all.push(attribute(ALIASED_OBJECT, Form::Name, Treatment::Leave));
    if has_plug_in(server) {
        // A managed entry and its origin name each other by these; the server maintains both.
        all.extend([MANAGED_BY, MANAGED_ENTRY].map(|name| attribute(name, Form::Name, Treatment::Leave)));
    }
    let more = schema.dn_attributes().into_iter().filter(|name| !server.sets(name));
    all.extend(more.map(|name| attribute(name, form_by_schema(name), Treatment::Review)));
    all
}

/// The errors of the attributes that `[references]` lists, and of which neither offboard nor the schema knows the form.
pub fn of_unknown_form(policy: &Policy, schema: &Schema) -> Vec<PolicyError> {
    let unknown = policy.references.of_unknown_form.iter().filter(|listed| {
        let name = listed.attribute.attribute_type();
        !schema.is_dn(name) && !schema.is_name_and_uid(name)
    });
    unknown.map(ListedReference::unknown_form).collect()
}

/// The form and the treatment of a reference attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReferenceUse {
    pub form: Form,
    pub treatment: Treatment,
    /// The values are the members of a group.
    pub lists_members: bool,
}

/// What the pass does with the values of an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttributeUse {
    /// They name other entries.
    pub reference: Option<ReferenceUse>,
    /// They identify the entry itself.
    pub identifies: Option<IdentifierKind>,
    /// They are URLs that select the members of a group.
    pub selects_members: bool,
    /// They are URLs of the address book of the entry.
    pub points_to_book: bool,
}

/// What the pass does with each attribute, and which attributes it reads.
pub(super) struct AttributeUses {
    /// By attribute type.
    pub uses: TypeMap<AttributeUse>,
    /// All attributes that the pass reads.
    pub selection: AttributeSelection,
}

impl AttributeUses {
    /// The uses under a policy; `more` are attributes that the pass reads for other purposes.
    pub fn new(policy: &Policy, schema: &Schema, more: impl IntoIterator<Item = &'static str>) -> Self {
        let references = reference_attributes(policy, schema);
        let reference_uses: TypeMap<ReferenceUse> = references
            .iter()
            .map(|attribute| {
                let lists_members = membership::lists_members(&attribute.name);
                let ReferenceAttribute { name, form, treatment } = attribute;
                (name, ReferenceUse { form: *form, treatment: *treatment, lists_members })
            })
            .collect();
        let mut names: Vec<&str> = references.iter().map(|attribute| attribute.name.as_str()).collect();
        let selecting = MEMBERSHIP_ATTRIBUTES.iter().filter(|(_, holds)| *holds == Holds::Url);
        names.extend(selecting.map(|(name, _)| *name));
        for name in identifying() {
            names.push(name);
        }
        names.extend(BOOK_POINTER_ATTRIBUTES);
        let mut uses: TypeMap<AttributeUse> = TypeMap::default();
        for name in &names {
            let attribute_use = AttributeUse {
                reference: reference_uses.get(name),
                identifies: IdentifierKind::of_attribute(name),
                selects_members: membership::ways::holds(name) == Some(Holds::Url),
                points_to_book: is_one_of(&BOOK_POINTER_ATTRIBUTES, name),
            };
            uses.insert(name, attribute_use);
        }
        for name in more {
            names.push(name);
        }
        let selection = names.into_iter().map(|name| (name, ())).collect();
        Self { uses, selection }
    }
}
