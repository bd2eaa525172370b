//! Work on the blocks of an input by several threads, with results in the order of the input.
//!
//! A worker takes the next block itself, so that the block is still in its cache when it works on it; one at a time reads,
//! and decompresses, while the others work. The calling thread puts the results in order. No worker goes further ahead
//! than a few blocks for each of them, so memory holds a fixed number of blocks and results.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use super::source::{Block, Blocks};
use super::threads::affordable;

/// How many blocks a worker may be ahead of what was taken, for each worker.
const AHEAD: usize = 4;

/// What the workers share.
struct Shared<'s> {
    state: Mutex<State<'s>>,
    /// Something was taken, or all is over.
    changed: Condvar,
    ahead: usize,
}

struct State<'s> {
    blocks: &'s mut Blocks,
    /// Number of the block that is read next.
    next: usize,
    /// How many results were taken.
    taken: usize,
    is_over: bool,
    error: Option<io::Error>,
}

impl<'s> Shared<'s> {
    /// A worker that panics is seen by the scope; the state is whole all the same.
    fn lock(&self) -> MutexGuard<'_, State<'s>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }

    /// The next block and its number, once it may be worked on.
    fn next(&self, buffer: Vec<u8>) -> Option<(usize, Block)> {
        let mut state = self.lock();
        while !state.is_over && state.next >= state.taken + self.ahead {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_over {
            return None;
        }
        match state.blocks.next_block(buffer) {
            Ok(Some(block)) => {
                state.next += 1;
                Some((state.next - 1, block))
            }
            ended => {
                state.error = ended.err();
                state.is_over = true;
                self.changed.notify_all();
                None
            }
        }
    }
}

/// Ends the work for all when one of them leaves, also by a panic.
struct Leaving<'a, 's>(&'a Shared<'s>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}

/// Calls `work` for every block, and `take` with the results in the order of the blocks.
///
/// Breaks where `take` breaks; continues if all blocks were read.
pub fn for_each_block<T: Send>(
    blocks: &mut Blocks,
    threads: NonZeroUsize,
    work: &(dyn Fn(&Block) -> T + Sync),
    take: &mut dyn FnMut(T) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let threads = affordable(threads);
    if threads.get() == 1 {
        return one_by_one(blocks, work, take);
    }
    let state = State { blocks, next: 0, taken: 0, is_over: false, error: None };
    let shared = Shared { state: Mutex::new(state), changed: Condvar::new(), ahead: threads.get() * AHEAD };
    let ended = thread::scope(|scope| {
        let (to_caller, results) = mpsc::channel::<(usize, T)>();
        let mut started = 0;
        for _ in 0..threads.get() {
            let (shared, to_caller) = (&shared, to_caller.clone());
            let thread = thread::Builder::new().spawn_scoped(scope, move || {
                let _leaving = Leaving(shared);
                let mut buffer = Vec::new();
                while let Some((number, block)) = shared.next(std::mem::take(&mut buffer)) {
                    if to_caller.send((number, work(&block))).is_err() {
                        break;
                    }
                    buffer = block.bytes;
                }
            });
            // Those that could be had do it.
            if thread.is_err() {
                break;
            }
            started += 1;
        }
        if started == 0 {
            return None;
        }
        drop(to_caller);
        let mut waiting = BTreeMap::new();
        let mut taken = 0;
        for (number, result) in results {
            waiting.insert(number, result);
            let before = taken;
            while let Some(result) = waiting.remove(&taken) {
                taken += 1;
                if take(result).is_break() {
                    shared.end();
                    return Some(ControlFlow::Break(()));
                }
            }
            if taken > before {
                shared.lock().taken = taken;
                shared.changed.notify_all();
            }
        }
        Some(ControlFlow::Continue(()))
    });
    let state = shared.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (state.error, ended) {
        (Some(error), _) => Err(error),
        (None, Some(ended)) => Ok(ended),
        (None, None) => one_by_one(state.blocks, work, take),
    }
}

/// The same, by this thread.
fn one_by_one<T>(
    blocks: &mut Blocks,
    work: &(dyn Fn(&Block) -> T + Sync),
    take: &mut dyn FnMut(T) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let mut buffer = Vec::new();
    while let Some(block) = blocks.next_block(buffer)? {
        if take(work(&block)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        buffer = block.bytes;
    }
    Ok(ControlFlow::Continue(()))
}
