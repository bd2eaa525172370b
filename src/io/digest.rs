//! The digests of the exports, for plan.json, computed by a second thread that reads the files once more.
//!
//! On a processor without SHA-256 instructions, a digest takes as long as the rest of a plan, or longer. So nothing waits
//! for it before the end, and BLAKE3 can be chosen instead. The fingerprint shows that the digest is of the same bytes as
//! the plan.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::Xxh3;

use super::source::{Fingerprint, Source};

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// A digest algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4), as `sha256sum` computes it.
    #[default]
    Sha256,
    /// BLAKE3, as `b3sum` computes it: as strong, and several times as fast on any processor.
    Blake3,
}

/// A digest, and the fingerprint of the bytes that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The fingerprint of the bytes.
    pub fingerprint: Fingerprint,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The digest.
    pub value: [u8; 32],
}

enum Hasher {
    Sha256(Sha256),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Blake3 => Self::Blake3(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    fn finish(self) -> [u8; 32] {
        match self {
            Self::Sha256(hasher) => hasher.finalize().into(),
            Self::Blake3(hasher) => hasher.finalize().into(),
        }
    }
}

/// Computes the digest of the stored bytes of a source; `None` if `stopped` was set meanwhile.
pub fn digest(source: &Source, algorithm: Algorithm, stopped: &AtomicBool) -> io::Result<Option<Digest>> {
    let mut reader = source.reader()?;
    let (mut hasher, mut xxh3, mut bytes) = (Hasher::new(algorithm), Xxh3::new(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if stopped.load(Ordering::Relaxed) {
            return Ok(None);
        }
        bytes += count as u64;
        xxh3.update(&chunk[..count]);
        hasher.update(&chunk[..count]);
    }
    let fingerprint = Fingerprint { bytes, xxh3: xxh3.digest() };
    Ok(Some(Digest { fingerprint, algorithm, value: hasher.finish() }))
}

/// Digests that a thread computes in the background. The thread stops when this is dropped.
pub struct BackgroundDigests {
    thread: Option<JoinHandle<Vec<io::Result<Option<Digest>>>>>,
    stopped: Arc<AtomicBool>,
}

impl BackgroundDigests {
    /// Starts a thread for the sources; fails if the system gives no thread.
    pub fn begin(sources: Vec<Source>, algorithm: Algorithm) -> io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stopped);
        let run = move || sources.iter().map(|source| digest(source, algorithm, &is_stopped)).collect();
        Ok(Self { thread: Some(thread::Builder::new().spawn(run)?), stopped })
    }

    /// Waits for the digests, which are in the order of the sources.
    pub fn finish(mut self) -> Vec<io::Result<Option<Digest>>> {
        let thread = self.thread.take();
        thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for BackgroundDigests {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}
