//! User mode: [`UserContext::run`] enters it and returns why it came back.

use core::arch::asm;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU32, Ordering};

use x86_64::registers::control::Cr2;

use crate::layout::USER_END;
use crate::{VirtAddr, interrupts, trap};

mod entry;
mod inspection;
mod registers;
mod segments;

pub(crate) use entry::syscall_entry;
pub(crate) use segments::Segments;

pub use inspection::Stepping;
pub use registers::Registers;

/// Why user mode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The program made a system call: number and arguments are in the registers.
    Syscall,
    /// The program's instruction faulted or trapped.
    Exception(Exception),
    /// An interrupt arrived, and its handler has run; or attention was asked for.
    Interrupt,
}

/// What a thread's way into user mode and out of it heeds and tells. Interrupts are off in all of it, so nothing comes
/// between the crossing and its being told.
pub trait Border {
    /// While this is not zero, user mode is not entered.
    fn attention(&self) -> &AtomicU32;
    /// User code is about to run.
    fn enter(&self);
    /// User code has stopped running.
    fn leave(&self);
}

/// A border at which nobody counts.
impl Border for AtomicU32 {
    fn attention(&self) -> &AtomicU32 {
        self
    }

    fn enter(&self) {}

    fn leave(&self) {}
}

/// An exception that user code caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The vector, 0–31: 14 is the page fault.
    pub vector: u8,
    /// The error code, 0 where the exception has none.
    pub error_code: u64,
    /// The address that a page fault touched, otherwise 0.
    pub address: u64,
}

/// Where the entry code finds [`UserContext::resume`].
pub(crate) const RESUME: usize = offset_of!(UserContext, resume);
/// The last exit was a system call, and nothing but its result has changed: `sysret` will do.
const RESUME_FAST: u32 = 0;
/// All registers are to be loaded.
pub(crate) const RESUME_FULL: u32 = 1;
/// What stands for the vector when user mode ends by a system call.
const SYSCALL_VECTOR: u32 = 256;

/// The number that no system call has: user mode ended by something else.
pub const NO_CALL: u64 = u64::MAX;

/// Vectors below are exceptions.
const FIRST_INTERRUPT: u32 = 32;
const GENERAL_PROTECTION: u8 = 13;
const PAGE_FAULT: u8 = 14;

/// Flags that a program may set: CF PF AF ZF SF TF DF OF RF AC ID.
const USER_FLAGS: u64 = 0x25_0dd5;
/// Flags that are always set in user mode: interrupts, and the bit that is always one.
const FORCED_FLAGS: u64 = 0x202;

/// The user half of a thread: its registers while it is not in user mode.
///
/// The fast way back to user mode after a system call restores only what the call may have changed,
/// so the registers are reached through [`regs`](Self::regs) and [`regs_mut`](Self::regs_mut); the
/// latter makes the next entry a full one.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct UserContext {
    // First, so that its end is where the processor's frame begins: a multiple of 16.
    regs: Registers,
    resume: u32,
    /// The segment bases in `regs` are newer than the processor's.
    has_new_segments: bool,
}

/// Calls one of the ways into user mode; gives the vector by which it was left.
macro_rules! enter {
    ($way:path, $context:expr) => {{
        let vector: u32;
        // SAFETY: interrupts are off and the registers safe to load; the block names every register
        // that is lost, and keeps the two that cannot be named.
        unsafe {
            asm!(
                "push rbp", "push rbx", "call {enter}", "pop rbx", "pop rbp",
                enter = sym $way,
                inout("rdi") &raw mut *$context => _, lateout("eax") vector,
                lateout("rcx") _, lateout("rdx") _, lateout("rsi") _, lateout("r8") _, lateout("r9") _,
                lateout("r10") _, lateout("r11") _, lateout("r12") _, lateout("r13") _, lateout("r14") _,
                lateout("r15") _,
            );
        }
        vector
    }};
}

const _: () = assert!(size_of::<Registers>().is_multiple_of(16));

impl UserContext {
    /// All registers zero, interrupts on; instruction and stack pointer to be set.
    pub fn new() -> Self {
        let (cs, ss) = entry::SELECTORS;
        let regs = Registers { cs, ss, rflags: FORCED_FLAGS, ..Registers::default() };
        Self { regs, resume: RESUME_FULL, has_new_segments: true }
    }

    /// A copy for a new thread, with the calling thread's present segment bases. Only for the thread
    /// that this context belongs to.
    pub fn duplicate(&self) -> Self {
        let mut copy = Self { regs: self.regs, resume: RESUME_FULL, has_new_segments: self.has_new_segments };
        copy.capture_segments();
        copy.has_new_segments = true;
        copy
    }

    /// The registers. `fs_base` and `gs_base` are current only after
    /// [`capture_segments`](Self::capture_segments).
    #[inline]
    pub fn regs(&self) -> &Registers {
        &self.regs
    }

    /// The registers, to be changed: the next [`run`](Self::run) loads all of them (segment bases:
    /// see [`set_fs_base`](Self::set_fs_base)). Selectors and privileged flags are put right there.
    #[inline]
    pub fn regs_mut(&mut self) -> &mut Registers {
        self.resume = RESUME_FULL;
        &mut self.regs
    }

    /// Copies the segment bases from the processor to `regs`. Only for the current thread.
    pub fn capture_segments(&mut self) {
        if !self.has_new_segments {
            let Segments { fs_base, gs_base } = interrupts::without(Segments::read);
            self.regs.fs_base = fs_base;
            self.regs.gs_base = gs_base;
        }
    }

    /// Sets the FS base that the next [`run`](Self::run) loads. Addresses beyond user space become 0.
    pub fn set_fs_base(&mut self, base: u64) {
        self.capture_segments();
        self.regs.fs_base = if base < USER_END { base } else { 0 };
        self.has_new_segments = true;
        self.resume = RESUME_FULL;
    }

    /// Sets the GS base that the next [`run`](Self::run) loads. Addresses beyond user space become 0.
    pub fn set_gs_base(&mut self, base: u64) {
        self.capture_segments();
        self.regs.gs_base = if base < USER_END { base } else { 0 };
        self.has_new_segments = true;
        self.resume = RESUME_FULL;
    }

    /// Number of the system call that ended user mode.
    #[inline]
    pub fn syscall_number(&self) -> u64 {
        self.regs.error_code
    }

    /// Arguments of the system call that ended user mode.
    #[inline]
    pub fn args(&self) -> [u64; 6] {
        let r = &self.regs;
        [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9]
    }

    /// Sets the system call's result, without making the next entry a full one.
    #[inline]
    pub fn set_result(&mut self, result: i64) {
        self.regs.rax = result as u64;
    }

    /// Enters user mode and stays there until it ends. With the border's attention word not zero it returns
    /// [`Exit::Interrupt`] at once; the check and the entry are one step as far as interrupts go.
    /// Interrupts are on when this returns.
    ///
    /// The caller is the thread that this context belongs to, with its address space active and its
    /// FPU state loaded, and with preemption enabled.
    #[inline]
    pub fn run(&mut self, border: &impl Border) -> Exit {
        interrupts::turn_off();
        if border.attention().load(Ordering::Relaxed) != 0 {
            interrupts::enable();
            return Exit::Interrupt;
        }
        let vector = if self.resume == RESUME_FAST {
            border.enter();
            enter!(entry::enter_fast, self)
        } else {
            if !self.prepare_full() {
                interrupts::enable();
                // What the processor would say at the first fetch, had `iret` let it get that far.
                return Exit::Exception(Exception { vector: GENERAL_PROTECTION, error_code: 0, address: 0 });
            }
            // True if the next exit is a system call; others say otherwise.
            self.resume = RESUME_FAST;
            border.enter();
            enter!(entry::enter_full, self)
        };
        border.leave();
        if vector == SYSCALL_VECTOR {
            interrupts::enable();
            return Exit::Syscall;
        }
        let address = finish_trap(vector as u8);
        // From here on the word says which call the thread is in.
        let error_code = core::mem::replace(&mut self.regs.error_code, NO_CALL);
        if vector >= FIRST_INTERRUPT {
            return Exit::Interrupt;
        }
        Exit::Exception(Exception { vector: vector as u8, error_code, address })
    }

    /// Makes the registers such that `iret` cannot fault, and loads new segment bases. Says whether the
    /// instruction pointer lies in user space: to others `iret` must not go.
    #[cold]
    fn prepare_full(&mut self) -> bool {
        (self.regs.cs, self.regs.ss) = entry::SELECTORS;
        self.regs.rflags = self.regs.rflags & USER_FLAGS | FORCED_FLAGS;
        if self.has_new_segments {
            let truncate = |base| VirtAddr::new_truncate(base).as_u64();
            let (fs_base, gs_base) = (truncate(self.regs.fs_base), truncate(self.regs.gs_base));
            Segments { fs_base, gs_base }.write();
            self.has_new_segments = false;
        }
        self.regs.rip < USER_END
    }
}

/// Deals with what ended user mode, a system call apart, up to the point where interrupts can go on:
/// runs an interrupt's handler, or gives the address of a page fault.
#[inline(never)]
fn finish_trap(vector: u8) -> u64 {
    let mut address = 0;
    match vector {
        PAGE_FAULT => address = Cr2::read_raw(),
        0..32 => {}
        _ => trap::interrupt(vector),
    }
    interrupts::enable();
    address
}

impl Default for UserContext {
    fn default() -> Self {
        Self::new()
    }
}
