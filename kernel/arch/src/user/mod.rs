//! User mode: [`UserContext::run`] enters it and returns why it came back.

use core::sync::atomic::AtomicU32;

mod registers;

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

/// The user half of a thread: its registers while it is not in user mode.
///
/// The fast way back to user mode after a system call restores only what the call may have changed,
/// so the registers are reached through [`regs`](Self::regs) and [`regs_mut`](Self::regs_mut); the
/// latter makes the next entry a full one.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct UserContext {
    regs: Registers,
}

impl UserContext {
    /// All registers zero, interrupts on; instruction and stack pointer to be set.
    pub fn new() -> Self {
        todo!()
    }

    /// A copy for a new thread, with the calling thread's present segment bases. Only for the thread
    /// that this context belongs to.
    pub fn duplicate(&self) -> Self {
        todo!()
    }

    /// The registers. `fs_base` and `gs_base` are current only after
    /// [`capture_segments`](Self::capture_segments).
    #[inline]
    pub fn regs(&self) -> &Registers {
        &self.regs
    }

    /// The registers, to be changed: the next [`run`](Self::run) loads all of them (segment bases:
    /// see [`set_fs_base`](Self::set_fs_base)).
    #[inline]
    pub fn regs_mut(&mut self) -> &mut Registers {
        &mut self.regs
    }

    /// Copies the segment bases from the processor to `regs`. Only for the current thread.
    pub fn capture_segments(&mut self) {
        todo!()
    }

    /// Sets the FS base that the next [`run`](Self::run) loads.
    pub fn set_fs_base(&mut self, _base: u64) {
        todo!()
    }

    /// Sets the GS base that the next [`run`](Self::run) loads.
    pub fn set_gs_base(&mut self, _base: u64) {
        todo!()
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

    /// Enters user mode and stays there until it ends. With `attention` not zero it returns
    /// [`Exit::Interrupt`] at once; the check and the entry are one step as far as interrupts go.
    /// Interrupts are on when this returns.
    ///
    /// The caller is the thread that this context belongs to, with its address space active and its
    /// FPU state loaded, and with preemption enabled.
    pub fn run(&mut self, _attention: &AtomicU32) -> Exit {
        todo!()
    }
}

impl Default for UserContext {
    fn default() -> Self {
        Self::new()
    }
}
