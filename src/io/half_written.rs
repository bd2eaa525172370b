//! Files and folders that are not completely written yet, and are removed if a signal ends the run.
//!
//! Code that fails removes its own files. A signal ends the process without that, so every file and folder that is begun
//! is listed here until it is complete or removed.
//!
//! SIGKILL and power failures leave such files on the disk. They are recognised by the prefix of their name, and by a lock that
//! the process which writes them holds ([`lock`]): what no process has locked was left by an interrupted run ([`leftovers`]).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};

/// The prefix of the names of incomplete files and folders.
pub const PREFIX: &str = ".offboard-";

/// A lock on an incomplete file or folder, released when this is dropped.
#[derive(Debug)]
pub struct FileLock(#[expect(dead_code, reason = "held for its lock")] Option<File>);

/// Locks an incomplete file or folder. On a file system without locks this does nothing, and [`leftovers`] finds
/// nothing there either.
pub fn lock(path: &Path) -> FileLock {
    let file = File::open(path).ok();
    FileLock(file.filter(|file| flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()))
}

/// Incomplete files and folders that interrupted runs left in a folder: those that no process has locked.
pub fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes())));
    let is_leftover = |path: &PathBuf| {
        path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir() || metadata.is_file())
            && File::open(path).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
    };
    let mut leftovers: Vec<PathBuf> = named.filter(is_leftover).collect();
    leftovers.sort();
    leftovers
}

static LIST: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How often the removal of a folder is tried: another thread may still be writing into it.
const TRIES: usize = 20;

fn list() -> MutexGuard<'static, Vec<PathBuf>> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An entry in the list of incomplete files and folders, until this is dropped.
#[derive(Debug)]
pub struct HalfWritten(PathBuf);

impl HalfWritten {
    /// Creates a file or folder and lists it; no interruption can happen in between. The caller must drop what was created
    /// before it drops the list entry.
    pub fn begin<T>(
        make: impl FnOnce() -> std::io::Result<T>,
        path: impl FnOnce(&T) -> &Path,
    ) -> std::io::Result<(Self, T)> {
        let mut list = list();
        let made = make()?;
        let path = path(&made).to_owned();
        list.push(path.clone());
        Ok((Self(path), made))
    }
}

impl Drop for HalfWritten {
    fn drop(&mut self) {
        list().retain(|path| *path != self.0);
    }
}

/// Delays interruptions until this is dropped.
pub struct Uninterrupted(#[expect(dead_code, reason = "held for its lock")] MutexGuard<'static, Vec<PathBuf>>);

/// Delays interruptions, for steps that must happen together.
pub fn uninterrupted() -> Uninterrupted {
    Uninterrupted(list())
}

/// Removes everything that is incomplete. The caller must end the process: afterwards no file can be begun or completed.
pub fn remove_all() {
    let list = list();
    for path in list.iter() {
        for _ in 0..TRIES {
            let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            if removed.is_ok() || path.symlink_metadata().is_err() {
                break;
            }
        }
    }
    std::mem::forget(list);
}
