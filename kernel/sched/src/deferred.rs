//! Work for later, in a thread: teardown that must not happen where it became due.

use alloc::boxed::Box;

/// Has `work` run soon by this CPU's worker thread, which may sleep. Any context; never fails, since the box is the queue's node.
pub fn defer(_work: Box<Work>) {
    todo!()
}

/// A piece of deferred work.
pub struct Work {
    _private: (),
}

impl Work {
    /// Work that calls `f`.
    pub fn new(_f: impl FnOnce() + Send + 'static) -> Result<Box<Self>, mm::OutOfMemory> {
        todo!()
    }
}
