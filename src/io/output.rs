//! Writes change sets: one folder, completely or not at all.
//!
//! Everything is written into a folder next to the target, synced, and renamed; a failure before the rename leaves
//! nothing. The rename never replaces a folder that was created meanwhile. An earlier change set is exchanged for the new
//! one in one step, if the file system can do that; it is replaced only if others keep nothing in its folder
//! ([`kept_by_others`](super::kept_by_others)). Files have mode 0600 and folders 0700, because change files contain values of
//! the directory.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};

use camino::{Utf8Path, Utf8PathBuf};
use data_encoding::HEXLOWER;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use thiserror::Error;

use super::half_written::{HalfWritten, PREFIX, lock, uninterrupted};
use super::kept_by_others::kept_by_others;
use super::threads::side_by_side;

/// The file with the SHA-256 digests of all others.
pub const SUMS: &str = "SHA256SUMS";

/// Why a change set was not written. Nothing of it is left, except after [`OutputError::Unsynced`].
#[derive(Debug, Error)]
pub enum OutputError {
    /// The folder exists.
    #[error("{0} already exists")]
    Exists(Utf8PathBuf),
    /// The folder exists and is not a change set.
    #[error("{0} is not a change set of offboard")]
    NotOurs(Utf8PathBuf),
    /// The folder is an earlier change set, and others keep files in it.
    #[error("{folder} holds files that are not those of the change set as it was written")]
    KeptByOthers {
        /// The folder.
        folder: Utf8PathBuf,
        /// The files and folders, relative to the folder and sorted.
        others: Vec<Utf8PathBuf>,
    },
    /// The change set is complete, but a power failure may remove it.
    #[error("{folder} is complete, but {parent} could not be synced, so a power failure may remove it: {error}")]
    Unsynced {
        /// The change set.
        folder: Utf8PathBuf,
        /// The folder that contains it.
        parent: Utf8PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The operating system reported an error.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: Utf8PathBuf,
        /// The error.
        error: io::Error,
    },
}

/// The folder that a change set will be written to.
#[derive(Clone, Debug)]
pub struct OutputFolder {
    folder: Utf8PathBuf,
    force: bool,
}

impl OutputFolder {
    /// Checks that a change set can be written there, before any work is done.
    ///
    /// An existing folder is refused, unless `force` is set and it is an earlier change set in which others keep nothing.
    pub fn new(folder: &Utf8Path, force: bool) -> Result<Self, OutputError> {
        let target = Self { folder: folder.to_owned(), force };
        target.check()?;
        Ok(target)
    }

    fn check(&self) -> Result<(), OutputError> {
        match fs::symlink_metadata(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&self.folder, error)),
            Ok(_) if !self.force => Err(OutputError::Exists(self.folder.clone())),
            Ok(metadata) => {
                let has =
                    |name: &str| self.folder.join(name).symlink_metadata().is_ok_and(|metadata| metadata.is_file());
                let is_change_set = metadata.is_dir() && has(SUMS) && (has("plan.json") || has("WAVES.md"));
                if is_change_set {
                    self.refuse_others(&self.folder)
                } else {
                    Err(OutputError::NotOurs(self.folder.clone()))
                }
            }
        }
    }

    /// Refuses to delete what others keep in the earlier change set, which is at `place`.
    fn refuse_others(&self, place: &Utf8Path) -> Result<(), OutputError> {
        let others = kept_by_others(place).map_err(|error| failed(&self.folder, error))?;
        if others.is_empty() {
            return Ok(());
        }
        Err(OutputError::KeptByOthers { folder: self.folder.clone(), others })
    }

    /// Writes the files, named by their paths inside the folder, and [`SUMS`].
    pub fn write(&self, files: &[(String, Vec<u8>)]) -> Result<(), OutputError> {
        let parent = self.folder.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        let failed_here = |error| failed(parent, error);
        // Opened first, so that nothing is written into a folder that cannot be synced.
        let parent_folder = File::open(parent).map_err(failed_here)?;
        // The prefix shows where the folder comes from, should the machine stop before it is renamed.
        let make = || {
            let mut folder = tempfile::Builder::new();
            folder.prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
        };
        let (_half_written, staging) = HalfWritten::begin(make, TempDir::path).map_err(failed_here)?;
        let _lock = lock(staging.path());
        let root = Utf8Path::from_path(staging.path())
            .ok_or_else(|| failed_here(io::Error::new(io::ErrorKind::InvalidInput, "the path is not UTF-8")))?;
        let inside = root.join("set");
        Self::make_folder(&inside)?;
        // A second thread computes the digests while this one waits for the disk.
        let (sums, written) = side_by_side(|| sums(files), || Self::write_files(&inside, files));
        written?;
        Self::write_file(&inside.join(SUMS), sums.as_bytes())?;
        let folders: BTreeSet<&Utf8Path> = files.iter().filter_map(|(name, _)| Utf8Path::new(name).parent()).collect();
        for folder in folders {
            Self::sync(&inside.join(folder))?;
        }
        Self::sync(&inside)?;
        self.check()?;
        if self.force && self.folder.is_dir() {
            self.exchange(root, &inside)?;
        } else {
            self.rename(&inside)?;
        }
        parent_folder.sync_all().map_err(|error| OutputError::Unsynced {
            folder: self.folder.clone(),
            parent: parent.to_owned(),
            error,
        })
    }

    /// Gives the complete folder its name, which must not exist.
    fn rename(&self, inside: &Utf8Path) -> Result<(), OutputError> {
        let explain = |error| match error {
            Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR => OutputError::Exists(self.folder.clone()),
            error => failed(&self.folder, error.into()),
        };
        match renameat_with(CWD, inside.as_std_path(), CWD, self.folder.as_std_path(), RenameFlags::NOREPLACE) {
            // The file system does not support it. A plain rename replaces nothing but an empty folder.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                fs::rename(inside, &self.folder).map_err(|error| failed(&self.folder, error))
            }
            result => result.map_err(explain),
        }
    }

    /// Exchanges an earlier change set for the new one. The earlier one is then in the staging folder, and is removed
    /// with it. If a file was added to it meanwhile, it is put back.
    fn exchange(&self, root: &Utf8Path, inside: &Utf8Path) -> Result<(), OutputError> {
        let swap = || renameat_with(CWD, inside.as_std_path(), CWD, self.folder.as_std_path(), RenameFlags::EXCHANGE);
        let _uninterrupted = uninterrupted();
        match swap() {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            Err(error) => return Err(failed(&self.folder, error.into())),
            Ok(()) => {
                return self.refuse_others(inside).inspect_err(|_| {
                    let _ = swap();
                });
            }
        }
        let earlier = root.join("earlier");
        let put_back = || {
            let _ = fs::rename(&earlier, &self.folder);
        };
        fs::rename(&self.folder, &earlier).map_err(|error| failed(&self.folder, error))?;
        self.refuse_others(&earlier).inspect_err(|_| put_back())?;
        fs::rename(inside, &self.folder).map_err(|error| {
            put_back();
            failed(&self.folder, error)
        })
    }

    fn write_files(inside: &Utf8Path, files: &[(String, Vec<u8>)]) -> Result<(), OutputError> {
        for (name, content) in files {
            if let Some(folder) = Utf8Path::new(name).parent().filter(|folder| !folder.as_str().is_empty()) {
                Self::make_folder(&inside.join(folder))?;
            }
            Self::write_file(&inside.join(name), content)?;
        }
        Ok(())
    }

    fn make_folder(path: &Utf8Path) -> Result<(), OutputError> {
        DirBuilder::new().mode(0o700).recursive(true).create(path).map_err(|error| failed(path, error))
    }

    fn write_file(path: &Utf8Path, content: &[u8]) -> Result<(), OutputError> {
        write_new(path, content).map_err(|error| failed(path, error))
    }

    fn sync(folder: &Utf8Path) -> Result<(), OutputError> {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, error))
    }
}

/// The text of [`SUMS`].
pub fn sums(files: &[(String, Vec<u8>)]) -> String {
    let mut sums = String::new();
    for (name, content) in files {
        let _ = writeln!(sums, "{}  {name}", HEXLOWER.encode(&Sha256::digest(content)));
    }
    sums
}

fn failed(path: &Utf8Path, error: io::Error) -> OutputError {
    OutputError::Io { path: path.to_owned(), error }
}

/// Writes one file that must not exist, with mode 0600, because it may contain values of the directory.
pub fn write_new(path: &Utf8Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_of(base: &Utf8Path, name: &str) -> Utf8PathBuf {
        let set = base.join(name);
        OutputFolder::new(&set, false).unwrap().write(&[("plan.json".to_owned(), b"{}".to_vec())]).unwrap();
        set
    }

    #[test]
    fn complete_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let base = Utf8Path::from_path(folder.path()).unwrap();
        let set = base.join("CHG-1");
        let files =
            [("plan.json".to_owned(), b"{}".to_vec()), ("apply/10-status.ldif".to_owned(), b"version: 1\n".to_vec())];
        OutputFolder::new(&set, false).unwrap().write(&files).unwrap();
        let mode = |path: &Utf8Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&set), mode(&set.join("apply")), mode(&set.join("plan.json"))), (0o700, 0o700, 0o600));
        assert!(matches!(OutputFolder::new(&set, false), Err(OutputError::Exists(_))));
        OutputFolder::new(&set, true).unwrap().write(&files[..1]).unwrap();
        assert!(!set.join("apply").exists(), "the earlier set was replaced");
        fs::write(set.join("SHA256SUMS.sig"), "signed").unwrap();
        let refused = OutputFolder::new(&set, true).unwrap_err();
        assert!(matches!(refused, OutputError::KeptByOthers { others, .. } if others == ["SHA256SUMS.sig"]));
        let late = OutputFolder { folder: set.clone(), force: true };
        assert!(late.exchange(base, &set_of(base, "new")).is_err(), "a file that was added at the last moment is kept");
        assert_eq!(fs::read(set.join("SHA256SUMS.sig")).unwrap(), b"signed");
        fs::remove_dir_all(base.join("new")).unwrap();
        assert!(matches!(OutputFolder::new(base, true), Err(OutputError::NotOurs(_))));
        let bad = [("a".to_owned(), Vec::new()), ("a".to_owned(), Vec::new())];
        assert!(OutputFolder::new(&base.join("other"), false).unwrap().write(&bad).is_err());
        assert_eq!(fs::read_dir(base).unwrap().count(), 1, "nothing is left after a failure");
    }
}
