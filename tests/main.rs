//! All integration tests, in one binary.
//!
//! `cargo test` needs Rust, a C compiler and a Unix system's basic commands. The feature `all-tests` adds the tests
//! that need servers, a browser, other languages' LDAP libraries or root, and runs those with random input in full
//! length; there a program that is missing fails its tests. `tests/run` installs what they need and switches the
//! feature on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test reports a failure by panicking"
)]

mod address_books;
mod audit;
mod bad_input;
#[cfg(feature = "all-tests")]
mod browser;
mod children;
mod cli;
mod commands;
mod conformance;
mod day;
mod diff;
mod docs;
mod equivalence;
mod examples;
mod exports;
mod filter_errors;
mod filters;
mod folders;
mod guards;
mod held;
mod identifiers;
mod identity;
mod injection;
mod kept;
mod links;
mod lint;
mod membership;
mod oracles;
mod packaging;
mod policy;
mod readings;
mod repeated;
mod resources;
mod restore;
mod revert;
mod scenarios;
mod schema;
mod schema_files;
#[cfg(feature = "all-tests")]
mod schema_validity;
mod search;
mod secret_names;
mod secrets;
#[cfg(feature = "all-tests")]
mod servers;
mod simulate;
mod strip;
mod support;
#[cfg(feature = "all-tests")]
mod system_limits;
mod trust;
mod verify;
mod verify_places;
mod waves;
mod words;
mod writing;
