//! A thread's permit to run.
//!
//! The thread takes the permit or, without one, marks itself asleep and gives up its CPU. Whoever grants the permit
//! to a sleeping thread is told so, exactly once for each sleep, and thereby becomes responsible for making it
//! runnable.

use crate::shim::{AtomicU32, Ordering, constructor};

/// Running, or runnable; no permit.
const EMPTY: u32 = 0;
/// Asleep, or committed to be.
const PARKED: u32 = 1;
/// The permit is there.
const PERMIT: u32 = 2;

/// A thread's permit.
pub struct Parker {
    state: AtomicU32,
}

impl Parker {
    constructor! {
        /// No permit, and awake.
        pub fn new() -> Self {
            Self { state: AtomicU32::new(EMPTY) }
        }
    }

    constructor! {
        /// No permit, and asleep: a thread that has not started.
        pub fn asleep() -> Self {
            Self { state: AtomicU32::new(PARKED) }
        }
    }

    /// Takes the permit if it is there. For the thread itself.
    pub fn try_take(&self) -> bool {
        // Acquire: what the granting side did before is visible to who takes.
        self.state.load(Ordering::Relaxed) == PERMIT && self.state.swap(EMPTY, Ordering::Acquire) == PERMIT
    }

    /// Marks the thread asleep. False if the permit came first: it is taken, and the thread runs on. For the thread
    /// itself.
    pub fn commit_to_sleep(&self) -> bool {
        let result = self.state.compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire);
        if result.is_err() {
            self.state.swap(EMPTY, Ordering::Acquire);
        }
        result.is_ok()
    }

    /// Grants the permit. True if the thread was asleep: the caller must make it runnable.
    pub fn grant(&self) -> bool {
        self.state.swap(PERMIT, Ordering::AcqRel) == PARKED
    }

    /// Whether the thread is asleep.
    pub fn is_asleep(&self) -> bool {
        self.state.load(Ordering::Relaxed) == PARKED
    }
}
