//! What one thread does by itself.
#![allow(unsafe_code, reason = "the C library's signal handlers")]

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use abi::table::number;
use libc::timespec;
use trials::raw;

use crate::bare::{call, call0, call1, call2, call3};
use crate::each;

const ROUNDS: u64 = 1000;

pub(crate) fn null() -> u64 {
    each(ROUNDS, || _ = call0(number::getppid))
}

pub(crate) fn clock() -> u64 {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    each(ROUNDS, || _ = call2(number::clock_gettime, libc::CLOCK_MONOTONIC as usize, &raw mut time as usize))
}

pub(crate) fn open_close() -> u64 {
    const PATH: &std::ffi::CStr = c"/tmp/opened";
    let _ = fs::write("/tmp/opened", "x");
    each(ROUNDS, || {
        let slot = call3(number::open, PATH.as_ptr() as usize, 0, 0);
        call1(number::close, slot as usize);
    })
}

pub(crate) fn dup_close() -> u64 {
    each(ROUNDS, || {
        let slot = call1(number::dup, 0);
        call1(number::close, slot as usize);
    })
}

pub(crate) fn pipe() -> u64 {
    let Ok([reader, writer]) = raw::pipe() else { return 0 };
    let mut byte = 0_u8;
    let byte = &raw mut byte as usize;
    each(ROUNDS, || {
        call3(number::write, writer, byte, 1);
        call3(number::read, reader, byte, 1);
    })
}

pub(crate) fn futex_wake() -> u64 {
    let word = AtomicU32::new(0);
    let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    each(ROUNDS, || _ = call3(number::futex, &raw const word as usize, wake as usize, 1))
}

pub(crate) fn epoll() -> u64 {
    let Ok([reader, writer]) = raw::pipe() else { return 0 };
    let set = call1(number::epoll_create1, 0) as usize;
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 1 };
    let event = &raw mut event as usize;
    call(number::epoll_ctl, [set, libc::EPOLL_CTL_ADD as usize, reader, event, 0, 0]);
    let mut byte = 0_u8;
    let byte = &raw mut byte as usize;
    each(ROUNDS, || {
        call3(number::write, writer, byte, 1);
        call(number::epoll_wait, [set, event, 1, -1_isize as usize, 0, 0]);
        call3(number::read, reader, byte, 1);
    })
}

static SIGNALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_signal: i32) {
    SIGNALS.store(SIGNALS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

pub(crate) fn signal() -> u64 {
    let handler: extern "C" fn(i32) = count;
    // SAFETY: the handler writes one atomic.
    unsafe { libc::signal(libc::SIGUSR1, handler as usize) };
    let (pid, tid) = (call0(number::getpid) as usize, call0(number::gettid) as usize);
    let cost = each(ROUNDS, || _ = call3(number::tgkill, pid, tid, libc::SIGUSR1 as usize));
    if u64::from(SIGNALS.load(Ordering::Relaxed)) < ROUNDS { 0 } else { cost }
}

/// How much later than asked for a sleep of 1 ms ends: the middle of many.
pub(crate) fn sleep() -> u64 {
    let _ = trials::raw::call(number::prctl, &[libc::PR_SET_TIMERSLACK as usize, 1]);
    let asked = timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    let mut late: Vec<u64> = (0..101)
        .map(|_| {
            let start = Instant::now();
            call2(number::nanosleep, &raw const asked as usize, 0);
            (start.elapsed().as_nanos() as u64).saturating_sub(1_000_000)
        })
        .collect();
    late.sort_unstable();
    late[50]
}
