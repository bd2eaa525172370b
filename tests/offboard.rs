//! The binary under test, run without anything of this machine: no environment, a fixed day, the repository as its
//! working folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The day for which every test plans.
pub const AS_OF: &str = "2026-11-21";

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The binary, ready for arguments.
pub fn offboard() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offboard"));
    command.env_clear().current_dir(root());
    command
}

/// The names of the scenarios, in order.
pub fn scenarios() -> Vec<String> {
    let folder = root().join("fixtures/scenarios");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The path of a scenario's file, relative to the repository.
pub fn scenario_file(name: &str, file: &str) -> String {
    format!("fixtures/scenarios/{name}/{file}")
}

/// The leaver list of a scenario, in whichever form it has one.
pub fn scenario_leavers(name: &str) -> Option<String> {
    let forms = ["leavers.csv", "leavers.txt"].map(|file| scenario_file(name, file));
    forms.into_iter().find(|path| root().join(path).is_file())
}

/// The exports of a scenario, relative to the repository.
pub fn exports(name: &str) -> Vec<String> {
    let files = ["export.ldif", "address-books.ldif"].map(|file| scenario_file(name, file));
    files.into_iter().filter(|path| root().join(path).is_file()).collect()
}

/// The options that name what else a scenario has: leavers, rosters (`roster-NAME.csv`, `.ldif`), a veto list, and those
/// of `options.txt`.
pub fn inputs(name: &str) -> Vec<String> {
    let mut options = Vec::new();
    if let Some(list) = scenario_leavers(name) {
        options.extend(["-l".to_owned(), list]);
    }
    let folder = root().join("fixtures/scenarios").join(name);
    let mut files: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    for file in files {
        let path = scenario_file(name, &file);
        if let Some((roster, _)) = file.strip_prefix("roster-").and_then(|rest| rest.split_once('.')) {
            options.extend(["--roster".to_owned(), format!("{roster}={path}")]);
        } else if file == "veto.txt" {
            options.extend(["--veto".to_owned(), path]);
        }
    }
    // Last, because it takes no value.
    let more = std::fs::read_to_string(root().join(scenario_file(name, "options.txt"))).unwrap_or_default();
    options.extend(more.split_whitespace().map(str::to_owned));
    options
}

/// Plans a scenario into a folder.
pub fn plan_scenario(name: &str, output: &Path, more: &[&str]) -> Output {
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "-p", &scenario_file(name, "policy.toml")]);
    command.args(inputs(name)).arg("-o").arg(output).args(more).args(exports(name));
    command.output().unwrap()
}

/// Every file below a folder with its content, by path.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// What a command wrote to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command wrote to standard output.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
