//! The digests of the exports, for plan.json: taken next to the reading, by a thread that reads the files once more.
//!
//! A processor without instructions for SHA-256 takes as long for it as for all the rest of a plan, or longer: nothing
//! waits for it before the end, and BLAKE3 can be chosen in its place. The bytes are those that were planned from: length
//! and quick hash must be the same.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::Xxh3;

use super::source::{Fingerprint, Source};

/// What is read at once.
const PART: usize = 64 * 1024;

/// Which digest is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4), which `sha256sum` takes.
    #[default]
    Sha256,
    /// BLAKE3, which `b3sum` takes: as strong, and several times as fast on any processor.
    Blake3,
}

/// A digest, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The bytes that were read.
    pub of: Fingerprint,
    /// How it was taken.
    pub algorithm: Algorithm,
    /// The digest.
    pub value: [u8; 32],
}

enum Taking {
    Sha256(Sha256),
    Blake3(Box<blake3::Hasher>),
}

impl Taking {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Blake3 => Self::Blake3(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(taking) => taking.update(bytes),
            Self::Blake3(taking) => {
                taking.update(bytes);
            }
        }
    }

    fn finish(self) -> [u8; 32] {
        match self {
            Self::Sha256(taking) => taking.finalize().into(),
            Self::Blake3(taking) => taking.finalize().into(),
        }
    }
}

/// Takes the digest of a source; `None` if it was stopped.
pub fn digest(source: &Source, algorithm: Algorithm, stopped: &AtomicBool) -> io::Result<Option<Digest>> {
    let mut reader = source.reader()?;
    let (mut taking, mut quick, mut bytes) = (Taking::new(algorithm), Xxh3::new(), 0);
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
        taking.update(&part[..count]);
    }
    let of = Fingerprint { bytes, quick: quick.digest() };
    Ok(Some(Digest { of, algorithm, value: taking.finish() }))
}

/// Digests that are being taken. Dropped, it stops.
pub struct Digests {
    thread: Option<JoinHandle<Vec<io::Result<Option<Digest>>>>>,
    stopped: Arc<AtomicBool>,
}

impl Digests {
    /// Begins with the first of the sources; fails where no thread can be had.
    pub fn begin(sources: Vec<Source>, algorithm: Algorithm) -> io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stopped);
        let run = move || sources.iter().map(|source| digest(source, algorithm, &is_stopped)).collect();
        Ok(Self { thread: Some(thread::Builder::new().spawn(run)?), stopped })
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
