//! Where the processor enters the kernel on exceptions and interrupts.
//!
//! Every gate pushes its vector (and a zero where the processor pushes no error code), so that the
//! frame has the shape of [`Registers`] without the segment bases. From user mode the frame lands in
//! the running [`crate::user::UserContext`], since the TSS's ring-0 stack points to its end; the entry
//! then returns to whoever called `run`. From kernel mode it lands on the current stack.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::local::{Local, RSP0};
use crate::user::{self, Registers};

/// Bytes of one gate's code.
pub(super) const GATE_SIZE: usize = 16;

/// Bytes from the vector's word to the frame's end.
const TRAP_WORDS: usize = 7 * 8;

/// One entry of `GATE_SIZE` bytes for each of the 256 vectors.
///
/// # Safety
/// Not to be called: the processor comes here through the interrupt descriptor table.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn gates() {
    naked_asm!(
        ".balign 16",
        ".set vector, 0",
        ".rept 256",
        ".balign 16",
        // Vectors with an error code: 8, 10–14, 17, 21, 29, 30.
        ".if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30",
        ".else",
        "push 0",
        ".endif",
        "push vector",
        ".if vector == 2 || vector == 8 || vector == 18",
        "jmp {paranoid}",
        ".elseif vector == 1",
        "jmp {debug}",
        ".else",
        "jmp {common}",
        ".endif",
        ".set vector, vector + 1",
        ".endr",
        paranoid = sym paranoid,
        debug = sym debug,
        common = sym common,
    )
}

/// Gates on the current stack, or from user mode on the context's frame.
///
/// # Safety
/// Reached only from [`gates`], with the frame that a gate leaves on the stack.
#[unsafe(naked)]
unsafe extern "C" fn common() {
    naked_asm!(
        "test byte ptr [rsp + 24], 3",
        "jnz {from_user}",
        "push rdi", "push rsi", "push rdx", "push rcx", "push rax",
        "push r8", "push r9", "push r10", "push r11", "push rbx", "push rbp",
        "push r12", "push r13", "push r14", "push r15",
        "sub rsp, 16",
        "mov rdi, rsp",
        // A frame of the interrupted code, so that backtraces show it.
        "push [rsp + {rip}]",
        "push rbp",
        "mov rbp, rsp",
        "cld",
        "2: clac",
        ".pushsection .clac_sites, \"a\"",
        ".quad 2b",
        ".popsection",
        "call {kernel}",
        "add rsp, 32",
        "pop r15", "pop r14", "pop r13", "pop r12",
        "pop rbp", "pop rbx", "pop r11", "pop r10", "pop r9", "pop r8",
        "pop rax", "pop rcx", "pop rdx", "pop rsi", "pop rdi",
        "add rsp, 16",
        "iretq",
        from_user = sym from_user,
        kernel = sym super::dispatch::kernel_trap,
        rip = const offset_of!(Registers, rip),
    )
}

/// The rest of the way from user mode: the registers go to the context, control to `run`'s caller.
///
/// # Safety
/// Reached only from [`common`] and [`debug`], in a frame that came from user mode, with the kernel's GS.
#[unsafe(naked)]
unsafe extern "C" fn from_user() {
    naked_asm!(
        "swapgs",
        "push rdi", "push rsi", "push rdx", "push rcx", "push rax",
        "push r8", "push r9", "push r10", "push r11", "push rbx", "push rbp",
        "push r12", "push r13", "push r14", "push r15",
        "cld",
        "2: clac",
        ".pushsection .clac_sites, \"a\"",
        ".quad 2b",
        ".popsection",
        // The frame starts behind the two segment bases.
        "mov eax, [rsp + {vector} - 16]",
        "mov dword ptr [rsp + {resume} - 16], {full}",
        "mov rsp, gs:[{kernel_rsp}]",
        "ret",
        vector = const offset_of!(Registers, vector),
        resume = const user::RESUME,
        full = const user::RESUME_FULL,
        kernel_rsp = const offset_of!(Local, kernel_rsp),
    )
}

/// The debug exception has its own stack, since it can hit the first instruction of the system-call
/// entry. From user mode it moves its frame to the context and goes on as any other.
///
/// # Safety
/// Reached only from [`gates`], on the stack of the debug exception.
#[unsafe(naked)]
unsafe extern "C" fn debug() {
    naked_asm!(
        "test byte ptr [rsp + 24], 3",
        "jz {paranoid}",
        "swapgs",
        "push rax",
        "push rcx",
        "mov rcx, gs:[{rsp0}]",
        "mov rax, [rsp + 16]", "mov [rcx - 56], rax",
        "mov rax, [rsp + 24]", "mov [rcx - 48], rax",
        "mov rax, [rsp + 32]", "mov [rcx - 40], rax",
        "mov rax, [rsp + 40]", "mov [rcx - 32], rax",
        "mov rax, [rsp + 48]", "mov [rcx - 24], rax",
        "mov rax, [rsp + 56]", "mov [rcx - 16], rax",
        "mov rax, [rsp + 64]", "mov [rcx - 8], rax",
        "pop rcx",
        "pop rax",
        "mov rsp, gs:[{rsp0}]",
        "lea rsp, [rsp - {trap}]",
        "swapgs",
        "jmp {from_user}",
        paranoid = sym paranoid,
        from_user = sym from_user,
        rsp0 = const RSP0,
        trap = const TRAP_WORDS,
    )
}

/// Gates that may hit anywhere, even between `syscall` and `swapgs`: own stack, and GS is neither
/// trusted nor lost. The CPU's block is named by the word above the frame.
///
/// # Safety
/// Reached only from [`gates`], on a stack of its own that has the address of the CPU's block above the frame.
#[unsafe(naked)]
unsafe extern "C" fn paranoid() {
    naked_asm!(
        "push rdi", "push rsi", "push rdx", "push rcx", "push rax",
        "push r8", "push r9", "push r10", "push r11", "push rbx", "push rbp",
        "push r12", "push r13", "push r14", "push r15",
        "sub rsp, 16",
        "cld",
        "2: clac",
        ".pushsection .clac_sites, \"a\"",
        ".quad 2b",
        ".popsection",
        "mov ecx, {gs_base}",
        "rdmsr",
        "mov [rsp + 8], eax",
        "mov [rsp + 12], edx",
        "mov eax, [rsp + {frame}]",
        "mov edx, [rsp + {frame} + 4]",
        "wrmsr",
        "mov rdi, rsp",
        "push [rsp + {rip}]",
        "push rbp",
        "mov rbp, rsp",
        "call {handler}",
        "add rsp, 16",
        "mov ecx, {gs_base}",
        "mov eax, [rsp + 8]",
        "mov edx, [rsp + 12]",
        "wrmsr",
        "add rsp, 16",
        "pop r15", "pop r14", "pop r13", "pop r12",
        "pop rbp", "pop rbx", "pop r11", "pop r10", "pop r9", "pop r8",
        "pop rax", "pop rcx", "pop rdx", "pop rsi", "pop rdi",
        "add rsp, 16",
        "iretq",
        gs_base = const 0xc000_0101_u32,
        frame = const size_of::<Registers>(),
        rip = const offset_of!(Registers, rip),
        handler = sym super::dispatch::paranoid_trap,
    )
}
