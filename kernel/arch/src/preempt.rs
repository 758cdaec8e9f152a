//! The preemption counter of this CPU: one instruction each way. Guards live in `sync`.

use core::arch::asm;
use core::mem::offset_of;

use crate::local::Local;

/// Forbids preemption on this CPU until the matching [`enable`].
#[inline(always)]
pub fn disable() {
    // SAFETY: GS points to this CPU's block; the field is only ever changed by its own CPU.
    unsafe { asm!("inc dword ptr gs:[{}]", const offset_of!(Local, preempt_count), options(nostack)) }
}

/// Ends the innermost [`disable`]. Never reschedules by itself.
#[inline(always)]
pub fn enable() {
    // SAFETY: as in `disable`.
    unsafe { asm!("dec dword ptr gs:[{}]", const offset_of!(Local, preempt_count), options(nostack)) }
}

/// How many [`disable`]s are open on this CPU.
#[inline(always)]
pub fn count() -> u32 {
    let count: u32;
    // SAFETY: as in `disable`; this only reads.
    unsafe {
        asm!("mov {:e}, gs:[{}]", out(reg) count, const offset_of!(Local, preempt_count),
            options(nostack, preserves_flags, readonly));
    }
    count
}
