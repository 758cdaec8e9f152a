//! What the cases share: children that are traced, and the requests.

use abi::consts::ptrace::PTRACE_SYSCALL_INFO_NONE;
use abi::table::number;
use abi::types::{SyscallInfo, UserRegisters};
use abi::{Errno, ExitStatus, Result};
use trials::raw::call;
use trials::{Holds, child, equal};

pub(crate) use abi::consts::ptrace::*;

/// A name and what must hold.
pub(crate) type Case = (&'static str, fn() -> Holds);

pub(crate) const WALL: i32 = libc::__WALL;
pub(crate) const KILLED: i32 = libc::SIGKILL;
/// What `wait` tells of a stop.
pub(crate) const fn stopped(code: i32) -> i32 {
    code << 8 | 0x7f
}
/// A stop at an event.
pub(crate) const fn event(event: u32) -> i32 {
    stopped(libc::SIGTRAP | (event as i32) << 8)
}
/// A stop at a system call, marked.
pub(crate) const AT_CALL: i32 = stopped(libc::SIGTRAP | 0x80);
/// The end with this code.
pub(crate) const fn exited(code: i32) -> i32 {
    code << 8
}

/// A `ptrace` request.
pub(crate) fn ask(request: u32, pid: i32, address: usize, data: usize) -> Result<usize> {
    call(number::ptrace, &[request as usize, pid as usize, address, data])
}

/// A text for an error.
pub(crate) fn got<T>(
    what: &str,
    result: std::result::Result<T, impl std::fmt::Display>,
) -> std::result::Result<T, String> {
    result.map_err(|why| format!("{what}: {why}"))
}

/// A child, killed when the case is over.
pub(crate) struct Tracee(pub(crate) i32);

impl Drop for Tracee {
    fn drop(&mut self) {
        let _ = child::kill(self.0, libc::SIGKILL);
        while child::wait(self.0, WALL).is_ok_and(|(_, status)| status & 0x7f == 0x7f) {}
    }
}

impl Tracee {
    /// A child that asks to be traced, stops itself, and then runs `body`; it is stopped.
    pub(crate) fn start(body: impl FnOnce() -> i32) -> std::result::Result<Self, String> {
        let pid = got(
            "fork",
            child::fork(|| {
                if ask(PTRACE_TRACEME, 0, 0, 0).is_err() || child::kill(child::own_id(), libc::SIGSTOP).is_err() {
                    return 99;
                }
                body()
            }),
        )?;
        let tracee = Self(pid);
        tracee.expect(stopped(libc::SIGSTOP))?;
        Ok(tracee)
    }

    /// A child that runs `body`, seized.
    pub(crate) fn seize(options: u32, body: impl FnOnce() -> i32) -> std::result::Result<Self, String> {
        let tracee = Self(got("fork", child::fork(body))?);
        got("seize", ask(PTRACE_SEIZE, tracee.0, 0, options as usize))?;
        Ok(tracee)
    }

    pub(crate) fn ask(&self, request: u32, address: usize, data: usize) -> Result<usize> {
        ask(request, self.0, address, data)
    }

    /// Lets it go on.
    pub(crate) fn go(&self, request: u32, signal: i32) -> Holds {
        got("going on", self.ask(request, 0, signal as usize)).map(drop)
    }

    /// Waits for it: what is told must be this.
    pub(crate) fn expect(&self, status: i32) -> Holds {
        let (pid, found) = got("wait", child::wait(self.0, WALL))?;
        equal(pid, self.0)?;
        if found == status { Ok(()) } else { Err(format!("status {found:#x}, expected {status:#x}")) }
    }

    /// Lets it go on and waits.
    pub(crate) fn run(&self, request: u32, signal: i32, status: i32) -> Holds {
        self.go(request, signal)?;
        self.expect(status)
    }

    pub(crate) fn set_options(&self, options: u32) -> Holds {
        got("options", self.ask(PTRACE_SETOPTIONS, 0, options as usize)).map(drop)
    }

    pub(crate) fn registers(&self) -> std::result::Result<UserRegisters, String> {
        let mut registers = UserRegisters::default();
        got("registers", self.ask(PTRACE_GETREGS, 0, &raw mut registers as usize))?;
        Ok(registers)
    }

    pub(crate) fn set_registers(&self, registers: &UserRegisters) -> Holds {
        got("registers", self.ask(PTRACE_SETREGS, 0, std::ptr::from_ref(registers) as usize)).map(drop)
    }

    pub(crate) fn peek(&self, address: usize) -> std::result::Result<u64, String> {
        let mut word = 0_u64;
        got("peek", self.ask(PTRACE_PEEKDATA, address, &raw mut word as usize))?;
        Ok(word)
    }

    pub(crate) fn poke(&self, address: usize, word: u64) -> Holds {
        got("poke", self.ask(PTRACE_POKEDATA, address, word as usize)).map(drop)
    }

    pub(crate) fn message(&self) -> std::result::Result<u64, String> {
        let mut word = 0_u64;
        got("message", self.ask(PTRACE_GETEVENTMSG, 0, &raw mut word as usize))?;
        Ok(word)
    }

    /// The first words of the details: signal, code.
    pub(crate) fn details(&self) -> Result<(i32, i32)> {
        let mut words = [0_i32; 32];
        self.ask(PTRACE_GETSIGINFO, 0, words.as_mut_ptr() as usize)?;
        Ok((words[0], words[2]))
    }

    /// What is known of the call, and how much of it.
    pub(crate) fn call(&self) -> Result<(SyscallInfo, usize)> {
        let mut info = SyscallInfo { kind: PTRACE_SYSCALL_INFO_NONE as u8, ..SyscallInfo::default() };
        let known = self.ask(PTRACE_GET_SYSCALL_INFO, size_of::<SyscallInfo>(), &raw mut info as usize)?;
        Ok((info, known))
    }

    /// Lets it run to its end.
    pub(crate) fn finish(&self, code: i32) -> Holds {
        self.run(PTRACE_CONT, 0, exited(code))
    }
}

/// A pipe, for a child to say that it is ready.
pub(crate) fn pipe() -> std::result::Result<[usize; 2], String> {
    got("pipe", trials::raw::pipe())
}

/// Waits for the byte of a pipe.
pub(crate) fn await_byte(from: usize) -> Holds {
    equal(trials::raw::read(from, 1).map(|bytes| bytes.len()), Ok(1))
}

/// Whether nothing is to be told now.
pub(crate) fn nothing_of(pid: i32) -> Holds {
    let told = got("wait", child::wait(pid, WALL | libc::WNOHANG))?;
    equal(told.0, 0)
}

pub(crate) fn describe(status: i32) -> String {
    ExitStatus::from_wait_status(status).map_or_else(|| format!("{status:#x}"), |status| format!("{status:?}"))
}

pub(crate) fn refused<T: std::fmt::Debug + PartialEq>(result: Result<T>, errno: Errno) -> Holds {
    trials::raw::fails(result, errno)
}
