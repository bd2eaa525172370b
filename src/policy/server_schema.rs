//! What the schema of one directory says: by the descriptions that are known of it, else by the tables for its server.
//!
//! | asked | a description says | else |
//! | --- | --- | --- |
//! | can two values be compared | EQUALITY, its own or that of a supertype | [`attribute_types`](crate::ldap::attribute_types); a type that is not there can |
//! | one value at most | SINGLE-VALUE | [`single_valued`](super::single_valued) |
//! | is an attribute type allowed or required by a class | MUST and MAY of the class and its superiors | [`object_classes`] |
//! | does the server alone write it | NO-USER-MODIFICATION | [`Server::sets`] |
//!
//! Descriptions come from `--schema` and from the schema entries of exports, see [`Schema`]. A description whose supertype
//! or superior class is described nowhere is completed from the tables.
//!
//! Which servers need an EQUALITY rule is a fact of their [`Profile`]: slapd answers 18 where 389 DS and Active Directory
//! compare values by themselves.

use std::sync::Arc;

use super::server::{Profile, Server};
use crate::ldap::object_classes::{self, ObjectClass};
use crate::ldap::schema::Schema;

/// The schema of a directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServerSchema {
    server: Server,
    described: Arc<Schema>,
}

impl From<Server> for ServerSchema {
    /// The schema of a server of which no description is known.
    fn from(server: Server) -> Self {
        Self { server, described: Arc::default() }
    }
}

impl ServerSchema {
    /// The schema of a server with these descriptions.
    pub fn new(server: Server, described: impl Into<Arc<Schema>>) -> Self {
        Self { server, described: described.into() }
    }

    /// The server.
    pub fn server(&self) -> Server {
        self.server
    }

    /// What is known of the server besides its schema.
    pub fn profile(&self) -> Profile {
        self.server.profile()
    }

    /// The descriptions.
    pub fn described(&self) -> &Schema {
        &self.described
    }

    /// The descriptions, shared.
    pub fn shared(&self) -> Arc<Schema> {
        Arc::clone(&self.described)
    }

    /// Whether the server can compare two values of an attribute type: delete one of several values, add a value to
    /// others, evaluate an equality assertion. If not, it answers 18, and only the whole list of values can be written.
    pub fn compares(&self, attribute_type: &str) -> bool {
        !self.server.profile().needs_equality || self.described.names_equality(attribute_type)
    }

    /// Whether an entry has at most one value of an attribute type.
    pub fn takes_one_value(&self, attribute_type: &str) -> bool {
        if self.described.knows_attribute(attribute_type) {
            return self.described.is_single_valued(attribute_type);
        }
        self.server.profile().takes_one_value(attribute_type)
    }

    /// Whether the server writes an attribute by itself, so that no addition may carry it.
    pub fn sets(&self, attribute_type: &str) -> bool {
        self.server.sets(attribute_type) || !self.described.is_user_modifiable(attribute_type)
    }

    /// An object class with all that it derives from; `None` if one of them is not known.
    pub fn class<'s>(&'s self, name: &'s str) -> Option<ClassRules<'s>> {
        if !self.described.knows_class(name) {
            return object_classes::find(name).map(ClassRules::Known);
        }
        let superiors = self.described.missing_superiors(name);
        let superiors = superiors.into_iter().map(object_classes::find).collect::<Option<Vec<_>>>()?;
        Some(ClassRules::Described { schema: &self.described, name, superiors })
    }

    /// Whether a user attribute is one that classes list, so that an entry may have it only by one of its classes.
    pub fn is_of_a_class(&self, attribute_type: &str) -> bool {
        if self.described.knows_attribute(attribute_type) {
            return self.described.is_user_attribute(attribute_type);
        }
        object_classes::is_of_a_class(attribute_type)
    }
}

/// What an object class requires and allows, with all its superiors.
#[derive(Clone, Debug)]
pub enum ClassRules<'s> {
    /// By its description.
    Described {
        /// The descriptions.
        schema: &'s Schema,
        /// Its name.
        name: &'s str,
        /// Superiors that are not described.
        superiors: Vec<&'static ObjectClass>,
    },
    /// By the table.
    Known(&'static ObjectClass),
}

impl ClassRules<'_> {
    /// The attribute types that an entry of the class must have, as spelled.
    pub fn required(&self) -> Vec<&str> {
        match self {
            Self::Described { schema, name, superiors } => {
                let above = superiors.iter().flat_map(|class| class.required());
                schema.must(name).into_iter().chain(above).collect()
            }
            Self::Known(class) => class.required(),
        }
    }

    /// Whether an entry of the class must or may have an attribute type.
    pub fn allows(&self, attribute_type: &str) -> bool {
        match self {
            Self::Described { schema, name, superiors } => {
                schema.allows(name, attribute_type) || superiors.iter().any(|class| class.allows(attribute_type))
            }
            Self::Known(class) => class.allows(attribute_type),
        }
    }
}
