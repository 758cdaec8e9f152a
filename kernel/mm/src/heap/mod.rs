//! The kernel heap.
//!
//! Three layers. *Magazines*: each CPU holds a stack of free blocks of each size class, used with interrupts off.
//! *Depot*: the
//! slabs, behind a lock, which fill and empty magazines by half a magazine at a time. *Pages*: sizes and alignments
//! above
//! the largest class are contiguous frames.
//!
//! The slabs are our own. With `slab_allocator_rs` as the depot a block's way through it and back cost as much (115
//! against 120
//! instructions on top of the magazine's 60), but its smallest block is 64 bytes, and it never gives a frame back:
//! after 1000
//! blocks of 64 bytes it kept all frames of the peak, ours one. Frames in use must return after a load, so it had to
//! go.

pub(crate) mod depot;
mod global;
pub(crate) mod magazine;
pub(crate) mod pages;
pub(crate) mod size_class;
pub(crate) mod slab;

pub(crate) use global::{stash, unstash};

use crate::cpu_caches;

/// What the heap holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Frames of slabs.
    pub slab_frames: usize,
    /// Frames of big blocks.
    pub page_frames: usize,
    /// Bytes in slab blocks that are in use.
    pub slab_bytes: usize,
}

impl Stats {
    /// Bytes of slabs that no block in use takes: kept at hand, or between blocks in use.
    pub fn slab_rest(&self) -> usize {
        (self.slab_frames * arch::PAGE_SIZE).saturating_sub(self.slab_bytes)
    }
}

/// What the slabs of one size hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Class {
    /// The size of a block, bytes.
    pub size: usize,
    /// Blocks in use.
    pub blocks: usize,
    /// Frames of its slabs.
    pub frames: usize,
}

/// A snapshot of the counters.
pub fn stats() -> Stats {
    let mut stats = Stats { page_frames: pages::frames(), ..Stats::default() };
    for class in classes() {
        stats.slab_frames += class.frames;
        stats.slab_bytes += class.blocks * class.size;
    }
    stats
}

/// A snapshot of the counters of each size, from the smallest on.
pub fn classes() -> [Class; size_class::COUNT] {
    let mut blocks = [0; size_class::COUNT];
    for balances in cpu_caches::balances() {
        blocks.iter_mut().zip(balances).for_each(|(sum, balance)| *sum += balance);
    }
    core::array::from_fn(|class| Class {
        size: size_class::SIZES[class],
        blocks: blocks[class].max(0) as usize,
        frames: depot::frames(class),
    })
}
