//! Whether anybody waits: lets a wake-up that nobody waits for cost a fence and a load.
//!
//! The waiter registers, then checks its condition; the waker changes the condition, then looks for waiters. A fence on
//! each side makes it impossible that both miss each other.

use crate::shim::{AtomicU32, Ordering, constructor, fence};

/// How many wait.
pub struct Interest {
    count: AtomicU32,
}

impl Interest {
    constructor! {
        /// Nobody.
        pub fn new() -> Self {
            Self { count: AtomicU32::new(0) }
        }
    }

    /// One more waits. Only after this may it check what it waits for.
    pub fn register(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// One less waits.
    pub fn unregister(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether somebody may be waiting for what the caller has just changed.
    pub fn is_wanted(&self) -> bool {
        fence(Ordering::SeqCst);
        self.count.load(Ordering::Relaxed) != 0
    }
}
