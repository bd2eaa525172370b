//! The policies of `docs/examples` are accepted, and the command in the head of each gives what `expected.txt` shows.
//!
//! | in `expected.txt` | from |
//! | --- | --- |
//! | `$ offboard plan ...` and the lines after it | the command, what it prints, and its exit status |
//! | `== apply/...` | the records of each change file, without its comments |
//! | `== RUNBOOK.md` | the commands of other tools |
//!
//! With `UPDATE_EXPECTED` set, the files are written instead of compared.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

use crate::support::{AS_OF, files, offboard, root, stderr, stdout};

/// The day of the exports, 2026-11-21 at noon, in seconds since 1970.
const NOON: u64 = 1_795_262_400;

/// The folders of the examples.
fn examples() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("docs/examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// The command that the head of a policy names.
fn command_of(policy: &Path) -> String {
    let text = std::fs::read_to_string(policy).unwrap();
    let mut commands = text.lines().filter_map(|line| line.strip_prefix("#     offboard plan "));
    let command = format!("offboard plan {}", commands.next().expect("the head of the policy names a command"));
    assert_eq!(commands.next(), None, "{}: one command", policy.display());
    command
}

/// A copy of an example, whose files are of the day for which it is planned.
fn copy(example: &Path) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (path, content) in files(example) {
        let copy = place.path().join(path);
        std::fs::write(&copy, content).unwrap();
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(NOON);
        File::options().write(true).open(&copy).unwrap().set_modified(day).unwrap();
    }
    place
}

fn run(place: &Path, command: &str) -> Output {
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    let day: &[&str] = if words.first() == Some(&"plan") { &["--as-of", AS_OF, "--allow-date"] } else { &[] };
    offboard().current_dir(place).args(words).args(day).output().unwrap()
}

/// Whether a line of the runbook is a command of the site's own tools.
fn is_command_of_the_site(line: &str) -> bool {
    ["commadmin ", "csclean ", "msuserpurge ", "csuser ", "mboxutil "].iter().any(|tool| line.starts_with(tool))
}

/// What `expected.txt` holds after a run.
fn result(place: &Path, command: &str) -> String {
    let output = run(place, command);
    let status = output.status.code().unwrap();
    assert!(matches!(status, 0 | 1), "{command}: {}", stderr(&output));
    let mut text = format!("$ {command}\n{}{}exit status {status}\n", stdout(&output), stderr(&output));
    let set = command.split_whitespace().skip_while(|word| *word != "-o").nth(1).unwrap();
    for (path, content) in files(&place.join(set)) {
        let content = String::from_utf8(content).unwrap();
        if path.starts_with("apply") && path.extension().is_some_and(|ending| ending == "ldif") {
            write!(text, "\n== {}\n", path.display()).unwrap();
            text.extend(content.split_inclusive('\n').filter(|line| !line.starts_with('#')));
        } else if path == Path::new("RUNBOOK.md") && content.lines().any(is_command_of_the_site) {
            text += "\n== RUNBOOK.md\n";
            text.extend(content.split_inclusive('\n').filter(|line| is_command_of_the_site(line)));
        }
    }
    text
}

#[test]
fn commands_give_what_is_shown() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let examples = examples();
    assert_eq!(examples.len(), 5);
    for example in examples {
        let place = copy(&example);
        let found = result(place.path(), &command_of(&example.join("policy.toml")));
        let expected = example.join("expected.txt");
        if update {
            std::fs::write(&expected, &found).unwrap();
        }
        let expected_text = std::fs::read_to_string(&expected).unwrap();
        let difference = similar::TextDiff::from_lines(&expected_text, &found);
        assert!(found == expected_text, "{}:\n{}", expected.display(), difference.unified_diff());
    }
}

#[test]
fn policies_are_accepted() {
    for example in examples() {
        let output = run(&example, "offboard policy policy.toml");
        assert!(output.status.success(), "{}: {}", example.display(), stderr(&output));
        assert!(stdout(&output).contains("[accounts]"), "{}", example.display());
    }
}
