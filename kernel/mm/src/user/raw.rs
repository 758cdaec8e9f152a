//! The copies themselves: addresses are checked here, and nowhere else.
#![allow(unsafe_code)]

use crate::frame::Frame;
use arch::PAGE_SIZE;
use arch::layout::USER_END;
use arch::usercopy;
use core::mem::MaybeUninit;

/// How many of `len` bytes from `address` on lie in the user half.
#[inline]
fn within(address: u64, len: usize) -> usize {
    len.min(USER_END.saturating_sub(address) as usize)
}

/// Copies from user memory; returns how many bytes came.
#[inline]
pub(super) fn copy_in(to: &mut [u8], address: u64) -> usize {
    let len = within(address, to.len());
    // SAFETY: `to` has at least `len` bytes.
    len - unsafe { usercopy::copy_in(to.as_mut_ptr(), address, len) }
}

/// Copies values' bytes from user memory; whether all came. The values are initialised only then.
#[inline]
pub(super) fn copy_values_in<T>(to: &mut [MaybeUninit<T>], address: u64) -> bool {
    let len = size_of_val(to);
    // SAFETY: `to` is `len` bytes long.
    within(address, len) == len && unsafe { usercopy::copy_in(to.as_mut_ptr().cast(), address, len) } == 0
}

/// Copies to user memory; returns how many bytes went.
#[inline]
pub(super) fn copy_out(address: u64, from: &[u8]) -> usize {
    let len = within(address, from.len());
    // SAFETY: `from` has at least `len` bytes.
    len - unsafe { usercopy::copy_out(address, from.as_ptr(), len) }
}

/// Copies from user memory into a frame; returns how many bytes came.
pub(super) fn copy_in_frame(frame: &Frame, at: usize, address: u64, len: usize) -> usize {
    let len = within(address, len.min(PAGE_SIZE.saturating_sub(at)));
    if len == 0 {
        return 0;
    }
    let to = frame.as_ptr().wrapping_add(at);
    // SAFETY: `at + len` lies within the frame, whose bytes nobody borrows.
    len - unsafe { usercopy::copy_in(to, address, len) }
}

/// Copies from a frame to user memory; returns how many bytes went.
pub(super) fn copy_out_frame(address: u64, frame: &Frame, at: usize, len: usize) -> usize {
    let len = within(address, len.min(PAGE_SIZE.saturating_sub(at)));
    if len == 0 {
        return 0;
    }
    let from = frame.as_ptr().wrapping_add(at);
    // SAFETY: as in `copy_in_frame`.
    len - unsafe { usercopy::copy_out(address, from, len) }
}

/// Zeroes user memory; returns how many bytes were.
pub(super) fn zero_out(address: u64, len: usize) -> usize {
    let len = within(address, len);
    len - usercopy::zero_out(address, len)
}
