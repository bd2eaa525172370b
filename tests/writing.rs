//! Writing under every kind of trouble: a run that is killed, a full disk, a place that is taken, two runs at once. The
//! whole change set is there, or nothing of it, and the run says which.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::offboard::{files, offboard, plan_scenario, root, scenario_file, stderr};

const SCENARIO: &str = "every-reference";

/// Whether what is in a folder is a whole change set: every file has its sum, and no file is without one.
fn is_whole(set: &Path) -> bool {
    let check = Command::new("sha256sum").args(["-c", "--strict", "--quiet", "SHA256SUMS"]).current_dir(set).output();
    let sums = std::fs::read_to_string(set.join("SHA256SUMS")).unwrap_or_default();
    check.unwrap().status.success() && sums.lines().count() + 1 == files(set).len()
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The plan of a scenario, to be run in a way of its own.
fn plan(output: &Path, more: &[&str]) -> Command {
    let mut command = offboard();
    command.args(["plan", "--as-of", crate::offboard::AS_OF, "-p", &scenario_file(SCENARIO, "policy.toml")]);
    command.args(crate::offboard::inputs(SCENARIO)).arg("-o").arg(output).args(more);
    command.args(crate::offboard::exports(SCENARIO));
    command
}

/// SIGKILL at a hundred moments, from before the first byte to behind the last: with a folder that is not there yet, and
/// over an earlier change set.
#[test]
fn killed_at_any_moment() {
    let place = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    assert!(plan(&place.path().join("first"), &[]).output().unwrap().status.code() < Some(2));
    let whole_run = begun.elapsed();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut leftovers = 0;
    for round in 0..100_u32 {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        let over = round % 2 == 1;
        let mut earlier = Vec::new();
        if over {
            assert_eq!(plan_scenario("note-active", &set, &[]).status.code(), Some(0));
            earlier = files(&set);
        }
        let mut child = plan(&set, if over { &["--force"] } else { &[] })
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        if round % 4 < 2 {
            // By the clock, over the whole run and a little longer.
            std::thread::sleep(whole_run * (round + 1) / 90);
        } else {
            // In the writing itself: once so many files are there.
            let wanted = (round / 4) as usize;
            let staged = || {
                let staging = names(place.path()).into_iter().find(|name| name.starts_with(".offboard-"));
                staging.map_or(0, |name| {
                    let counted =
                        Command::new("find").arg(place.path().join(name)).args(["-type", "f"]).output().unwrap();
                    String::from_utf8_lossy(&counted.stdout).lines().count()
                })
            };
            while child.try_wait().unwrap().is_none() && staged() < wanted {}
        }
        let _ = child.kill();
        child.wait().unwrap();
        let found = match set.exists() {
            false => "nothing",
            true if over && files(&set) == earlier => "the earlier set",
            true => "the new set",
        };
        if set.exists() {
            assert!(is_whole(&set), "round {round}: {found} is not whole: {:?}", names(place.path()));
        }
        assert!(!over || set.exists(), "round {round}: the earlier set is gone");
        *seen.entry(found).or_default() += 1;
        // What is left has a name that tells whose it is; the next run names it, and is not held up by it.
        let left: Vec<String> = names(place.path()).into_iter().filter(|name| name != "set").collect();
        assert!(left.iter().all(|name| name.starts_with(".offboard-")), "round {round}: {left:?}");
        assert!(left.len() < 2, "round {round}: {left:?}");
        for name in &left {
            assert_eq!(std::fs::metadata(place.path().join(name)).unwrap().mode() & 0o077, 0, "{name}");
        }
        if round % 10 == 2 || leftovers == 0 && !left.is_empty() {
            let again = plan(&place.path().join("again"), &[]).output().unwrap();
            assert!(again.status.code() < Some(2), "{}", stderr(&again));
            assert_eq!(
                stderr(&again).contains("was left by an interrupted run"),
                !left.is_empty(),
                "{}",
                stderr(&again)
            );
            assert!(is_whole(&place.path().join("again")));
        }
        leftovers += left.len();
    }
    eprintln!("killed: {seen:?}, {leftovers} leftovers");
    assert!(seen.get("nothing") > Some(&5) && seen.get("the earlier set") > Some(&5), "{seen:?}");
    assert!(leftovers > 5, "no kill fell into the writing: {leftovers}");
}

/// A disk that is full after so many bytes: nothing is left, the message names the file, a second try with room works.
#[test]
fn a_full_disk() {
    let whole = tempfile::tempdir().unwrap();
    assert!(plan(&whole.path().join("set"), &[]).output().unwrap().status.code() < Some(2));
    let size: u64 = files(&whole.path().join("set")).iter().map(|(_, content)| content.len() as u64).sum();
    // A file system of a few pages, where that is allowed; else the limit of the process, file by file.
    let (mut refused, mut written) = (0, 0);
    for kib in [0, 4, 16, 32, 64, 96, 128, 4 * size / 1024] {
        let place = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=\"$1\" none \"$2\" 2>/dev/null || { [ \"$3\" = 0 ] && exit 99; ulimit -f $(($3 / 2)); }\n\
                      size=$1 place=$2; shift 3; \"$@\"; status=$?; ls -A \"$place\"; exit $status";
        let set = place.path().join("set");
        let inner = plan(&set, &["-q"]);
        let mut command = Command::new("unshare");
        command.args(["-r", "-m", "/bin/sh", "-c", script, "sh"]);
        command.arg(format!("{}k", kib.max(4))).arg(place.path()).arg(kib.max(4).to_string());
        command.arg(inner.get_program()).args(inner.get_args()).current_dir(root());
        let output = command.output().unwrap();
        let (told, left) = (stderr(&output), String::from_utf8_lossy(&output.stdout).into_owned());
        match output.status.code() {
            Some(0 | 1) => {
                assert_eq!(left.trim(), "set", "{kib} KiB: {told}");
                written += 1;
            }
            Some(2) => {
                assert_eq!(left.trim(), "", "{kib} KiB: {told}");
                assert!(
                    told.contains("No space left on device") || told.contains("File too large"),
                    "{kib} KiB: {told}"
                );
                assert!(told.contains("no part of the change set was written"), "{kib} KiB: {told}");
                assert!(told.contains("free some space"), "{kib} KiB: {told}");
                refused += 1;
            }
            other => panic!("{kib} KiB: {other:?}: {told}"),
        }
    }
    assert!(refused > 2 && written > 0, "{refused} of the disks were too small, {written} were not");
    // The same for a single file.
    let place = tempfile::tempdir().unwrap();
    let export = root().join(scenario_file(SCENARIO, "export.ldif"));
    let script = "ulimit -f 4; trap '' XFSZ; exec \"$@\"";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_offboard"), "diff", "/dev/null"]).arg(&export);
    let output = command.arg("-o").arg(place.path().join("change.ldif")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(names(place.path()).is_empty(), "{:?}", names(place.path()));
}

/// Everything below a folder: kind, mode, and content or target. What a run must not change.
fn picture(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_symlink() {
                std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                std::fs::read(&path).unwrap()
            };
            all.push((path, metadata.mode(), content));
        }
    }
    all.sort();
    all
}

/// Something is in the way: it stays as it is, whatever it is.
#[test]
fn something_in_the_way() {
    type Way = fn(&Path);
    let ways: [(&str, Way); 6] = [
        ("a file", |place| std::fs::write(place.join("set"), "mine").unwrap()),
        ("an empty folder", |place| std::fs::create_dir(place.join("set")).unwrap()),
        ("a folder", |place| {
            std::fs::create_dir(place.join("set")).unwrap();
            std::fs::write(place.join("set/plan.json"), "{}").unwrap();
        }),
        ("a link to nowhere", |place| symlink("nowhere", place.join("set")).unwrap()),
        ("a link to a folder", |place| {
            std::fs::create_dir(place.join("other")).unwrap();
            symlink("other", place.join("set")).unwrap();
        }),
        ("a link to a change set", |place| {
            assert_eq!(plan_scenario("note-active", &place.join("other"), &[]).status.code(), Some(0));
            symlink("other", place.join("set")).unwrap();
        }),
    ];
    for (name, way) in ways {
        for more in [&[][..], &["--force"]] {
            let place = tempfile::tempdir().unwrap();
            way(place.path());
            let before = picture(place.path());
            let output = plan(&place.path().join("set"), more).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{name} {more:?}: {}", stderr(&output));
            assert_eq!(picture(place.path()), before, "{name} {more:?}");
            let told = stderr(&output);
            assert!(
                told.contains("exists already") || told.contains("is not a change set of this tool"),
                "{name}: {told}"
            );
        }
        // A single file is never written over, nor through a link.
        let place = tempfile::tempdir().unwrap();
        way(place.path());
        let before = picture(place.path());
        let mut command = offboard();
        command.args(["diff", "/dev/null", &scenario_file("note-active", "export.ldif"), "-o"]);
        let output = command.arg(place.path().join("set")).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {}", stderr(&output));
        assert_eq!(picture(place.path()), before, "{name}");
    }
}

/// A folder of the way is a link: that is somebody's wish. Nothing is written next to the named folder.
#[test]
fn nothing_outside_the_named_folder() {
    let place = tempfile::tempdir().unwrap();
    for folder in ["home", "real", "tmp"] {
        std::fs::create_dir(place.path().join(folder)).unwrap();
    }
    symlink("real", place.path().join("link")).unwrap();
    let mut command = plan(&place.path().join("link/set"), &[]);
    command.env("HOME", place.path().join("home")).env("TMPDIR", place.path().join("tmp"));
    let output = command.output().unwrap();
    assert!(output.status.code() < Some(2), "{}", stderr(&output));
    let left: Vec<PathBuf> = picture(place.path())
        .into_iter()
        .map(|(path, _, _)| path.strip_prefix(place.path()).unwrap().to_owned())
        .filter(|path| !path.starts_with("real/set"))
        .collect();
    assert_eq!(left, ["home", "link", "real", "tmp"].map(PathBuf::from), "only the change set is new");
    for (path, mode, _) in picture(&place.path().join("real")) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
}

/// Who may not write there is told so, and nothing is left: also to root, whom modes do not hold.
#[test]
fn places_that_cannot_be_written_to() {
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = place.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    // What another user can read: the inputs and the program lie where that user may not go.
    let copy = |from: &str| {
        let to = place.path().join(Path::new(from).file_name().unwrap());
        std::fs::copy(root().join(from), &to).unwrap();
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o755)).unwrap();
        to
    };
    let binary = copy(env!("CARGO_BIN_EXE_offboard"));
    let export = copy(&scenario_file("note-active", "export.ldif"));
    let run = |target: &Path| {
        let mut command = Command::new(&binary);
        command.env_clear().args(["plan", "-p", "sun-comms", "-u", "jsmith", "-o"]).arg(target).arg(&export);
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(65534).gid(65534);
        }
        command.current_dir("/").output().unwrap()
    };
    let denied = run(&folder.join("set"));
    assert_eq!(denied.status.code(), Some(2), "{}", stderr(&denied));
    assert!(stderr(&denied).contains("Permission denied"), "{}", stderr(&denied));
    assert!(stderr(&denied).contains("no part of the change set was written"), "{}", stderr(&denied));
    assert!(!stderr(&denied).contains(".offboard-"), "a name that nobody gave: {}", stderr(&denied));
    assert!(names(&folder).is_empty());
    // No file system to write to at all.
    let none = run(Path::new("/proc/set"));
    assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));
}

/// Runs to one folder at once: one of them writes it, whole; the others say that it is there.
#[test]
fn two_runs_to_one_folder() {
    let (mut written, mut refused) = (0, 0);
    for round in 0..10 {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        let runs: Vec<_> =
            (0..3).map(|_| plan(&set, &[]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()).collect();
        let ends: Vec<Output> = runs.into_iter().map(|run| run.wait_with_output().unwrap()).collect();
        let done = ends.iter().filter(|end| end.status.code() < Some(2)).count();
        assert_eq!(done, 1, "round {round}: {:?}", ends.iter().map(stderr).collect::<Vec<_>>());
        for end in ends.iter().filter(|end| end.status.code() == Some(2)) {
            assert!(stderr(end).contains("exists already"), "{}", stderr(end));
            refused += 1;
        }
        assert!(is_whole(&set), "round {round}");
        assert_eq!(names(place.path()), ["set"], "round {round}");
        written += done;
        // Over an earlier set, all of them may.
        let runs: Vec<_> = (0..3)
            .map(|_| plan(&set, &["--force"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
            .collect();
        for run in runs {
            let end = run.wait_with_output().unwrap();
            assert!(end.status.code() < Some(2), "round {round}: {}", stderr(&end));
        }
        assert!(is_whole(&set), "round {round}");
        assert_eq!(names(place.path()), ["set"], "round {round}");
    }
    eprintln!("two runs at once: {written} written, {refused} refused");
}

/// While one writes, another does not take its half-written folder for what a dead run left.
#[test]
fn who_lives_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("out.ldif");
    let mut command = offboard();
    // The file is begun before its input is read, and the input does not end.
    command.args(["diff", &scenario_file("note-active", "export.ldif"), "-", "-o"]).arg(&target);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while names(place.path()).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing is begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    let beside = plan(&place.path().join("set"), &[]).output().unwrap();
    assert!(!stderr(&beside).contains("was left by an interrupted run"), "{}", stderr(&beside));
    child.kill().unwrap();
    child.wait().unwrap();
    let behind = plan(&place.path().join("other"), &[]).output().unwrap();
    let mut expected = String::new();
    for name in names(place.path()).iter().filter(|name| name.starts_with(".offboard-")) {
        write!(expected, "{name} is left of a run that was killed").unwrap();
    }
    assert!(!expected.is_empty() && stderr(&behind).contains(&expected), "{expected}: {}", stderr(&behind));
}
