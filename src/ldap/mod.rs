//! The LDAP data model (RFC 4511, 4512, 4514): names, attributes, entries, changes, filters, schema and servers.
//!
//! This module depends on no other module of the crate: it knows neither LDIF nor files nor offboarding. Values are bytes.
//! Parsed names keep their spelling, because `offboard` writes names as the directory has them. Names are compared by keys
//! ([`DnKey`], [`AttributeKey`]), which are normalised once, on construction.
//!
//! | topic | modules |
//! | --- | --- |
//! | names | [`dn`], [`dn_key`], [`domain`], [`renames`], [`name_and_uid`], [`extended_dn`], [`url`] |
//! | attributes and values | [`attribute`], [`keystring`], [`type_map`], [`matching`], [`string_prep`], [`time`], [`secrets`], [`sid`], [`hex_escapes`] |
//! | entries and changes | [`entry`], [`change`], [`result_code`] |
//! | built-in tables | [`attribute_types`], [`object_classes`], [`class_superiors`], [`single_valued`], [`server_attributes`] |
//! | schema and servers | [`schema`], [`server`], [`server_schema`], [`managed_entries`] |
//! | filters | [`filter`], [`vocabulary`] |

pub mod attribute;
pub mod attribute_types;
pub mod change;
pub mod class_superiors;
pub mod dn;
pub mod dn_key;
mod dn_syntax;
pub mod domain;
pub mod entry;
pub mod extended_dn;
pub mod filter;
pub mod hex_escapes;
pub mod keystring;
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
pub mod sid;
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
