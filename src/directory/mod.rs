//! The directory as the exports show it, read entry by entry.

pub mod census;
pub mod references;
pub mod scan;

pub use census::{Census, Place};
pub use scan::{EntryView, Exports, Overlay, Pass, ScanError, scan};
