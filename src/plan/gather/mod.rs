//! The second reading: every entry that is related to the subjects of a plan. A [`Query`] in, [`Gathered`] out.
//!
//! | module | holds |
//! | --- | --- |
//! | [`query`] | what to look for; each topic of a plan contributes one, and they are merged |
//! | [`attributes`] | the reference attributes under a policy, and what the pass does with the values of each attribute |
//! | [`pass`] | the pass over all entries |
//! | [`gathered`] | what it keeps |

pub mod attributes;
pub mod dynamic_group;
pub mod gathered;
pub mod pass;
pub mod query;

pub use gathered::{DynamicGroup, Gathered, GroupNesting, Reference, RelatedEntry, UnlistedMembers, ValuePosition};
pub use pass::{GatherPass, RetainedGather};
pub use query::{DynamicMember, Query};
