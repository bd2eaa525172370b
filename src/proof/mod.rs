//! The proof of a plan: seven checks on the text of the change files and on the exports.
//!
//! | check | holds when |
//! | --- | --- |
//! | written | the files, read back, are the operations of the plan |
//! | applies | every record of `apply/`, in order, is accepted under the rules of the server |
//! | leaves-first | no entry is deleted while it has children in the exports |
//! | no-dangling | afterwards no known reference attribute names a deleted or moved entry, except listed decision items and what the server or a tool of the site maintains; other attributes are not checked |
//! | untouched | no record changes an entry that is protected or not on the plan's list of entries |
//! | undo | after `apply/` and `rollback/`, every entry is as it was; attributes that cannot be restored are listed |
//! | settled | a second plan, made from the after-state on the same day, has no operation; lists follow the moves |
//!
//! With the code that builds plans the proof shares `ldap`, `ldif`, the reading of entries and the table of reference
//! attributes. It starts from the text of the files, not from the plan's operations. One pass over the exports
//! ([`touched`]) collects the entries that the records change, and a model of the server ([`apply`]) applies the records
//! to them. `settled` reads the exports again, with the after-state in place of the changed entries.

pub mod apply;
mod checks;
mod touched;

pub use checks::{Check, CheckName, Files, LostAttributes, Proof, ProofError, ProofInputs, inverses, prove};
