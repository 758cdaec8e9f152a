//! Physical memory: frames, their counts, and where they come from.

mod handle;

pub use handle::Frame;

use crate::error::OutOfMemory;
use arch::PhysAddr;

/// How much physical memory there is, in frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Frames that the allocator manages.
    pub total: usize,
    /// Frames that can be had, per-CPU caches included.
    pub free: usize,
}

/// Takes over the usable memory of the boot map. Once, on the boot CPU.
pub fn init(boot: &arch::boot::BootInfo) {
    let _ = boot;
    todo!()
}

/// A snapshot of the counters.
pub fn stats() -> Stats {
    todo!()
}

/// `1 << order` contiguous frames, aligned to their size, contents arbitrary; freed when dropped.
pub struct Block {
    start: PhysAddr,
    order: u8,
}

/// A contiguous block of `1 << order` frames, for devices and big heap blocks.
pub fn alloc_contiguous(order: u8) -> Result<Block, OutOfMemory> {
    let _ = order;
    todo!()
}

impl Block {
    /// Where it starts.
    pub fn addr(&self) -> PhysAddr {
        self.start
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        arch::PAGE_SIZE << self.order
    }

    /// Its address in the direct map.
    pub fn as_ptr(&self) -> *mut u8 {
        arch::phys_to_virt(self.start)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        todo!()
    }
}
