//! Children: made by fork, waited for, signalled, all by plain calls.
#![allow(unsafe_code, reason = "libc's calls")]

use crate::{Finding, Holds};
use std::io;

/// Result of a call.
pub type Result<T> = io::Result<T>;

fn check(result: i64) -> Result<i64> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Makes a child that calls `body` and ends with the code that it gives. The trial has one thread when it calls this.
pub fn fork(body: impl FnOnce() -> i32) -> Result<i32> {
    // SAFETY: with one thread, the child is as sound as the parent.
    match check(unsafe { libc::fork() }.into())? {
        0 => {
            let code = body();
            // SAFETY: ends the child at once, and with it everything that could be unsound.
            unsafe { libc::_exit(code) }
        }
        pid => Ok(pid as i32),
    }
}

/// Runs a case in a child, since what it gives up or changes does not come back; what it says is passed on.
pub fn in_child<F: Finding>(case: impl FnOnce() -> F) -> Holds {
    let run = || match case().judge() {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("in the child: {why}");
            1
        }
    };
    match fork(run).and_then(|pid| wait(pid, 0)) {
        Ok((_, 0)) => Ok(()),
        Ok((_, status)) => Err(format!("the child ended with status {status:#x}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Waits for a child: its id, or 0, and its wait status.
pub fn wait(pid: i32, options: i32) -> Result<(i32, i32)> {
    let mut status = 0;
    // SAFETY: `status` is valid for writing.
    let pid = check(unsafe { libc::waitpid(pid, &mut status, options) }.into())?;
    Ok((pid as i32, status))
}

/// What `waitid` tells: id, code and status.
pub fn wait_id(kind: libc::idtype_t, id: u32, options: i32) -> Result<(i32, i32, i32)> {
    // SAFETY: all zeros is a valid value.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is valid for writing.
    check(unsafe { libc::waitid(kind, id, &mut info, options) }.into())?;
    // SAFETY: `waitid` fills these fields.
    let pid = unsafe { info.si_pid() };
    // SAFETY: as above.
    let status = unsafe { info.si_status() };
    Ok((pid, info.si_code, status))
}

/// Sends a signal; `pid` as `kill` takes it.
pub fn kill(pid: i32, signal: i32) -> Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::kill(pid, signal) }.into()).map(drop)
}

/// Moves a process into a group.
pub fn set_group(pid: i32, group: i32) -> Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::setpgid(pid, group) }.into()).map(drop)
}

/// Starts a session.
pub fn start_session() -> Result<i32> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::setsid() }.into()).map(|id| id as i32)
}

/// The caller's group.
pub fn group() -> i32 {
    // SAFETY: no memory is involved.
    unsafe { libc::getpgrp() }
}

/// The caller's parent.
pub fn parent() -> i32 {
    // SAFETY: no memory is involved.
    unsafe { libc::getppid() }
}

/// The caller.
pub fn own_id() -> i32 {
    // SAFETY: no memory is involved.
    unsafe { libc::getpid() }
}

/// Any system call with up to three numbers as arguments; no pointers.
pub fn call(number: i64, first: i64, second: i64, third: i64) -> Result<i64> {
    // SAFETY: the callers pass numbers only.
    check(unsafe { libc::syscall(number, first, second, third, 0, 0, 0) })
}

/// Sleeps until a signal comes.
pub fn pause() {
    // SAFETY: no memory is involved.
    unsafe { libc::pause() };
}

/// Sleeps for some milliseconds, signals or not.
pub fn doze(milliseconds: u64) {
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}
