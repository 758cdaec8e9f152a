//! Cases of calls of the family `wait`.

use abi::table::number;
use abi::{Errno, Result};
use trials::raw::{CLOSED, call, open, pipe};

use crate::Case;
use crate::attempt::{holding, memory};
use crate::kit::interrupt_soon;

const ADD: usize = libc::EPOLL_CTL_ADD as usize;
const CHANGE: usize = libc::EPOLL_CTL_MOD as usize;
/// For as long as it takes.
const FOREVER: usize = -1_i32 as usize;

fn set() -> Result<usize> {
    call(number::epoll_create1, &[0])
}

/// Puts a slot into a set.
fn add(set: usize, slot: usize) -> Result<usize> {
    call(number::epoll_ctl, &[set, ADD, slot, memory()])
}

/// A set of slots for `select` with one in it that is closed.
fn closed() -> usize {
    let mut bits = [0_u64; 32];
    bits[CLOSED / 64] |= 1 << (CLOSED % 64);
    holding(bits)
}

/// No time.
fn impossible() -> usize {
    holding([0_i64, 0, -1, 2_000_000_000])
}

pub(crate) const CASES: &[Case] = &[
    ("poll ppoll", Errno::EINVAL, |it| it.with("count", 1 << 30).call()),
    ("ppoll epoll_pwait epoll_pwait2", Errno::EINVAL, |it| it.with("size", 99).call()),
    ("poll", Errno::EINTR, |it| {
        interrupt_soon()?;
        it.with("timeout_ms", FOREVER).call()
    }),
    ("ppoll select pselect6", Errno::EINTR, |it| {
        let it = if it.has("mask") { it.with("mask", 0) } else { it };
        interrupt_soon()?;
        it.with("timeout", 0).call()
    }),
    ("select pselect6", Errno::EINVAL, |it| it.with("count", usize::MAX).call()),
    ("select pselect6", Errno::EBADF, |it| it.with("read", closed()).with("count", CLOSED + 1).call()),
    ("epoll_wait epoll_pwait epoll_pwait2", Errno::EINVAL, |it| it.with("max", 0).call()),
    ("epoll_wait epoll_pwait", Errno::EINTR, |it| {
        interrupt_soon()?;
        it.with("timeout_ms", FOREVER).call()
    }),
    ("epoll_pwait2", Errno::EINTR, |it| {
        interrupt_soon()?;
        it.with("timeout", 0).call()
    }),
    ("epoll_create", Errno::EINVAL, |it| it.with("size", 0).call()),
    ("epoll_create1 timerfd_create", Errno::EINVAL, |it| it.with("flags", 0x99).call()),
    ("epoll_ctl", Errno::EEXIST, |it| {
        it.call()?;
        it.call()
    }),
    ("epoll_ctl", Errno::ENOENT, |it| it.with("operation", CHANGE).call()),
    ("epoll_ctl", Errno::EINVAL, |it| it.with("operation", 9).call()),
    ("epoll_ctl", Errno::EPERM, |it| it.with("fd", open("file", libc::O_RDONLY)?).call()),
    ("epoll_ctl", Errno::ELOOP, |it| {
        let (outer, inner) = (set()?, set()?);
        add(outer, inner)?;
        it.with("set", inner).with("fd", outer).call()
    }),
    ("timerfd_create", Errno::EINVAL, |it| it.with("clock", 99).call()),
    ("timerfd_settime", Errno::EINVAL, |it| it.with("new", impossible()).call()),
    ("timerfd_settime timerfd_gettime", Errno::EINVAL, |it| it.with("fd", pipe()?[0]).call()),
];
