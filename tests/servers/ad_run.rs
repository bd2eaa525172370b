//! Leavers in Active Directory over several days: planned from exports of a Samba domain and applied to it.
//!
//! Policy and leavers are those of the scenario `ad-disable-move-delete`; in `ad-references` every kind of reference
//! names the leaver.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::compare::differences;
use super::plan_run::{follow, predicted};
use super::samba::{AdController, AdDatabase, ORGANISATION};
use super::server::Server as _;
use crate::support::{AS_OF, inputs, offboard, paths_with, root, scenario_file, stderr};
use offboard::ldif::{Record, RecordReader, UrlPolicy};
use offboard::plan::Guard;

const SCENARIO: &str = "ad-disable-move-delete";

/// A domain with the entries of the fixture.
pub fn organisation() -> AdDatabase {
    AdDatabase::start(&[root().join("fixtures/servers/ad-content.ldif")])
}

/// Plans for a day from an export of the domain, with earlier change sets as `--history`.
pub fn plan(database: &AdDatabase, day: &str, folder: &Path, history: &[PathBuf]) -> (PathBuf, Value) {
    plan_of(SCENARIO, database, day, folder, history)
}

/// [`plan`] with the policy and leavers of another scenario.
fn plan_of(scenario: &str, database: &AdDatabase, day: &str, folder: &Path, history: &[PathBuf]) -> (PathBuf, Value) {
    let folder = folder.join(day);
    std::fs::create_dir(&folder).unwrap();
    let set = folder.join("set");
    let mut command = offboard();
    command.args(["plan", "--as-of", day, "--allow-date", "-p", &scenario_file(scenario, "policy.toml")]);
    command.args(inputs(scenario)).arg("-o").arg(&set);
    for earlier in history {
        command.arg("--history").arg(earlier);
    }
    let output = command.arg(database.export_domain(&folder)).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{day}: {}", stderr(&output));
    let view = serde_json::from_slice(&std::fs::read(set.join("plan.json")).unwrap()).unwrap();
    (set, view)
}

/// Applies the files of a folder of a change set, in order.
pub fn run(database: &AdDatabase, folder: &Path) -> usize {
    let files = paths_with(folder, "ldif");
    for file in &files {
        database.modify(file);
    }
    files.len()
}

/// The differences between two exports, except counters and times that Active Directory sets.
pub fn differing(before: &Path, after: &Path) -> Vec<String> {
    const OWN: [&str; 2] = [": usnchanged: ", ": whenchanged: "];
    let found = differences(&[before], &[after]);
    found.into_iter().filter(|line| !OWN.iter().any(|own| line.contains(own))).collect()
}

/// A whole run of a scenario, offline by `ldbmodify` or by the runbook on a domain controller. Gives the differences
/// from the proof after the plan. The rollback restores everything.
fn whole_run(scenario: &str, database: AdDatabase, is_served: bool, stages: usize) -> Vec<String> {
    // Attributes that an entry loses when it is deleted and added again.
    const IDENTITY: [&str; 5] = ["objectguid", "objectsid", "usncreated", "whencreated", "pwdlastset"];
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    };
    let before = database.export(&folder("before"));
    let (set, _) = plan_of(scenario, &database, AS_OF, place.path(), &[]);
    let expected = predicted(scenario, &[before.to_str().unwrap().to_owned()], Guard::Values, place.path());
    let [after, again] = ["after", "again"].map(folder);
    let (after, again) = if is_served {
        let server = AdController::start(database);
        assert!(follow(&set, "Check", &server) > 0);
        assert_eq!(follow(&set, "Apply", &server), stages);
        let after = server.export(&after).remove(0);
        assert_eq!(follow(&set, "Roll back", &server), stages);
        (after, server.export(&again).remove(0))
    } else {
        assert_eq!(run(&database, &set.join("apply")), stages);
        let after = database.export(&after);
        assert_eq!(run(&database, &set.join("rollback")), stages);
        (after, database.export(&again))
    };
    let mut lost = differing(&before, &again);
    lost.retain(|line| !IDENTITY.iter().any(|name| line.contains(&format!(": {name}: "))));
    assert!(lost.is_empty(), "{lost:#?}");
    differing(&expected, &after)
}

#[test]
fn a_change_set_does_what_the_proof_says_and_is_undone() {
    let found = whole_run(SCENARIO, organisation(), false, 4);
    insta::assert_snapshot!("after_apply", found.join("\n"));
}

/// The same run over LDAP, by the commands of the runbook.
#[test]
fn a_domain_controller_takes_the_runbook() {
    let found = whole_run(SCENARIO, organisation(), true, 4);
    insta::assert_snapshot!("after_apply", found.join("\n"));
}

/// A leaver that every kind of reference names.
const REFERENCES: &str = "ad-references";

fn with_references() -> AdDatabase {
    let prepare = root().join(scenario_file(REFERENCES, "prepare.ldif"));
    AdDatabase::start(&[root().join("fixtures/servers/ad-content.ldif"), prepare])
}

/// The scenario's export is the output of `ldbsearch` for the domain that its README describes.
#[test]
fn the_export_is_of_a_real_domain() {
    const OWN: [&str; 6] = ["objectguid", "objectsid", "usncreated", "usnchanged", "whencreated", "whenchanged"];
    let place = tempfile::tempdir().unwrap();
    let written = with_references().export(place.path());
    let mut found = differences(&[root().join(scenario_file(REFERENCES, "export.ldif"))], &[written]);
    found.retain(|line| !OWN.iter().any(|own| line.contains(&format!(": {own}: "))));
    assert!(found.is_empty(), "{found:#?}");
}

/// Only the back links of the successor differ from the proof.
#[test]
fn references_go_and_come_back() {
    for is_served in [false, true] {
        let found = whole_run(REFERENCES, with_references(), is_served, 2);
        insta::assert_snapshot!("after_references", found.join("\n"));
    }
}

/// A plain text search finds the leaver only in decision items of the plan.
#[test]
fn references_leave_no_trace() {
    let names = [r"smith\, john,ou=staff", "smith\\0adel", "jsmith@", "john.smith@", "deleted objects", "\\jsmith"];
    let traces = |export: &Path| -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for record in RecordReader::new(&std::fs::read(export).unwrap(), 1, UrlPolicy::Refuse) {
            let Record::Content(record) = record.unwrap() else { continue };
            let dn = String::from_utf8_lossy(&record.dn);
            for line in &record.attributes {
                let value = String::from_utf8_lossy(line.value.bytes());
                let low = value.to_lowercase();
                if names.iter().any(|name| low.contains(name)) {
                    found.insert(format!("{dn} {}: {value}", line.description));
                }
            }
        }
        found
    };
    let database = with_references();
    let place = tempfile::tempdir().unwrap();
    let before = traces(&database.export(place.path()));
    let holds = |attribute: &str| before.iter().any(|trace| trace.contains(&format!(" {attribute}: ")));
    for attribute in ["member", "manager", "managedBy", "secretary", "assistant", "seeAlso", "roleOccupant"] {
        assert!(holds(attribute), "nothing names him by {attribute}");
    }
    let (set, view) = plan_of(REFERENCES, &database, AS_OF, place.path(), &[]);
    run(&database, &set.join("apply"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let reviews = view["decision_items"].as_array().unwrap().iter();
    let reviews: BTreeSet<String> = reviews
        .map(|review| format!("{} {}: {}", text(&review["dn"]), text(&review["attribute"]), text(&review["value"])))
        .collect();
    assert_eq!(traces(&database.export(place.path())), reviews);
}

/// Disabled, moved, and deleted after 90 days. Nothing is planned twice, and nothing names a deleted account.
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
