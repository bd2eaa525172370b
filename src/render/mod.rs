//! What people and servers read: change files, rollback, report, runbook.

pub mod change_file;
pub mod counted;
pub mod entries;
pub mod external_commands;
pub mod notice;
pub mod problems;
pub mod record_json;
pub mod report;
pub mod runbook;
pub mod sanitize;
