//! What people and servers read: change files, rollback, report, runbook.

pub mod change_file;
pub mod entries;
pub mod hand_offs;
pub mod notice;
pub mod problems;
pub mod record_json;
pub mod report;
pub mod runbook;
pub mod sanitize;
