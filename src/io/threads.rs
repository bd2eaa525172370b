//! Threads, as many as there is room for. Nothing needs a second one: where the system gives none, the first does it all.

use std::num::NonZeroUsize;
use std::thread::{Builder, scope};

use rustix::process::{Resource, getrlimit};

/// Address space for one thread, in bytes: glibc's allocator reserves 64 MiB for each, and for a moment twice as much; its
/// stack is 2 MiB.
const ADDRESS_SPACE: u64 = 128 << 20;

/// So many threads, or fewer where a limit on address space (`ulimit -v`) has no room for them: what they reserve and do not
/// use would count, and the run would end for want of memory that is free.
pub fn affordable(wanted: NonZeroUsize) -> NonZeroUsize {
    let room =
        getrlimit(Resource::As).current.map(|limit| usize::try_from(limit / ADDRESS_SPACE).unwrap_or(usize::MAX));
    room.map_or(wanted, |room| wanted.min(NonZeroUsize::new(room).unwrap_or(NonZeroUsize::MIN)))
}

/// Does two things, at the same time if a thread can be had.
///
/// # Panics
///
/// If one of them does.
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
    fn two_things() {
        let text = String::from("a");
        assert_eq!(side_by_side(|| text.len(), || text.clone()), (1, "a".to_owned()));
    }
}
