//! LDIF (RFC 2849): reading, checking and writing it.
//!
//! The modules, in the order in which a text passes through them:
//!
//! | module | takes | gives |
//! | --- | --- | --- |
//! | [`lines`] | a block of text that ends at a record boundary | logical lines, without comments and folds |
//! | [`grammar`] | one logical line | the attribute description, the form of the value, the value |
//! | [`record`] | | the types of content records, change records and other blocks |
//! | [`reader`] | a block | its records, one after the other |
//! | `fast_path` | a content record of the common kind | the same record, in a fraction of the time |
//! | `name_cache` | the start of a line | what is already known of its attribute |
//! | `raw_value` | the bytes after the colon | the value, decoded on demand |
//! | [`convert`] | a change record | an operation of the LDAP model |
//! | [`lint`] | a block | every problem in it, and the repaired text |
//! | [`writer`] | entries and changes | text that every LDIF reader reads back as the same entries and changes |
//!
//! Records borrow from the block; only folded and base64 values are copied. `docs/leniency.md` lists what this reader
//! accepts beyond the RFC, and why.

pub mod convert;
pub mod error;
mod fast_path;
pub mod grammar;
pub mod lines;
pub mod lint;
mod name_cache;
mod raw_value;
pub mod reader;
pub mod record;
pub mod writer;

pub use error::{LdifError, LdifErrorKind};
pub use fast_path::AttributeSelection;
pub use raw_value::RawValue;
pub use reader::{PartialRecord, RecordReader, UrlPolicy};
pub use record::{
    AttributeLine, ChangeKind, ChangeRecord, ContentRecord, ControlLine, LdifValue, ModSpec, NonEntry, Record,
};
