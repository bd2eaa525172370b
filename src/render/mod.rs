//! Everything that is written: change files, runbook, reports, notices, and the output of `search`, `lint` and `json`.
//!
//! | module | what it renders |
//! | --- | --- |
//! | [`change_file`] | `apply/*.ldif`, `rollback/*.ldif`, `apply/*.dns` |
//! | [`runbook`] | `RUNBOOK.md` |
//! | [`report`] | `plan.json`, `report.md`, `report.html` |
//! | [`notice`] | `notices/*.eml` |
//! | [`external_commands`] | commands for other systems, in runbook and reports |
//! | [`entries`], [`record_json`], [`problems`] | the output of `search`, `json`, `lint` |
//! | [`sanitize`], [`count`] | values and numbers inside text |
//!
//! Renderers take values and return bytes; they touch no file.

pub mod change_file;
pub mod context;
pub mod count;
pub mod entries;
pub mod external_commands;
pub mod notice;
pub mod problems;
pub mod record_json;
pub mod report;
pub mod runbook;
pub mod sanitize;
