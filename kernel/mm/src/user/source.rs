//! [`Source`]: bytes that come into the kernel.

use crate::frame::Frame;
use abi::types::Iovec;
use abi::Result;
use core::marker::PhantomData;

/// Bytes to be taken, from user memory or from the kernel's own. Each byte is taken once.
pub struct Source<'a> {
    _bytes: PhantomData<&'a [u8]>,
}

impl<'a> Source<'a> {
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
    pub fn from_kernel(bytes: &'a [u8]) -> Self {
        let _ = bytes;
        todo!()
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        todo!()
    }

    /// Cuts what is left to at most `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        let _ = len;
        todo!()
    }

    /// Takes as many bytes as there are and fit. EFAULT only when not one byte could be taken.
    pub fn copy_to(&mut self, to: &mut [u8]) -> Result<usize> {
        let _ = to;
        todo!()
    }

    /// Takes at most `len` bytes into a frame, from offset `at`.
    pub fn copy_to_frame(&mut self, frame: &Frame, at: usize, len: usize) -> Result<usize> {
        let _ = (frame, at, len);
        todo!()
    }

    /// Passes over at most `len` bytes without reading them; returns how many.
    pub fn skip(&mut self, len: usize) -> usize {
        let _ = len;
        todo!()
    }
}
