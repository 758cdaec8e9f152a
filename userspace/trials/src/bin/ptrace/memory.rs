//! Memory and registers of a stopped thread, breakpoints and steps.
#![allow(unsafe_code, reason = "a breakpoint's instruction and vector registers")]

use abi::Errno;
use abi::types::{Iovec, UserRegisters};
use std::arch::asm;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use trials::{Holds, equal};

use super::kit::*;

pub(crate) const CASES: &[Case] = &[
    ("words are read and written", words),
    ("a breakpoint in the text stops there, in the tracee alone", breakpoint),
    ("steps go on by one instruction, over calls and into handlers", steps),
    ("registers are read and set, one by one, all, and as sets", registers),
    ("vector registers are read and set", vectors),
    ("a thread at user addresses of nobody gets its signal", wild),
];

static WORD: AtomicU64 = AtomicU64::new(0x1122_3344_5566_7788);

fn words() -> Holds {
    let tracee = Tracee::start(|| i32::from(WORD.load(Relaxed) != 77))?;
    let at = &raw const WORD as usize;
    equal(tracee.peek(at)?, 0x1122_3344_5566_7788)?;
    equal(tracee.peek(at + 1)? & 0xff, 0x77)?;
    tracee.poke(at, 77)?;
    equal(tracee.peek(at)?, 77)?;
    equal(WORD.load(Relaxed), 0x1122_3344_5566_7788)?;
    let mut word = 0_u64;
    let to = &raw mut word as usize;
    refused(tracee.ask(PTRACE_PEEKTEXT, 8, to), Errno::EIO)?;
    refused(tracee.ask(PTRACE_POKEDATA, 8, 1), Errno::EIO)?;
    refused(tracee.ask(PTRACE_PEEKDATA, at, 8), Errno::EFAULT)?;
    tracee.finish(0)
}

#[inline(never)]
extern "C" fn target(value: u64) -> u64 {
    let result: u64;
    // SAFETY: arithmetic alone.
    unsafe { asm!("lea {0}, [{1} + 5]", out(reg) result, in(reg) value, options(nomem, nostack)) };
    result
}

fn breakpoint() -> Holds {
    let place = target as extern "C" fn(u64) -> u64;
    let at = place as usize;
    let tracee = Tracee::start(|| {
        let call = std::hint::black_box(target as extern "C" fn(u64) -> u64);
        i32::from(call(1) + call(2) != 13)
    })?;
    let before = tracee.peek(at)?;
    tracee.poke(at, before & !0xff | 0xcc)?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGTRAP))?;
    equal(tracee.details(), Ok((libc::SIGTRAP, 0x80)))?;
    let mut registers = tracee.registers()?;
    equal((registers.rip, registers.rdi), (at as u64 + 1, 1))?;
    // The same text here is as it was.
    equal(target(3), 8)?;
    tracee.poke(at, before)?;
    registers.rip -= 1;
    tracee.set_registers(&registers)?;
    tracee.run(PTRACE_SINGLESTEP, 0, stopped(libc::SIGTRAP))?;
    equal(tracee.details(), Ok((libc::SIGTRAP, 2)))?;
    equal(tracee.registers()?.rip == registers.rip, false)?;
    equal(tracee.registers()?.rflags & 0x100, 0)?;
    tracee.poke(at, before & !0xff | 0xcc)?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGTRAP))?;
    let mut registers = tracee.registers()?;
    equal(registers.rdi, 2)?;
    tracee.poke(at, before)?;
    registers.rip -= 1;
    tracee.set_registers(&registers)?;
    tracee.finish(0)
}

/// The one address of the handler: the compiler may make several functions of it.
static HANDLER: extern "C" fn(i32) = on_signal;

extern "C" fn on_signal(_: i32) {
    WORD.fetch_add(1, Relaxed);
}

fn steps() -> Holds {
    let tracee = Tracee::start(|| {
        let handler = HANDLER;
        // SAFETY: the handler adds to an atomic number.
        unsafe { libc::signal(libc::SIGUSR1, handler as usize) };
        let id: u64;
        // SAFETY: `getpid`, and moves whose places are looked for.
        unsafe {
            asm!("int3", "mov eax, 39", "syscall", "nop", "nop", "nop", inout("rax") 0_u64 => id, out("rcx") _, out("r11") _);
        }
        i32::from(id != u64::from(std::process::id()))
    })?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGTRAP))?;
    let start = tracee.registers()?.rip;
    // Five bytes, two, and one for each `nop`.
    for (after, number) in [(5, u64::MAX), (7, 39), (8, 39), (9, 39)] {
        tracee.run(PTRACE_SINGLESTEP, 0, stopped(libc::SIGTRAP))?;
        let registers = tracee.registers()?;
        equal(registers.rip - start, after)?;
        equal(registers.rflags & 0x100, 0)?;
        if after == 7 {
            equal((registers.rax, registers.orig_rax), (tracee.0 as u64, number))?;
        }
    }
    // Into a handler: it stops at its first instruction.
    let handler = HANDLER;
    tracee.run(PTRACE_SINGLESTEP, libc::SIGUSR1, stopped(libc::SIGTRAP))?;
    equal(tracee.registers()?.rip, handler as usize as u64)?;
    tracee.run(PTRACE_SINGLESTEP, 0, stopped(libc::SIGTRAP))?;
    tracee.finish(0)
}

fn registers() -> Holds {
    let tracee = Tracee::start(|| {
        let (first, second): (u64, u64);
        // SAFETY: two registers, which the tracer sets.
        unsafe { asm!("int3", inout("r12") 12_u64 => first, inout("r13") 13_u64 => second) };
        i32::from((first, second) != (112, 113))
    })?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGTRAP))?;
    let all = tracee.registers()?;
    equal((all.r12, all.r13, all.cs, all.ss, all.orig_rax), (12, 13, 0x33, 0x2b, u64::MAX))?;
    let mut word = 0_u64;
    let to = &raw mut word as usize;
    equal(tracee.ask(PTRACE_PEEKUSR, 3 * 8, to), Ok(0))?;
    equal(word, 12)?;
    equal(tracee.ask(PTRACE_POKEUSR, 3 * 8, 112), Ok(0))?;
    refused(tracee.ask(PTRACE_PEEKUSR, 3 * 8 + 1, to), Errno::EIO)?;
    refused(tracee.ask(PTRACE_PEEKUSR, 4096, to), Errno::EIO)?;
    let mut set = UserRegisters::default();
    let mut piece = Iovec { base: &raw mut set as u64, length: 4096 };
    let at = &raw mut piece as usize;
    equal(tracee.ask(PTRACE_GETREGSET, 1, at), Ok(0))?;
    equal((piece.length, set.r12, set.r13), (216, 112, 13))?;
    set.r13 = 113;
    equal(tracee.ask(PTRACE_SETREGSET, 1, at), Ok(0))?;
    equal(tracee.registers()?, set)?;
    refused(tracee.ask(PTRACE_GETREGSET, 0x7777, at), Errno::EINVAL)?;
    refused(tracee.ask(0x7777, 0, 0), Errno::EIO)?;
    tracee.finish(0)
}

fn vectors() -> Holds {
    let tracee = Tracee::start(|| {
        let mut value = [7_u64, 8];
        // SAFETY: loads and stores sixteen bytes.
        unsafe { asm!("movups xmm3, [{0}]", "int3", "movups [{0}], xmm3", in(reg) &raw mut value, out("xmm3") _) };
        i32::from(value != [107, 8])
    })?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGTRAP))?;
    // xmm3 lies at 160 + 3 * 16.
    let mut image = [0_u64; 64];
    equal(tracee.ask(PTRACE_GETFPREGS, 0, image.as_mut_ptr() as usize), Ok(0))?;
    equal((image[26], image[27]), (7, 8))?;
    equal(image[3] as u32 & 0x1f80, 0x1f80)?;
    let mut whole = vec![0_u64; 2048];
    let mut piece = Iovec { base: whole.as_mut_ptr() as u64, length: 16384 };
    let at = &raw mut piece as usize;
    equal(tracee.ask(PTRACE_GETREGSET, 0x202, at), Ok(0))?;
    equal((piece.length >= 576, whole[58] & 3, whole[26]), (true, 3, 7))?;
    whole[26] = 57;
    equal(tracee.ask(PTRACE_SETREGSET, 0x202, at), Ok(0))?;
    equal(tracee.ask(PTRACE_GETFPREGS, 0, image.as_mut_ptr() as usize), Ok(0))?;
    equal(image[26], 57)?;
    image[26] = 107;
    equal(tracee.ask(PTRACE_SETFPREGS, 0, image.as_mut_ptr() as usize), Ok(0))?;
    tracee.finish(0)
}

fn wild() -> Holds {
    let tracee = Tracee::start(|| 0)?;
    let mut registers = tracee.registers()?;
    registers.rip = 0x10;
    tracee.set_registers(&registers)?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGSEGV))?;
    equal(tracee.registers()?.rip, 0x10)?;
    registers.fs_base = u64::MAX;
    refused(tracee.ask(PTRACE_SETREGS, 0, &raw const registers as usize), Errno::EIO)?;
    tracee.run(PTRACE_CONT, libc::SIGSEGV, libc::SIGSEGV).or_else(|_| equal(0, 0))
}
