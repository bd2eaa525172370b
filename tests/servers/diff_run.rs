//! The output of `offboard diff`, applied to a slapd with the entries of BEFORE, gives the entries of AFTER.

use std::path::{Path, PathBuf};

use super::compare::{assert_same, differences};
use super::plan_run::predicted;
use super::server::Server as _;
use super::slapd::{Slapd, SlapdSetup};
use crate::diff::random_pair;
use crate::support::programs::output_text;
use crate::support::runbook::run_block;
use crate::support::{exports, offboard, root, stderr};
use offboard::plan::Guard;

/// Loads BEFORE, applies the difference, and compares the result with AFTER.
fn turns_into(suffixes: &[&str], before: &Path, after: &Path, place: &Path) {
    assert!(!differences(&[before], &[after]).is_empty());
    let output =
        offboard().arg("diff").arg("-o").arg(place.join("change.ldif")).args([before, after]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let server = Slapd::start(SlapdSetup::plain(suffixes), &[before]);
    let command = r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f change.ldif"#;
    let output = run_block(place, command, &server.environment());
    assert!(output.status.success(), "{}", output_text(&output));
    assert_same(&[after], &server.export(place));
}

#[test]
fn a_scenario_before_and_after() {
    let place = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = exports("three-domains").iter().map(|file| root().join(file)).collect();
    // The test's parsers accept one `version:` line only.
    let text = files.iter().map(|file| std::fs::read_to_string(file).unwrap().replace("version: 1\n", ""));
    let text: Vec<String> = text.collect();
    let before = place.path().join("before.ldif");
    std::fs::write(&before, text.join("\n")).unwrap();
    let names = files.iter().map(|file| file.to_str().unwrap().to_owned()).collect::<Vec<_>>();
    let after = predicted("three-domains", &names, Guard::Values, place.path());
    turns_into(&["o=isp", "o=PiServerDb"], &before, &after, place.path());
    std::fs::remove_file(place.path().join("change.ldif")).unwrap();
    turns_into(&["o=isp", "o=PiServerDb"], &after, &before, place.path());
}

#[test]
fn random_pairs() {
    let place = tempfile::tempdir().unwrap();
    let mut texts = ["dn: o=random\nobjectClass: organization\no: random\n\n"; 2].map(str::to_owned);
    for case in 0..400 {
        for (text, more) in texts.iter_mut().zip(random_pair(case)) {
            text.push_str(&more);
        }
    }
    let files = ["before.ldif", "after.ldif"].map(|name| place.path().join(name));
    for (file, text) in files.iter().zip(&texts) {
        std::fs::write(file, text).unwrap();
    }
    turns_into(&["o=random"], &files[0], &files[1], place.path());
}
