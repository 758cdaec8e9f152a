//! The frames that one CPU keeps at hand.

use super::Number;
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

/// How many frames move between a cache and the depot at a time.
pub(crate) const BATCH: usize = 32;
const CAPACITY: usize = 2 * BATCH;

/// A stack of free frames: the latest freed, whose lines are still in the CPU's cache, goes out first. One CPU uses
/// it; all may
/// read its length.
pub(crate) struct FrameCache {
    /// The length; every CPU may read it.
    pub(crate) len: AtomicUsize,
    frames: [Cell<Option<Number>>; CAPACITY],
}

impl FrameCache {
    pub(crate) const fn new() -> Self {
        Self { len: AtomicUsize::new(0), frames: [const { Cell::new(None) }; CAPACITY] }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() == CAPACITY
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<Number> {
        let len = self.len().checked_sub(1)?;
        let number = self.frames.get(len)?.get()?;
        self.len.store(len, Ordering::Relaxed);
        Some(number)
    }

    /// Adds a frame, if there is room.
    #[inline(always)]
    pub(crate) fn push(&self, number: Number) -> Option<()> {
        let len = self.len();
        self.frames.get(len)?.set(Some(number));
        self.len.store(len + 1, Ordering::Relaxed);
        Some(())
    }

    /// Takes out the frames that have lain longest.
    pub(crate) fn take_oldest(&self, count: usize, mut each: impl FnMut(Number)) {
        let len = self.len();
        let count = count.min(len);
        self.frames[..count].iter().filter_map(Cell::get).for_each(&mut each);
        for (at, place) in self.frames[..len - count].iter().enumerate() {
            place.set(self.frames[at + count].get());
        }
        self.len.store(len - count, Ordering::Relaxed);
    }
}
