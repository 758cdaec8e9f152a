//! Turning maskable interrupts off and on.

use core::arch::asm;

/// Whether interrupts were on when they were last disabled.
#[derive(Clone, Copy)]
#[must_use]
pub struct SavedFlags(u64);

const INTERRUPT_FLAG: u64 = 1 << 9;

impl SavedFlags {
    /// Whether interrupts were on.
    pub fn were_enabled(self) -> bool {
        self.0 & INTERRUPT_FLAG != 0
    }
}

fn flags() -> u64 {
    let flags;
    // SAFETY: reading the flags changes nothing but the stack slot it uses.
    unsafe { asm!("pushfq", "pop {}", out(reg) flags, options(preserves_flags)) };
    flags
}

/// Disables interrupts and says what was before.
#[inline(always)]
pub fn disable() -> SavedFlags {
    let saved = SavedFlags(flags());
    turn_off();
    saved
}

/// Disables interrupts, for those who know what was before.
#[inline(always)]
pub fn turn_off() {
    // SAFETY: with interrupts off no handler runs; memory operations may not move above this.
    unsafe { asm!("cli", options(nostack)) };
}

/// Restores what [`disable`] found.
#[inline(always)]
pub fn restore(saved: SavedFlags) {
    if saved.were_enabled() {
        enable();
    }
}

/// Enables interrupts.
#[inline(always)]
pub fn enable() {
    // SAFETY: the descriptor tables are loaded before the first call; handlers may run from here.
    unsafe { asm!("sti", options(nostack)) };
}

/// Whether interrupts are on.
#[inline(always)]
pub fn enabled() -> bool {
    SavedFlags(flags()).were_enabled()
}

/// Runs `body` with interrupts off.
#[inline(always)]
pub fn without<R>(body: impl FnOnce() -> R) -> R {
    let saved = disable();
    let result = body();
    restore(saved);
    result
}
