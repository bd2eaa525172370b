//! Real servers: what `offboard` writes is run against them with their own tools.
//!
//! Needs Debian's `slapd`, `ldap-utils` and `python3-ldap`; `tests/run` installs them. Without them these tests
//! fail and say so: a test that skips itself proves nothing.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: the lints' exemption covers only #[test] functions themselves"
)]

mod compare;
mod plan_run;
mod runbook;
mod scenarios;
mod slapd;
mod tools;
