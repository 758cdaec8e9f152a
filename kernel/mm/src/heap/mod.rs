//! The kernel heap.
//!
//! Three layers. *Magazines*: each CPU holds a stack of free blocks of each size class, used with interrupts off. *Depot*: the
//! slabs, behind a lock, which fill and empty magazines by half a magazine at a time. *Pages*: sizes and alignments above
//! the largest class are contiguous frames.

pub(crate) mod depot;
mod global;
pub(crate) mod magazine;
pub(crate) mod pages;
pub(crate) mod size_class;

pub(crate) use global::{stash, unstash};

/// What the heap holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Frames of slabs.
    pub slab_frames: usize,
    /// Frames of big blocks.
    pub page_frames: usize,
}

/// A snapshot of the counters.
pub fn stats() -> Stats {
    Stats { slab_frames: depot::frames(), page_frames: pages::frames() }
}
