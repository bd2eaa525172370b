//! The directory as the exports show it.
//!
//! [`scan`] reads the exports entry by entry, and a [`Pass`] keeps what it needs of them.

pub mod by_name;
pub mod census;
pub mod chains;
pub mod extent;
pub mod identity;
pub mod key_hash;
pub mod known_schema;
pub mod membership;
pub mod operational;
pub mod overlay;
pub mod references;
pub mod repeated;
pub mod scan;
pub mod scan_errors;
pub mod search;
pub mod snapshot;
pub mod structure;
pub mod tops;

pub use census::{Census, Place};
pub use known_schema::KnownSchema;
pub use overlay::Overlay;
pub use scan::{EntryView, Exports, Pass, ScanError, scan};
pub use snapshot::ExportsReader;
pub use structure::Structure;
