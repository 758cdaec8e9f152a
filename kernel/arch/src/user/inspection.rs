//! The registers as somebody else sees them, and sets them: for tracers and for core dumps.

use super::{RESUME_FAST, Registers, UserContext};

/// The trap flag: one instruction, then the debug exception.
const TRAP_FLAG: u64 = 0x100;

impl UserContext {
    /// All registers as the program would find them if it went on now. Only for the thread that this context belongs to.
    pub fn inspect(&mut self) -> Registers {
        self.capture_segments();
        let mut regs = self.regs;
        if self.resume == RESUME_FAST {
            // What `syscall` leaves in these two, and `sysret` takes from them.
            (regs.rcx, regs.r11) = (regs.rip, regs.rflags);
        }
        regs
    }

    /// Sets all registers; those that a program must not set are put right by the next [`run`](Self::run).
    pub fn replace(&mut self, regs: &Registers) {
        self.set_fs_base(regs.fs_base);
        self.set_gs_base(regs.gs_base);
        let (fs_base, gs_base) = (self.regs.fs_base, self.regs.gs_base);
        *self.regs_mut() = Registers { fs_base, gs_base, ..*regs };
    }

    /// Has the program trap after its next instruction, or no more.
    pub fn set_stepping(&mut self, stepping: Stepping) {
        let regs = self.regs_mut();
        match stepping {
            Stepping::On => regs.rflags |= TRAP_FLAG,
            Stepping::Off => regs.rflags &= !TRAP_FLAG,
        }
    }
}

/// Whether a program runs one instruction at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepping {
    /// One instruction, then a trap.
    On,
    /// On and on.
    Off,
}
