//! `offboard verify`: what it says of a change set that is not applied, applied in part, and edited.

use std::path::Path;

use crate::offboard::{exports, offboard, plan_scenario, stderr};

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

/// The first export is the directory after the rollback of nothing: a set without records is done.
#[test]
fn a_set_without_records_is_done() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("note-marked", &set, &[]);
    assert_eq!(verify(&set, &[], &exports("note-marked")).0, Some(0));
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
