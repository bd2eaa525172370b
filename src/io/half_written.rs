//! Files and folders that are being written: whoever interrupts the run takes them away.
//!
//! What fails is cleaned up where it fails. A signal ends the process without that, so everything that is begun is listed
//! here until it is whole or gone.
//!
//! Nothing can be done about SIGKILL and power failures. What they leave has a name that tells whose it is, and no lock:
//! whoever writes holds one on it ([`hold`]), so the next run can tell what is left of a dead one ([`leftovers`]).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};

/// How the names of half-written files and folders begin.
pub const PREFIX: &str = ".offboard-";

/// A lock on something half written, for as long as this lives.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "held for its lock")] Option<File>);

/// Takes the lock. A file system without locks has none to take: then nothing of it counts as a leftover either.
pub fn hold(path: &Path) -> Held {
    let file = File::open(path).ok();
    Held(file.filter(|file| flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()))
}

/// What killed runs left in a folder: nobody holds it.
pub fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes())));
    let is_left = |path: &PathBuf| {
        path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir() || metadata.is_file())
            && File::open(path).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
    };
    let mut left: Vec<PathBuf> = named.filter(is_left).collect();
    left.sort();
    left
}

static LIST: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How often a folder is cleared: something may be written into it meanwhile.
const TRIES: usize = 20;

fn list() -> MutexGuard<'static, Vec<PathBuf>> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that is being written, until this is dropped.
#[derive(Debug)]
pub struct HalfWritten(PathBuf);

impl HalfWritten {
    /// Makes it, and lists it; nobody can interrupt in between. What is made is to go first, then this.
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

/// While this is held an interruption waits.
pub struct Uninterrupted(#[expect(dead_code, reason = "held for its lock")] MutexGuard<'static, Vec<PathBuf>>);

/// Holds interruptions off, for steps that belong together.
pub fn uninterrupted() -> Uninterrupted {
    Uninterrupted(list())
}

/// Removes all that is half written. The caller ends the process: nothing can be begun or finished any more.
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
