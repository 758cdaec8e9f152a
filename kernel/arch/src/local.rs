//! The per-CPU block that GS points to.

use core::cell::UnsafeCell;
use core::mem::offset_of;

use x86_64::structures::gdt::GlobalDescriptorTable;
use x86_64::structures::tss::TaskStateSegment;

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
    /// This CPU's part of the trace; null without memory for it.
    pub trace: *const abi::trace::Block,
    /// Added to the TSC so that all CPUs agree.
    pub tsc_offset: u64,
    /// This CPU's TSC when it came online, for the boot processor to check.
    pub arrival_tsc: u64,
    /// When the timer is due, nanoseconds since boot; `u64::MAX` when it is not armed.
    pub timer_deadline: u64,
    /// Top of the stack that this CPU starts on.
    pub stack_top: u64,
    /// Stacks for the traps that may not use the current one.
    pub trap_stacks: crate::descriptors::Stacks,
    /// Identifier of this CPU's local APIC.
    pub apic_id: u32,
    /// The task state segment; its ring-0 stack is the frame of the running user context.
    pub tss: TaskStateSegment,
    /// The descriptor table that names the TSS.
    pub gdt: GlobalDescriptorTable<10>,
}

/// Where the TSS keeps the stack pointer that an interrupt from user mode starts with.
pub(crate) const RSP0: usize = offset_of!(Local, tss) + 4;

impl Local {
    /// A block for `cpu`; [`install`](crate::descriptors::install) completes it.
    pub const fn new(cpu: u32) -> Self {
        Self {
            this: 0,
            kernel_rsp: 0,
            scratch: 0,
            preempt_count: 0,
            cpu,
            slots: [0; SLOTS],
            trace: core::ptr::null(),
            tsc_offset: 0,
            arrival_tsc: 0,
            timer_deadline: u64::MAX,
            stack_top: 0,
            trap_stacks: [crate::VirtAddr::zero(); 3],
            apic_id: 0,
            tss: TaskStateSegment::new(),
            gdt: GlobalDescriptorTable::empty(),
        }
    }
}

/// The boot processor's block, a static so that it is there from the first instruction.
#[repr(transparent)]
pub(crate) struct BootLocal(UnsafeCell<Local>);

// SAFETY: only the boot processor reaches its block, through GS or in single-threaded boot code.
unsafe impl Sync for BootLocal {}

impl BootLocal {
    /// The block's address.
    pub fn get(&self) -> *mut Local {
        self.0.get()
    }
}

/// See [`BootLocal`].
pub(crate) static BOOT: BootLocal = BootLocal(UnsafeCell::new(Local::new(0)));

/// Address of this CPU's block.
#[inline(always)]
pub(crate) fn this() -> *mut Local {
    let this: *mut Local;
    // SAFETY: GS points to this CPU's block in kernel mode; the field never changes after boot.
    unsafe {
        core::arch::asm!("mov {}, gs:[{}]", out(reg) this, const offset_of!(Local, this),
            options(nostack, preserves_flags, readonly));
    }
    this
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
