//! The exports of a directory, read again and again: each reading must see the same bytes.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::digest::{Algorithm, Digest, Digests, digest};
use super::ordered;
use super::source::{Block, Fingerprint, ReadOptions, Source};
use crate::directory::scan::{BlockText, Exports};

/// Why an export could not be read.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The operating system or a decompressor said no.
    #[error("{name}: {error}")]
    Io {
        /// The export as the user named it.
        name: String,
        /// What was said.
        error: io::Error,
    },
    /// Standard input is given for two exports, and can be read once.
    #[error("standard input can be one of the exports, not more")]
    StandardInputTwice,
    /// Two readings of one export differ.
    #[error("{name}: the file changed while it was read")]
    Changed {
        /// The export as the user named it.
        name: String,
    },
}

/// How far a reading of the exports is, for somebody who waits.
#[derive(Debug, Default)]
pub struct Reading {
    number: AtomicU64,
    bytes: AtomicU64,
    whole: Option<u64>,
}

impl Reading {
    /// Which reading it is, from 1 (0 is none yet), and how many bytes of text it has read.
    pub fn now(&self) -> (u64, u64) {
        (self.number.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// How many bytes every reading has, where that is known beforehand.
    pub fn whole(&self) -> Option<u64> {
        self.whole
    }

    fn begin(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        self.number.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is read by one thread, as the others would have begun when it is done, in bytes.
const SMALL: u64 = 1 << 18;

/// So many exports are held open from the first reading to the last, so that a file which is replaced meanwhile is read
/// to the end as it was. More of them are opened for each reading, and one that was replaced is
/// [noticed](ExportError::Changed).
const HELD_OPEN: usize = 16;

/// The exports of one directory.
pub struct ExportFiles {
    sources: Vec<Source>,
    threads: NonZeroUsize,
    /// What the first reading of each saw.
    first: Vec<OnceLock<Fingerprint>>,
    /// Digests that are being taken.
    digests: Mutex<Option<Digests>>,
    reading: Arc<Reading>,
}

impl ExportFiles {
    /// Opens every export. Nothing is read yet.
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
        let reading = Reading { whole: sources.iter().map(Source::length).sum(), ..Reading::default() };
        let threads = options.threads;
        Ok(Self { sources, threads, first, digests: Mutex::new(None), reading: Arc::new(reading) })
    }

    /// The days (UTC) on which they were written last, where that is known.
    pub fn written(&self) -> Vec<Option<Date>> {
        let day = |time| Some(Timestamp::try_from(time).ok()?.to_zoned(TimeZone::UTC).date());
        self.sources.iter().map(|source| source.written().and_then(day)).collect()
    }

    /// How far they are read.
    pub fn reading(&self) -> Arc<Reading> {
        Arc::clone(&self.reading)
    }

    /// Begins to take the digest of every export, beside what is read from now on; with one thread, it waits until
    /// [`digests`](Self::digests) are asked for.
    pub fn begin_digests(&self, algorithm: Algorithm) {
        if self.threads.get() > 1 && self.reading.whole.is_none_or(|whole| whole > SMALL) {
            // Without a thread for it, they are taken when they are asked for.
            let begun = Digests::begin(self.sources.clone(), algorithm).ok();
            *self.digests.lock().unwrap_or_else(PoisonError::into_inner) = begun;
        }
    }

    /// The length and digest of every export: of the same bytes as every reading.
    pub fn digests(&self, algorithm: Algorithm) -> Result<Vec<Digest>, ExportError> {
        let begun = self.digests.lock().unwrap_or_else(PoisonError::into_inner).take();
        let digests = match begun {
            Some(begun) => begun.finish(),
            None => self.sources.iter().map(|source| digest(source, algorithm, &AtomicBool::new(false))).collect(),
        };
        let mut taken = Vec::new();
        for ((source, first), digest) in self.sources.iter().zip(&self.first).zip(digests) {
            let digest = digest.map_err(|error| ExportError::Io { name: source.name.clone(), error })?;
            let same = digest.filter(|digest| first.get().is_none_or(|first| *first == digest.of));
            taken.push(same.ok_or_else(|| ExportError::Changed { name: source.name.clone() })?);
        }
        Ok(taken)
    }

    /// The names of the exports as given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.name.as_str())
    }

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
            // Once a block, which is long.
            self.reading.bytes.fetch_add(block.bytes.len() as u64, Ordering::Relaxed);
            work(BlockText { export, first_line: block.first_line, bytes: &block.bytes })
        };
        let is_small = source.length().is_some_and(|length| length <= SMALL);
        let threads = if is_small { NonZeroUsize::MIN } else { self.threads };
        let ended = ordered::for_each_block(&mut blocks, threads, &run, take).map_err(failed)?;
        Ok(ended.is_continue().then(|| blocks.fingerprint()))
    }
}

impl Exports for ExportFiles {
    type Error = ExportError;

    /// Every reading of an export must see what the first one saw.
    fn for_each_block<T: Send>(
        &self,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        self.reading.begin();
        for index in 0..self.sources.len() {
            let Some(read) = self.read(index, work, take)? else { return Ok(()) };
            if *self.first[index].get_or_init(|| read) != read {
                return Err(ExportError::Changed { name: self.sources[index].name.clone() });
            }
        }
        Ok(())
    }
}
