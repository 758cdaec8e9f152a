//! Physical memory: frames, their counts, and where they come from.
//!
//! A frame lives in one of three places: the *depot* (a buddy allocator behind one IRQ-off lock), the *cache* of a CPU
//! (IRQs off, no lock), or in use, with a count of its holders in the metadata array. Batches move between depot
//! and caches, so the lock is taken once in [`cache::BATCH`] operations.

mod block;
mod boot;
pub(crate) mod cache;
mod clean;
pub(crate) mod depot;
mod handle;
pub(crate) mod metadata;

pub use block::Block;
pub use boot::init;
pub use handle::Frame;

use crate::cpu_caches;
use crate::error::OutOfMemory;
use crate::inject;
use core::num::NonZeroU32;

/// The number of a frame: its physical address without the offset. Frame 0 is never used.
pub(crate) type Number = NonZeroU32;

/// How much physical memory there is, in frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Frames that the allocator manages.
    pub total: usize,
    /// Frames that can be had, per-CPU caches included.
    pub free: usize,
}

impl Stats {
    /// Frames in use.
    pub fn used(&self) -> usize {
        self.total - self.free
    }
}

/// A snapshot of the counters. Frames on their way between CPUs may be missed or counted twice.
pub fn stats() -> Stats {
    let (total, in_depot) = depot::counters();
    let cached: usize = cpu_caches::frame_counts().sum();
    Stats { total, free: (in_depot + cached).min(total) }
}

/// A contiguous block of `1 << order` frames, for devices and big heap blocks.
pub fn alloc_contiguous(order: u8) -> Result<Block, OutOfMemory> {
    Block::new(order)
}

/// The one door through which every frame leaves the allocator: a single frame, from this CPU's cache. Its count is
/// for the caller to set.
#[inline]
pub(crate) fn take() -> Result<Number, OutOfMemory> {
    let fast = cpu_caches::try_with(|caches| if inject::is_armed() { None } else { caches.frames.pop() });
    fast.map_or_else(take_slowly, Ok)
}

#[cold]
fn take_slowly() -> Result<Number, OutOfMemory> {
    if inject::should_fail() {
        return Err(OutOfMemory);
    }
    cpu_caches::with(|caches| {
        if caches.frames.is_empty() {
            depot::refill(&caches.frames);
        }
        caches.frames.pop().or_else(|| caches.tables.pop()).or_else(|| caches.roots.pop())
    })
    .ok_or(OutOfMemory)
}

/// Gives a frame back that nobody holds any more.
#[inline]
pub(crate) fn give(number: Number) {
    if cpu_caches::try_with(|caches| caches.frames.push(number)).is_none() {
        give_slowly(number);
    }
}

#[cold]
fn give_slowly(number: Number) {
    cpu_caches::with(|caches| {
        if caches.frames.is_full() {
            depot::drain(&caches.frames);
        }
        let pushed = caches.frames.push(number);
        debug_assert!(pushed.is_some());
    });
}

/// As [`take`], for `1 << order` contiguous frames.
pub(crate) fn take_contiguous(order: u8) -> Result<Number, OutOfMemory> {
    if order == 0 {
        return take();
    }
    if inject::should_fail() {
        return Err(OutOfMemory);
    }
    depot::take(order).ok_or(OutOfMemory)
}

/// Gives back what [`take_contiguous`] gave.
pub(crate) fn give_contiguous(number: Number, order: u8) {
    if order == 0 { give(number) } else { depot::give(number, order) }
}
