//! The only accesses of kernel code to user memory, each with a fix-up for its fault.
//!
//! A fault first goes to [`crate::Hooks::kernel_fault`], which may bring the page in; only when that
//! declines does the copy end early. With preemption disabled the hook is not asked.

/// A user access faulted and could not be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserFault;

/// Copies `len` bytes from user address `src`; returns how many were *not* copied.
///
/// # Safety
/// `dst` must be valid for writes of `len` bytes.
pub unsafe fn copy_in(_dst: *mut u8, _src: u64, _len: usize) -> usize {
    todo!()
}

/// Copies `len` bytes to user address `dst`; returns how many were *not* copied.
///
/// # Safety
/// `src` must be valid for reads of `len` bytes.
pub unsafe fn copy_out(_dst: u64, _src: *const u8, _len: usize) -> usize {
    todo!()
}

/// Zeroes `len` bytes at user address `dst`; returns how many were *not* zeroed.
pub fn zero_out(_dst: u64, _len: usize) -> usize {
    todo!()
}

/// Reads an aligned user word.
pub fn load_u32(_address: u64) -> Result<u32, UserFault> {
    todo!()
}

/// Writes `new` to an aligned user word if it holds `old`; returns what it held.
pub fn cas_u32(_address: u64, _old: u32, _new: u32) -> Result<u32, UserFault> {
    todo!()
}
