//! References: the attributes whose values name other entries, the forms of these values, and the index that finds whom a
//! value names.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`reference_attributes`] | the table of known attributes: the form of the values, and what is done by default |
//! | [`form`] | the forms: how a value is matched, renamed and reassigned |
//! | [`subject_index`] | the accounts and dependents that are searched for, by every identifier that can name them |
//! | [`embedded_references`] | names inside URLs, filters and access rules |
//!
//! Which other entries have the same identifier, and which of them a value means: [`holders`](super::identity::holders).

pub mod embedded_references;
pub mod form;
pub mod reference_attributes;
pub mod subject_index;

pub use form::{Form, Renaming, Successor, Treatment, named_dn};
pub use subject_index::{MatchKind, SubjectIndex, SubjectMatch};
