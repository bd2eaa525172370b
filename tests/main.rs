//! All integration tests, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests say so")]

mod audit;
mod browser;
mod cli;
mod conformance;
mod diff;
mod docs;
mod lint;
mod offboard;
mod packaging;
mod revert;
mod scenarios;
mod schema;
mod search;
mod servers;
mod simulate;
mod verify;
mod waves;
