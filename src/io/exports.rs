//! Exports read by several threads, with an outcome that does not depend on their number.
//!
//! The calling thread reads, hashes and cuts; block `n` goes to worker `n mod threads`, and results are taken in the
//! order of the blocks. So nothing needs sorting, a fixed number of blocks is in memory, and what is made of the
//! results is the same for any number of threads.

use std::io;
use std::num::NonZeroUsize;
use std::sync::{OnceLock, mpsc};
use std::thread;

use thiserror::Error;

use super::source::{Block, Fingerprint, Source};
use crate::directory::scan::{BlockText, Exports};

/// Blocks that wait at one worker.
const QUEUE: usize = 2;

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
    /// Two readings of one export differ.
    #[error("{name}: the file changed while it was read")]
    Changed {
        /// The export as the user named it.
        name: String,
    },
}

/// The exports of one directory.
pub struct ExportFiles {
    sources: Vec<Source>,
    threads: NonZeroUsize,
    /// What the first reading of each saw.
    first: Vec<OnceLock<Fingerprint>>,
}

impl ExportFiles {
    /// Opens every export. Nothing is read yet.
    pub fn open(names: &[String], threads: NonZeroUsize) -> Result<Self, ExportError> {
        let open = |name: &String| Source::open(name).map_err(|error| ExportError::Io { name: name.clone(), error });
        let sources: Vec<Source> = names.iter().map(open).collect::<Result<_, _>>()?;
        let first = sources.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { sources, threads, first })
    }

    /// What the first whole reading of each export saw, its SHA-256 with it; empty before that.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.first.iter().filter_map(OnceLock::get)
    }

    /// The names of the exports as given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.name.as_str())
    }

    fn read<T: Send>(
        &self,
        index: usize,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> bool,
    ) -> Result<Option<Fingerprint>, ExportError> {
        let source = &self.sources[index];
        let export = u16::try_from(index).unwrap_or(u16::MAX);
        let failed = |error| ExportError::Io { name: source.name.clone(), error };
        let mut blocks = source.blocks(self.first[index].get().is_none()).map_err(failed)?;
        let run = |block: &Block| work(BlockText { export, first_line: block.first_line, bytes: &block.bytes });
        if self.threads.get() == 1 {
            let mut buffer = Vec::new();
            while let Some(block) = blocks.next_block(buffer).map_err(failed)? {
                if !take(run(&block)) {
                    return Ok(None);
                }
                buffer = block.bytes;
            }
            return Ok(Some(blocks.fingerprint()));
        }
        thread::scope(|scope| {
            let run = &run;
            let workers: Vec<_> = (0..self.threads.get())
                .map(|_| {
                    let (to_worker, work) = mpsc::sync_channel::<Block>(QUEUE);
                    let (to_reader, done) = mpsc::sync_channel::<(T, Vec<u8>)>(QUEUE);
                    scope.spawn(move || {
                        for block in work {
                            let result = run(&block);
                            if to_reader.send((result, block.bytes)).is_err() {
                                break;
                            }
                        }
                    });
                    (to_worker, done)
                })
                .collect();
            let (mut sent, mut taken) = (0, 0);
            let mut spare = Vec::new();
            let mut ended = false;
            loop {
                while !ended && sent - taken < workers.len() * QUEUE {
                    let Some(block) = blocks.next_block(spare.pop().unwrap_or_default()).map_err(failed)? else {
                        ended = true;
                        break;
                    };
                    // A worker that is gone has panicked; the scope passes its panic on.
                    if workers[sent % workers.len()].0.send(block).is_err() {
                        return Ok(None);
                    }
                    sent += 1;
                }
                if taken == sent {
                    return Ok(Some(blocks.fingerprint()));
                }
                let Ok((result, buffer)) = workers[taken % workers.len()].1.recv() else { return Ok(None) };
                taken += 1;
                spare.push(buffer);
                if !take(result) {
                    return Ok(None);
                }
            }
        })
    }
}

impl Exports for ExportFiles {
    type Error = ExportError;

    /// The first reading of an export also takes its SHA-256; every later one must see the same bytes.
    fn for_each_block<T: Send>(
        &self,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> bool,
    ) -> Result<(), ExportError> {
        for index in 0..self.sources.len() {
            let Some(read) = self.read(index, work, take)? else { return Ok(()) };
            let seen = (read.bytes, read.quick);
            let first = self.first[index].get_or_init(|| read);
            if (first.bytes, first.quick) != seen {
                return Err(ExportError::Changed { name: self.sources[index].name.clone() });
            }
        }
        Ok(())
    }
}
