//! Situations in which calls fail.

use abi::table::number;
use abi::types::{Itimerval, Rlimit, Sigaction, Timeval};
use abi::{Errno, Result};
use trials::raw::{call, close, open, pipe};

use crate::attempt::{holding, memory};

/// What the kernel wants of the size of a signal set.
const SET_SIZE: usize = 8;

/// A signal comes soon, and again and again; it has a handler, and calls that it interrupts are not started again.
pub(crate) fn interrupt_soon() -> Result<()> {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: all zeros is a valid value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as *const () as usize;
    // SAFETY: the handler does nothing, and the structure lives over the call.
    if unsafe { libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()) } != 0 {
        return Err(Errno::EIO);
    }
    let soon = Timeval { seconds: 0, microseconds: 20_000 };
    let value = holding(Itimerval { interval: soon, value: soon });
    call(number::setitimer, &[libc::ITIMER_REAL as usize, value, 0]).map(drop)
}

/// A signal does nothing from now on.
pub(crate) fn ignore(signal: i32) -> Result<()> {
    let action = holding(Sigaction { handler: libc::SIG_IGN as u64, ..Sigaction::default() });
    call(number::rt_sigaction, &[signal as usize, action, 0, SET_SIZE]).map(drop)
}

/// Blocks a signal.
pub(crate) fn block(signal: i32) -> Result<()> {
    let set = holding(1_u64 << (signal - 1));
    call(number::rt_sigprocmask, &[libc::SIG_BLOCK as usize, set, 0, SET_SIZE]).map(drop)
}

/// Lowers a limit, which is `soft` from now on. C libraries differ in the type of their constants.
pub(crate) fn limit(resource: impl Into<i64>, soft: u64) -> Result<()> {
    let both = holding(Rlimit { soft, hard: u64::MAX });
    call(number::prlimit64, &[0, resource.into() as usize, both, 0]).map(drop)
}

/// A slot does not wait from now on.
pub(crate) fn never_wait(slot: usize) -> Result<usize> {
    call(number::fcntl, &[slot, libc::F_SETFL as usize, libc::O_NONBLOCK as usize])?;
    Ok(slot)
}

/// The reading end of a pipe with nothing in it. The other end stays open.
pub(crate) fn empty_pipe() -> Result<usize> {
    Ok(pipe()?[0])
}

/// The writing end of a pipe that is full.
pub(crate) fn full_pipe() -> Result<usize> {
    let [_, writer] = pipe()?;
    never_wait(writer)?;
    while call(number::write, &[writer, memory(), 4096]).is_ok() {}
    call(number::fcntl, &[writer, libc::F_SETFL as usize, 0])?;
    Ok(writer)
}

/// The writing end of a pipe that nobody reads.
pub(crate) fn broken_pipe() -> Result<usize> {
    ignore(libc::SIGPIPE)?;
    let [reader, writer] = pipe()?;
    close(reader)?;
    Ok(writer)
}

/// A terminal: its master and its slave.
pub(crate) fn terminal() -> Result<[usize; 2]> {
    let master = open("/dev/ptmx", libc::O_RDWR | libc::O_NOCTTY)?;
    let unlock = holding(0_i32);
    call(number::ioctl, &[master, libc::TIOCSPTLCK as usize, unlock])?;
    let number = holding(0_u32);
    call(number::ioctl, &[master, libc::TIOCGPTN as usize, number])?;
    // SAFETY: the number that the call has just filled.
    let name = unsafe { *(number as *const u32) };
    let slave = open(&format!("/dev/pts/{name}"), libc::O_RDWR | libc::O_NOCTTY)?;
    Ok([master, slave])
}

/// The master of a terminal whose slave was closed.
pub(crate) fn hung_up_master() -> Result<usize> {
    let [master, slave] = terminal()?;
    close(slave)?;
    Ok(master)
}

/// The slave of a terminal whose master was closed.
pub(crate) fn hung_up_slave() -> Result<usize> {
    let [master, slave] = terminal()?;
    close(master)?;
    Ok(slave)
}

/// Runs `body` in a child; returns when that sleeps in it.
pub(crate) fn asleep(body: impl FnOnce() -> Result<usize>) -> Result<usize> {
    let child = trials::child::fork(|| {
        // No longer than whoever made it.
        // SAFETY: no memory is involved.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        i32::from(body().is_err())
    });
    let child = crate::attempt::must(child)?;
    loop {
        let stat = crate::attempt::must(std::fs::read_to_string(format!("/proc/{child}/stat")))?;
        if stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S')) {
            return Ok(child as usize);
        }
        call(number::sched_yield, &[])?;
    }
}

/// A child that sleeps until it is killed.
pub(crate) fn sleeper() -> Result<usize> {
    asleep(|| call(number::pause, &[]))
}

/// The descriptor of a child that has ended and was waited for.
pub(crate) fn descriptor_of_the_dead() -> Result<usize> {
    let child = crate::attempt::must(trials::child::fork(|| 0))?;
    let descriptor = call(number::pidfd_open, &[child as usize, 0])?;
    crate::attempt::must(trials::child::wait(child, 0))?;
    Ok(descriptor)
}

/// The first process: nobody's child, and the superuser's.
pub(crate) const FIRST: usize = 1;
