//! Writing when something goes wrong: a run that is killed, a path that is taken, two runs at once. The whole change
//! set is written or nothing of it, and the run reports which. `system_limits` has the full disk.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{
    AS_OF, cases, exports, file_name, files, inputs, offboard, plan_scenario, root, scenario_file, sha256,
    sorted_paths, stderr,
};

/// The scenario that these tests plan; it writes a file of every kind.
pub const SCENARIO: &str = "every-reference";

/// Whether a folder is a complete change set: every file has a correct sum, and every sum a file.
fn is_whole(set: &Path) -> bool {
    let sums = std::fs::read_to_string(set.join("SHA256SUMS")).unwrap_or_default();
    let mut listed = sums.lines().filter_map(|line| line.split_once("  "));
    let fits = |(sum, path): (&str, &str)| std::fs::read(set.join(path)).is_ok_and(|content| sha256(&content) == sum);
    listed.all(fits) && sums.lines().count() + 1 == files(set).len()
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    sorted_paths(folder).iter().map(|path| file_name(path)).collect()
}

/// A command that plans [`SCENARIO`] into a folder.
pub fn plan(output: &Path, more: &[&str]) -> Command {
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "-p", &scenario_file(SCENARIO, "policy.toml")]);
    command.args(inputs(SCENARIO)).arg("-o").arg(output).args(more);
    command.args(exports(SCENARIO));
    command
}

/// How many files are below a folder; it may be renamed meanwhile.
fn count_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { count_files(&entry.path()) } else { 1 }).sum()
}

/// SIGKILL at many moments, from before the first byte is written to after the last: into a new folder, and over an
/// earlier change set.
#[test]
fn killed_at_any_moment() {
    let place = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    assert!(plan(&place.path().join("first"), &[]).output().unwrap().status.code() < Some(2));
    let whole_run = begun.elapsed();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut leftovers = 0;
    let rounds = u32::try_from(cases(32, 100)).unwrap();
    for round in 0..rounds {
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
            // By the clock, from the start of a run to a little after its end.
            std::thread::sleep(whole_run * 10 * (round + 1) / (9 * rounds));
        } else {
            // While it writes: as soon as so many files exist, up to 25.
            let wanted = (25 * round / rounds) as usize;
            let staged = || {
                let staging = names(place.path()).into_iter().find(|name| name.starts_with(".offboard-"));
                staging.map_or(0, |name| count_files(&place.path().join(name)))
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
        assert!(!over || set.exists(), "round {round}: the earlier set is missing");
        *seen.entry(found).or_default() += 1;
        // A leftover is recognized by its name; the next run reports it and succeeds.
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
    let few = (rounds / 20) as usize;
    assert!(seen.get("nothing") > Some(&few) && seen.get("the earlier set") > Some(&few), "{seen:?}");
    assert!(leftovers > few, "only {leftovers} runs were killed while they wrote");
}

/// Everything below a folder: path, mode, and content or link target. For comparison: a run must not change it.
fn picture(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in sorted_paths(&next) {
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

/// A file, folder or link at the output path stays as it is.
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
                told.contains("already exists") || told.contains("is not a change set of offboard"),
                "{name}: {told}"
            );
        }
        // A single file is not overwritten, nor is a link followed.
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

/// A link in the parent path is followed. Nothing is written next to the named folder.
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

/// A path that cannot be written to is reported, and nothing is left. Root ignores modes, so another user runs this.
#[test]
fn places_that_cannot_be_written_to() {
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = place.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    // Copies that another user can read, because the repository may not be readable.
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
    // A file system that cannot be written to.
    let none = run(Path::new("/proc/set"));
    assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));
}

/// Of several runs to one folder at once, one writes it completely; the others report that it exists.
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
            assert!(stderr(end).contains("already exists"), "{}", stderr(end));
            refused += 1;
        }
        assert!(is_whole(&set), "round {round}");
        assert_eq!(names(place.path()), ["set"], "round {round}");
        written += done;
        // With --force all of them succeed.
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

/// A run does not take the staging folder of a running one for a leftover.
#[test]
fn who_lives_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("out.ldif");
    let mut command = offboard();
    // The output file is begun before the input is read, and the input does not end.
    command.args(["diff", &scenario_file("note-active", "export.ldif"), "-", "-o"]).arg(&target);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while names(place.path()).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing is begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    let other_run = plan(&place.path().join("set"), &[]).output().unwrap();
    assert!(!stderr(&other_run).contains("was left by an interrupted run"), "{}", stderr(&other_run));
    child.kill().unwrap();
    child.wait().unwrap();
    let behind = plan(&place.path().join("other"), &[]).output().unwrap();
    let mut expected = String::new();
    for name in names(place.path()).iter().filter(|name| name.starts_with(".offboard-")) {
        write!(expected, "{name} was left by an interrupted run").unwrap();
    }
    assert!(!expected.is_empty() && stderr(&behind).contains(&expected), "{expected}: {}", stderr(&behind));
}
