//! Whole pages at a time: zeroing and copying by 8-byte string instructions, the fastest form that emulators and hardware
//! without fast short REP have in common.

use core::arch::asm;

use crate::PAGE_SIZE;

/// Zeroes the page at `page`.
///
/// # Safety
/// `page` is 8-byte aligned and valid for writes of a page.
#[inline(always)]
pub unsafe fn zero(page: *mut u8) {
    // SAFETY: the caller vouches for the page; the direction flag is clear in Rust code.
    unsafe {
        asm!("rep stosq", inout("rcx") PAGE_SIZE / 8 => _, inout("rdi") page => _, in("rax") 0u64,
            options(nostack, preserves_flags));
    }
}

/// Copies the page at `from` to `to`.
///
/// # Safety
/// Both are 8-byte aligned and valid for a page, which do not overlap. Other CPUs or user code may write the source
/// meanwhile; then the copy is some mixture of old and new words.
#[inline(always)]
pub unsafe fn copy(to: *mut u8, from: *const u8) {
    // SAFETY: the caller vouches for the pages; the direction flag is clear in Rust code.
    unsafe {
        asm!("rep movsq", inout("rcx") PAGE_SIZE / 8 => _, inout("rdi") to => _, inout("rsi") from => _,
            options(nostack, preserves_flags));
    }
}
