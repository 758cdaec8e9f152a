//! [`Block`]: contiguous frames with one owner.

use super::{Number, give_contiguous, take_contiguous};
use crate::error::OutOfMemory;
use arch::PhysAddr;

/// `1 << order` contiguous frames, aligned to their size, contents arbitrary; freed when dropped.
#[derive(Debug)]
pub struct Block {
    first: Number,
    order: u8,
}

impl Block {
    pub(super) fn new(order: u8) -> Result<Self, OutOfMemory> {
        Ok(Self { first: take_contiguous(order)?, order })
    }

    /// Where it starts.
    pub fn addr(&self) -> PhysAddr {
        PhysAddr::new(u64::from(self.first.get()) << 12)
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        arch::PAGE_SIZE << self.order
    }

    /// Its address in the direct map.
    pub fn as_ptr(&self) -> *mut u8 {
        arch::phys_to_virt(self.addr())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        give_contiguous(self.first, self.order);
    }
}
