//! Threads, as many as the memory limit allows. If the system gives no thread, the calling thread does all the work.

use std::num::NonZeroUsize;
use std::thread::{Builder, scope};

use rustix::process::{Resource, getrlimit};

/// Address space for one thread, in bytes: glibc's allocator reserves 64 MiB for each, and briefly twice as much; the stack
/// is 2 MiB.
const ADDRESS_SPACE: u64 = 128 << 20;

/// The number of threads to start: `wanted`, or fewer under a limit on address space (`ulimit -v`). Memory that threads
/// reserve and do not use counts against that limit, so the run would fail although memory is free.
pub fn affordable_threads(wanted: NonZeroUsize) -> NonZeroUsize {
    let room =
        getrlimit(Resource::As).current.map(|limit| usize::try_from(limit / ADDRESS_SPACE).unwrap_or(usize::MAX));
    room.map_or(wanted, |room| wanted.min(NonZeroUsize::new(room).unwrap_or(NonZeroUsize::MIN)))
}

/// Calls two functions, at the same time if the system gives a second thread.
///
/// # Panics
///
/// If one of the functions panics.
pub fn side_by_side<A: Send, B>(first: impl Fn() -> A + Sync, second: impl FnOnce() -> B) -> (A, B) {
    scope(|scope| {
        let thread = Builder::new().spawn_scoped(scope, &first);
        let done = second();
        let other = match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => first(),
        };
        (other, done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_both() {
        let text = String::from("a");
        assert_eq!(side_by_side(|| text.len(), || text.clone()), (1, "a".to_owned()));
    }
}
