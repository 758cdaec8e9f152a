//! Kernel stacks, each with unmapped memory below it.

use crate::error::OutOfMemory;
use arch::VirtAddr;

/// The mapped size of a kernel stack, bytes.
pub const STACK_SIZE: usize = if cfg!(debug_assertions) { 32 * 1024 } else { 16 * 1024 };

/// One kernel stack; given back when dropped, which must not happen while a CPU runs on it.
pub struct KernelStack {
    top: VirtAddr,
}

impl KernelStack {
    /// A mapped stack. Its contents are arbitrary.
    pub fn new() -> Result<Self, OutOfMemory> {
        todo!()
    }

    /// The address just above the stack; 16-byte aligned.
    pub fn top(&self) -> VirtAddr {
        self.top
    }
}

impl Drop for KernelStack {
    fn drop(&mut self) {
        todo!()
    }
}

/// Whether `address` lies in the hole below a kernel stack: a fault there is a stack overflow.
pub fn is_guard(address: VirtAddr) -> bool {
    let _ = address;
    todo!()
}

/// Prepares the stack area.
pub(crate) fn init() {
    todo!()
}
