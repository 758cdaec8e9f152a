//! Switching kernel stacks.

use crate::VirtAddr;

/// Where a thread that is not running continues, and the segment bases its user code had.
#[derive(Debug)]
#[repr(C)]
pub struct Context {
    rsp: u64,
    fs_base: u64,
    gs_base: u64,
}

impl Context {
    /// A context that starts `entry(argument)` on the stack that ends at `stack_top`, with interrupts
    /// off.
    ///
    /// # Safety
    /// The stack must be mapped, unused, at least a page long and outlive the thread; `stack_top` must
    /// be a multiple of 16.
    pub unsafe fn new(_stack_top: VirtAddr, _entry: extern "C" fn(usize) -> !, _argument: usize) -> Self {
        todo!()
    }

    /// A context to be filled by the first [`switch`] away from it.
    pub const fn empty() -> Self {
        Self { rsp: 0, fs_base: 0, gs_base: 0 }
    }
}

/// Saves the running context in `prev` and continues `next`. Returns when something switches back to
/// `prev`, perhaps on another CPU. The user's FPU state is not touched: see [`crate::fpu`].
///
/// # Safety
/// Interrupts must be off. `next` must hold a context that is not running anywhere and whose stack is
/// mapped; `prev` must stay valid until something has switched back to it.
pub unsafe fn switch(_prev: *mut Context, _next: *const Context) {
    todo!()
}
