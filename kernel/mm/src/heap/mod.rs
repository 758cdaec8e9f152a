//! The kernel heap.

/// Bytes and blocks of the heap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Frames that the heap holds.
    pub frames: usize,
    /// Bytes in blocks handed out.
    pub used: usize,
}

/// A snapshot of the counters.
pub fn stats() -> Stats {
    todo!()
}

/// Prepares the heap of the boot CPU.
pub(crate) fn init() {
    todo!()
}
