//! Something that happens once, and those who wait for it.

use core::sync::atomic::{AtomicBool, Ordering};
use sched::{Wait, WaitError, WaitQueue};

/// Not yet done, then done for good.
pub(crate) struct Completion {
    done: AtomicBool,
    queue: WaitQueue,
}

impl Completion {
    /// Not yet done.
    pub const fn new() -> Self {
        Self { done: AtomicBool::new(false), queue: WaitQueue::new() }
    }

    /// Says that it is done.
    pub fn complete(&self) {
        self.done.store(true, Ordering::Release);
        self.queue.wake_all();
    }

    /// Sleeps until it is done.
    pub fn wait(&self, how: Wait) -> Result<(), WaitError> {
        self.queue.wait_until(how, || self.done.load(Ordering::Acquire).then_some(()))
    }
}
