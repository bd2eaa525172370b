//! Real servers: what `offboard` writes is run against them with their own tools.
//!
//! Needs Debian's `slapd`, `ldap-utils`, `python3-ldap`, `389-ds-base`, `ldb-tools`, `python3-samba`,
//! `samba-dsdb-modules`, `samba-ad-provision`, `samba` and `iproute2`; `tests/run` installs them. One test needs root, as
//! Samba's domain controller runs in a network name space of its own. Without them these tests fail and say so: a test
//! that skips itself proves nothing.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: the lints' exemption covers only #[test] functions themselves"
)]

mod ad_run;
mod compare;
mod days;
mod diff_run;
mod ds389;
mod ds389_facts;
mod equality;
mod lint;
mod managed_entries;
mod operational;
mod plan_run;
mod random_runs;
pub mod runbook;
mod samba;
mod samba_facts;
mod scenarios;
mod search;
mod server;
mod server_owned;
mod simulate_run;
mod slapd;
mod subschema;
pub mod tools;
mod verify_run;
