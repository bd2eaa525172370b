//! What the export commands of docs/procedures.md show on real servers, and what a plan makes of it.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::ds389::{self, Ds389};
use super::runbook::run_block;
use super::server::Server;
use super::slapd::{self, Slapd};
use super::tools::said;
use crate::offboard::{AS_OF, offboard, root, stderr};

/// Exports by `ldapsearch`, asking for these attributes.
fn search(server: &impl Server, place: &Path, attributes: &str) -> PathBuf {
    let command = format!(
        r#"ldapsearch -LLL -o ldif-wrap=no -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -b o=mill '(objectClass=*)' {attributes} > search.ldif"#
    );
    let output = run_block(place, &command, &server.environment());
    assert!(output.status.success(), "{}", said(&output));
    place.join("search.ldif")
}

fn plan(place: &Path, policy: &str, as_of: &str, more: &[&str], exports: &[PathBuf]) -> Output {
    let (file, set) = (place.join("policy.toml"), place.join("set"));
    std::fs::write(&file, policy).unwrap();
    let _ = std::fs::remove_dir_all(&set);
    let mut command = offboard();
    command.args(["plan", "--as-of", as_of, "-u", "ines", "-p"]).arg(&file).arg("-o").arg(&set);
    command.args(more).args(exports).output().unwrap()
}

/// Disables ines from one export, and plans again two months later: from an export without operational attributes that is
/// refused, with them she is deleted, whichever way they were exported.
fn disabled_and_deleted(server: &impl Server, preset: &str, first: &str) {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let policy = format!("preset = \"{preset}\"\n");
    let export = search(server, place, first);
    let output = plan(place, &policy, AS_OF, &[], &[export]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let apply = r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f set/apply/10-status.ldif"#;
    let output = run_block(place, apply, &server.environment());
    assert!(output.status.success(), "{}", said(&output));
    for attributes in ["", "'*'"] {
        let export = search(server, place, attributes);
        let output = plan(place, &policy, "2027-02-01", &[], std::slice::from_ref(&export));
        assert_eq!(output.status.code(), Some(3), "{attributes}: {}", stderr(&output));
        let output = plan(place, &policy, "2027-02-01", &["--accept-incomplete", "operational"], &[export]);
        assert!(output.status.code() == Some(1) && stderr(&output).contains("1 held"), "{}", stderr(&output));
    }
    let searched = search(server, place, "'*' '+'");
    for exports in [vec![searched], server.export(place)] {
        let output = plan(place, &policy, "2027-02-01", &[], &exports);
        let told = stderr(&output);
        assert!(told.contains("1 deleted") && !told.contains("not shown"), "{exports:?}: {told}");
    }
}

#[test]
fn slapd_with_a_password_policy() {
    let setup = slapd::Setup {
        suffixes: vec!["o=mill".to_owned()],
        global: "moduleload ppolicy".to_owned(),
        database: "overlay ppolicy".to_owned(),
    };
    let server = Slapd::start(setup, &[root().join("fixtures/operational/user.ldif")]);
    // The lock is not shown, but slapd would refuse a second one.
    disabled_and_deleted(&server, "openldap", "");
}

#[test]
fn directory_server_389() {
    let server = Ds389::start(ds389::Setup::plain(&["o=mill"]), &[root().join("fixtures/operational/user.ldif")]);
    disabled_and_deleted(&server, "389ds", "'*' '+'");
}
