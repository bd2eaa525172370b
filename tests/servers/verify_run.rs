//! `offboard verify` on a real server: applied in part, finished with what it writes, and with refused records.

use std::path::{Path, PathBuf};

use super::compare::assert_same;
use super::runbook::run_block;
use super::server::Server as _;
use super::slapd::{Setup, Slapd};
use super::tools::said;
use crate::offboard::{exports, offboard, plan_scenario, root};

/// The exit status, and the first line.
fn verify(set: &Path, server: &Slapd, place: &Path, name: &str, more: &[&str]) -> (Option<i32>, String) {
    let folder = place.join(name);
    std::fs::create_dir(&folder).unwrap();
    let output = offboard().arg("verify").arg(set).args(more).args(server.export(&folder)).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.stderr.is_empty(), "{}", said(&output));
    (output.status.code(), text)
}

#[test]
fn a_half_applied_set_is_finished() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("three-domains", &set, &[]);
    let files: Vec<PathBuf> = exports("three-domains").iter().map(|file| root().join(file)).collect();
    let server = Slapd::start(Setup::plain(&["o=isp", "o=PiServerDb"]), &files);
    let modify = |options: &str| {
        let line = format!(r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" {options}"#);
        run_block(&set, &line, &server.environment())
    };
    assert!(modify("-f apply/10-status.ldif").status.success());
    assert!(modify("-f apply/30-references.ldif").status.success());

    let left = place.path().join("left.ldif");
    let (status, text) = verify(&set, &server, place.path(), "half", &["--left", left.to_str().unwrap()]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.lines().any(|line| line.starts_with("not-done account ")), "{text}");
    assert!(!text.contains("not-done reference") && !text.contains("not-done mark"), "{text}");

    let output = modify(&format!("-f {}", left.display()));
    assert!(output.status.success(), "{}", said(&output));
    let (status, text) = verify(&set, &server, place.path(), "whole", &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains(" 0 not done, 0 changed meanwhile"), "{text}");

    // Run again, everything is refused; what the server says of each record stands beside it.
    let output = modify("-c -S rejects.ldif -f apply/30-references.ldif");
    assert!(!output.status.success());
    let rejects = set.join("rejects.ldif");
    let (status, text) = verify(&set, &server, place.path(), "again", &["--rejects", rejects.to_str().unwrap()]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("; the server said: No such attribute (16)"), "{text}");
    assert!(!text.contains("are not of this set"), "{text}");
}

/// What `revert` writes takes a server back, as the rollback of the plan does.
#[test]
fn reverted_changes_take_a_server_back() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("three-domains", &set, &[]);
    let files: Vec<PathBuf> = exports("three-domains").iter().map(|file| root().join(file)).collect();
    let server = Slapd::start(Setup::plain(&["o=isp", "o=PiServerDb"]), &files);
    let folder = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    };
    // From what the server itself exports: with entryUUID, so that it comes back as well.
    let before = server.export(&folder("before"));
    let undo = place.path().join("undo.ldif");
    let mut command = offboard();
    command.arg("revert");
    for export in &before {
        command.arg("--export").arg(export);
    }
    let output = command.args(["--relax", "-o"]).arg(&undo).arg(&set).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    let modify = |file: &str| {
        let line = format!(r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f {file}"#);
        let output = run_block(&set, &line, &server.environment());
        assert!(output.status.success(), "{file}: {}", said(&output));
    };
    let mut stages: Vec<PathBuf> =
        std::fs::read_dir(set.join("apply")).unwrap().map(|file| file.unwrap().path()).collect();
    stages.retain(|path| path.extension().is_some_and(|end| end == "ldif"));
    stages.sort();
    for stage in &stages {
        modify(stage.to_str().unwrap());
    }
    modify(undo.to_str().unwrap());
    assert_same(&before, &server.export(&folder("again")));
}
