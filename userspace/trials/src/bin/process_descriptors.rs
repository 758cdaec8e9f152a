//! Process descriptors: children that live as long as somebody holds them, and what may be done through a slot alone.
#![allow(unsafe_code, reason = "libc's calls")]

use std::process::ExitCode;

use abi::table::number;
use abi::{Errno, Result};
use trials::child::in_child;
use trials::raw::{call, close, dup, fails, pipe, poll, read, works, write};
use trials::{Holds, Report, all, child, equal, pledged};

const PD_DAEMON: usize = 1;
const WNOHANG: usize = libc::WNOHANG as usize;
const POLLIN_HUP: i16 = libc::POLLIN | libc::POLLHUP;

type Case = fn() -> Result<Holds>;

fn main() -> ExitCode {
    let mut report = Report::new();
    let cases: &[(&str, Case)] = &[
        ("the holder waits by the slot, and is told again", waits),
        ("waiting for any child does not find it, and no signal tells of it", unseen),
        ("closing the last descriptor ends the process", closing),
        ("a daemon outlives its descriptor", daemon),
        ("whoever holds the slot is told of the end, parent or not", heirs),
        ("signals go through the slot, in capability mode too", signals),
        ("each use needs its right", rights),
        ("bad arguments are refused", bad),
    ];
    for (what, case) in cases {
        report.try_case(what, case);
    }
    report.finish()
}

/// A child that runs `body`: its descriptor and id.
fn pdfork(flags: usize, body: impl FnOnce() -> i32) -> Result<(usize, i32)> {
    let mut slot = 0_i32;
    match call(number::pdfork, &[&raw mut slot as usize, flags])? {
        0 => {
            let code = body();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(code) }
        }
        pid => Ok((slot as usize, pid as i32)),
    }
}

fn sleeper() -> i32 {
    loop {
        child::pause();
    }
}

/// The wait status, and 0 or the id.
fn pdwait(slot: usize, options: usize) -> Result<(usize, i32)> {
    let mut status = 0_i32;
    let pid = call(number::pdwait, &[slot, &raw mut status as usize, options, 0])?;
    Ok((pid, status))
}

fn pdkill(slot: usize, signal: i32) -> Result<usize> {
    call(number::pdkill, &[slot, signal as usize])
}

fn waits() -> Result<Holds> {
    let [from, to] = pipe()?;
    let (slot, pid) = pdfork(0, || i32::from(read(from, 1).is_err()) + 7)?;
    let mut told = 0_i32;
    call(number::pdgetpid, &[slot, &raw mut told as usize])?;
    let before = (pdwait(slot, WNOHANG)?, poll(slot, libc::POLLIN, 0)?);
    write(to, b"x")?;
    let first = pdwait(slot, 0)?;
    let _ = (close(from), close(to));
    Ok(all([
        equal(told, pid),
        equal(before, ((0, 0), 0)),
        equal(first, (pid as usize, 7 << 8)),
        equal(pdwait(slot, 0)?, first),
        equal(poll(slot, libc::POLLIN, 0)?, POLLIN_HUP),
        works(close(slot)),
    ]))
}

fn unseen() -> Result<Holds> {
    let (slot, pid) = pdfork(0, || 3)?;
    let ready = poll(slot, libc::POLLIN, -1)?;
    let any = child::wait(-1, libc::WNOHANG).err().and_then(|error| error.raw_os_error());
    let mut pending = [0_u64];
    call(number::rt_sigpending, &[pending.as_mut_ptr() as usize, 8])?;
    let by_name = child::wait(pid, 0).map_err(|_| Errno::ECHILD)?;
    Ok(all([
        equal(ready, POLLIN_HUP),
        equal(any, Some(libc::ECHILD)),
        equal(pending[0] & 1 << (libc::SIGCHLD - 1), 0),
        equal(by_name, (pid, 3 << 8)),
        works(close(slot)),
    ]))
}

fn closing() -> Result<Holds> {
    let (slot, pid) = pdfork(0, sleeper)?;
    let other = dup(slot)?;
    let watch = call(number::pidfd_open, &[pid as usize, 0])?;
    close(slot)?;
    let held = pdkill(other, 0);
    close(other)?;
    let ended = poll(watch, libc::POLLIN, -1)?;
    Ok(all([
        works(held),
        equal(ended & libc::POLLIN, libc::POLLIN),
        fails(pdkill(watch, 0), Errno::ESRCH),
        works(close(watch)),
    ]))
}

fn daemon() -> Result<Holds> {
    let [from, to] = pipe()?;
    let [back, answer] = pipe()?;
    let (slot, pid) = pdfork(PD_DAEMON, || {
        let asked = read(from, 1).is_ok_and(|bytes| bytes == b"x");
        i32::from(!asked || write(answer, b"y").is_err())
    })?;
    close(slot)?;
    write(to, b"x")?;
    let answered = read(back, 1)?;
    let ended = child::wait(pid, libc::__WALL).map_err(|_| Errno::ECHILD)?;
    let _ = [from, to, back, answer].map(close);
    Ok(all([equal(answered, b"y".to_vec()), equal(ended, (pid, 0))]))
}

fn heirs() -> Result<Holds> {
    let (slot, pid) = pdfork(0, sleeper)?;
    let heir = in_child(|| {
        let killed = pdkill(slot, libc::SIGTERM);
        let told = pdwait(slot, 0);
        works(killed).and(equal(told, Ok((pid as usize, libc::SIGTERM))))
    });
    Ok(all([heir, equal(pdwait(slot, 0)?, (pid as usize, libc::SIGTERM)), works(close(slot))]))
}

fn signals() -> Result<Holds> {
    let (slot, pid) = pdfork(0, sleeper)?;
    let bound = in_child(|| {
        pledged::enter_capability_mode().map_err(|errno| errno.to_string())?;
        fails(call(number::kill, &[pid as usize, 0]), Errno::ECAPMODE)?;
        fails(call(number::pidfd_open, &[pid as usize, 0]), Errno::ECAPMODE)?;
        works(pdkill(slot, libc::SIGKILL))?;
        let (own, _) = pdfork(0, sleeper).map_err(|errno| format!("pdfork: {errno}"))?;
        works(pdkill(own, libc::SIGKILL))?;
        pdwait(own, 0).map(|_| ()).map_err(|errno| format!("pdwait: {errno}"))
    });
    Ok(all([bound, equal(pdwait(slot, 0)?.1, libc::SIGKILL), works(close(slot))]))
}

fn rights() -> Result<Holds> {
    let (slot, _) = pdfork(0, sleeper)?;
    let without = |right: tessera::Rights| -> Result<usize> {
        let copy = dup(slot)?;
        let rights = (tessera::Rights::ALL - right).bits();
        let words = [rights as u64, (rights >> 64) as u64];
        call(number::cap_rights_limit, &[copy, words.as_ptr() as usize])?;
        Ok(copy)
    };
    let (no_pid, no_kill, no_wait) =
        (without(tessera::Rights::PDGETPID)?, without(tessera::Rights::PDKILL)?, without(tessera::Rights::PDWAIT)?);
    let mut pid = 0_i32;
    let missing = Errno::ENOTCAPABLE;
    let holds = Ok(all([
        fails(call(number::pdgetpid, &[no_pid, &raw mut pid as usize]), missing),
        fails(pdkill(no_kill, 0), missing),
        fails(call(number::pidfd_send_signal, &[no_kill, 0, 0, 0]), missing),
        fails(pdwait(no_wait, WNOHANG), missing),
        fails(call(number::waitid, &[3, no_wait, 0, (libc::WEXITED | libc::WNOHANG) as usize, 0]), missing),
        works(pdkill(no_wait, libc::SIGKILL)),
    ]));
    let _ = [no_pid, no_kill, no_wait, slot].map(close);
    holds
}

fn bad() -> Result<Holds> {
    let [from, to] = pipe()?;
    let mut slot = 0_i32;
    let holds = Ok(all([
        fails(call(number::pdfork, &[&raw mut slot as usize, 4]), Errno::EINVAL),
        fails(call(number::pdfork, &[8, 0]), Errno::EFAULT),
        fails(pdkill(from, 0), Errno::EBADF),
        fails(pdwait(999, 0), Errno::EBADF),
        fails(pdwait(from, 0), Errno::EBADF),
    ]));
    let _ = (close(from), close(to));
    holds
}
