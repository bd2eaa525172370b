//! `offboard plan --wave N`: the waves together do what the whole plan does, and can be rolled back one by one.

use std::path::{Path, PathBuf};

use crate::support::{
    AS_OF, by_turns, cases, export_options, exports, offboard, plan_scenario, root, scenarios, sorted_paths, stderr,
    stdout, transcript,
};

/// The folders of a change set in waves that have records, in order.
pub fn waves(set: &Path) -> Vec<PathBuf> {
    if !set.is_dir() {
        return Vec::new();
    }
    sorted_paths(set).into_iter().filter(|path| path.join("apply").is_dir()).collect()
}

fn simulated(server: &str, exports: &[String], changes: &[PathBuf], to: &Path) {
    let mut command = offboard();
    command.args(["simulate", "--for", server, "-o"]).arg(to);
    command.args(export_options(exports));
    let output = command.args(changes).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{changes:?}: {}", stderr(&output));
}

/// The change LDIF between two exports.
fn difference(server: &str, before: &Path, after: &Path) -> String {
    let output = offboard().args(["diff", "--for", server]).args([before, after]).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn together_they_are_the_whole() {
    let mut run = 0;
    for (number, name) in scenarios().into_iter().enumerate() {
        // Active Directory updates links by itself, so its scenarios are simulated for that server.
        let server = if name.starts_with("ad-") { "ad" } else { "openldap" };
        for size in by_turns(number, &["1", "3"]) {
            let place = tempfile::tempdir().unwrap();
            let at = |name: &str| place.path().join(name);
            let whole = plan_scenario(&name, &at("whole"), &[]);
            let output = plan_scenario(&name, &at("set"), &["--wave", size]);
            assert_eq!(output.status.code(), whole.status.code(), "{name}: {}", stderr(&output));
            let waves = waves(&at("set"));
            if waves.is_empty() {
                // The plan has no records: it does nothing, or hands everything to external commands.
                let by_tools = at("set/wave-01/RUNBOOK.md").is_file();
                assert!(!at("whole/apply").is_dir() && (by_tools || at("set/RUNBOOK.md").is_file()), "{name}");
                continue;
            }
            simulated(server, &exports(&name), &[at("whole")], &at("whole.ldif"));
            simulated(server, &exports(&name), &waves, &at("waves.ldif"));
            assert_eq!(difference(server, &at("whole.ldif"), &at("waves.ldif")), "", "{name} by {size}");

            let mut back = Vec::new();
            for wave in waves.iter().rev() {
                back.extend(sorted_paths(&wave.join("rollback")));
            }
            let changed = at("waves.ldif").to_str().unwrap().to_owned();
            simulated(server, &[changed], &back, &at("back.ldif"));
            let text = |file: &String| {
                let text = std::fs::read_to_string(root().join(file)).unwrap();
                text.trim_start_matches("version: 1\n").to_owned()
            };
            let first: Vec<String> = exports(&name).iter().map(text).collect();
            std::fs::write(at("first.ldif"), first.join("\n\n")).unwrap();
            assert_eq!(difference(server, &at("first.ldif"), &at("back.ldif")), "", "{name} by {size}, rolled back");
            run += 1;
        }
    }
    assert!(run >= cases(10, 20), "{run}");
}

#[test]
fn what_waves_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let mut all = Vec::new();
    let mut plan = |what: &str, size: &str, set: &Path| {
        let mut command = offboard();
        command.args([
            "plan",
            "--as-of",
            AS_OF,
            "--allow-date",
            "-p",
            "fixtures/waves/policy.toml",
            "-u",
            "upper",
            "-u",
            "lower",
        ]);
        command.args(["--limit", "delete=2", "--wave", size, "-o"]).arg(set).arg("fixtures/waves/export.ldif");
        let output = command.output().unwrap();
        all.push(format!("=== {what}\n{}", transcript(&output, place.path())));
    };
    plan("one below the other, in different waves", "1", &at("one"));
    assert!(!at("one").exists());
    plan("both in one wave", "2", &at("two"));
    plan("no accounts at a time", "0", &at("none"));
    let two = at("two");
    let set = two.to_str().unwrap();
    for (what, arguments) in [
        ("all waves verified at once", &["verify", set, "fixtures/waves/export.ldif"][..]),
        ("all waves simulated at once", &["simulate", "--export", "fixtures/waves/export.ldif", set]),
        (
            "all waves as history",
            &[
                "plan",
                "--as-of",
                AS_OF,
                "--allow-date",
                "-p",
                "fixtures/waves/policy.toml",
                "-u",
                "upper",
                "--history",
                set,
                "--stdout",
                "fixtures/waves/export.ldif",
            ],
        ),
    ] {
        let output = offboard().args(arguments).output().unwrap();
        all.push(format!("=== {what}\n{}", transcript(&output, place.path())));
    }
    all.push(format!("=== WAVES.md\n{}", std::fs::read_to_string(at("two/WAVES.md")).unwrap()));
    insta::assert_snapshot!(all.join("\n"));
}
