//! Kernel stacks and their guard pages.

use core::arch::asm;
use core::hint::black_box;

use arch::context::{self, Context};

use super::Verdict;

/// Recurses on a stack of `mm` until the guard page stops it.
pub fn overflow() -> Verdict {
    let stack = mm::stack::KernelStack::new().map_err(|_| "no memory")?;
    // SAFETY: the stack is mapped, unused, and lives longer than the machine from here on.
    let next = unsafe { Context::new(stack.top(), recurse_entry, 0) };
    let mut here = Context::empty();
    let _ = arch::interrupts::disable();
    // SAFETY: interrupts are off; `next` is new.
    unsafe { context::switch(&raw mut here, &raw const next) };
    Err("the recursion ended")
}

/// Recurses on the stack that the boot processor was started on.
pub fn overflow_boot_stack() -> Verdict {
    recurse(1);
    Err("the recursion ended")
}

extern "C" fn recurse_entry(_argument: usize) -> ! {
    recurse(1);
    arch::power::power_off()
}

#[inline(never)]
#[expect(unconditional_recursion, reason = "the guard page is what is tested")]
fn recurse(depth: u64) -> u64 {
    let fill = black_box([depth; 32]);
    recurse(depth + 1) + fill[depth as usize % 32]
}

/// A page fault with a stack pointer that leads nowhere.
pub fn double_fault() -> Verdict {
    // SAFETY: the test ends in the double-fault handler, which needs nothing of this stack.
    unsafe { asm!("mov rsp, {}", "push rax", in(reg) 0xffff_ff00_0000_0000_u64, options(noreturn)) };
}
