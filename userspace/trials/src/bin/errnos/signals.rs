//! Cases of calls of the family `signals`.

use std::sync::atomic::{AtomicI64, Ordering};

use abi::table::number;
use abi::types::{Sigaltstack, Siginfo};
use abi::{Errno, Result};
use trials::raw::call;

use crate::Case;
use crate::attempt::{Attempt, holding, memory};
use crate::kit::{FIRST, block, interrupt_soon, limit};

/// No signal has this number.
const NO_SIGNAL: usize = 999;
/// No process and no thread has this id.
const NOBODYS: usize = 4_000_000;
/// A signal of which each one is kept.
const QUEUED: i32 = 40;

/// To the process itself, and its thread.
fn to_self(attempt: Attempt, signal: i32) -> Attempt {
    let own = std::process::id() as usize;
    let attempt = if attempt.has("pid") { attempt.with("pid", own) } else { attempt };
    let attempt = if attempt.has("tid") { attempt.with("tid", own) } else { attempt };
    attempt.with("signal", signal as usize)
}

/// To the first process.
fn to_first(attempt: Attempt) -> Attempt {
    let attempt = if attempt.has("pid") { attempt.with("pid", FIRST) } else { attempt };
    if attempt.has("tid") { attempt.with("tid", FIRST) } else { attempt }
}

/// What `sigqueue` sends along.
fn queued(code: i32) -> usize {
    holding(Siginfo { code, ..Siginfo::default() })
}

/// What a handler found when it changed the stack that it ran on.
static FOUND: AtomicI64 = AtomicI64::new(0);

/// Changes the alternate stack while on it.
fn change_stack_on_it() -> Result<usize> {
    extern "C" fn change(_: i32) {
        let other = Sigaltstack { base: memory() as u64, flags: 0, size: 1 << 16, ..Sigaltstack::default() };
        let result = call(number::sigaltstack, &[std::ptr::from_ref(&other) as usize, 0]);
        FOUND.store(result.map_or_else(|errno| i64::from(errno.raw()), |_| 0), Ordering::Relaxed);
    }
    let stack = Sigaltstack { base: memory() as u64, flags: 0, size: 1 << 16, ..Sigaltstack::default() };
    call(number::sigaltstack, &[holding(stack), 0])?;
    // SAFETY: all zeros is a valid value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = change as *const () as usize;
    action.sa_flags = libc::SA_ONSTACK;
    // SAFETY: the handler makes one call and stores what it answers.
    unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) };
    // SAFETY: no memory is involved.
    unsafe { libc::raise(libc::SIGUSR1) };
    Errno::from_raw(FOUND.load(Ordering::Relaxed)).map_or(Ok(0), Err)
}

pub(crate) const CASES: &[Case] = &[
    ("rt_sigaction", Errno::EINVAL, |it| it.with("signal", libc::SIGKILL as usize).call()),
    ("rt_sigprocmask", Errno::EINVAL, |it| it.with("how", 9).call()),
    ("rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigsuspend", Errno::EINVAL, |it| {
        it.with("size", 99).call()
    }),
    ("rt_sigtimedwait", Errno::EAGAIN, |it| it.call()),
    ("rt_sigtimedwait", Errno::EINTR, |it| {
        interrupt_soon()?;
        it.with("timeout", 0).call()
    }),
    ("rt_sigsuspend pause", Errno::EINTR, |it| {
        interrupt_soon()?;
        it.call()
    }),
    ("restart_syscall", Errno::EINTR, |it| it.call()),
    ("kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo", Errno::EINVAL, |it| {
        to_self(it, 0).with("signal", NO_SIGNAL).call()
    }),
    ("kill tkill tgkill", Errno::EPERM, |it| to_first(it).call_as_nobody()),
    ("rt_sigqueueinfo rt_tgsigqueueinfo", Errno::EPERM, |it| to_first(it).with("info", queued(0)).call()),
    ("rt_sigqueueinfo rt_tgsigqueueinfo", Errno::EPERM, |it| to_first(it).with("info", queued(-1)).call_as_nobody()),
    ("rt_sigqueueinfo rt_tgsigqueueinfo", Errno::EAGAIN, |it| {
        block(QUEUED)?;
        limit(libc::RLIMIT_SIGPENDING, 0)?;
        to_self(it, QUEUED).with("info", queued(-1)).call()
    }),
    ("tgkill rt_tgsigqueueinfo", Errno::ESRCH, |it| it.with("pid", NOBODYS).with("tid", NOBODYS).call()),
    ("tkill tgkill rt_tgsigqueueinfo", Errno::ECAPMODE, |it| {
        trials::pledged::enter_capability_mode()?;
        to_first(it).call()
    }),
    ("sigaltstack", Errno::EINVAL, |it| {
        it.with("new", holding(Sigaltstack { flags: 0x99, ..Sigaltstack::default() })).call()
    }),
    ("sigaltstack", Errno::EPERM, |_| change_stack_on_it()),
];
