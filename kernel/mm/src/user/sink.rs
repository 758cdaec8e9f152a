//! [`Sink`]: bytes that leave the kernel.

use super::raw;
use super::segments::Segments;
use crate::frame::Frame;
use abi::Result;
use abi::types::Iovec;
use arch::PAGE_SIZE;

/// Room for bytes, in user memory or in the kernel's own. Each place is filled once.
///
/// A sink of user memory that fails part of the way has been filled up to there; only a failure at its first byte is
/// EFAULT.
pub struct Sink<'a>(Room<'a>);

enum Room<'a> {
    User(Segments<'a>),
    Kernel(&'a mut [u8]),
}

/// Takes up to `len` bytes off the front of a slice.
fn take<'a>(room: &mut &'a mut [u8], len: usize) -> &'a mut [u8] {
    let whole = core::mem::take(room);
    let (now, later) = whole.split_at_mut(len.min(whole.len()));
    *room = later;
    now
}

impl<'a> Sink<'a> {
    /// User memory from `address` on.
    #[inline]
    pub fn from_user(address: u64, len: usize) -> Self {
        Self(Room::User(Segments::one(address, len)))
    }

    /// The segments of an iovec in order. EINVAL if their sum overflows `isize`.
    pub fn from_iovecs(segments: &'a [Iovec]) -> Result<Self> {
        Ok(Self(Room::User(Segments::many(segments)?)))
    }

    /// The kernel's own bytes.
    pub fn from_kernel(bytes: &'a mut [u8]) -> Self {
        Self(Room::Kernel(bytes))
    }

    /// How many bytes of room are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        match &self.0 {
            Room::User(segments) => segments.remaining(),
            Room::Kernel(bytes) => bytes.len(),
        }
    }

    /// Cuts the room to at most `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        match &mut self.0 {
            Room::User(segments) => segments.truncate(len),
            Room::Kernel(bytes) => *bytes = take(bytes, len),
        }
    }

    /// Writes as many of `bytes` as there is room for. EFAULT only when not one byte could be written.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.0 {
            Room::User(segments) => {
                segments.transfer(bytes.len(), |address, done, len| raw::copy_out(address, &bytes[done..done + len]))
            }
            Room::Kernel(room) => {
                let now = take(room, bytes.len());
                now.copy_from_slice(&bytes[..now.len()]);
                Ok(now.len())
            }
        }
    }

    /// Writes at most `len` bytes of a frame, from offset `at`.
    pub fn write_from_frame(&mut self, frame: &Frame, at: usize, len: usize) -> Result<usize> {
        let len = len.min(PAGE_SIZE.saturating_sub(at));
        match &mut self.0 {
            Room::User(segments) => {
                segments.transfer(len, |address, done, piece| raw::copy_out_frame(address, frame, at + done, piece))
            }
            Room::Kernel(room) => Ok(frame.read(at, take(room, len))),
        }
    }

    /// Writes at most `len` zeros.
    pub fn write_zeros(&mut self, len: usize) -> Result<usize> {
        match &mut self.0 {
            Room::User(segments) => segments.transfer(len, |address, _, piece| raw::zero_out(address, piece)),
            Room::Kernel(room) => {
                let now = take(room, len);
                now.fill(0);
                Ok(now.len())
            }
        }
    }
}
