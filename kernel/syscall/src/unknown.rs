//! Numbers that the table does not have.

use crate::Context;
use abi::{Errno, Result};
use core::sync::atomic::{AtomicU64, Ordering};

const WORDS: usize = 16;
const BITS: u64 = u64::BITS as u64;

/// The numbers met so far, one bit each; all from the last word's end on share the last bit.
static MET: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];

/// ENOSYS, and one line in the log for each number.
#[cold]
pub(crate) fn call(cx: &mut Context) -> Result<usize> {
    let number = cx.user.syscall_number();
    let bit = number.min(WORDS as u64 * BITS - 1);
    let mask = 1 << (bit % BITS);
    if MET[(bit / BITS) as usize].fetch_or(mask, Ordering::Relaxed) & mask == 0 {
        log::warn!("system call {number} is not known (asked for by process {})", cx.process().id());
    }
    Err(Errno::ENOSYS)
}
