//! `offboard` plans the end of LDAP accounts offline.
//!
//! # The way of the data
//!
//! ```text
//! exports ── io::source ──▶ ldif: logical lines → records ──▶ directory: scan
//!                                                              pass 1  plan::locate   leavers to accounts
//!                                                              pass 2  plan::gather   what names, contains, belongs to them
//! policy, leavers, rosters, vetoes, ───▶ lifecycle: one Decision an account
//! earlier change sets
//!                                                               ▼
//!                                        plan: operations, ordered and limited
//!                                                               ▼
//!                                        render::change_file: change LDIF, rollback, as text
//!                                                               ▼
//!                                        proof: read the text back, apply it to the exports, undo it, plan again
//!                                                               ▼
//!                                        render: report, runbook, plan.json
//!                                                               ▼
//!                                        io::output: one folder, whole or not at all
//! ```
//!
//! Each arrow runs one way. The change files are rendered before the proof, because the proof is about the files.
//! [`ldif`] and [`ldap`] know nothing of the modules below them. Only [`cli`] and [`io`] touch files, the environment,
//! the terminal and the clock; everything between is bytes and values in, values out.
#![forbid(unsafe_code)]

pub mod audit;
pub mod cli;
pub mod diff;
pub mod directory;
pub mod io;
pub mod ldap;
pub mod ldif;
pub mod leavers;
pub mod lifecycle;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod render;
pub mod revert;
pub mod simulate;
pub mod suggestion;
pub mod verify;
