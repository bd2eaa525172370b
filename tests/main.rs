//! All integration tests, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests say so")]

mod cli;
mod conformance;
mod lint;
mod offboard;
mod scenarios;
mod search;
mod servers;
