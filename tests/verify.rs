//! `offboard verify`: a change set that is not applied, applied in part, or edited.

use std::path::Path;

use crate::support::{export_options, exports, offboard, plan_scenario, root, stderr};

fn verify(set: &Path, more: &[&str], exports: &[String]) -> (Option<i32>, String, String) {
    let output = offboard().arg("verify").arg(set).args(more).args(exports).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap().replace(set.to_str().unwrap(), "SET");
    (output.status.code(), text, stderr(&output).replace(set.to_str().unwrap(), "SET"))
}

#[test]
fn nothing_is_done_yet() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("note-released", &set, &[]);
    let policy = "fixtures/scenarios/note-released/policy.toml";
    let (status, text, _) = verify(&set, &["-p", policy], &exports("note-released"));
    assert_eq!(status, Some(1), "{text}");
    insta::assert_snapshot!("nothing_is_done_yet", text);
}

#[test]
fn as_json() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("note-active", &set, &[]);
    let (_, text, _) = verify(&set, &["--json"], &exports("note-active"));
    insta::assert_snapshot!("as_json", text);
}

/// A set without records is done.
#[test]
fn a_set_without_records_is_done() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("note-disabled", &set, &[]);
    assert_eq!(verify(&set, &[], &exports("note-disabled")).0, Some(0));
}

#[test]
fn an_edited_set_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("note-released", &set, &[]);
    let file = set.join("apply/60-entries.ldif");
    let text = std::fs::read_to_string(&file).unwrap().replace("uid=jsmith", "uid=jsmyth");
    std::fs::write(&file, text).unwrap();
    let (status, text, error) = verify(&set, &[], &exports("note-released"));
    assert_eq!((status, text.as_str()), (Some(2), ""), "{error}");
    insta::assert_snapshot!("an_edited_set_is_refused", error);
}

/// The exports after a change set: in one file, and in one file for each suffix.
fn applied(set: &Path, scenario: &str, suffixes: &[&str]) -> (String, Vec<String>) {
    let place = set.parent().unwrap();
    let after = place.join("applied.ldif");
    let mut simulate = offboard();
    simulate.arg("simulate");
    simulate.args(export_options(&exports(scenario)));
    let output = simulate.arg("-o").arg(&after).arg(set).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let part = |suffix: &&str| {
        let words = ["search", "(objectClass=*)", "--show-secrets", "--base", suffix];
        let output = offboard().args(words).arg(&after).output().unwrap();
        let file = place.join(format!("{}.ldif", suffix.replace('=', "-")));
        std::fs::write(&file, output.stdout).unwrap();
        file.to_str().unwrap().to_owned()
    };
    (after.to_str().unwrap().to_owned(), suffixes.iter().map(part).collect())
}

/// On the exports of the plan no record is done, and `--left` writes every record. This includes records that replace
/// all values.
#[test]
fn nothing_is_done_on_the_exports_of_the_plan() {
    for name in ["every-reference", "note-released", "three-domains", "ad-disable-move-delete"] {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        plan_scenario(name, &set, &[]);
        let left = place.path().join("left.ldif");
        let (status, text, error) = verify(&set, &["--left", left.to_str().unwrap()], &exports(name));
        assert_eq!(status, Some(1), "{name}: {text}{error}");
        assert!(
            text.contains(": nothing done: 0 done, ") && text.contains(", 0 changed by others\n"),
            "{name}: {text}"
        );
        assert!(text.contains("note: these are the exports that the change set was planned from\n"), "{name}: {text}");
        // The records that are left do what the change set does.
        let after = |changes: &Path| {
            let mut simulate = offboard();
            simulate.arg("simulate");
            for export in exports(name) {
                simulate.args(["--export", &export]);
            }
            let server = if name.starts_with("ad-") { "ad" } else { "openldap" };
            let output = simulate.args(["-q", "--for", server]).arg(changes).output().unwrap();
            assert!(output.status.success(), "{name}: {}", stderr(&output));
            output.stdout
        };
        assert!(after(&left) == after(&set), "{name}");
    }
}

/// The exports must cover the parts of the directory that the plan had, in any number of files.
#[test]
fn a_missing_export_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("note-released", &set, &[]);
    let (whole, parts) = applied(&set, "note-released", &["o=root_suffix", "o=PiServerDb"]);
    let (status, text, error) = verify(&set, &[], &[whole]);
    assert_eq!(status, Some(0), "{text}{error}");
    assert_eq!(verify(&set, &[], &parts).0, Some(0));

    let (status, text, error) = verify(&set, &[], &parts[..1]);
    assert_eq!((status, text.as_str()), (Some(3), ""), "{error}");
    insta::assert_snapshot!("a_missing_export_is_refused", error);
    // The address books were not exported again.
    let mixed = [parts[0].clone(), exports("note-released")[1].clone()];
    let (status, text, error) = verify(&set, &[], &mixed);
    assert_eq!((status, text.as_str()), (Some(3), ""), "{error}");
    assert!(error.contains("is an export that the plan was made from, and other exports are newer"), "{error}");
}

/// A change set of an older version does not list the parts of its exports.
#[test]
fn an_older_change_set_is_verified_with_a_note() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("note-released", &set, &[]);
    let (_, parts) = applied(&set, "note-released", &["o=root_suffix", "o=PiServerDb"]);
    edit_plan(&set, |plan| {
        plan["format_version"] = "1.1".into();
        plan["exports"].as_object_mut().unwrap().remove("parts");
    });
    let (status, text, error) = verify(&set, &[], &parts);
    assert_eq!(status, Some(0), "{text}{error}");
    assert!(text.contains("note: an older version of offboard wrote this change set"), "{text}");
    // Without the export of the books their parents are missing too, so the books do not count as deleted.
    let (status, text, _) = verify(&set, &[], &parts[..1]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("not-shown address-book-entry "), "{text}");
    assert!(text.contains(" not shown by these exports\n"), "{text}");
}

/// Changes plan.json, and its sum.
pub fn edit_plan(set: &Path, edit: impl FnOnce(&mut serde_json::Value)) {
    use sha2::{Digest as _, Sha256};
    let path = set.join("plan.json");
    let old = std::fs::read(&path).unwrap();
    let mut plan = serde_json::from_slice(&old).unwrap();
    edit(&mut plan);
    let new = serde_json::to_vec_pretty(&plan).unwrap();
    std::fs::write(&path, &new).unwrap();
    let sum = |bytes: &[u8]| data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    let sums = std::fs::read_to_string(set.join("SHA256SUMS")).unwrap();
    std::fs::write(set.join("SHA256SUMS"), sums.replace(&sum(&old), &sum(&new))).unwrap();
}

/// Plans to disable the account tove of fixtures/verify, and gives the change set.
fn lock(place: &Path, export: &str) -> std::path::PathBuf {
    let set = place.join("set");
    let words = ["plan", "-p", "openldap", "--as-of", "2026-11-21", "--allow-date", "-u", "tove", "-q", "-o"];
    let output = offboard().args(words).arg(&set).arg(export).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    set
}

/// The lock is an operational attribute, which an export without operational attributes does not show.
#[test]
fn an_export_without_operational_attributes_does_not_show_the_lock() {
    let place = tempfile::tempdir().unwrap();
    let set = lock(place.path(), "fixtures/verify/before.ldif");
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let before = std::fs::read_to_string(root().join("fixtures/verify/before.ldif")).unwrap();
    let stamped = |text: &str| {
        text.replace("mail: tove@lab.example\n", "mail: tove@lab.example\ndescription: offboarded 2026-11-21\n")
    };
    let locked = |text: &str| text.replace("sn: Berg\n", "sn: Berg\npwdAccountLockedTime: 000001010000Z\n");
    // With all attributes the record is done.
    let done = write("done.ldif", &locked(&stamped(&before)));
    let (status, text, error) = verify(&set, &[], &[done]);
    assert_eq!(status, Some(0), "{text}{error}");
    // As `ldapsearch` without `+` exports it.
    let user = std::fs::read_to_string(root().join("fixtures/verify/user-attributes.ldif")).unwrap();
    let hidden = write("hidden.ldif", &stamped(&user));
    let left = place.path().join("left.ldif");
    let (status, text, error) =
        verify(&set, &["-p", "openldap", "--left", left.to_str().unwrap()], std::slice::from_ref(&hidden));
    assert_eq!(status, Some(1), "{text}{error}");
    insta::assert_snapshot!(
        "an_export_without_operational_attributes",
        text.replace(place.path().to_str().unwrap(), "PLACE")
    );
    assert!(!std::fs::read_to_string(&left).unwrap().contains("dn: "), "what is not shown is not written again");
    let (_, json, _) = verify(&set, &["--json"], &[hidden]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["not_shown"], &json["changed"]), (&1.into(), &0.into()));
    // Exported by name, without the other operational attributes.
    let named = write("named.ldif", &locked(&stamped(&user)));
    let (status, text, error) = verify(&set, &[], &[named]);
    assert_eq!(status, Some(0), "{text}{error}");
}

/// An export whose timestamps are older than the plan is refused.
#[test]
fn an_export_older_than_the_plan_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let set = lock(place.path(), "fixtures/verify/before.ldif");
    let before = std::fs::read_to_string(root().join("fixtures/verify/before.ldif")).unwrap();
    let export = place.path().join("export.ldif");
    let given = [export.to_str().unwrap().to_owned()];
    std::fs::write(&export, before.replace("20261112140000Z", "20261030120000Z")).unwrap();
    let (status, text, error) = verify(&set, &[], &given);
    assert_eq!((status, text.as_str()), (Some(3), ""), "{error}");
    insta::assert_snapshot!("an_export_older_than_the_plan_is_refused", error);
    std::fs::write(&export, before.replace("20261112140000Z", "20261122120000.5Z")).unwrap();
    assert_eq!(verify(&set, &[], &given).0, Some(1));
}

/// Incomplete exports are refused: a missing entry need not be a deleted one.
#[test]
fn exports_that_are_not_whole_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let set = lock(place.path(), "fixtures/verify/before.ldif");
    let before = std::fs::read_to_string(root().join("fixtures/verify/before.ldif")).unwrap();
    let export = place.path().join("export.ldif");
    let given = [export.to_str().unwrap().to_owned()];
    for (text, expected) in [
        (format!("{before}# search result\nresult: 4 Size limit exceeded\n"), "ended early"),
        (before.replace("mail: tove@", "mail;range=0-1499: tove@"), "list of values is incomplete"),
        ("version: 1\n".to_owned(), "empty"),
        (before.replace("dn: ou=Staff,", "dn: ou=Other,").replace("ou: Staff", "ou: Other"), "missing"),
        (format!("{before}{before}"), "more than once"),
    ] {
        std::fs::write(&export, text).unwrap();
        let (status, text, error) = verify(&set, &[], &given);
        assert_eq!((status, text.as_str()), (Some(3), ""), "{expected}: {error}");
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
