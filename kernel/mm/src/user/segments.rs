//! What is left of a list of user memory segments.

use abi::types::Iovec;
use abi::{Errno, Result};

/// Linux transfers at most this much in one call.
const MOST: usize = i32::MAX as usize & !(arch::PAGE_SIZE - 1);

/// A current segment and those that follow.
#[derive(Clone)]
pub(super) struct Segments<'a> {
    address: u64,
    /// Bytes left in the current segment.
    len: usize,
    rest: &'a [Iovec],
    /// Bytes left in all.
    remaining: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn one(address: u64, len: usize) -> Self {
        let len = len.min(MOST);
        Self { address, len, rest: &[], remaining: len }
    }

    /// EINVAL if a length or the sum is more than `isize` holds.
    pub(super) fn many(segments: &'a [Iovec]) -> Result<Self> {
        let mut sum = 0isize;
        for segment in segments {
            let len = isize::try_from(segment.length).map_err(|_| Errno::EINVAL)?;
            sum = sum.checked_add(len).ok_or(Errno::EINVAL)?;
        }
        Ok(Self { address: 0, len: 0, rest: segments, remaining: (sum as usize).min(MOST) })
    }

    pub(super) fn remaining(&self) -> usize {
        self.remaining
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.remaining = self.remaining.min(len);
    }

    /// The next contiguous piece of at most `most` bytes: its address and length; `None` at the end.
    #[inline]
    pub(super) fn piece(&mut self, most: usize) -> Option<(u64, usize)> {
        while self.len == 0 {
            let (first, rest) = self.rest.split_first()?;
            (self.address, self.len, self.rest) = (first.base, first.length as usize, rest);
        }
        let len = self.len.min(self.remaining).min(most);
        (len != 0).then_some((self.address, len))
    }

    /// Passes over `len` bytes of the current piece.
    #[inline]
    pub(super) fn advance(&mut self, len: usize) {
        self.address = self.address.wrapping_add(len as u64);
        self.len -= len;
        self.remaining -= len;
    }

    /// Gives `transfer` one piece after another, up to `len` bytes; it says how much of a piece it moved, and ends it
    /// all by
    /// moving less. EFAULT when nothing at all was moved though something was asked for.
    #[inline]
    pub(super) fn transfer(
        &mut self,
        len: usize,
        mut transfer: impl FnMut(u64, usize, usize) -> usize,
    ) -> Result<usize> {
        let mut done = 0;
        while done < len {
            let Some((address, piece)) = self.piece(len - done) else { break };
            let moved = transfer(address, done, piece);
            self.advance(moved);
            done += moved;
            if moved < piece {
                return if done == 0 { Err(Errno::EFAULT) } else { Ok(done) };
            }
        }
        Ok(done)
    }
}
