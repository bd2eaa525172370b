//! Reports of a plan: a view of it as plain data, and the formats in which the view is written.

pub mod entry_diff;
pub mod html;
pub mod markdown;
mod page;
pub mod view;
mod word_diff;
