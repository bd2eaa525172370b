//! The exports of a directory. They are read several times, and every reading must find the same bytes.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::digest::{Algorithm, BackgroundDigests, Digest, digest};
use super::ordered;
use super::source::{Block, Fingerprint, ReadOptions, Source};
use crate::directory::scan::{BlockText, Exports};

/// Why an export could not be read.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The operating system or a decompressor reported an error.
    #[error("{name}: {error}")]
    Io {
        /// The export as the user named it.
        name: String,
        /// The error.
        error: io::Error,
    },
    /// `-` was given for two exports.
    #[error("standard input can be given for one export only")]
    StandardInputTwice,
    /// Two readings of one export differ.
    #[error("{name}: the file changed while it was read")]
    Changed {
        /// The export as the user named it.
        name: String,
    },
}

/// The progress of reading the exports.
#[derive(Debug, Default)]
pub struct ReadProgress {
    number: AtomicU64,
    bytes: AtomicU64,
    total: Option<u64>,
}

impl ReadProgress {
    /// The number of the current reading, from 1 (0 before the first), and how many bytes it has read so far.
    pub fn now(&self) -> (u64, u64) {
        (self.number.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// How many bytes each reading has; `None` if an export is compressed.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    fn begin(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        self.number.fetch_add(1, Ordering::Relaxed);
    }
}

/// The largest export that one thread reads alone, in bytes: it is done before other threads would have started.
const SMALL: u64 = 1 << 18;

/// Up to this number of exports, all files stay open from the first reading to the last, so that a file which is replaced
/// meanwhile is still read as it was. With more exports, each file is opened for each reading, and a replaced one is
/// [an error](ExportError::Changed).
const HELD_OPEN: usize = 16;

/// The exports of one directory.
pub struct ExportFiles {
    sources: Vec<Source>,
    threads: NonZeroUsize,
    /// The fingerprint of each export at its first reading.
    first: Vec<OnceLock<Fingerprint>>,
    /// Digests that were begun and not yet asked for.
    digests: Mutex<Option<BackgroundDigests>>,
    progress: Arc<ReadProgress>,
}

impl ExportFiles {
    /// Opens the exports without reading them.
    pub fn open(names: &[String], options: &ReadOptions) -> Result<Self, ExportError> {
        if names.iter().filter(|name| *name == "-").count() > 1 {
            return Err(ExportError::StandardInputTwice);
        }
        let open =
            |name: &String| Source::open(name, options).map_err(|error| ExportError::Io { name: name.clone(), error });
        let mut sources: Vec<Source> = Vec::with_capacity(names.len());
        for name in names {
            let mut source = open(name)?;
            if names.len() > HELD_OPEN {
                source.close();
            }
            sources.push(source);
        }
        let first = sources.iter().map(|_| OnceLock::new()).collect();
        let progress = ReadProgress { total: sources.iter().map(Source::length).sum(), ..ReadProgress::default() };
        let threads = options.threads;
        Ok(Self { sources, threads, first, digests: Mutex::new(None), progress: Arc::new(progress) })
    }

    /// The day (UTC) on which each export was last modified; `None` for standard input and pipes.
    pub fn modified(&self) -> Vec<Option<Date>> {
        let day = |time| Some(Timestamp::try_from(time).ok()?.to_zoned(TimeZone::UTC).date());
        self.sources.iter().map(|source| source.modified().and_then(day)).collect()
    }

    /// The progress of the current reading.
    pub fn progress(&self) -> Arc<ReadProgress> {
        Arc::clone(&self.progress)
    }

    /// Starts to compute the digest of every export in the background. With one thread, or for small exports,
    /// [`digests`](Self::digests) computes them instead.
    pub fn begin_digests(&self, algorithm: Algorithm) {
        if self.threads.get() > 1 && self.progress.total.is_none_or(|total| total > SMALL) {
            // If no thread can be had, `digests` computes them.
            let begun = BackgroundDigests::begin(self.sources.clone(), algorithm).ok();
            *self.digests.lock().unwrap_or_else(PoisonError::into_inner) = begun;
        }
    }

    /// The digest of every export. It is an error if the bytes are not those of the readings.
    pub fn digests(&self, algorithm: Algorithm) -> Result<Vec<Digest>, ExportError> {
        let begun = self.digests.lock().unwrap_or_else(PoisonError::into_inner).take();
        let digests = match begun {
            Some(begun) => begun.finish(),
            None => self.sources.iter().map(|source| digest(source, algorithm, &AtomicBool::new(false))).collect(),
        };
        let mut checked = Vec::new();
        for ((source, first), digest) in self.sources.iter().zip(&self.first).zip(digests) {
            let digest = digest.map_err(|error| ExportError::Io { name: source.name.clone(), error })?;
            let same = digest.filter(|digest| first.get().is_none_or(|first| *first == digest.fingerprint));
            checked.push(same.ok_or_else(|| ExportError::Changed { name: source.name.clone() })?);
        }
        Ok(checked)
    }

    /// The names of the exports as the user gave them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.name.as_str())
    }

    /// Reads one export; `None` if `take` stopped the reading.
    fn read<T: Send>(
        &self,
        index: usize,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<Option<Fingerprint>, ExportError> {
        let source = &self.sources[index];
        let export = u16::try_from(index).unwrap_or(u16::MAX);
        let failed = |error| ExportError::Io { name: source.name.clone(), error };
        let mut blocks = source.blocks().map_err(failed)?;
        let run = |block: &Block| {
            self.progress.bytes.fetch_add(block.bytes.len() as u64, Ordering::Relaxed);
            work(BlockText { export, first_line: block.first_line, bytes: &block.bytes })
        };
        let is_small = source.length().is_some_and(|length| length <= SMALL);
        let threads = if is_small { NonZeroUsize::MIN } else { self.threads };
        let flow = ordered::for_each_block(&mut blocks, threads, &run, take).map_err(failed)?;
        Ok(flow.is_continue().then(|| blocks.fingerprint()))
    }
}

impl Exports for ExportFiles {
    type Error = ExportError;

    /// Every reading must find the bytes of the first one; if not, it fails with [`ExportError::Changed`].
    fn for_each_block<T: Send>(
        &self,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        self.progress.begin();
        for index in 0..self.sources.len() {
            let Some(read) = self.read(index, work, take)? else { return Ok(()) };
            if *self.first[index].get_or_init(|| read) != read {
                return Err(ExportError::Changed { name: self.sources[index].name.clone() });
            }
        }
        Ok(())
    }
}
