//! Switching kernel stacks.

use core::arch::naked_asm;

use crate::VirtAddr;
use crate::user::Segments;

/// Where a thread that is not running continues, and the segment bases its user code had.
#[derive(Debug)]
pub struct Context {
    rsp: u64,
    segments: Segments,
}

/// What [`switch_stacks`] finds on a stack, lowest address first.
#[repr(C)]
struct Frame {
    r15: u64,
    r14: u64,
    r13: u64,
    r12: u64,
    rbx: u64,
    rbp: u64,
    rip: u64,
    /// A return address of zero ends backtraces.
    end: u64,
}

impl Context {
    /// A context that starts `entry(argument)` on the stack that ends at `stack_top`, with interrupts
    /// off.
    ///
    /// # Safety
    /// The stack must be mapped, unused, at least a page long and outlive the thread; `stack_top` must
    /// be a multiple of 16.
    pub unsafe fn new(stack_top: VirtAddr, entry: extern "C" fn(usize) -> !, argument: usize) -> Self {
        let rsp = stack_top.as_u64() - 16 - size_of::<Frame>() as u64;
        let frame = Frame {
            r15: 0,
            r14: 0,
            r13: entry as usize as u64,
            r12: argument as u64,
            rbx: 0,
            rbp: 0,
            rip: start as *const () as u64,
            end: 0,
        };
        // SAFETY: the caller gives an unused stack.
        unsafe { (rsp as *mut Frame).write(frame) };
        Self { rsp, segments: Segments { fs_base: 0, gs_base: 0 } }
    }

    /// A context to be filled by the first [`switch`] away from it.
    pub const fn empty() -> Self {
        Self { rsp: 0, segments: Segments { fs_base: 0, gs_base: 0 } }
    }
}

/// Saves the running context in `prev` and continues `next`. Returns when something switches back to
/// `prev`, perhaps on another CPU. The user's FPU state is not touched: see [`crate::fpu`].
///
/// # Safety
/// Interrupts must be off. `next` must hold a context that is not running anywhere and whose stack is
/// mapped; `prev` must stay valid until something has switched back to it.
#[inline]
pub unsafe fn switch(prev: *mut Context, next: *const Context) {
    // SAFETY: the caller vouches for `next`.
    let next = unsafe { &*next };
    // SAFETY: the caller vouches for `prev`.
    unsafe { (*prev).segments = Segments::read() };
    next.segments.write();
    // SAFETY: as above; a raw pointer, since by its return others may have used the context.
    let save = unsafe { &raw mut (*prev).rsp };
    // SAFETY: `next` was saved by this function or made by `Context::new`.
    unsafe { switch_stacks(save, next.rsp) };
}

/// Pushes what the calling convention keeps, exchanges stacks, and pops it.
///
/// # Safety
/// As [`switch`]: interrupts off, `save` valid for a store, `next` a stack that was left by this function or made by
/// [`Context::new`].
#[unsafe(naked)]
unsafe extern "C" fn switch_stacks(save: *mut u64, next: u64) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// First instructions of a new thread: argument and entry wait in kept registers.
///
/// # Safety
/// Reached only by the `ret` of [`switch_stacks`], on a stack that [`Context::new`] laid out.
#[unsafe(naked)]
unsafe extern "C" fn start() {
    naked_asm!("mov rdi, r12", "jmp r13")
}
