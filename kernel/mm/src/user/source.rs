//! [`Source`]: bytes that come into the kernel.

use super::raw;
use super::segments::Segments;
use crate::frame::Frame;
use abi::Result;
use abi::types::Iovec;
use arch::PAGE_SIZE;

/// Bytes to be taken, from user memory or from the kernel's own. Each byte is taken once.
///
/// A source of user memory that fails part of the way has been taken up to there; only a failure at its first byte is
/// EFAULT.
pub struct Source<'a>(Bytes<'a>);

enum Bytes<'a> {
    User(Segments<'a>),
    Kernel(&'a [u8]),
}

impl<'a> Source<'a> {
    /// User memory from `address` on.
    #[inline]
    pub fn from_user(address: u64, len: usize) -> Self {
        Self(Bytes::User(Segments::one(address, len)))
    }

    /// The segments of an iovec in order. EINVAL if their sum overflows `isize`.
    pub fn from_iovecs(segments: &'a [Iovec]) -> Result<Self> {
        Ok(Self(Bytes::User(Segments::many(segments)?)))
    }

    /// The kernel's own bytes.
    pub fn from_kernel(bytes: &'a [u8]) -> Self {
        Self(Bytes::Kernel(bytes))
    }

    /// How many bytes are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        match &self.0 {
            Bytes::User(segments) => segments.remaining(),
            Bytes::Kernel(bytes) => bytes.len(),
        }
    }

    /// Cuts what is left to at most `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        match &mut self.0 {
            Bytes::User(segments) => segments.truncate(len),
            Bytes::Kernel(bytes) => *bytes = &bytes[..len.min(bytes.len())],
        }
    }

    /// Takes as many bytes as there are and fit. EFAULT only when not one byte could be taken.
    #[inline]
    pub fn copy_to(&mut self, to: &mut [u8]) -> Result<usize> {
        match &mut self.0 {
            Bytes::User(segments) => {
                segments.transfer(to.len(), |address, done, len| raw::copy_in(&mut to[done..done + len], address))
            }
            Bytes::Kernel(bytes) => {
                let (now, later) = bytes.split_at(to.len().min(bytes.len()));
                to[..now.len()].copy_from_slice(now);
                *bytes = later;
                Ok(now.len())
            }
        }
    }

    /// Takes at most `len` bytes into a frame, from offset `at`.
    pub fn copy_to_frame(&mut self, frame: &Frame, at: usize, len: usize) -> Result<usize> {
        let len = len.min(PAGE_SIZE.saturating_sub(at));
        match &mut self.0 {
            Bytes::User(segments) => {
                segments.transfer(len, |address, done, piece| raw::copy_in_frame(frame, at + done, address, piece))
            }
            Bytes::Kernel(bytes) => {
                let (now, later) = bytes.split_at(len.min(bytes.len()));
                frame.write(at, now);
                *bytes = later;
                Ok(now.len())
            }
        }
    }

    /// Passes over at most `len` bytes without reading them; returns how many.
    pub fn skip(&mut self, len: usize) -> usize {
        match &mut self.0 {
            // Nothing is touched, so nothing can fail.
            Bytes::User(segments) => segments.transfer(len, |_, _, piece| piece).unwrap_or(0),
            Bytes::Kernel(bytes) => {
                let len = len.min(bytes.len());
                *bytes = &bytes[len..];
                len
            }
        }
    }
}
