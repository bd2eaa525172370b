//! What a folder of a change set holds and `offboard` did not write: approval signatures, notes, edited files.
//!
//! | in the folder | |
//! | --- | --- |
//! | `SHA256SUMS`, and a file that it lists and that has the sum | of the change set |
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

/// The paths in a folder that are not those of its change set, relative to the folder and sorted. What is in a folder of
/// others is not listed. A name that is not UTF-8 is an error.
pub fn kept_by_others(folder: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let text = read_member(&folder.join(SUMS))?;
    let text = String::from_utf8_lossy(&text);
    let sums: BTreeMap<&Utf8Path, &str> =
        text.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (Utf8Path::new(name), sum)).collect();
    let folders: BTreeSet<&Utf8Path> = sums.keys().flat_map(|name| name.ancestors().skip(1)).collect();
    let mut others = Vec::new();
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
}
