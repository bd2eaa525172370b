//! `offboard` plans the end of LDAP accounts offline.
//!
//! # Data flow of `offboard plan`
//!
//! ```text
//! LDIF exports ─▶ io::source: bytes ─▶ ldif: records ─▶ directory::scan: entries
//!                                                          reading 1: leavers to accounts
//!                                                          reading 2: references, group members, address books, ...
//!                                                              ▼
//! policy, leavers, rosters, vetoes, history ─▶ lifecycle: a decision for each account
//!                                                              ▼
//!                                              plan: operations, in stages, with limits
//!                                                              ▼
//!                                              render::change_file: change LDIF and rollback, as text
//!                                                              ▼
//!                                              proof: read that text, apply it to the exports, undo it, plan again
//!                                                              ▼
//!                                              render: reports, runbook, notices, plan.json
//!                                                              ▼
//!                                              io::output: a folder with all files, or none
//! ```
//!
//! Data flows in this direction only. The change files are rendered before the proof, because the proof is about the files
//! as they are written.
//!
//! # Modules
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`ldap`] | names, values, schema, filters and changes of the protocol (RFC 4510-4519), and what differs between servers |
//! | [`ldif`] | reading, writing and checking LDIF (RFC 2849) |
//! | [`io`] | files: exports, change sets, digests, output that is complete or absent |
//! | [`directory`] | what exports contain: entries, references, members, structure, what is missing |
//! | [`policy`] | policies and presets |
//! | [`leavers`] | leaver lists and rosters |
//! | [`lifecycle`] | the decision about an account: its state, grace, services |
//! | [`plan`] | from leavers to operations |
//! | [`proof`] | the checks of a plan's change files on the exports |
//! | [`simulate`], [`revert`], [`diff`], [`verify`], [`audit`] | the subcommands of these names |
//! | [`render`] | everything that is written |
//! | [`cli`] | the command line |
//!
//! [`ldap`] and [`ldif`] do not depend on the modules below them in this table. Only [`cli`] and [`io`] touch files, the
//! environment, the terminal and the clock. All other modules take values and return values.
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
