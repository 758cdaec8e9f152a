//! Frames on their way out: they are freed only when no CPU can have a translation to them any more.

use super::AddressSpace;
use crate::frame::Frame;
use crate::shootdown;
use arrayvec::ArrayVec;

/// Frames for one flush. They lie on the kernel stack.
const BATCH: usize = 160;

/// Collects the frames of removed words, and the range of addresses that needs flushing.
pub(super) struct Gather<'a> {
    space: &'a AddressSpace,
    frames: ArrayVec<Frame, BATCH>,
    start: u64,
    end: u64,
}

impl<'a> Gather<'a> {
    pub(super) fn new(space: &'a AddressSpace) -> Self {
        Self { space, frames: ArrayVec::new(), start: u64::MAX, end: 0 }
    }

    /// The word of `page` has changed in a way that translations must not outlive.
    #[inline]
    pub(super) fn note(&mut self, page: u64) {
        self.start = self.start.min(page);
        self.end = self.end.max(page + super::PAGE);
    }

    /// A word of `page` (or the table that maps it) is gone, and the frame that it owned goes.
    #[inline]
    pub(super) fn push(&mut self, page: u64, frame: Frame) {
        self.note(page);
        if let Err(full) = self.frames.try_push(frame) {
            self.flush();
            self.frames.push(full.element());
            self.note(page);
        }
    }

    /// Flushes, and frees what was collected.
    pub(super) fn flush(&mut self) {
        if self.start < self.end {
            let presence = &self.space.presence;
            shootdown::flush_space(presence.root, &presence.cpus, self.start, self.end);
            (self.start, self.end) = (u64::MAX, 0);
        }
        self.frames.clear();
    }
}

impl Drop for Gather<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
