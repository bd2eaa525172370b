//! The directory as the exports show it, read entry by entry.

pub mod census;
pub mod key_hash;
pub mod named;
pub mod references;
pub mod scan;
pub mod search;
pub mod structure;

pub use census::{Census, Place};
pub use scan::{EntryView, Exports, Overlay, Pass, ScanError, scan};
pub use structure::Structure;
