//! The report: a frozen view of a plan, and the forms in which it is written.

pub mod diff;
pub mod html;
pub mod markdown;
pub mod view;
pub mod words;
