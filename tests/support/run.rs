//! The binary under test, run without anything of this machine: no environment variables, a fixed day, the repository
//! as its working directory.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest as _, Sha256};

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

/// The paths in a folder, sorted.
pub fn sorted_paths(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Whether a path has this extension.
fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// The paths in a folder with this extension, sorted; none if there is no such folder.
pub fn paths_with(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let paths = if folder.is_dir() { sorted_paths(folder) } else { Vec::new() };
    paths.into_iter().filter(|path| has_extension(path, extension)).collect()
}

/// The files at any depth below a folder with this extension, sorted.
pub fn paths_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let (inner, files): (Vec<_>, Vec<_>) = sorted_paths(&next).into_iter().partition(|path| path.is_dir());
        folders.extend(inner);
        found.extend(files.into_iter().filter(|path| has_extension(path, extension)));
    }
    found.sort();
    found
}

/// The last component of a path as text.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Every file below a folder with its content, by path relative to the folder.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in sorted_paths(&next) {
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

/// The exit status and both outputs of a command, for a snapshot. The path of the test's folder is written `PLACE`.
pub fn transcript(output: &Output, place: &Path) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(place.to_str().unwrap(), "PLACE");
    let status = output.status.code().unwrap();
    format!("exit {status}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
}

/// The SHA-256 of some bytes, in hexadecimal, as `sha256sum` prints it.
pub fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Text as gzip stores it.
pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
