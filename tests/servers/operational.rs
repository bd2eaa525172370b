//! The export commands of docs/procedures.md on real servers, and plans from their output.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::ds389::{self, Ds389};
use super::server::Server;
use super::slapd::{self, Slapd};
use crate::support::programs::{output_text, program, succeed};
use crate::support::runbook::run_block;
use crate::support::{AS_OF, offboard, root, stderr};

/// Exports these attributes with `ldapsearch`.
fn search(server: &impl Server, place: &Path, attributes: &str) -> PathBuf {
    let command = format!(
        r#"ldapsearch -LLL -o ldif-wrap=no -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -b o=mill '(objectClass=*)' {attributes} > search.ldif"#
    );
    let output = run_block(place, &command, &server.environment());
    assert!(output.status.success(), "{}", output_text(&output));
    place.join("search.ldif")
}

fn plan(place: &Path, policy: &str, as_of: &str, more: &[&str], exports: &[PathBuf]) -> Output {
    let (file, set) = (place.join("policy.toml"), place.join("set"));
    std::fs::write(&file, policy).unwrap();
    let _ = std::fs::remove_dir_all(&set);
    let mut command = offboard();
    command.args(["plan", "--as-of", as_of, "--allow-date", "-u", "ines", "-p"]).arg(&file).arg("-o").arg(&set);
    command.args(more).args(exports).output().unwrap()
}

/// Disables ines, and plans again two months later. From an export without operational attributes the plan is refused;
/// with them, exported in any way, she is deleted.
fn disabled_and_deleted(server: &impl Server, preset: &str, first: &str) {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let policy = format!("preset = \"{preset}\"\n");
    let export = search(server, place, first);
    let output = plan(place, &policy, AS_OF, &[], &[export]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let apply = r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f set/apply/10-status.ldif"#;
    let output = run_block(place, apply, &server.environment());
    assert!(output.status.success(), "{}", output_text(&output));
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
        assert!(told.contains("1 deleted") && !told.contains("not in the exports"), "{exports:?}: {told}");
    }
}

#[test]
fn slapd_with_a_password_policy() {
    let setup = slapd::SlapdSetup {
        suffixes: vec!["o=mill".to_owned()],
        global: "moduleload ppolicy".to_owned(),
        database: "overlay ppolicy".to_owned(),
    };
    let server = Slapd::start(setup, &[root().join("fixtures/operational/user.ldif")]);
    // The lock is not exported, and slapd would refuse a second one.
    disabled_and_deleted(&server, "openldap", "");
}

/// Attributes that a policy adds to the preset do not replace the preset's lock: the disabled account cannot bind.
#[test]
fn a_lock_beside_another_attribute_refuses_a_bind() {
    for (policy, refused) in [
        ("[disable.replace]\nemployeeType = \"left\"\n", true),
        ("[disable]\nreplace = { employeeType = \"left\" }\n", true),
        ("disable.replace.employeeType = \"left\"\n", true),
        ("[disable.replace]\npwdAccountLockedTime = false\nemployeeType = \"left\"\n", false),
    ] {
        let setup = slapd::SlapdSetup {
            suffixes: vec!["o=mill".to_owned()],
            global: "moduleload ppolicy".to_owned(),
            database: "overlay ppolicy\nppolicy_default cn=policy,o=mill".to_owned(),
        };
        let place = tempfile::tempdir().unwrap();
        let place = place.path();
        let locking = place.join("policy.ldif");
        let text = "dn: cn=policy,o=mill\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy\n\
                    pwdAttribute: userPassword\npwdLockout: TRUE\n";
        std::fs::write(&locking, text).unwrap();
        let server = Slapd::start(setup, &[root().join("fixtures/operational/user.ldif"), locking]);
        let ines = "uid=ines,ou=People,o=mill";
        let change = place.join("change.ldif");
        let password = format!("dn: {ines}\nchangetype: modify\nreplace: userPassword\nuserPassword: open\n-\n");
        std::fs::write(&change, password).unwrap();
        succeed(server.client("ldapmodify").arg("-f").arg(&change));
        let [(_, uri), ..] = server.environment();
        let binds = || {
            let mut command = std::process::Command::new(program("ldapsearch", "ldap-utils"));
            command.args(["-x", "-D", ines, "-w", "open", "-s", "base", "-b", "", "1.1", "-H"]).arg(&uri);
            command.output().unwrap().status.success()
        };
        assert!(binds(), "{policy}");
        let export = search(&server, place, "'*' '+'");
        let output = plan(place, &format!("preset = \"openldap\"\n{policy}"), AS_OF, &[], &[export]);
        assert_eq!(output.status.code(), Some(0), "{policy}: {}", stderr(&output));
        succeed(server.client("ldapmodify").arg("-f").arg(place.join("set/apply/10-status.ldif")));
        assert_eq!(binds(), !refused, "{policy}");
    }
}

#[test]
fn directory_server_389() {
    let server = Ds389::start(ds389::Ds389Setup::plain(&["o=mill"]), &[root().join("fixtures/operational/user.ldif")]);
    disabled_and_deleted(&server, "389ds", "");
}

/// `true` next to `false` leaves an account of 389 DS open. From an export that shows neither value, the lock is added
/// and replaced: `false` is removed, and an existing lock is neither written again nor removed by the rollback.
#[test]
fn a_lock_that_is_not_shown_on_389() {
    for (value, status) in [("false", 0), ("true", 20)] {
        let server =
            Ds389::start(ds389::Ds389Setup::plain(&["o=mill"]), &[root().join("fixtures/operational/user.ldif")]);
        let place = tempfile::tempdir().unwrap();
        let place = place.path();
        let change = place.join("change.ldif");
        let ines = "uid=ines,ou=People,o=mill";
        std::fs::write(
            &change,
            format!("dn: {ines}\nchangetype: modify\nadd: nsAccountLock\nnsAccountLock: {value}\n-\n"),
        )
        .unwrap();
        succeed(server.client("ldapmodify").arg("-f").arg(&change));
        let export = search(&server, place, "");
        let output = plan(place, "preset = \"389ds\"\n", AS_OF, &[], &[export]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let output =
            server.client("ldapmodify").arg("-f").arg(place.join("set/apply/10-status.ldif")).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{value}: {}", output_text(&output));
        let mut command = server.client("ldapsearch");
        command.args(["-LLL", "-s", "base", "-b", ines, "(objectClass=*)", "nsAccountLock"]);
        let text = String::from_utf8(succeed(&mut command).stdout).unwrap();
        assert_eq!(text.matches("nsAccountLock: ").count(), 1, "{value}: {text}");
        assert!(text.contains("nsAccountLock: true"), "{value}: {text}");
    }
}
