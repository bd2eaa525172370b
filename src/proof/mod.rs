//! The proof of a plan, on the files as they are written and the exports as they are read.
//!
//! | check | holds when |
//! | --- | --- |
//! | written | the files, read back, are the plan's operations |
//! | applies | every record applies, in order, to the exports under LDAP's rules |
//! | leaves-first | no entry is deleted while the exports hold a child of it |
//! | no-dangling | afterwards no attribute that is known as a reference names a deleted entry; what the policy has under review is counted, and other attributes are not looked at |
//! | untouched | no record names an entry outside the plan's own list, or a protected one |
//! | undo | after apply and rollback every entry equals its first state; what cannot come back is listed |
//! | settled | planning again from the after-state, on the same day, gives no operation; names of a list follow the moves |
//!
//! It shares with the builders `ldap`, `ldif` and the reading of entries, and nothing else: it works from the text of
//! the files. One pass over the exports collects what the records touch; `settled` makes more, with the after-state
//! laid over the exports.

pub mod apply;
mod around;
mod checks;

pub use checks::{Check, Files, Proof, ProofError, inverses, prove};
