//! `offboard audit`: what it finds, as text and as JSON.

use crate::offboard::{AS_OF, offboard, scenario_file, stderr};

fn audit(policy: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = offboard().args(["audit", "--as-of", AS_OF, "-p", policy]).args(more).output().unwrap();
    assert_eq!(stderr(&output), "");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn one_of_each() {
    let (status, text) = audit("fixtures/audit/policy.toml", &["fixtures/audit/odd.ldif"]);
    assert_eq!(status, Some(1));
    insta::assert_snapshot!("one_of_each", text);
}

#[test]
fn rosters_and_accounts() {
    let file = |name: &str| scenario_file("moss-rosters", name);
    let rosters = [format!("north={}", file("roster-north.csv")), format!("south={}", file("roster-south.ldif"))];
    let more = ["--roster", &rosters[0], "--roster", &rosters[1], "--json", &file("export.ldif")];
    let (status, text) = audit(&file("policy.toml"), &more);
    assert_eq!(status, Some(1));
    insta::assert_snapshot!("rosters_and_accounts", text);
}

#[test]
fn nothing_odd() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    std::fs::write(&export, "dn: o=isp\nobjectClass: organization\no: isp\n").unwrap();
    let (status, text) = audit("fixtures/audit/policy.toml", &[export.to_str().unwrap()]);
    assert_eq!((status, text.as_str()), (Some(0), "1 entries on 2026-11-21: nothing found\n"));
}
