//! The user's vector and floating-point state.
//!
//! Kernel code is compiled without vector registers, so the state stays in them through system calls
//! and interrupts; the scheduler saves it when it switches away from a user thread and restores it
//! when it switches back.

use crate::OutOfMemory;

/// One thread's state, in the XSAVE standard format (FXSAVE where the processor has no more).
pub struct FpuState;

/// Why a signal frame's state cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidState;

impl FpuState {
    /// The state a program starts with.
    pub fn new() -> Result<Self, OutOfMemory> {
        todo!()
    }

    /// A copy. The registers are not consulted: [`save`](Self::save) first where this is current.
    pub fn try_clone(&self) -> Result<Self, OutOfMemory> {
        todo!()
    }

    /// Back to the state a program starts with (exec). Takes effect at the next `restore`.
    pub fn reset(&mut self) {
        todo!()
    }

    /// Stores the registers here.
    pub fn save(&mut self) {
        todo!()
    }

    /// Loads the registers from here.
    pub fn restore(&self) {
        todo!()
    }

    /// Bytes that [`write_signal_frame`](Self::write_signal_frame) needs; the frame wants 64-byte
    /// alignment.
    pub fn signal_frame_size() -> usize {
        todo!()
    }

    /// Writes the image that Linux puts behind `uc_mcontext.fpstate`: the XSAVE area with its magic
    /// numbers. `frame` has `signal_frame_size()` bytes.
    pub fn write_signal_frame(&self, _frame: &mut [u8]) {
        todo!()
    }

    /// Takes an image that a program may have changed; nothing in it can make
    /// [`restore`](Self::restore) fault.
    pub fn load_signal_frame(&mut self, _frame: &[u8]) -> Result<(), InvalidState> {
        todo!()
    }
}
