//! Stops at system calls.

use abi::Errno;
use abi::table::number;
use abi::types::SyscallInfo;
use trials::raw::call;
use trials::{Holds, equal};

use super::kit::*;

pub(crate) const CASES: &[Case] = &[
    ("a call is shown before and after, with all that is known of it", shown),
    ("a call can be another one, or none, and its result another", changed),
    ("without the mark it is a SIGTRAP, and nothing is known of the call", unmarked),
    ("an interrupted call begins again, whoever watches", interrupted),
    ("a program's call stays with it over exec", executed),
];

/// A child whose calls are marked.
fn marked(body: impl FnOnce() -> i32) -> Result<Tracee, String> {
    let tracee = Tracee::start(body)?;
    tracee.set_options(PTRACE_O_TRACESYSGOOD)?;
    Ok(tracee)
}

/// Runs to the beginning of the call with this number, from outside a call.
fn run_to(tracee: &Tracee, wanted: u64) -> Holds {
    for _ in 0..1000 {
        tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
        if tracee.registers()?.orig_rax == wanted {
            return Ok(());
        }
        tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    }
    Err(format!("no call {wanted}"))
}

fn shown() -> Holds {
    let tracee = marked(|| {
        let _ = call(number::lseek, &[101, 102, 103, 104, 105, 106]);
        i32::from(call(number::getpid, &[]).is_err())
    })?;
    run_to(&tracee, number::lseek)?;
    let (info, known) = got("call", tracee.call())?;
    let registers = tracee.registers()?;
    equal(registers.rax as i64, Errno::ENOSYS.to_return())?;
    equal((registers.rcx, registers.r11), (registers.rip, registers.rflags))?;
    let expected = SyscallInfo {
        kind: 1,
        machine: 0xc000_003e,
        instruction_pointer: registers.rip,
        stack_pointer: registers.rsp,
        words: [number::lseek, 101, 102, 103, 104, 105, 106],
        ..SyscallInfo::default()
    };
    equal((info, known), (expected, 80))?;
    equal(tracee.details(), Ok((libc::SIGTRAP, libc::SIGTRAP | 0x80)))?;
    equal(tracee.message()?, 1)?;
    tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    let (info, known) = got("call", tracee.call())?;
    equal((info.kind, info.words[0] as i64, info.words[1], known), (2, Errno::EBADF.to_return(), 1, 33))?;
    equal(tracee.registers()?.orig_rax, number::lseek)?;
    equal(tracee.message()?, 2)?;
    tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    equal(got("call", tracee.call())?.0.words[0], number::getpid)?;
    tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    let info = got("call", tracee.call())?.0;
    equal((info.words[0], info.words[1]), (tracee.0 as u64, 0))?;
    tracee.finish(0)
}

fn changed() -> Holds {
    let tracee = marked(|| {
        let first = call(number::getpid, &[]);
        let second = call(number::getpid, &[]);
        let third = call(number::getpid, &[]);
        let parent = trials::child::parent() as usize;
        i32::from((first, second, third) != (Ok(parent), Ok(4711), Err(Errno::EXDEV)))
    })?;
    run_to(&tracee, number::getpid)?;
    let mut registers = tracee.registers()?;
    registers.orig_rax = number::getppid;
    tracee.set_registers(&registers)?;
    tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    run_to(&tracee, number::getpid)?;
    tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    registers = tracee.registers()?;
    registers.rax = 4711;
    tracee.set_registers(&registers)?;
    run_to(&tracee, number::getpid)?;
    registers = tracee.registers()?;
    (registers.orig_rax, registers.rax) = (u64::MAX, Errno::EXDEV.to_return() as u64);
    tracee.set_registers(&registers)?;
    tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    equal(tracee.registers()?.rax as i64, Errno::EXDEV.to_return())?;
    tracee.finish(0)
}

fn unmarked() -> Holds {
    let tracee = Tracee::start(|| i32::from(call(number::getpid, &[]).is_err()))?;
    // Out of the call that stopped it.
    tracee.run(PTRACE_SYSCALL, 0, stopped(libc::SIGTRAP))?;
    equal(tracee.details(), Ok((libc::SIGTRAP, libc::SIGTRAP)))?;
    equal(got("call", tracee.call())?.1, 24)?;
    tracee.finish(0)
}

fn interrupted() -> Holds {
    let [from, to] = pipe()?;
    let tracee = marked(|| i32::from(trials::raw::read(from, 1).is_err()))?;
    run_to(&tracee, number::read)?;
    tracee.go(PTRACE_SYSCALL, 0)?;
    // Ignored signals are shown, and break the call off all the same.
    got("kill", trials::child::kill(tracee.0, libc::SIGWINCH))?;
    tracee.expect(AT_CALL)?;
    equal(tracee.registers()?.rax as i64, -512)?;
    tracee.run(PTRACE_SYSCALL, 0, stopped(libc::SIGWINCH))?;
    tracee.run(PTRACE_SYSCALL, libc::SIGWINCH, AT_CALL)?;
    equal(got("call", tracee.call())?.0.words[0], number::read)?;
    got("write", trials::raw::write(to, b"x"))?;
    tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    equal(tracee.registers()?.rax, 1)?;
    tracee.finish(0)
}

fn executed() -> Holds {
    let tracee = marked(|| {
        let _ = trials::this_program().arg("no case has this name").status();
        let path = trials::raw::text("/proc/self/exe");
        let arguments = [path, trials::raw::text("no case has this name"), 0];
        let _ = call(number::execve, &[path, arguments.as_ptr() as usize, 0]);
        1
    })?;
    tracee.set_options(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC)?;
    // The program that it starts first is not traced; its end is told.
    for _ in 0..10_000 {
        tracee.go(PTRACE_SYSCALL, 0)?;
        let (_, status) = got("wait", trials::child::wait(tracee.0, WALL))?;
        if status == event(PTRACE_EVENT_EXEC) {
            break;
        }
        let is_call = status == AT_CALL || status == stopped(libc::SIGCHLD);
        equal(is_call, true).map_err(|_| describe(status))?;
    }
    equal(tracee.message()?, tracee.0 as u64)?;
    tracee.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    equal(got("call", tracee.call())?.0.kind, 2)?;
    equal(tracee.registers()?.rax, 0)?;
    tracee.finish(0)
}
