//! The SHA-256 of the inputs, for plan.json: taken beside the reading, by a thread that reads the files once more.
//!
//! A processor without instructions for SHA-256 takes as long for it as for all the rest of a plan, so nothing waits
//! for it before the end. The bytes are those that were planned from: length and quick hash must be the same.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::Xxh3;

use super::source::{Fingerprint, Source};

/// What is read at once.
const PART: usize = 64 * 1024;

/// A SHA-256, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The bytes that were read.
    pub of: Fingerprint,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// Takes the digest of a source; `None` if it was stopped.
pub fn digest(source: &Source, stopped: &AtomicBool) -> io::Result<Option<Digest>> {
    let mut reader = source.reader();
    let (mut sha256, mut quick, mut bytes) = (Sha256::new(), Xxh3::new(), 0);
    let mut part = vec![0; PART];
    loop {
        let count = match reader.read(&mut part) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if stopped.load(Ordering::Relaxed) {
            return Ok(None);
        }
        bytes += count as u64;
        quick.update(&part[..count]);
        sha256.update(&part[..count]);
    }
    let of = Fingerprint { bytes, quick: quick.digest() };
    Ok(Some(Digest { of, sha256: sha256.finalize().into() }))
}

/// Digests that are being taken. Dropped, it stops.
pub struct Digests {
    thread: Option<JoinHandle<Vec<io::Result<Option<Digest>>>>>,
    stopped: Arc<AtomicBool>,
}

impl Digests {
    /// Begins with the first of the sources.
    pub fn begin(sources: Vec<Source>) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stopped);
        let run = move || sources.iter().map(|source| digest(source, &is_stopped)).collect();
        Self { thread: Some(thread::spawn(run)), stopped }
    }

    /// Waits for all of them, in the order of the sources.
    pub fn finish(mut self) -> Vec<io::Result<Option<Digest>>> {
        let thread = self.thread.take();
        thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Digests {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}
