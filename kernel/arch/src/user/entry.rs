//! The way into user mode and, for system calls, out of it. (Other ways out: [`crate::trap`].)

use core::arch::naked_asm;
use core::mem::offset_of;

use super::{Registers, SYSCALL_VECTOR, UserContext};
use crate::descriptors::{USER_CODE, USER_DATA};
use crate::local::{Local, RSP0};

const END: usize = size_of::<Registers>();

/// Offset of a register from the end of the frame, where the TSS's stack pointer points.
macro_rules! below {
    ($field:ident) => {
        END - offset_of!(Registers, $field)
    };
}

/// Loads the user's registers after a system call and leaves ring 0 by `sysret`. "Returns" when user
/// mode ends, with the vector in EAX and interrupts off; all registers but RSP, RBP and RBX are lost.
///
/// # Safety
/// Called by [`UserContext::run`] alone, with interrupts off. The last exit was a system call, and only
/// the result has changed since: so the return address is a user address, and `sysret` cannot fault.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn enter_fast(context: *mut UserContext) -> u32 {
    naked_asm!(
        "mov gs:[{kernel_rsp}], rsp",
        "lea rax, [rdi + {end}]",
        "mov gs:[{rsp0}], rax",
        "mov rcx, [rdi + {rip}]",
        "mov r11, [rdi + {rflags}]",
        "mov rax, [rdi + {rax}]",
        "mov rbx, [rdi + {rbx}]",
        "mov rbp, [rdi + {rbp}]",
        "mov r12, [rdi + {r12}]",
        "mov r13, [rdi + {r13}]",
        "mov r14, [rdi + {r14}]",
        "mov r15, [rdi + {r15}]",
        "mov rsi, [rdi + {rsi}]",
        "mov rdx, [rdi + {rdx}]",
        "mov r10, [rdi + {r10}]",
        "mov r8, [rdi + {r8}]",
        "mov r9, [rdi + {r9}]",
        "mov rsp, [rdi + {rsp}]",
        "mov rdi, [rdi + {rdi}]",
        "swapgs",
        "sysretq",
        kernel_rsp = const offset_of!(Local, kernel_rsp),
        rsp0 = const RSP0,
        end = const END,
        rip = const offset_of!(Registers, rip),
        rflags = const offset_of!(Registers, rflags),
        rax = const offset_of!(Registers, rax),
        rbx = const offset_of!(Registers, rbx),
        rbp = const offset_of!(Registers, rbp),
        r12 = const offset_of!(Registers, r12),
        r13 = const offset_of!(Registers, r13),
        r14 = const offset_of!(Registers, r14),
        r15 = const offset_of!(Registers, r15),
        rsi = const offset_of!(Registers, rsi),
        rdx = const offset_of!(Registers, rdx),
        r10 = const offset_of!(Registers, r10),
        r8 = const offset_of!(Registers, r8),
        r9 = const offset_of!(Registers, r9),
        rsp = const offset_of!(Registers, rsp),
        rdi = const offset_of!(Registers, rdi),
    )
}

/// As [`enter_fast`], by `iret` and with all registers.
///
/// # Safety
/// Called by [`UserContext::run`] alone, with interrupts off and registers that `iret` accepts.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn enter_full(context: *mut UserContext) -> u32 {
    naked_asm!(
        "mov gs:[{kernel_rsp}], rsp",
        "lea rax, [rdi + {end}]",
        "mov gs:[{rsp0}], rax",
        // The frame is the stack for a moment. Only traps with stacks of their own can come.
        "lea rsp, [rdi + {r15}]",
        "pop r15", "pop r14", "pop r13", "pop r12",
        "pop rbp", "pop rbx", "pop r11", "pop r10", "pop r9", "pop r8",
        "pop rax", "pop rcx", "pop rdx", "pop rsi", "pop rdi",
        "add rsp, 16",
        "swapgs",
        "iretq",
        kernel_rsp = const offset_of!(Local, kernel_rsp),
        rsp0 = const RSP0,
        end = const END,
        r15 = const offset_of!(Registers, r15),
    )
}

/// Where `syscall` arrives: return address in RCX, flags in R11, interrupts off, the user's stack and
/// GS. Stores the registers in the context whose end the TSS names (but RAX only as the number, since the
/// result takes its place), and returns from [`enter_fast`] or [`enter_full`].
///
/// # Safety
/// Not to be called: the processor comes here by `syscall`, while [`enter_fast`] or [`enter_full`] is waiting.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn syscall_entry() {
    naked_asm!(
        "swapgs",
        "mov gs:[{scratch}], rsp",
        "mov rsp, gs:[{rsp0}]",
        "mov [rsp - {rip}], rcx",
        "mov [rsp - {rflags}], r11",
        "mov [rsp - {number}], rax",
        "mov [rsp - {rdi}], rdi",
        "mov [rsp - {rsi}], rsi",
        "mov [rsp - {rdx}], rdx",
        "mov [rsp - {r10}], r10",
        "mov [rsp - {r8}], r8",
        "mov [rsp - {r9}], r9",
        "mov [rsp - {rbx}], rbx",
        "mov [rsp - {rbp}], rbp",
        "mov [rsp - {r12}], r12",
        "mov [rsp - {r13}], r13",
        "mov [rsp - {r14}], r14",
        "mov [rsp - {r15}], r15",
        "mov rcx, gs:[{scratch}]",
        "mov [rsp - {user_rsp}], rcx",
        "mov eax, {syscall}",
        "mov rsp, gs:[{kernel_rsp}]",
        "ret",
        scratch = const offset_of!(Local, scratch),
        rsp0 = const RSP0,
        rip = const below!(rip),
        rflags = const below!(rflags),
        number = const below!(error_code),
        rdi = const below!(rdi),
        rsi = const below!(rsi),
        rdx = const below!(rdx),
        r10 = const below!(r10),
        r8 = const below!(r8),
        r9 = const below!(r9),
        rbx = const below!(rbx),
        rbp = const below!(rbp),
        r12 = const below!(r12),
        r13 = const below!(r13),
        r14 = const below!(r14),
        r15 = const below!(r15),
        user_rsp = const below!(rsp),
        syscall = const SYSCALL_VECTOR,
        kernel_rsp = const offset_of!(Local, kernel_rsp),
    )
}

/// The selectors that every context has.
pub(super) const SELECTORS: (u64, u64) = (USER_CODE as u64, USER_DATA as u64);
