//! [`Frame`]: a counted handle to one frame.

use crate::error::OutOfMemory;
use arch::PhysAddr;
use core::num::NonZeroU32;

/// One reference to a 4 KiB frame. Cloning counts up, dropping counts down, and the last one frees the frame.
///
/// The bytes may be mapped into address spaces, so they can change at any time: access copies, never borrows.
#[derive(Debug)]
pub struct Frame {
    number: NonZeroU32,
}

impl Frame {
    /// A frame of zeros.
    pub fn zeroed() -> Result<Self, OutOfMemory> {
        todo!()
    }

    /// A frame with arbitrary contents, for those who overwrite all of it before anyone else sees it.
    pub fn for_overwrite() -> Result<Self, OutOfMemory> {
        todo!()
    }

    /// A frame with a copy of this one's bytes.
    pub fn duplicate(&self) -> Result<Self, OutOfMemory> {
        todo!()
    }

    /// The physical address.
    pub fn addr(&self) -> PhysAddr {
        PhysAddr::new(u64::from(self.number.get()) << 12)
    }

    /// Whether someone else holds a reference too.
    pub fn is_shared(&self) -> bool {
        todo!()
    }

    /// Copies bytes out of the frame, from offset `at`; returns how many fitted before its end.
    pub fn read(&self, at: usize, to: &mut [u8]) -> usize {
        let _ = (at, to);
        todo!()
    }

    /// Copies bytes into the frame, from offset `at`; returns how many fitted before its end.
    pub fn write(&self, at: usize, from: &[u8]) -> usize {
        let _ = (at, from);
        todo!()
    }

    /// Zeroes `len` bytes from offset `at`, cut at its end.
    pub fn zero(&self, at: usize, len: usize) {
        let _ = (at, len);
        todo!()
    }

    /// The frame's address in the direct map.
    pub fn as_ptr(&self) -> *mut u8 {
        arch::phys_to_virt(self.addr())
    }
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        todo!()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        todo!()
    }
}
