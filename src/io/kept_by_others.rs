//! What a folder of a change set holds and `offboard` did not write: approval signatures, notes, edited files.
//!
//! | in the folder | |
//! | --- | --- |
//! | `SHA256SUMS`, if each line has the form that `offboard` writes and names a file that `offboard` writes | of the change set |
//! | a file that it lists, with a name that `offboard` writes, and that has the sum | of the change set |
//! | `SHA256SUMS` with other lines, and the files in them | kept by others: `sha256sum note.txt >> SHA256SUMS` |
//! | a folder on the path to a listed file | of the change set |
//! | a listed file with another content | kept by others: it was edited |
//! | any other file, folder, link, FIFO or device | kept by others |
//!
//! `--force` replaces a change set only if nothing in its folder is kept by others, because the earlier folder is deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::input_file::{open_member, read_member, sha256};
use super::output::SUMS;
use crate::plan::Stage;

/// The paths in a folder that are not those of its change set, relative to the folder and sorted. What is in a folder of
/// others is not listed. A name that is not UTF-8 is an error.
pub fn kept_by_others(folder: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let text = read_member(&folder.join(SUMS))?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<Option<(&str, &str)>> = text.lines().map(written_line).collect();
    let sums: BTreeMap<&Utf8Path, &str> =
        lines.iter().flatten().map(|(sum, name)| (Utf8Path::new(*name), *sum)).collect();
    let folders: BTreeSet<&Utf8Path> = sums.keys().flat_map(|name| name.ancestors().skip(1)).collect();
    let mut others = Vec::new();
    if lines.contains(&None) {
        others.push(Utf8PathBuf::from(SUMS));
    }
    let mut left = vec![Utf8PathBuf::new()];
    while let Some(inner) = left.pop() {
        for entry in folder.join(&inner).read_dir_utf8()? {
            let entry = entry?;
            let name = inner.join(entry.file_name());
            let of = entry.file_type()?;
            if of.is_dir() && folders.contains(name.as_path()) {
                left.push(name);
            } else if name != SUMS && !(of.is_file() && has_sum(entry.path(), sums.get(name.as_path()).copied())?) {
                others.push(name);
            }
        }
    }
    others.sort();
    Ok(others)
}

/// The sum and the name in a line of `SHA256SUMS`; `None` if `offboard` writes no such line.
fn written_line(line: &str) -> Option<(&str, &str)> {
    line.split_once("  ").filter(|(sum, name)| sum.len() == 64 && is_written(name))
}

/// Whether `offboard` writes a file with this name, relative to the folder.
fn is_written(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbered = |name: &str, suffix: &str| name.strip_suffix(suffix).is_some_and(is_number);
    let inner = match name.strip_prefix("wave-").and_then(|rest| rest.split_once('/')) {
        Some((number, SUMS)) if is_number(number) => return true,
        Some((number, inner)) if is_number(number) => inner,
        _ if name == "WAVES.md" => return true,
        _ => name,
    };
    let is_stage = |file: &str, endings: &[&str]| {
        let stage = endings.iter().find_map(|ending| file.strip_suffix(ending));
        let stage = stage.and_then(|stage| stage.split_once('-')).filter(|(number, _)| is_number(number));
        stage.is_some_and(|(_, stage)| Stage::ALL.iter().any(|own| own.name() == stage))
    };
    match inner.split_once('/') {
        None => matches!(inner, "plan.json" | "report.md" | "report.html" | "RUNBOOK.md"),
        Some(("apply", file)) => is_stage(file, &[".ldif", ".dns"]),
        Some(("rollback", file)) => is_stage(file, &[".ldif"]),
        Some(("notices", file)) => numbered(file, ".eml"),
        Some(_) => false,
    }
}

fn has_sum(path: &Utf8Path, sum: Option<&str>) -> io::Result<bool> {
    let Some(sum) = sum else { return Ok(false) };
    Ok(sha256(&mut open_member(path)?)? == sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::output::sums;

    #[test]
    fn only_files_with_their_sums_are_of_the_set() {
        let place = tempfile::tempdir().unwrap();
        let base = Utf8Path::from_path(place.path()).unwrap();
        let files = [("plan.json", "{}"), ("apply/10-status.ldif", "version: 1\n"), ("report.md", "#")]
            .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        std::fs::create_dir(base.join("apply")).unwrap();
        for (name, text) in &files {
            std::fs::write(base.join(name), text).unwrap();
        }
        std::fs::write(base.join(SUMS), sums(&files)).unwrap();
        assert_eq!(kept_by_others(base).unwrap(), [""; 0]);
        std::fs::remove_file(base.join("report.md")).unwrap();
        assert_eq!(kept_by_others(base).unwrap(), [""; 0], "a file that is missing is not lost by a replacement");
        std::fs::write(base.join("SHA256SUMS.sig"), "signed").unwrap();
        std::fs::write(base.join("apply/10-status.ldif"), "version: 1\n# read by H.\n").unwrap();
        std::fs::create_dir(base.join("approval")).unwrap();
        std::fs::write(base.join("approval/letter.txt"), "yes").unwrap();
        std::os::unix::fs::symlink("plan.json", base.join("report.md")).unwrap();
        assert_eq!(kept_by_others(base).unwrap(), ["SHA256SUMS.sig", "apply/10-status.ldif", "approval", "report.md"]);
    }

    /// A file of others stays theirs if its sum was entered.
    #[test]
    fn a_sum_does_not_make_a_file_of_the_set() {
        let sum = |name: &str, text: &str| sums(&[(name.to_owned(), text.as_bytes().to_vec())]);
        for (more, others) in [
            (String::new(), &[][..]),
            (sum("note.txt", "keep"), &["SHA256SUMS", "note.txt"]),
            (sum("apply/note.txt", "keep"), &["SHA256SUMS", "apply/note.txt"]),
            (sum("apply/10-notes.ldif", "keep"), &["SHA256SUMS", "apply/10-notes.ldif"]),
            (sum("notices/letter.eml", "keep"), &["SHA256SUMS", "notices"]),
            (sum("wave-x/plan.json", "keep"), &["SHA256SUMS", "wave-x"]),
            ("# approved by H.\n".to_owned(), &["SHA256SUMS"]),
        ] {
            let place = tempfile::tempdir().unwrap();
            let base = Utf8Path::from_path(place.path()).unwrap();
            let own = ["plan.json", "apply/10-status.ldif", "apply/60-entries.dns", "rollback/60-status.ldif"];
            let waves = ["wave-01/SHA256SUMS", "wave-01/notices/0001.eml", "WAVES.md"];
            let files: Vec<_> = own.into_iter().chain(waves).map(|name| (name.to_owned(), b"x".to_vec())).collect();
            let extra = more.trim_end().split_once("  ").map(|(_, name)| name);
            let all = files.iter().map(|(name, _)| (name.as_str(), "x")).chain(extra.map(|name| (name, "keep")));
            for (name, text) in all {
                std::fs::create_dir_all(base.join(name).parent().unwrap()).unwrap();
                std::fs::write(base.join(name), text).unwrap();
            }
            std::fs::write(base.join(SUMS), sums(&files) + &more).unwrap();
            assert_eq!(kept_by_others(base).unwrap(), others, "{more}");
        }
    }
}
