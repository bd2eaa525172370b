//! All integration tests, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests say so")]

mod address_books;
mod audit;
mod bad_input;
mod browser;
mod children;
mod cli;
mod conformance;
mod diff;
mod docs;
mod examples;
mod exports;
mod filters;
mod held;
mod injection;
mod links;
mod lint;
mod offboard;
mod packaging;
mod policy;
mod readings;
mod resources;
mod revert;
mod scenarios;
mod schema;
mod schema_files;
mod search;
mod secrets;
mod servers;
mod simulate;
mod trust;
mod verify;
mod waves;
mod writing;
