//! Waiting for several objects.

use crate::Context;
use crate::arguments::Slot;
use abi::{Errno, Result, SignalSet};
use abi::types::{EpollEvent, Pollfd, SelectMask, Timespec, Timeval};
use mm::user::UserPtr;
use object::Held;

pub fn poll(_cx: &mut Context, _fds: UserPtr<Pollfd>, _count: usize, _timeout_ms: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn select(
    _cx: &mut Context,
    _count: i32,
    _read: UserPtr<u64>,
    _write: UserPtr<u64>,
    _except: UserPtr<u64>,
    _timeout: UserPtr<Timeval>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn epoll_create(_cx: &mut Context, _size: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn epoll_wait(
    _cx: &mut Context,
    _set: Held,
    _events: UserPtr<EpollEvent>,
    _max: i32,
    _timeout_ms: i32,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn epoll_ctl(
    _cx: &mut Context,
    _set: Held,
    _operation: i32,
    _fd: Slot,
    _event: UserPtr<EpollEvent>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn pselect6(
    _cx: &mut Context,
    _count: i32,
    _read: UserPtr<u64>,
    _write: UserPtr<u64>,
    _except: UserPtr<u64>,
    _timeout: UserPtr<Timespec>,
    _mask: UserPtr<SelectMask>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn ppoll(
    _cx: &mut Context,
    _fds: UserPtr<Pollfd>,
    _count: usize,
    _timeout: UserPtr<Timespec>,
    _mask: UserPtr<SignalSet>,
    _size: usize,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn epoll_pwait(
    _cx: &mut Context,
    _set: Held,
    _events: UserPtr<EpollEvent>,
    _max: i32,
    _timeout_ms: i32,
    _mask: UserPtr<SignalSet>,
    _size: usize,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn epoll_create1(_cx: &mut Context, _flags: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn epoll_pwait2(
    _cx: &mut Context,
    _set: Held,
    _events: UserPtr<EpollEvent>,
    _max: i32,
    _timeout: UserPtr<Timespec>,
    _mask: UserPtr<SignalSet>,
    _size: usize,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}
