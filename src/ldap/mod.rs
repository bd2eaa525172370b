//! The LDAP data model (RFC 4511, 4512, 4514): names, attributes, entries and changes.
//!
//! Nothing here knows of LDIF, of files or of offboarding. Values are bytes. What was parsed keeps its spelling,
//! because what `offboard` writes must be what the directory holds; comparing goes through keys
//! ([`DnKey`], [`AttributeKey`]) that are normalised once, on construction.

pub mod attribute;
pub mod attribute_types;
pub mod change;
pub mod class_superiors;
pub mod dn;
pub mod dn_key;
mod dn_syntax;
pub mod domain;
pub mod entry;
pub mod filter;
pub mod hex_pairs;
pub mod managed_entries;
pub mod matching;
pub mod name_and_uid;
pub mod object_classes;
pub mod renames;
pub mod result_code;
pub mod schema;
pub mod secrets;
pub mod server;
pub mod server_attributes;
pub mod server_schema;
pub mod single_valued;
pub mod string_prep;
pub mod time;
pub mod type_map;
pub mod url;
pub mod vocabulary;

pub use attribute::{AttributeDescription, AttributeKey};
pub use change::{Change, ChangeRecord, Control, ModOp, Modification};
pub use dn::{Dn, DnError, Rdn};
pub use dn_key::DnKey;
pub use entry::{Attribute, Entry, Origin, Value};
pub use renames::Renames;
pub use result_code::ResultCode;
pub use server::Server;
pub use server_schema::ServerSchema;
pub use type_map::TypeMap;
