//! The only accesses of kernel code to user memory, each with a fix-up for its fault.
//!
//! A fault first goes to [`crate::Hooks::kernel_fault`], which may bring the page in; only when that
//! declines does the copy end early. With preemption disabled the hook is not asked.
//!
//! Copies move 8 bytes a step. When such a step faults, the rest is tried again byte by byte, so that
//! what was not copied is known exactly.

use core::arch::naked_asm;

use crate::layout::USER_END;

/// A user access faulted and could not be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserFault;

/// Whether all of `len` bytes from `address` lie in user space.
#[inline]
pub const fn is_user_range(address: u64, len: usize) -> bool {
    address <= USER_END && len as u64 <= USER_END - address
}

/// Copies `len` bytes from user address `src`; returns how many were *not* copied.
///
/// # Safety
/// `dst` must be valid for writes of `len` bytes.
#[inline]
pub unsafe fn copy_in(dst: *mut u8, src: u64, len: usize) -> usize {
    if !is_user_range(src, len) {
        return len;
    }
    // SAFETY: the caller vouches for `dst`; faults on `src` are repaired.
    unsafe { copy(dst as u64, src, len) }
}

/// Copies `len` bytes to user address `dst`; returns how many were *not* copied.
///
/// # Safety
/// `src` must be valid for reads of `len` bytes.
#[inline]
pub unsafe fn copy_out(dst: u64, src: *const u8, len: usize) -> usize {
    if !is_user_range(dst, len) {
        return len;
    }
    // SAFETY: the caller vouches for `src`; faults on `dst` are repaired.
    unsafe { copy(dst, src as u64, len) }
}

/// Zeroes `len` bytes at user address `dst`; returns how many were *not* zeroed.
#[inline]
pub fn zero_out(dst: u64, len: usize) -> usize {
    if !is_user_range(dst, len) {
        return len;
    }
    // SAFETY: only user memory is written; faults are repaired.
    unsafe { zero(dst, len) }
}

/// Reads an aligned user word.
#[inline]
pub fn load_u32(address: u64) -> Result<u32, UserFault> {
    if !is_user_range(address, 4) {
        return Err(UserFault);
    }
    // SAFETY: only user memory is read; faults are repaired.
    decode(unsafe { load(address) })
}

/// Writes `new` to an aligned user word if it holds `old`; returns what it held.
#[inline]
pub fn cas_u32(address: u64, old: u32, new: u32) -> Result<u32, UserFault> {
    if !is_user_range(address, 4) {
        return Err(UserFault);
    }
    // SAFETY: only user memory is touched; faults are repaired.
    decode(unsafe { compare_exchange(address, old, new) })
}

fn decode(value: u64) -> Result<u32, UserFault> {
    u32::try_from(value).map_err(|_| UserFault)
}

/// `stac` and `clac`, which become no-ops where the processor has no SMAP.
macro_rules! guarded {
    ($instruction:literal) => {
        concat!("77: ", $instruction, "\n.pushsection .clac_sites, \"a\"\n.quad 77b\n.popsection\n")
    };
}

/// An instruction that may fault, and the label where it goes on then.
macro_rules! fallible {
    ($instruction:literal, $landing:literal) => {
        concat!("78: ", $instruction, "\n.pushsection .fixups, \"a\"\n.quad 78b, ", $landing, "\n.popsection\n")
    };
}

/// RDI to, RSI from, RDX length; RAX what is left.
///
/// # Safety
/// One side is user memory, which may fault; the other must be valid for the length. User access must be allowed (STAC).
#[unsafe(naked)]
unsafe extern "C" fn copy(to: u64, from: u64, len: usize) -> usize {
    naked_asm!(
        guarded!("stac"),
        "mov rcx, rdx",
        "shr rcx, 3",
        "and edx, 7",
        fallible!("rep movsq", "3f"),
        "mov ecx, edx",
        "2:",
        fallible!("rep movsb", "4f"),
        "4:",
        guarded!("clac"),
        "mov rax, rcx",
        "ret",
        // A word faulted: go on by bytes.
        "3:",
        "lea rcx, [rcx * 8 + rdx]",
        "jmp 2b",
    )
}

/// RDI to, RSI length; RAX what is left.
///
/// # Safety
/// The range must be user memory, which may fault; user access must be allowed.
#[unsafe(naked)]
unsafe extern "C" fn zero(to: u64, len: usize) -> usize {
    naked_asm!(
        guarded!("stac"),
        "xor eax, eax",
        "mov rcx, rsi",
        "shr rcx, 3",
        "and esi, 7",
        fallible!("rep stosq", "3f"),
        "mov ecx, esi",
        "2:",
        fallible!("rep stosb", "4f"),
        "4:",
        guarded!("clac"),
        "mov rax, rcx",
        "ret",
        "3:",
        "lea rcx, [rcx * 8 + rsi]",
        "jmp 2b",
    )
}

/// RDI address; RAX the value, or all ones after a fault.
///
/// # Safety
/// The address must be a user address, which may fault; user access must be allowed.
#[unsafe(naked)]
unsafe extern "C" fn load(address: u64) -> u64 {
    naked_asm!(
        guarded!("stac"),
        fallible!("mov eax, [rdi]", "3f"),
        "2:",
        guarded!("clac"),
        "ret",
        "3:",
        "mov rax, -1",
        "jmp 2b",
    )
}

/// RDI address, ESI old, EDX new; RAX what was there, or all ones after a fault.
///
/// # Safety
/// The address must be an aligned user address, which may fault; user access must be allowed.
#[unsafe(naked)]
unsafe extern "C" fn compare_exchange(address: u64, old: u32, new: u32) -> u64 {
    naked_asm!(
        guarded!("stac"),
        "mov eax, esi",
        fallible!("lock cmpxchg [rdi], edx", "3f"),
        "2:",
        guarded!("clac"),
        // The comparison may leave the upper half of RAX as it was.
        "mov eax, eax",
        "ret",
        "3:",
        guarded!("clac"),
        "mov rax, -1",
        "ret",
    )
}
