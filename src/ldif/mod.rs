//! LDIF (RFC 2849): logical lines, their grammar, records, and the way back to text.
//!
//! The parts, in the order in which bytes pass through them:
//!
//! | part | takes | gives |
//! | --- | --- | --- |
//! | [`lines`] | a block of text that ends at a record boundary | logical lines: comments dropped, folds undone |
//! | [`grammar`] | one logical line | its name, how the value is written, the value |
//! | [`record`] | the lines between two blank lines | a content record, a change record, or a block that is neither |
//! | [`reader`] | a block | its records, one after the other |
//! | `quick` | a content record as nearly all are | the same, in a fraction of the time |
//! | `seen_names` | the start of a line | what is known of its attribute |
//! | `written` | what stands behind the colon | the value, when it is asked for |
//! | [`convert`] | a change record | an operation of the LDAP model |
//! | [`ChangeReader`] | a block of change records | their operations, one after the other |
//! | [`lint`] | a block | everything that is wrong with it, and the text repaired |
//! | [`writer`] | values | text that every LDIF reader reads back as those values |
//!
//! Everything borrows from the block; only what was folded or base64 is copied. What this reader accepts beyond the
//! RFC, and why, is in `docs/leniency.md`.

mod change_reader;
pub mod convert;
pub mod error;
pub mod grammar;
pub mod lines;
pub mod lint;
mod quick;
pub mod reader;
pub mod record;
mod seen_names;
pub mod writer;
mod written;

pub use change_reader::{ChangeError, ChangeReader, LocatedChange};
pub use error::{LdifError, LdifErrorKind};
pub use quick::AttributeSelection;
pub use reader::{Part, RecordReader, UrlPolicy};
pub use record::{
    AttributeLine, ChangeKind, ChangeRecord, ContentRecord, ControlLine, ModSpec, NonEntry, Record, Text,
};
pub use written::Written;
