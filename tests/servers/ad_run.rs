//! Lives of leavers in Active Directory: planned from exports of a Samba domain and applied to it, day by day.
//!
//! The policy and the leavers are those of the scenario `ad-disable-move-delete`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::compare::differences;
use super::plan_run::predicted;
use super::samba::{AdDatabase, ORGANISATION};
use crate::offboard::{inputs, offboard, root, scenario_file, stderr};
use offboard::plan::Guard;

const SCENARIO: &str = "ad-disable-move-delete";

/// A domain with the organisation of the fixture.
pub fn organisation() -> AdDatabase {
    AdDatabase::start(&[root().join("fixtures/servers/ad-content.ldif")])
}

/// Plans for a day from what the domain holds; earlier change sets are given with `--history`.
pub fn plan(database: &AdDatabase, day: &str, folder: &Path, history: &[PathBuf]) -> (PathBuf, Value) {
    let folder = folder.join(day);
    std::fs::create_dir(&folder).unwrap();
    let set = folder.join("set");
    let mut command = offboard();
    command.args(["plan", "--as-of", day, "-p", &scenario_file(SCENARIO, "policy.toml")]);
    command.args(inputs(SCENARIO)).arg("-o").arg(&set);
    for earlier in history {
        command.arg("--history").arg(earlier);
    }
    let output = command.arg(database.export_domain(&folder)).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{day}: {}", stderr(&output));
    let view = serde_json::from_slice(&std::fs::read(set.join("plan.json")).unwrap()).unwrap();
    (set, view)
}

/// Runs the files of a folder of a change set, in order.
pub fn run(database: &AdDatabase, folder: &Path) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "ldif")).collect();
    files.sort();
    for file in &files {
        database.modify(file);
    }
    files.len()
}

/// How two exports differ, but for what Active Directory counts and dates by itself.
pub fn differing(before: &Path, after: &Path) -> Vec<String> {
    const OWN: [&str; 2] = [": usnchanged: ", ": whenchanged: "];
    let found = differences(&[before], &[after]);
    found.into_iter().filter(|line| !OWN.iter().any(|own| line.contains(own))).collect()
}

#[test]
fn a_change_set_does_what_the_proof_says_and_is_undone() {
    let database = organisation();
    let place = tempfile::tempdir().unwrap();
    let export = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        database.export(&folder)
    };
    let before = export("before");
    let (set, _) = plan(&database, "2026-11-21", place.path(), &[]);
    let expected = predicted(SCENARIO, &[before.to_str().unwrap().to_owned()], Guard::Values, place.path());
    assert_eq!(run(&database, &set.join("apply")), 4);
    let found = differing(&expected, &export("after"));
    insta::assert_snapshot!("after_apply", found.join("\n"));
    assert_eq!(run(&database, &set.join("rollback")), 4);
    let found = differing(&before, &export("again"));
    let identity = ["objectguid", "objectsid", "usncreated", "whencreated", "pwdlastset"];
    let lost = |line: &&String| !identity.iter().any(|name| line.contains(&format!(": {name}: ")));
    let found: Vec<&String> = found.iter().filter(lost).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// Marked, moved, deleted after 90 days; nothing is planned twice, and nothing names who is gone.
#[test]
fn from_the_first_day_to_the_last() {
    let database = organisation();
    let place = tempfile::tempdir().unwrap();
    let mut story = String::new();
    let mut sets = Vec::new();
    for day in ["2026-11-21", "2026-11-22", "2027-02-01", "2027-02-20", "2027-02-21"] {
        let (set, view) = plan(&database, day, place.path(), &sets);
        writeln!(story, "{day}").unwrap();
        for account in view["accounts"].as_array().unwrap() {
            let text = |key: &str| account[key].as_str().unwrap_or_default();
            writeln!(story, "  {}: {} ({}) {}", text("leaver"), text("step"), text("reason"), text("due")).unwrap();
        }
        for operation in view["operations"].as_array().unwrap() {
            let text = |key: &str| operation[key].as_str().unwrap_or_default();
            writeln!(story, "    {} {} {}", text("stage"), text("kind"), text("dn")).unwrap();
        }
        if set.join("apply").is_dir() {
            run(&database, &set.join("apply"));
        }
        sets.push(set);
    }
    insta::assert_snapshot!("life", story.replace(ORGANISATION, "(organisation)"));
    let (_, view) = plan(&database, "2027-02-22", place.path(), &sets);
    assert_eq!(view["operations"].as_array().unwrap().len(), 0, "{}", view["operations"]);
    let export = std::fs::read_to_string(database.export_domain(place.path())).unwrap().replace("\n ", "");
    for gone in ["Kowalska", "Okada", "August", "November", "jsmith2"] {
        assert!(!export.contains(gone), "{gone} is still there");
    }
}
