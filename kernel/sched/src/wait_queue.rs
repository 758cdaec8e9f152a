//! Queues of sleeping threads.

use alloc::sync::Arc;

use mm::OutOfMemory;

use crate::observer::{Attachment, Observer};
use crate::wait::{Wait, WaitError};

/// Threads that wait for something to change, and observers who want to be told.
///
/// Who changes something calls `wake_*` *after* the change; who waits gives the condition to [`wait_until`](Self::wait_until).
/// No wake-up is lost, whatever the interleaving.
pub struct WaitQueue {
    _private: (),
}

impl WaitQueue {
    /// A queue with nobody in it.
    pub const fn new() -> Self {
        Self { _private: () }
    }

    /// Sleeps until `condition` gives a value. It is called in the waiting thread, without locks held by this floor, again
    /// after every wake-up, and may take locks of its own.
    pub fn wait_until<T>(&self, _how: Wait, _condition: impl FnMut() -> Option<T>) -> Result<T, WaitError> {
        todo!()
    }

    /// Wakes the thread that has waited longest, and tells all observers. Interrupt handlers may call it.
    pub fn wake_one(&self) {
        todo!()
    }

    /// Wakes all waiting threads, and tells all observers. Interrupt handlers may call it.
    pub fn wake_all(&self) {
        todo!()
    }

    /// Has `observer` told of every wake-up from now on, until the attachment is dropped.
    pub fn attach(&self, _observer: Arc<dyn Observer>) -> Result<Attachment, OutOfMemory> {
        todo!()
    }
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}
