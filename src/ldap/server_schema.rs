//! The schema of one directory: the descriptions that are known of it, completed by the built-in tables for its server.
//!
//! | question | answered by the description | without a description |
//! | --- | --- | --- |
//! | Can two values be compared? | EQUALITY, its own or that of a supertype | [`attribute_types`](super::attribute_types); a type that is not in the table can |
//! | Is the attribute type single-valued? | SINGLE-VALUE | [`single_valued`](super::single_valued) |
//! | Does a class require or allow the attribute type? | MUST and MAY of the class and its superiors | [`object_classes`] |
//! | Does only the server write the attribute? | NO-USER-MODIFICATION | [`Server::sets`] |
//!
//! Descriptions come from `--schema` and from the schema entries of exports, see [`Schema`]. If the supertype or superior
//! class that a description names is not described, the tables are asked about it.
//!
//! Whether a server needs an EQUALITY rule is in its [`Profile`]: slapd answers 18 where 389 DS and Active Directory
//! compare values all the same.

use std::sync::Arc;

use super::object_classes::{self, ObjectClass};
use super::schema::Schema;
use super::server::{Profile, Server};

/// The schema of a directory: its server and the descriptions that are known. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServerSchema {
    server: Server,
    described: Arc<Schema>,
}

impl From<Server> for ServerSchema {
    /// The schema of a server without any description.
    fn from(server: Server) -> Self {
        Self { server, described: Arc::default() }
    }
}

impl ServerSchema {
    /// The schema of a server with these descriptions.
    pub fn new(server: Server, described: impl Into<Arc<Schema>>) -> Self {
        Self { server, described: described.into() }
    }

    /// The server whose built-in tables are asked where no description answers.
    pub fn server(&self) -> Server {
        self.server
    }

    /// The facts about the server.
    pub fn profile(&self) -> Profile {
        self.server.profile()
    }

    /// The descriptions that are known.
    pub fn described(&self) -> &Schema {
        &self.described
    }

    /// The descriptions that are known, for shared ownership.
    pub fn shared(&self) -> Arc<Schema> {
        Arc::clone(&self.described)
    }

    /// Whether the server can compare two values of an attribute type. If it cannot, it answers 18 to a change that deletes
    /// one of several values or adds a value to others, and only the whole list of values can be written.
    pub fn compares(&self, attribute_type: &str) -> bool {
        !self.server.profile().needs_equality || self.described.names_equality(attribute_type)
    }

    /// Whether an attribute type is single-valued.
    pub fn takes_one_value(&self, attribute_type: &str) -> bool {
        if self.described.knows_attribute(attribute_type) {
            return self.described.is_single_valued(attribute_type);
        }
        self.server.profile().takes_one_value(attribute_type)
    }

    /// Whether only the server writes an attribute, so that an added entry must not carry it.
    pub fn sets(&self, attribute_type: &str) -> bool {
        self.server.sets(attribute_type) || !self.described.is_user_modifiable(attribute_type)
    }

    /// An object class with all its superiors; `None` if the class or one of its superiors is not known.
    pub fn class<'s>(&'s self, name: &'s str) -> Option<ClassRules<'s>> {
        if !self.described.knows_class(name) {
            return object_classes::find(name).map(ClassRules::Known);
        }
        let superiors = self.described.missing_superiors(name);
        let superiors = superiors.into_iter().map(object_classes::find).collect::<Option<Vec<_>>>()?;
        Some(ClassRules::Described { schema: &self.described, name, superiors })
    }

    /// Whether an attribute type is one that object classes list, so that an entry may have it only if one of its classes
    /// allows it.
    pub fn is_of_a_class(&self, attribute_type: &str) -> bool {
        if self.described.knows_attribute(attribute_type) {
            return self.described.is_user_attribute(attribute_type);
        }
        object_classes::is_of_a_class(attribute_type)
    }
}

/// What an object class and all its superiors require and allow.
#[derive(Clone, Debug)]
pub enum ClassRules<'s> {
    /// The class is described.
    Described {
        /// The descriptions.
        schema: &'s Schema,
        /// The name of the class.
        name: &'s str,
        /// Superiors that are not described and are taken from the table.
        superiors: Vec<&'static ObjectClass>,
    },
    /// The class is in the built-in table only.
    Known(&'static ObjectClass),
}

impl ClassRules<'_> {
    /// The attribute types that an entry of the class must have, spelled as in the schema.
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
