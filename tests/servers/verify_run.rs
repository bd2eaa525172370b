//! `offboard verify` on a real server: a change set applied in part, finished with the records that `--left` writes,
//! and with refused records.

use std::path::{Path, PathBuf};

use super::compare::assert_same;
use super::server::Server as _;
use super::slapd::{Slapd, SlapdSetup};
use crate::support::programs::output_text;
use crate::support::runbook::run_block;
use crate::support::{AS_OF, exports, inputs, offboard, paths_with, plan_scenario, root, scenario_file};

/// The exit status, and the first line.
fn verify(set: &Path, server: &Slapd, place: &Path, name: &str, more: &[&str]) -> (Option<i32>, String) {
    let folder = place.join(name);
    std::fs::create_dir(&folder).unwrap();
    let output = offboard().arg("verify").arg(set).args(more).args(server.export(&folder)).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.stderr.is_empty(), "{}", output_text(&output));
    (output.status.code(), text)
}

#[test]
fn a_half_applied_set_is_finished() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("three-domains", &set, &[]);
    let files: Vec<PathBuf> = exports("three-domains").iter().map(|file| root().join(file)).collect();
    let server = Slapd::start(SlapdSetup::plain(&["o=isp", "o=PiServerDb"]), &files);
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
    assert!(!text.contains("not-done reference") && !text.contains("not-done disable"), "{text}");

    let output = modify(&format!("-f {}", left.display()));
    assert!(output.status.success(), "{}", output_text(&output));
    let (status, text) = verify(&set, &server, place.path(), "whole", &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains(" 0 not done, 0 changed by others"), "{text}");

    // A second run is refused; the message of the server is shown next to each record.
    let output = modify("-c -S rejects.ldif -f apply/30-references.ldif");
    assert!(!output.status.success());
    let rejects = set.join("rejects.ldif");
    let (status, text) = verify(&set, &server, place.path(), "again", &["--rejects", rejects.to_str().unwrap()]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("; the server's error: No such attribute (16)"), "{text}");
    assert!(!text.contains("not in this change set"), "{text}");
}

/// The output of `revert` restores the content of a server, as the rollback of the plan does.
#[test]
fn reverted_changes_take_a_server_back() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("three-domains", &set, &[]);
    let files: Vec<PathBuf> = exports("three-domains").iter().map(|file| root().join(file)).collect();
    let server = Slapd::start(SlapdSetup::plain(&["o=isp", "o=PiServerDb"]), &files);
    let folder = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    };
    // From the server's own export with entryUUID, so that this is restored as well.
    let before = server.export(&folder("before"));
    let undo = place.path().join("undo.ldif");
    let mut command = offboard();
    command.arg("revert");
    for export in &before {
        command.arg("--export").arg(export);
    }
    let output = command.args(["--relax", "-o"]).arg(&undo).arg(&set).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", output_text(&output));
    let modify = |file: &str| {
        let line = format!(r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f {file}"#);
        let output = run_block(&set, &line, &server.environment());
        assert!(output.status.success(), "{file}: {}", output_text(&output));
    };
    for stage in &paths_with(&set.join("apply"), "ldif") {
        modify(stage.to_str().unwrap());
    }
    modify(undo.to_str().unwrap());
    assert_same(&before, &server.export(&folder("again")));
}

/// Applies every stage of a change set.
fn apply(set: &Path, server: &Slapd) {
    for stage in &paths_with(&set.join("apply"), "ldif") {
        let line = r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f "#;
        let output = run_block(set, &format!("{line}{}", stage.display()), &server.environment());
        assert!(output.status.success(), "{}: {}", stage.display(), output_text(&output));
    }
}

/// With exports of a server: on those of the plan no record is done, on later ones every record. Without one of them,
/// or with an older one, verify refuses.
#[test]
fn exports_that_are_missing_or_from_before() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    for scenario in ["three-domains", "every-reference"] {
        let files: Vec<PathBuf> = exports(scenario).iter().map(|file| root().join(file)).collect();
        let server = Slapd::start(SlapdSetup::plain(&["o=isp", "o=PiServerDb"]), &files);
        let export = |name: &str| {
            let folder = place.path().join(format!("{scenario}-{name}"));
            std::fs::create_dir(&folder).unwrap();
            server.export(&folder)
        };
        let before = export("before");
        let words = [
            "plan",
            "--force",
            "-q",
            "--as-of",
            AS_OF,
            "--allow-date",
            "-p",
            &scenario_file(scenario, "policy.toml"),
            "-o",
        ];
        let output = offboard().args(words).arg(&set).args(inputs(scenario)).args(&before).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", output_text(&output));
        let verify = |files: &[&PathBuf]| {
            let output = offboard().arg("verify").arg(&set).args(files).output().unwrap();
            (output.status.code(), output_text(&output))
        };
        let (status, text) = verify(&[&before[0], &before[1]]);
        assert_eq!(status, Some(1), "{text}");
        assert!(text.contains(": nothing done: 0 done, ") && text.contains(" 0 changed by others"), "{text}");
        apply(&set, &server);
        let after = export("after");
        let (status, text) = verify(&[&after[0], &after[1]]);
        assert_eq!(status, Some(0), "{text}");
        for one in &after {
            let (status, text) = verify(&[one]);
            assert_eq!(status, Some(3), "{text}");
            assert!(text.contains("which the exports of the plan contained"), "{text}");
        }
        for files in [[&after[0], &before[1]], [&before[0], &after[1]]] {
            let (status, text) = verify(&files);
            assert_eq!(status, Some(3), "{text}");
            assert!(text.contains("an export that the plan was made from, and other exports are newer"), "{text}");
        }
    }
}

/// An export by `ldapsearch` without `+` does not show whether an account is locked; one with `+` does.
#[test]
fn the_lock_is_an_operational_attribute() {
    let place = tempfile::tempdir().unwrap();
    let setup = SlapdSetup {
        global: "moduleload ppolicy".to_owned(),
        database: "overlay ppolicy".to_owned(),
        ..SlapdSetup::plain(&["dc=lab,dc=example"])
    };
    let server = Slapd::start(setup, &[root().join("fixtures/verify/user-attributes.ldif")]);
    let search = |name: &str, attributes: &str| {
        let line = r#"ldapsearch -LLL -o ldif-wrap=no -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE""#;
        let line = format!("{line} -b dc=lab,dc=example '(objectClass=*)' {attributes}");
        let output = run_block(place.path(), &line, &server.environment());
        assert!(output.status.success(), "{}", output_text(&output));
        let file = place.path().join(name);
        std::fs::write(&file, output.stdout).unwrap();
        file
    };
    let set = place.path().join("set");
    let before = search("before.ldif", "'*' '+'");
    let words = ["plan", "-q", "--as-of", AS_OF, "--allow-date", "-p", "openldap", "-u", "tove", "-o"];
    let output = offboard().args(words).arg(&set).arg(&before).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", output_text(&output));
    let verify = |file: &Path| {
        let output = offboard().arg("verify").arg(&set).arg(file).output().unwrap();
        (output.status.code(), output_text(&output))
    };
    let (status, text) = verify(&before);
    assert!(status == Some(1) && text.contains("nothing done"), "{text}");
    apply(&set, &server);
    let (status, text) = verify(&search("user.ldif", ""));
    assert!(status == Some(1) && text.contains("1 not shown by these exports"), "{text}");
    assert!(text.contains("0 changed by others") && text.contains("pwdAccountLockedTime"), "{text}");
    let (status, text) = verify(&search("all.ldif", "'*' '+'"));
    assert_eq!(status, Some(0), "{text}");
}
