//! What people and servers read: change files, rollback, report, runbook.

pub mod record_json;
