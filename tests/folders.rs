//! Folders and files that are not what they should be: files of others in a change set that `--force` would replace, links,
//! FIFOs and devices in place of files, and names with control characters.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::support::{AS_OF, files, offboard, scenario_file, sha256, stderr, stdout};

const SCENARIO: &str = "note-released";

/// The binary with a time limit, so that a test fails if a run waits for a FIFO.
fn limited() -> Command {
    let mut command = Command::new("/usr/bin/timeout");
    command.env_clear().args(["20", env!("CARGO_BIN_EXE_offboard")]);
    command
}

/// Plans the scenario into `set`, in a folder with its files.
fn plan(place: &Path, set: &str, more: &[&str]) -> Output {
    for name in ["policy.toml", "leavers.csv", "export.ldif", "address-books.ldif"] {
        let to = place.join(name);
        if !to.exists() {
            std::fs::copy(scenario_file(SCENARIO, name), to).unwrap();
        }
    }
    let mut command = limited();
    command.current_dir(place).args([
        "plan",
        "--as-of",
        AS_OF,
        "--allow-date",
        "-p",
        "policy.toml",
        "-l",
        "leavers.csv",
    ]);
    command.args(["-o", set]).args(more).args(["export.ldif", "address-books.ldif"]).output().unwrap()
}

/// A name, and what is done in a folder or to a file.
type Change<'c> = (&'c str, &'c dyn Fn(&Path));

#[test]
fn force_keeps_what_others_put_into_the_folder() {
    let edit = |set: &Path, name: &str| {
        let mut text = std::fs::read(set.join(name)).unwrap();
        text.extend_from_slice(b"\nread by the auditor\n");
        std::fs::write(set.join(name), text).unwrap();
    };
    let cases: [Change<'_>; 8] = [
        ("SHA256SUMS.sig", &|set| std::fs::write(set.join("SHA256SUMS.sig"), "signature").unwrap()),
        ("notes.txt", &|set| std::fs::write(set.join("notes.txt"), "mine").unwrap()),
        (".hidden", &|set| std::fs::write(set.join(".hidden"), "mine").unwrap()),
        ("apply/refused.ldif", &|set| std::fs::write(set.join("apply/refused.ldif"), "mine").unwrap()),
        ("approval", &|set| {
            std::fs::create_dir(set.join("approval")).unwrap();
            std::fs::write(set.join("approval/letter"), "mine").unwrap();
        }),
        ("link", &|set| symlink("/etc/hostname", set.join("link")).unwrap()),
        ("report.md", &|set| edit(set, "report.md")),
        ("plan.json", &|set| edit(set, "plan.json")),
    ];
    for waves in [&[][..], &["--wave", "1"]] {
        for (name, put) in &cases {
            let is_in_waves = ["apply/refused.ldif", "plan.json"].contains(name);
            if !waves.is_empty() && is_in_waves {
                continue;
            }
            let place = tempfile::tempdir().unwrap();
            assert!(plan(place.path(), "set", waves).status.code() < Some(2));
            let set = place.path().join("set");
            put(&set);
            let before = files(&set);
            let output = plan(place.path(), "set", &[waves, &["--force"]].concat());
            assert_eq!(output.status.code(), Some(2), "{name}: {}", stderr(&output));
            assert!(
                stderr(&output).contains(name) && stderr(&output).contains("nothing was deleted"),
                "{}",
                stderr(&output)
            );
            assert_eq!(files(&set), before, "{name}");
            assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 5, "nothing else was left");
            if *name == "plan.json" {
                continue;
            }
            // What is moved out of the way is not lost, so the set is replaced.
            std::fs::rename(set.join(name), place.path().join("kept")).unwrap();
            let output = plan(place.path(), "set", &[waves, &["--force"]].concat());
            assert!(output.status.code() < Some(2), "{name}: {}", stderr(&output));
        }
    }
}

/// Lists the file in `SHA256SUMS` with the sum of this content.
fn list(set: &Path, name: &str, content: &[u8]) {
    let path = set.join("SHA256SUMS");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.ends_with(&format!("  {name}"))).map(str::to_owned).collect();
    lines.push(format!("{}  {name}", sha256(content)));
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn only_regular_files_of_a_change_set_are_read() {
    let fifo = |path: &Path| mkfifoat(CWD, path, Mode::RWXU).unwrap();
    let remove = |path: &Path| {
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    };
    let copied = |path: &Path| {
        let elsewhere = path.parent().unwrap().join("../elsewhere");
        std::fs::rename(path, &elsewhere).unwrap();
        symlink(elsewhere.canonicalize().unwrap(), path).unwrap();
    };
    let kinds: [Change<'_>; 5] = [
        ("a FIFO", &|path| {
            remove(path);
            fifo(path);
        }),
        ("a symbolic link", &|path| {
            remove(path);
            symlink("/dev/zero", path).unwrap();
        }),
        ("a symbolic link", &|path| {
            remove(path);
            fifo(&path.parent().unwrap().join("../elsewhere"));
            symlink("../elsewhere", path).unwrap();
        }),
        ("a symbolic link", &copied),
        ("a socket", &|path| {
            remove(path);
            drop(std::os::unix::net::UnixListener::bind(path).unwrap());
        }),
    ];
    for name in ["plan.json", "SHA256SUMS", "report.md", "apply", "rollback", "apply/60-entries.ldif"] {
        for (kind, replace) in &kinds {
            let place = tempfile::tempdir().unwrap();
            assert!(plan(place.path(), "set", &[]).status.code() < Some(2));
            let path = place.path().join("set").join(name);
            if !path.exists() {
                continue;
            }
            replace(&path);
            if name != "SHA256SUMS" {
                list(&place.path().join("set"), "notices/x", b"");
                list(&place.path().join("set"), "notices/x", b"");
                std::fs::create_dir_all(place.path().join("set/notices")).unwrap();
                std::fs::write(place.path().join("set/notices/x"), b"").unwrap();
            }
            for words in [
                &["verify", "set", "export.ldif"][..],
                &["simulate", "--export", "export.ldif", "set"],
                &["revert", "--export", "export.ldif", "set"],
            ] {
                let output = limited().current_dir(place.path()).args(words).output().unwrap();
                let text = stderr(&output);
                assert_eq!(output.status.code(), Some(2), "{name}, {kind}, {words:?}: {text}");
                assert!(text.contains(kind) && text.contains(name), "{name}, {kind}, {words:?}: {text}");
            }
            let output = plan(place.path(), "next", &["--history", "set"]);
            assert_eq!(output.status.code(), Some(2), "{name}, {kind}: {}", stderr(&output));
            assert!(stderr(&output).contains(kind), "{}", stderr(&output));
            // It is not ours, so it is not replaced; and it is not opened to find that out.
            let output = plan(place.path(), "set", &["--force"]);
            assert_eq!(output.status.code(), Some(2), "{name}, {kind}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_fifo_that_is_not_listed_is_refused() {
    let place = tempfile::tempdir().unwrap();
    assert!(plan(place.path(), "set", &[]).status.code() < Some(2));
    mkfifoat(CWD, place.path().join("set/rollback/99.ldif").as_path(), Mode::RWXU).unwrap();
    let output = limited().current_dir(place.path()).args(["verify", "set", "export.ldif"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn values_come_from_regular_files_only() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("values");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("good"), "a value").unwrap();
    mkfifoat(CWD, folder.join("fifo").as_path(), Mode::RWXU).unwrap();
    symlink("fifo", folder.join("link-to-fifo")).unwrap();
    symlink("good", folder.join("link-to-good")).unwrap();
    symlink("/dev/zero", folder.join("endless")).unwrap();
    std::fs::create_dir(folder.join("folder")).unwrap();
    for (name, is_read) in [
        ("good", true),
        ("link-to-good", true),
        ("fifo", false),
        ("link-to-fifo", false),
        ("endless", false),
        ("folder", false),
    ] {
        let text =
            format!("dn: o=x\nobjectClass: organization\no: x\ndescription:< file://{}/{name}\n", folder.display());
        std::fs::write(place.path().join("export.ldif"), text).unwrap();
        let mut command = limited();
        command.current_dir(place.path()).args(["search", "(o=x)", "--url-folder", "values", "export.ldif"]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(if is_read { 0 } else { 2 }), "{name}: {}", stderr(&output));
    }
}

#[test]
fn no_input_is_an_endless_device() {
    let place = tempfile::tempdir().unwrap();
    assert!(plan(place.path(), "set", &[]).status.code() < Some(2));
    symlink("/dev/zero", place.path().join("endless")).unwrap();
    for endless in ["/dev/zero", "/dev/urandom", "endless"] {
        for words in [
            &["plan", "-p", "policy.toml", "-u", "jsmith", "--stdout", endless][..],
            &["plan", "-p", endless, "-u", "jsmith", "--stdout", "export.ldif"],
            &["plan", "-p", "policy.toml", "-l", endless, "--stdout", "export.ldif"],
            &["plan", "-p", "policy.toml", "-u", "jsmith", "--veto", endless, "--stdout", "export.ldif"],
            &["plan", "-p", "policy.toml", "-u", "jsmith", "--schema", endless, "--stdout", "export.ldif"],
            &["audit", "-p", "policy.toml", endless],
            &["verify", "set", "--rejects", endless, "export.ldif"],
            &["verify", "set", endless],
            &["simulate", "--export", "export.ldif", endless],
            &["lint", endless],
            &["json", endless],
            &["search", "(o=x)", endless],
            &["diff", "export.ldif", endless],
            &["policy", endless],
        ] {
            let output = limited().current_dir(place.path()).args(words).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{words:?}: {}", stderr(&output));
            assert!(stderr(&output).contains("a device"), "{words:?}: {}", stderr(&output));
        }
    }
    // A pipe is an input like a file.
    let script = format!("\"$0\" search '(uid=jsmith)' <(cat '{}')", scenario_file(SCENARIO, "export.ldif"));
    let output = Command::new("/bin/bash").args(["-c", &script, env!("CARGO_BIN_EXE_offboard")]).output().unwrap();
    assert!(output.status.success() && stdout(&output).contains("jsmith"), "{}", stderr(&output));
}

/// Names of files with a colour code, or with a line end, a right-to-left override and a zero-width character.
const HOSTILE: [&str; 2] = ["a\u{1b}[31mb", "a\nb\u{202e}c\u{200b}d"];

/// Text of a terminal or a report has no character of [`HOSTILE`] except the line ends of its own lines.
fn assert_escaped(text: &str, name: &str, what: &str) {
    let raw: Vec<char> =
        name.chars().filter(|character| !character.is_ascii_alphanumeric() && *character != '[').collect();
    let found = raw.iter().any(|character| *character != '\n' && text.contains(*character)) || text.contains("a\nb");
    assert!(!found, "{what} with {name:?}: {text:?}");
}

/// Commands that show names. `@` is the hostile name, with a suffix.
const COMMANDS: [&str; 53] = [
    "plan PLAN -v -o @-set @.ldif @2.ldif",
    "plan PLAN -o @-set @.ldif @2.ldif",
    "plan PLAN --force -o @-set @.ldif @2.ldif",
    "plan PLAN --wave 1 -o @-set2 @.ldif @2.ldif",
    "plan PLAN --history @-set --veto @.csv --format short -o @-set3 @.ldif @2.ldif",
    "plan PLAN --stdout @.ldif @2.ldif",
    "plan PLAN --json --history @-missing -o @-missing @.ldif @2.ldif",
    "plan PLAN -o @-missing @-broken",
    "plan PLAN -o @-missing @-missing",
    "plan PLAN -o @-missing @.ldif",
    "plan PLAN --schema @-odd -o @-missing @.ldif @2.ldif",
    "plan PLAN --roster @=x -o @-missing @.ldif @2.ldif",
    "plan -p @.toml -l @.csv --as-of @ -o @-missing @.ldif",
    "plan -p @-broken -l @-broken -o @-missing @.ldif",
    "plan -p @.toml -l @-broken -o @-missing @.ldif",
    "explain DAY -p @.toml jsmith @.ldif @2.ldif",
    "explain DAY -p @.toml --json jsmith @.ldif @2.ldif",
    "audit DAY -p @.toml @.ldif @-odd",
    "audit DAY -p @.toml --json @.ldif @-odd",
    "audit DAY -p @.toml @-missing",
    "verify @-set @.ldif @2.ldif",
    "verify --json @-set @.ldif @2.ldif",
    "verify -v -p @.toml @-set @.ldif @2.ldif",
    "verify @-set @-odd",
    "verify @-missing @.ldif",
    "verify @-set --left @-left @.ldif @2.ldif",
    "verify @-set --left @-left @.ldif @2.ldif",
    "verify @-set --rejects @-odd @.ldif @2.ldif",
    "verify @-set --rejects @-broken @.ldif @2.ldif",
    "simulate --export @.ldif --export @2.ldif @-set",
    "simulate --export @.ldif @-change",
    "simulate --export @.ldif @-odd",
    "simulate --export @.ldif --export @.ldif @-change",
    "simulate --keep-going --export @.ldif @-change -o @-missing",
    "simulate --export @.ldif --for 389ds @-set",
    "simulate --export @.ldif @-set2",
    "revert --export @.ldif @-change",
    "revert --export @.ldif @-set",
    "diff @.ldif @-odd",
    "diff @.ldif @-broken",
    "search (uid=*) @-broken",
    "search @ @.ldif",
    "lint @-broken",
    "lint --format json @-broken",
    "lint --format sarif @-broken",
    "lint --fix @-broken",
    "json @-broken",
    "policy @-broken",
    "policy @-missing",
    "init @",
    "schema @",
    "@",
    "plan @ @",
];

#[test]
fn names_of_files_are_escaped_everywhere() {
    for name in HOSTILE {
        let place = tempfile::tempdir().unwrap();
        let at = |suffix: &str| format!("{name}{suffix}");
        assert!(plan(place.path(), "made", &[]).status.code() < Some(2));
        for (from, to) in [
            ("policy.toml", ".toml"),
            ("leavers.csv", ".csv"),
            ("export.ldif", ".ldif"),
            ("address-books.ldif", "2.ldif"),
        ] {
            std::fs::copy(place.path().join(from), place.path().join(at(to))).unwrap();
        }
        let write = |suffix: &str, text: &str| std::fs::write(place.path().join(at(suffix)), text).unwrap();
        write("-broken", "dn: o=x\nfoo\n\n: bar\n");
        write("-odd", "dn: cn=g,o=isp\nobjectClass: groupOfNames\ncn: g\nmember: cn=missing,o=isp\n");
        write("-change", "dn: uid=none,o=isp\nchangetype: delete\n");
        let word = |word: &str| word.strip_prefix('@').map_or_else(|| word.to_owned(), at);
        for command in COMMANDS {
            let day = format!("--as-of {AS_OF} --allow-date");
            let command = command.replace("PLAN", "DAY -p @.toml -l @.csv").replace("DAY", &day);
            let words: Vec<String> = command.split(' ').map(word).collect();
            // With --color always, escape sequences reach the output as they do a terminal.
            let mut command = offboard();
            let output = command.current_dir(place.path()).args(["--color", "always"]).args(&words).output().unwrap();
            let text = [stdout(&output), stderr(&output)].concat();
            // The codes of our own colours, none of which is the red of the name.
            let text = text.replace("\u{1b}[", "\u{1}[").replace("\u{1}[31mb", "\u{1b}[31mb");
            assert_escaped(&text, name, &format!("{words:?}"));
        }
        for set in ["-set", "-set2", "-set3"] {
            let set = place.path().join(at(set));
            assert!(set.is_dir());
            for (path, text) in files(&set) {
                assert_escaped(&String::from_utf8(text).unwrap(), name, &path.display().to_string());
            }
        }
        // A change set of another program, whose words are hostile.
        let folder = place.path().join("made");
        let json = std::fs::read_to_string(folder.join("plan.json")).unwrap();
        let word = serde_json::to_string(name).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
        for account in json["accounts"].as_array_mut().unwrap() {
            account["leaver"] = serde_json::from_str(&word).unwrap();
            account["step"] = serde_json::from_str(&word).unwrap();
        }
        for operation in json["operations"].as_array_mut().unwrap() {
            operation["leavers"] = serde_json::from_str(&format!("[{word}]")).unwrap();
        }
        let json = serde_json::to_vec(&json).unwrap();
        std::fs::write(folder.join("plan.json"), &json).unwrap();
        list(&folder, "plan.json", &json);
        for words in [
            &["verify", "made", "export.ldif", "address-books.ldif"][..],
            &["verify", "-v", "--json", "made", "export.ldif", "address-books.ldif"],
        ] {
            let output = offboard().current_dir(place.path()).args(words).output().unwrap();
            assert!(output.status.code() < Some(2), "{}", stderr(&output));
            assert_escaped(&[stdout(&output), stderr(&output)].concat(), name, &format!("{words:?}"));
        }
    }
}
