//! Cases of calls of the family `descriptors`.

use abi::table::number;
use abi::types::NarrowItem;
use abi::{Errno, Result};
use caps::{Rights, Root};
use trials::lend::without;
use trials::narrowing::{narrow, root};
use trials::raw::{CLOSED, call, open};

use crate::Case;
use crate::attempt::{Attempt, holding, memory};
use crate::kit::{asleep, empty_pipe, full_pipe, hung_up_slave, interrupt_soon, limit, never_wait, terminal};

/// A lock on the whole file, as `struct flock`.
fn lock(kind: i32) -> usize {
    // SAFETY: all zeros is a valid value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as i16;
    holding(lock)
}

/// `fcntl` with a command and its argument.
fn control(attempt: Attempt, command: i32, argument: usize) -> Attempt {
    attempt.with("command", command as usize).with("argument", argument)
}

/// Another process has locked a byte of a file. Since it may outlive the case, no other one wants that byte alone, nor the
/// whole of the same file.
fn locked_by_another(path: &str) -> Result<usize> {
    asleep(|| {
        let own = open(path, libc::O_RDWR)?;
        call(number::fcntl, &[own, libc::F_SETLK as usize, lock_byte(100)])?;
        call(number::pause, &[])
    })
}

/// A lock on one byte.
fn lock_byte(at: i64) -> usize {
    // SAFETY: all zeros is a valid value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    (lock.l_type, lock.l_start, lock.l_len) = (libc::F_WRLCK as i16, at, 1);
    holding(lock)
}

/// Two processes that each have locked what the other wants.
fn deadlock(attempt: Attempt) -> Result<usize> {
    let own = attempt.word("fd");
    call(number::fcntl, &[own, libc::F_SETLK as usize, lock_byte(0)])?;
    asleep(|| {
        let other = open("file", libc::O_RDWR)?;
        call(number::fcntl, &[other, libc::F_SETLK as usize, lock_byte(1)])?;
        call(number::fcntl, &[other, libc::F_SETLKW as usize, lock_byte(0)])
    })?;
    control(attempt, libc::F_SETLKW, lock_byte(1)).call()
}

/// A slot that another thread has reserved and not filled yet: it waits for a pipe to be opened by somebody else too.
fn reserved() -> Result<usize> {
    let free = open("file", libc::O_RDONLY)?;
    trials::raw::close(free)?;
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = tell.send(call(number::gettid, &[]));
        open("fifo", libc::O_RDONLY)
    });
    let thread = told.recv().map_err(|_| Errno::EIO)??;
    let is_asleep = || {
        let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S'))
    };
    // Reading about the thread fills slots for a while, so the slot is the one that is missing afterwards.
    while !is_asleep() {
        call(number::sched_yield, &[])?;
    }
    let next = open("file", libc::O_RDONLY)?;
    Ok((free..next).find(|slot| call(number::fcntl, &[*slot, libc::F_GETFD as usize]).is_err()).unwrap_or(next))
}

/// A pseudo-terminal's slave that controls this process, which leads a session.
fn controlling() -> Result<usize> {
    let [_, slave] = terminal()?;
    call(number::setsid, &[])?;
    call(number::ioctl, &[slave, libc::TIOCSCTTY as usize, 0])?;
    Ok(slave)
}

/// Asks a terminal to make a group its foreground.
fn to_foreground(attempt: Attempt, group: i32) -> Result<usize> {
    let slave = controlling()?;
    attempt.with("fd", slave).with("request", libc::TIOCSPGRP as usize).with("argument", holding(group)).call()
}

/// A slave that cannot send more until its master reads.
fn stuffed() -> Result<usize> {
    let [_, slave] = terminal()?;
    never_wait(slave)?;
    while call(number::write, &[slave, memory(), 4096]).is_ok() {}
    Ok(slave)
}

pub(crate) const CASES: &[Case] = &[
    ("dup2 dup3", Errno::EBADF, |it| it.with("old", CLOSED).call()),
    ("dup2 dup3", Errno::EBADF, |it| it.with("new", 1 << 30).call()),
    ("dup3", Errno::EINVAL, |it| {
        let same = it.word("old");
        it.with("new", same).call()
    }),
    ("close_range", Errno::EINVAL, |it| it.with("first", 2).with("last", 1).call()),
    ("close_range", Errno::EINVAL, |it| it.with("flags", 0x99).call()),
    ("eventfd2", Errno::EINVAL, |it| it.with("flags", 0x99).call()),
    ("ioctl", Errno::ENOTTY, |it| it.with("request", libc::TCGETS as usize).call()),
    ("ioctl", Errno::EINVAL, |it| {
        it.with("fd", terminal()?[1]).with("request", libc::TIOCSETD as usize).with("argument", holding(5)).call()
    }),
    ("ioctl", Errno::EIO, |it| it.with("fd", hung_up_slave()?).with("request", libc::TCGETS as usize).call()),
    ("ioctl", Errno::EPERM, |it| to_foreground(it, trials::child::parent())),
    ("ioctl", Errno::ESRCH, |it| to_foreground(it, 4_000_000)),
    ("ioctl", Errno::EINTR, |it| {
        let it = it.with("fd", stuffed()?).with("request", libc::TCSBRK as usize).with("argument", 1);
        interrupt_soon()?;
        it.call()
    }),
    ("ioctl", Errno::ECAPMODE, |it| {
        let slave = terminal()?[1];
        narrow(&[root(Root::Terminal, Rights::NONE, NarrowItem::NOW)])?;
        it.with("fd", slave).with("request", libc::TIOCSCTTY as usize).call()
    }),
    ("dup2 dup3", Errno::EBUSY, |it| it.with("new", reserved()?).call()),
    ("fcntl", Errno::EDEADLK, deadlock),
    ("fcntl", Errno::EPERM, |it| control(it.with("fd", empty_pipe()?), libc::F_SETPIPE_SZ, 1 << 30).call_as_nobody()),
    ("fcntl", Errno::EBUSY, |it| control(it.with("fd", full_pipe()?), libc::F_SETPIPE_SZ, 4096).call()),
    ("fcntl", Errno::EINVAL, |it| it.with("command", 9999).call()),
    ("fcntl", Errno::ESRCH, |it| control(it, libc::F_SETOWN, 0x3fff_ffff).call()),
    ("fcntl", Errno::ECAPMODE, |it| {
        call(number::cap_enter, &[])?;
        control(it, libc::F_SETOWN, 1).call()
    }),
    ("fcntl", Errno::EMFILE, |it| {
        limit(libc::RLIMIT_NOFILE, 20)?;
        while call(number::dup, &[0]).is_ok() {}
        control(it, libc::F_DUPFD, 0).call()
    }),
    ("fcntl", Errno::ENOTCAPABLE, |it| {
        let slot = without(it.word("fd"), Rights::FCNTL)?;
        control(it.with("fd", slot), libc::F_GETFL, 0).call()
    }),
    ("fcntl", Errno::EAGAIN, |it| {
        locked_by_another("file")?;
        control(it, libc::F_SETLK, lock(libc::F_WRLCK)).call()
    }),
    ("fcntl", Errno::EINTR, |it| {
        locked_by_another("program")?;
        let it = it.with("fd", open("program", libc::O_RDWR)?);
        interrupt_soon()?;
        control(it, libc::F_SETLKW, lock(libc::F_WRLCK)).call()
    }),
];
