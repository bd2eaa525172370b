//! Real servers: the files that `offboard` writes are applied to them with their own tools.
//!
//! Only with the feature `all-tests`. Needs Debian's `slapd`, `ldap-utils`, `python3-ldap`, `389-ds-base`, `ldb-tools`,
//! `python3-samba`, `samba-dsdb-modules`, `samba-ad-provision`, `samba` and `iproute2`; `tests/run` installs them. One
//! test needs root, because Samba's domain controller runs in a network namespace of its own. What is missing fails
//! these tests: a test that skips itself proves nothing.

mod ad_run;
mod compare;
mod days;
mod diff_run;
mod ds389;
mod ds389_facts;
mod equality;
mod guards;
mod lint;
mod managed_entries;
mod operational;
mod plan_run;
mod random_runs;
mod samba;
mod samba_facts;
mod scenarios;
mod search;
mod server;
mod server_owned;
mod simulate_run;
mod slapd;
mod subschema;
mod verify_run;
