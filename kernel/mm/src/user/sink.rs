//! [`Sink`]: bytes that leave the kernel.

use crate::frame::Frame;
use abi::types::Iovec;
use abi::Result;
use core::marker::PhantomData;

/// Room for bytes, in user memory or in the kernel's own. Each place is filled once.
pub struct Sink<'a> {
    _bytes: PhantomData<&'a mut [u8]>,
}

impl<'a> Sink<'a> {
    /// User memory from `address` on.
    pub fn from_user(address: u64, len: usize) -> Self {
        let _ = (address, len);
        todo!()
    }

    /// The segments of an iovec in order. EINVAL if their sum overflows `isize`.
    pub fn from_iovecs(segments: &'a [Iovec]) -> Result<Self> {
        let _ = segments;
        todo!()
    }

    /// The kernel's own bytes.
    pub fn from_kernel(bytes: &'a mut [u8]) -> Self {
        let _ = bytes;
        todo!()
    }

    /// How many bytes of room are left.
    pub fn remaining(&self) -> usize {
        todo!()
    }

    /// Cuts the room to at most `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        let _ = len;
        todo!()
    }

    /// Writes as many of `bytes` as there is room for. EFAULT only when not one byte could be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let _ = bytes;
        todo!()
    }

    /// Writes at most `len` bytes of a frame, from offset `at`.
    pub fn write_from_frame(&mut self, frame: &Frame, at: usize, len: usize) -> Result<usize> {
        let _ = (frame, at, len);
        todo!()
    }

    /// Writes at most `len` zeros.
    pub fn write_zeros(&mut self, len: usize) -> Result<usize> {
        let _ = len;
        todo!()
    }
}
