//! Files and folders that are being written: whoever interrupts the run takes them away.
//!
//! What fails is cleaned up where it fails. A signal ends the process without that, so everything that is begun is listed
//! here until it is whole or gone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
