//! Leavers on a real server over several days, until nothing is left to do.
//!
//! Each day the server is exported, the plan is made from that export, and the runbook's commands are run. The external
//! commands of the plan are run by `sun_tools.py`, which changes entries as those tools do.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::compare::assert_same;
use super::server::Server as _;
use super::slapd::{Slapd, SlapdSetup};
use crate::support::programs::{output_text, python_ldap, succeed};
use crate::support::runbook::{run_block, runbook_blocks};
use crate::support::{exports, inputs, offboard, root, scenario_file, stderr};

/// The days of a scenario's leavers.
struct LeaverDays {
    scenario: &'static str,
    server: Slapd,
    place: tempfile::TempDir,
    /// The change sets so far.
    sets: Vec<PathBuf>,
    /// A text of what happened, for the snapshot.
    story: String,
    /// Whether earlier change sets are given with `--history`.
    with_history: bool,
    /// Lists that replace the scenario's: the option, and the text of the file.
    lists: Vec<(&'static str, String)>,
}

impl LeaverDays {
    fn new(scenario: &'static str, suffixes: &[&str]) -> Self {
        let files: Vec<PathBuf> = exports(scenario).iter().map(|path| root().join(path)).collect();
        Self {
            scenario,
            server: Slapd::start(SlapdSetup::plain(suffixes), &files),
            place: tempfile::tempdir().unwrap(),
            sets: Vec::new(),
            story: String::new(),
            with_history: false,
            lists: Vec::new(),
        }
    }

    /// Plans for a day from an export of the server, runs everything, and gives the plan.json.
    fn day(&mut self, day: &str) -> Value {
        let folder = self.place.path().join(format!("export-{}", self.sets.len()));
        std::fs::create_dir(&folder).unwrap();
        let set = self.place.path().join(format!("set-{}", self.sets.len()));
        let mut command = offboard();
        command.args(["plan", "--as-of", day, "--allow-date", "-p", &scenario_file(self.scenario, "policy.toml")]);
        if self.lists.is_empty() {
            command.args(inputs(self.scenario));
        }
        for (number, (option, text)) in self.lists.iter().enumerate() {
            let file = self.place.path().join(format!("list-{number}"));
            std::fs::write(&file, text).unwrap();
            // `--roster=NAME=FILE`, or `-l=FILE`.
            command.arg(format!("{option}={}", file.display()));
        }
        command.arg("-o").arg(&set);
        if self.with_history {
            for earlier in &self.sets {
                command.arg("--history").arg(earlier);
            }
        }
        let output = command.args(self.server.export(&folder)).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{day}: {}", stderr(&output));
        let plan: Value = serde_json::from_slice(&std::fs::read(set.join("plan.json")).unwrap()).unwrap();
        self.tell(day, &plan);
        self.hand_over(&plan, "first");
        self.follow(&set, "Check");
        self.follow(&set, "Apply");
        self.hand_over(&plan, "after-status");
        self.hand_over(&plan, "last");
        self.sets.push(set);
        plan
    }

    /// The paragraph of a day: decisions, records by stage, external commands.
    fn tell(&mut self, day: &str, plan: &Value) {
        let story = &mut self.story;
        writeln!(story, "{day}").unwrap();
        for account in plan["accounts"].as_array().unwrap() {
            let text = |key: &str| account[key].as_str().unwrap_or_default();
            let due = account["due"].as_str().map(|day| format!(", due {day}")).unwrap_or_default();
            writeln!(story, "  {}: {} ({}){due}", text("leaver"), text("step"), text("reason")).unwrap();
        }
        for conflict in plan["conflicts"].as_array().unwrap() {
            let text = |key: &str| conflict[key].as_str().unwrap_or_default();
            writeln!(story, "  {}: no account ({})", text("leaver"), text("code")).unwrap();
        }
        for operation in plan["operations"].as_array().unwrap() {
            let text = |key: &str| operation[key].as_str().unwrap_or_default();
            writeln!(story, "    {} {} {}", text("stage"), text("kind"), text("dn")).unwrap();
        }
        for hand_off in plan["external_commands"].as_array().unwrap() {
            let text = |key: &str| hand_off[key].as_str().unwrap_or_default();
            writeln!(story, "    {}: {}", text("when"), text("command")).unwrap();
        }
    }

    fn hand_over(&self, plan: &Value, when: &str) {
        for hand_off in plan["external_commands"].as_array().unwrap().iter().filter(|hand_off| hand_off["when"] == when)
        {
            let words = shell_words(hand_off["command"].as_str().unwrap());
            let mut command = python_ldap("sun_tools.py");
            command.args(self.server.environment().map(|(_, value)| value)).args(words);
            succeed(&mut command);
        }
    }

    fn follow(&self, set: &Path, heading: &str) {
        let runbook = std::fs::read_to_string(set.join("RUNBOOK.md")).unwrap();
        for block in runbook_blocks(&runbook, heading) {
            let output = run_block(set, &block, &self.server.environment());
            assert!(output.status.success(), "{heading}: {block}\n{}", output_text(&output));
        }
    }

    /// The content of the server now, in lower case.
    fn text(&self) -> String {
        let folder = self.place.path().join("last");
        let _ = std::fs::create_dir(&folder);
        let files = self.server.export(&folder);
        files.iter().map(|file| std::fs::read_to_string(file).unwrap().replace("\n ", "").to_lowercase()).collect()
    }

    /// Checks that nothing is left to plan, and that nothing names the leavers.
    fn ends(&mut self, day: &str, names: &[&str]) {
        let plan = self.day(day);
        assert_eq!(plan["operations"].as_array().unwrap().len(), 0, "{}", self.story);
        assert_eq!(plan["external_commands"].as_array().unwrap().len(), 0, "{}", self.story);
        let text = self.text();
        for name in names {
            assert!(!text.contains(&name.to_lowercase()), "{name} is still there\n{}", self.story);
        }
    }
}

/// The words of a command in the runbook, with or without single quotes.
fn shell_words(command: &str) -> Vec<String> {
    let output =
        std::process::Command::new("bash").args(["-c", &format!("printf '%s\\0' {command}")]).output().unwrap();
    assert!(output.status.success());
    let words = output.stdout.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8(word.to_vec()).unwrap()).collect()
}

const NOTE: &[&str] = &["o=root_suffix", "o=PiServerDb"];

/// The main procedure of the technical note: disable, wait for the tools, wait for the grace period, delete.
#[test]
fn note_with_ldap_tools() {
    let mut days = LeaverDays::new("note-with-grace", NOTE);
    days.day("2026-11-21");
    days.day("2026-11-22");
    days.day("2026-11-26");
    days.day("2026-11-27");
    days.ends("2026-11-28", &["uid=jsmith", "piPStoreOwner=jsmith"]);
    insta::assert_snapshot!(days.story);
}

/// Without a stamp in the directory, the change set of the first day gives the date.
#[test]
fn note_with_history() {
    let mut days = LeaverDays::new("note-with-history", NOTE);
    days.with_history = true;
    days.day("2026-11-21");
    days.day("2026-11-26");
    days.day("2026-11-27");
    days.ends("2026-11-28", &["uid=jsmith", "piPStoreOwner=jsmith"]);
    insta::assert_snapshot!(days.story);
}

#[test]
fn delegated_administrator() {
    let mut days = LeaverDays::new("delegated-administrator", NOTE);
    days.day("2026-11-21");
    days.day("2026-11-22");
    days.ends("2026-11-23", &["uid=jsmith", "piPStoreOwner=jsmith"]);
    insta::assert_snapshot!(days.story);
}

#[test]
fn calendar_with_messaging() {
    let mut days = LeaverDays::new("calendar-with-messaging", NOTE);
    days.day("2026-11-21");
    days.day("2026-11-22");
    days.ends("2026-11-23", &["uid=jsmith", "piPStoreOwner=jsmith"]);
    insta::assert_snapshot!(days.story);
}

#[test]
fn calendar_alone() {
    let mut days = LeaverDays::new("calendar-alone", &NOTE[..1]);
    days.day("2026-11-21");
    days.day("2026-11-22");
    days.day("2026-11-27");
    days.ends("2026-11-28", &["uid=jsmith"]);
    insta::assert_snapshot!(days.story);
}

#[test]
fn messaging_5() {
    let mut days = LeaverDays::new("messaging-5", &NOTE[..1]);
    days.day("2026-11-21");
    days.day("2026-11-22");
    days.day("2026-11-27");
    days.ends("2026-11-28", &["uid=jsmith"]);
    insta::assert_snapshot!(days.story);
}

/// The scenarios of the ILM article: disabled and moved, deleted 90 days later; disconnected and not changed again.
#[test]
fn ilm_disable_move_delete() {
    let mut days = LeaverDays::new("ilm-disable-move-delete", &["dc=example,dc=com"]);
    for day in ["2026-11-21", "2026-11-22", "2026-12-02", "2027-01-31", "2027-02-20", "2027-03-03"] {
        days.day(day);
    }
    days.ends(
        "2027-03-04",
        &["cn=Amy Adams,", "Brown\\, Ben", "cn=Cat Cole,", "cn=Gil ", "cn=Ian Ives", "cn=Pip Park"],
    );
    insta::assert_snapshot!(days.story);
}

/// Disabled, moved and restored: the change set of the first day has the earlier values.
#[test]
fn restored_from_history() {
    let mut days = LeaverDays::new("posix-restore", &["dc=example,dc=com"]);
    days.with_history = true;
    days.day("2026-11-21");
    days.lists = vec![("-l", "uid,action\namy,restore\nbob,restore\n".to_owned())];
    days.day("2026-11-24");
    let folder = days.place.path().join("end");
    std::fs::create_dir(&folder).unwrap();
    let files: Vec<PathBuf> = exports("posix-restore").iter().map(|path| root().join(path)).collect();
    assert_same(&files, &days.server.export(&folder));
    days.ends("2026-11-25", &["ou=disabled,dc=example,dc=com\ncn: amy"]);
    insta::assert_snapshot!(days.story);
}

/// Every row of the domain purge table, planned again after the tools have run.
#[test]
fn services_one_by_one() {
    let mut days = LeaverDays::new("services", &["o=isp"]);
    days.with_history = true;
    for day in ["2026-11-21", "2026-11-22", "2026-11-27", "2026-12-03"] {
        days.day(day);
    }
    days.ends(
        "2026-12-04",
        &["uid=both,", "uid=mailgone,", "uid=calgone,", "uid=neither,", "uid=nomail,", "uid=early,"],
    );
    insta::assert_snapshot!(days.story);
}

/// The rosters of a day: the north with one row changed, the south with that day's date.
fn rosters(day: &str, (from, to): (&str, &str)) -> Vec<(&'static str, String)> {
    let read = |file: &str| std::fs::read_to_string(root().join(scenario_file("moss-rosters", file))).unwrap();
    vec![
        ("-l", read("leavers.csv")),
        ("--veto", read("veto.txt")),
        ("--roster=north", read("roster-north.csv").replace(from, to)),
        ("--roster=south", read("roster-south.ldif").replace("2026-11-20", day)),
    ]
}

/// Leavers from rosters. One of them returns, leaves again, and is deleted after another grace period.
#[test]
fn rosters_day_by_day() {
    let mut days = LeaverDays::new("moss-rosters", &["dc=example,dc=com"]);
    let back = ("jsmith;left", "jsmith;employed");
    let no_change = ("", "");
    for (day, row) in [
        ("2026-11-21", no_change),
        ("2026-11-22", no_change),
        ("2026-11-25", back),
        ("2026-11-26", no_change),
        ("2026-12-26", no_change),
        ("2026-12-28", no_change),
    ] {
        days.lists = rosters(day, row);
        days.day(day);
    }
    days.lists = rosters("2026-12-29", no_change);
    days.ends("2026-12-29", &["uid=jsmith,ou=People,dc=north", "uid=amy,"]);
    insta::assert_snapshot!(days.story);
}
