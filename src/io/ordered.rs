//! Processes the blocks of an input with several threads, and gives the results in the order of the input.
//!
//! Each worker reads its next block itself, so that the block is in its cache. One worker at a time reads and decompresses
//! while the others work. The calling thread puts the results in order. The workers may be only a few blocks ahead of it,
//! so that the memory for blocks and results is limited.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use super::source::{Block, Blocks};
use super::threads::affordable_threads;

/// For each worker, how many blocks the workers may be ahead of the results that were taken.
const AHEAD: usize = 4;

/// The queue of blocks, which all workers share.
struct BlockQueue<'s> {
    state: Mutex<QueueState<'s>>,
    /// Signalled when results were taken, and at the end.
    changed: Condvar,
    ahead: usize,
}

struct QueueState<'s> {
    blocks: &'s mut Blocks,
    /// Number of the next block to read.
    next: usize,
    /// How many results the caller has taken.
    taken: usize,
    has_ended: bool,
    error: Option<io::Error>,
}

impl<'s> BlockQueue<'s> {
    /// A worker that panics leaves a consistent state; the thread scope passes its panic on.
    fn lock(&self) -> MutexGuard<'_, QueueState<'s>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().has_ended = true;
        self.changed.notify_all();
    }

    /// Waits until the next block may be read, and reads it. `None` at the end.
    fn next(&self, buffer: Vec<u8>) -> Option<(usize, Block)> {
        let mut state = self.lock();
        while !state.has_ended && state.next >= state.taken + self.ahead {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.has_ended {
            return None;
        }
        match state.blocks.next_block(buffer) {
            Ok(Some(block)) => {
                state.next += 1;
                Some((state.next - 1, block))
            }
            ended => {
                state.error = ended.err();
                state.has_ended = true;
                self.changed.notify_all();
                None
            }
        }
    }
}

/// Ends the work of all workers when one of them panics.
struct EndOnPanic<'a, 's>(&'a BlockQueue<'s>);

impl Drop for EndOnPanic<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}

/// Calls `work` for every block in any thread, and `take` in this thread with the results in the order of the blocks.
///
/// Breaks where `take` breaks; continues if all blocks were read.
pub fn for_each_block<T: Send>(
    blocks: &mut Blocks,
    threads: NonZeroUsize,
    work: &(dyn Fn(&Block) -> T + Sync),
    take: &mut dyn FnMut(T) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let threads = affordable_threads(threads);
    if threads.get() == 1 {
        return one_by_one(blocks, work, take);
    }
    let state = QueueState { blocks, next: 0, taken: 0, has_ended: false, error: None };
    let queue = BlockQueue { state: Mutex::new(state), changed: Condvar::new(), ahead: threads.get() * AHEAD };
    let flow = thread::scope(|scope| {
        let (to_caller, results) = mpsc::channel::<(usize, T)>();
        let mut started = 0;
        for _ in 0..threads.get() {
            let (queue, to_caller) = (&queue, to_caller.clone());
            let thread = thread::Builder::new().spawn_scoped(scope, move || {
                let _end_on_panic = EndOnPanic(queue);
                let mut buffer = Vec::new();
                while let Some((number, block)) = queue.next(std::mem::take(&mut buffer)) {
                    if to_caller.send((number, work(&block))).is_err() {
                        break;
                    }
                    buffer = block.bytes;
                }
            });
            // The threads that were started do the work.
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
                    queue.end();
                    return Some(ControlFlow::Break(()));
                }
            }
            if taken > before {
                queue.lock().taken = taken;
                queue.changed.notify_all();
            }
        }
        Some(ControlFlow::Continue(()))
    });
    let state = queue.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (state.error, flow) {
        (Some(error), _) => Err(error),
        (None, Some(flow)) => Ok(flow),
        (None, None) => one_by_one(state.blocks, work, take),
    }
}

/// Does all the work in this thread.
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
