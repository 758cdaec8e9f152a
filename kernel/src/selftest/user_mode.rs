//! Entering and leaving user mode.

use core::arch::naked_asm;
use core::sync::atomic::AtomicU32;

use arch::clock;
use arch::user::{Exception, Exit, UserContext};

use super::user_space::{CODE, DATA, STACK_END, UserSpace};
use super::{Verdict, check};

static QUIET: AtomicU32 = AtomicU32::new(0);

/// Code of programs; each is copied from its label's function to the code page.
macro_rules! program {
    ($name:ident, $($line:literal),* $(,)?) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!($($line,)* ".balign 16", ".quad 0x2e444e45", ".balign 64")
        }
    };
}

program!(calls, "2:", "syscall", "jmp 2b");
program!(faults, "mov rax, [0x401000 + 0x1000]", "ud2", "int3", "mov dword ptr [0x400000], eax", "cli", "hlt");
program!(spin, "2:", "inc rax", "jmp 2b");
program!(switch_bases, "2:", "syscall", "mov rax, fs:[0]", "mov rdi, gs:[0]", "syscall", "jmp 2b");

fn load(program: unsafe extern "C" fn()) -> Result<UserSpace, &'static str> {
    // SAFETY: each program is 64 bytes or more of code.
    UserSpace::new(unsafe { core::slice::from_raw_parts(program as *const u8, 64) })
}

fn context() -> UserContext {
    let mut user = UserContext::new();
    user.regs_mut().rip = CODE;
    user.regs_mut().rsp = STACK_END - 8;
    user
}

/// All registers but RAX, RCX and R11 survive a call, entered by `iret` and by `sysret`.
pub fn registers() -> Verdict {
    let _space = load(calls)?;
    let mut user = context();
    let regs = user.regs_mut();
    let named = [
        &mut regs.r15,
        &mut regs.r14,
        &mut regs.r13,
        &mut regs.r12,
        &mut regs.rbp,
        &mut regs.rbx,
        &mut regs.r10,
        &mut regs.r9,
        &mut regs.r8,
        &mut regs.rax,
        &mut regs.rdx,
        &mut regs.rsi,
        &mut regs.rdi,
    ];
    for (index, register) in named.into_iter().enumerate() {
        *register = 0x1000 + index as u64;
    }
    let before = *user.regs();
    for round in 0..1000_u64 {
        check(user.run(&QUIET) == Exit::Syscall, "not a system call")?;
        let after = user.regs();
        check(user.syscall_number() == if round == 0 { before.rax } else { round }, "wrong number")?;
        check(
            user.args() == [before.rdi, before.rsi, before.rdx, before.r10, before.r8, before.r9],
            "wrong arguments",
        )?;
        let kept = |r: &arch::user::Registers| [r.rbx, r.rbp, r.r12, r.r13, r.r14, r.r15, r.rsp];
        check(kept(after) == kept(&before), "a register was lost")?;
        check(after.rip == CODE + 2, "wrong instruction pointer")?;
        user.set_result(round as i64 + 1);
    }
    Ok(())
}

/// Instructions from user mode and back. Exact under `-icount shift=0`, where a tick is an instruction.
pub fn cost() -> Verdict {
    const ROUNDS: u64 = 1000;
    let _space = load(calls)?;
    let mut user = context();
    user.run(&QUIET);
    let start = clock::read_tsc();
    for _ in 0..ROUNDS {
        if user.run(&QUIET) != Exit::Syscall {
            return Err("not a system call");
        }
        user.set_result(0);
    }
    let ticks = (clock::read_tsc() - start) / ROUNDS;
    log::info!("{ticks} ticks a call, {} ticks a second", clock::tsc_hz());
    // Only under icount is the TSC 1 GHz.
    check(!super::is_exact() || ticks <= 75, "the way in and out has grown")
}

/// Each fault of a program is reported with its vector and address, and the next one follows.
pub fn exceptions() -> Verdict {
    let _space = load(faults)?;
    let mut user = context();
    let exception = |vector, error_code, address| Exit::Exception(Exception { vector, error_code, address });
    check(user.run(&QUIET) == exception(14, 4, DATA + 0x1000), "page fault")?;
    user.regs_mut().rip += 8;
    check(user.run(&QUIET) == exception(6, 0, 0), "invalid opcode")?;
    user.regs_mut().rip += 2;
    check(user.run(&QUIET) == exception(3, 0, 0), "breakpoint")?;
    check(user.run(&QUIET) == exception(14, 7, CODE), "write to code")?;
    user.regs_mut().rip += 7;
    check(user.run(&QUIET) == exception(13, 0, 0), "cli")?;
    user.regs_mut().rip += 1;
    check(user.run(&QUIET) == exception(13, 0, 0), "hlt")?;
    // Single steps: each instruction ends in a debug exception.
    user.regs_mut().rip = CODE + 8 + 2;
    user.regs_mut().rflags |= 1 << 8;
    check(user.run(&QUIET) == exception(3, 0, 0), "breakpoint while single-stepping")?;
    Ok(())
}

/// A word of attention keeps a thread in the kernel, and a timer's interrupt brings it back.
pub fn attention() -> Verdict {
    let _space = load(spin)?;
    let mut user = context();
    check(user.run(&AtomicU32::new(1)) == Exit::Interrupt, "entered user mode in spite of attention")?;
    check(user.regs().rax == 0, "ran user code in spite of attention")?;
    // The first interrupts may come before the first instruction, on a host that has other things to do.
    for delay_ns in [1_000_000, 10_000_000, 100_000_000, 1_000_000_000] {
        // Off, so that the interrupt cannot come before user mode.
        arch::interrupts::turn_off();
        arch::apic::timer::arm(clock::now_ns() + delay_ns);
        check(user.run(&QUIET) == Exit::Interrupt, "not left for an interrupt")?;
    }
    check(user.regs().rax > 0, "no user code ran")?;
    check(user.regs().rflags & 1 << 9 != 0, "user mode ran with interrupts off")?;
    user.regs_mut().rflags |= 1 << 8;
    let rip = user.regs().rip;
    let exit = user.run(&QUIET);
    check(matches!(exit, Exit::Exception(Exception { vector: 1, .. })), "no single step")?;
    check(user.regs().rip != rip, "the step did not move")
}

/// Values that a forged signal frame may bring.
pub fn wild_registers() -> Verdict {
    let _space = load(calls)?;
    for rip in [0x0000_8000_0000_0000, 0xffff_8000_0000_0000, u64::MAX, 0xdead_beef_dead_beef] {
        let mut user = context();
        user.regs_mut().rip = rip;
        let exit = user.run(&QUIET);
        check(matches!(exit, Exit::Exception(Exception { vector: 13, .. })), "a wild address was entered")?;
    }
    let mut user = context();
    let regs = user.regs_mut();
    (regs.rflags, regs.cs, regs.ss) = (!(1 << 8), 0x10, 0x18);
    regs.rsp = 0xdead_beef_dead_beef;
    check(user.run(&QUIET) == Exit::Syscall, "forged selectors were taken")?;
    check(user.regs().rflags & (3 << 12) == 0, "a program has I/O privilege")?;
    check(user.run(&QUIET) == Exit::Syscall, "a wild stack pointer did harm")?;
    user.set_fs_base(0xffff_8000_0000_0000);
    user.set_gs_base(u64::MAX);
    check(user.run(&QUIET) == Exit::Syscall, "wild segment bases did harm")
}

/// Bases are loaded, seen by the program, captured and copied.
pub fn segments() -> Verdict {
    let space = load(switch_bases)?;
    space.data().write(0x100, &0x1111_u64.to_le_bytes());
    space.data().write(0x200, &0x2222_u64.to_le_bytes());
    let mut user = context();
    check(user.run(&QUIET) == Exit::Syscall, "first call")?;
    user.set_fs_base(DATA + 0x100);
    user.set_gs_base(DATA + 0x200);
    check(user.run(&QUIET) == Exit::Syscall, "second call")?;
    check(user.syscall_number() == 0x1111 && user.args()[0] == 0x2222, "the bases were not loaded")?;
    let mut copy = user.duplicate();
    user.capture_segments();
    check(user.regs().fs_base == DATA + 0x100 && user.regs().gs_base == DATA + 0x200, "capture")?;
    user.set_fs_base(0);
    copy.regs_mut().rip = CODE;
    check(copy.run(&QUIET) == Exit::Syscall, "the copy's first call")?;
    check(copy.run(&QUIET) == Exit::Syscall, "the copy's second call")?;
    check(copy.syscall_number() == 0x1111, "the copy has no base")
}
