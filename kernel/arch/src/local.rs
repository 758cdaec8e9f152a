//! The per-CPU block that GS points to.

use core::mem::offset_of;

/// One machine word per CPU, read and written with one instruction, for the floors above.
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Slot {
    /// `sched`: the current thread.
    Thread = 0,
    /// `mm`: the active address space.
    AddressSpace = 1,
    /// `sync`: this CPU's lock-order record.
    HeldLocks = 2,
    /// `sched`: this CPU's run queue.
    RunQueue = 3,
    /// `process`: the current task.
    Task = 4,
    /// `mm`: this CPU's allocator magazines.
    Magazines = 5,
}

/// How many [`Slot`]s a block has.
pub const SLOTS: usize = 8;

/// What one processor keeps for itself. Field order is free: the assembly takes offsets by name.
#[repr(C, align(64))]
pub(crate) struct Local {
    /// This block's own address, so that it can be had without reading the GS base.
    pub this: usize,
    /// Stack pointer to return to when user mode is left.
    pub kernel_rsp: u64,
    /// The user's stack pointer between `syscall` and its storing.
    pub scratch: u64,
    /// Preemption is allowed when zero.
    pub preempt_count: u32,
    /// Dense number of this CPU.
    pub cpu: u32,
    /// Words of the floors above.
    pub slots: [usize; SLOTS],
    /// Added to the TSC so that all CPUs agree.
    pub tsc_offset: u64,
    /// When the timer is due, nanoseconds since boot; `u64::MAX` when it is not armed.
    pub timer_deadline: u64,
    /// Identifier of this CPU's local APIC.
    pub apic_id: u32,
}

impl Local {
    /// A block for `cpu`, whose `this` is filled in once it has its place.
    pub const fn new(cpu: u32) -> Self {
        Self {
            this: 0,
            kernel_rsp: 0,
            scratch: 0,
            preempt_count: 0,
            cpu,
            slots: [0; SLOTS],
            tsc_offset: 0,
            timer_deadline: u64::MAX,
            apic_id: 0,
        }
    }
}

/// Reads a per-CPU word. The caller keeps itself on this CPU if that matters.
#[inline(always)]
pub fn load(slot: Slot) -> usize {
    let value: usize;
    // SAFETY: GS points to this CPU's block in kernel mode, and the offset lies inside it.
    unsafe {
        core::arch::asm!("mov {}, gs:[{} + {}]", out(reg) value, in(reg) slot as usize * 8,
            const offset_of!(Local, slots), options(nostack, preserves_flags, readonly));
    }
    value
}

/// Writes a per-CPU word. The caller keeps itself on this CPU if that matters.
#[inline(always)]
pub fn store(slot: Slot, value: usize) {
    // SAFETY: GS points to this CPU's block in kernel mode, and the offset lies inside it.
    unsafe {
        core::arch::asm!("mov gs:[{} + {}], {}", in(reg) slot as usize * 8,
            const offset_of!(Local, slots), in(reg) value, options(nostack, preserves_flags));
    }
}
