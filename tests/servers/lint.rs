//! `offboard lint --for openldap` says of a change file what `ldapmodify -n` says: whether it can be run.

use super::tools::program;
use crate::offboard::{offboard, root, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files on which the two differ, whether lint takes them, and why.
const DIFFERENT: &[(&str, bool, &str)] = &[
    // (file, lint takes it, reason)
];

/// Every fixture with a change record in it.
fn change_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            change_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "ldif") {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).to_ascii_lowercase();
            if text.lines().any(|line| line.starts_with("changetype:")) {
                found.push(path);
            }
        }
    }
}

#[test]
fn agrees_with_ldapmodify() {
    let mut files = Vec::new();
    change_files(&root().join("fixtures"), &mut files);
    assert!(files.len() > 60, "{} files", files.len());
    let ldapmodify = program("ldapmodify", "ldap-utils");
    let mut differences = Vec::new();
    for file in &files {
        let theirs = Command::new(&ldapmodify).args(["-n", "-f"]).arg(file).output().unwrap();
        let ours = offboard().args(["lint", "--for", "openldap", "--format", "json"]).arg(file).output().unwrap();
        assert!(matches!(ours.status.code(), Some(0 | 1)), "{}: {}", file.display(), stderr(&ours));
        let report: serde_json::Value = serde_json::from_slice(&ours.stdout).unwrap();
        let takes = report["errors"] == 0;
        if takes != theirs.status.success() {
            let name = file.strip_prefix(root().join("fixtures")).unwrap().to_str().unwrap().to_owned();
            differences.push((name, takes));
        }
    }
    let known: Vec<(String, bool)> = DIFFERENT.iter().map(|(file, takes, _)| ((*file).to_owned(), *takes)).collect();
    assert_eq!(differences, known);
}
