//! Clocks, sleeps and timers.

use crate::Context;
use abi::{Errno, Result};
use abi::types::{Itimerval, Timespec, Timeval, Timezone, Tms};
use mm::user::UserPtr;

pub fn nanosleep(_cx: &mut Context, _request: UserPtr<Timespec>, _remaining: UserPtr<Timespec>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getitimer(_cx: &mut Context, _which: i32, _value: UserPtr<Itimerval>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn alarm(_cx: &mut Context, _seconds: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setitimer(
    _cx: &mut Context,
    _which: i32,
    _new: UserPtr<Itimerval>,
    _old: UserPtr<Itimerval>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn gettimeofday(_cx: &mut Context, _time: UserPtr<Timeval>, _zone: UserPtr<Timezone>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn times(_cx: &mut Context, _buf: UserPtr<Tms>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn time(_cx: &mut Context, _seconds: UserPtr<i64>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn clock_settime(_cx: &mut Context, _clock: i32, _time: UserPtr<Timespec>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn clock_gettime(_cx: &mut Context, _clock: i32, _time: UserPtr<Timespec>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn clock_getres(_cx: &mut Context, _clock: i32, _resolution: UserPtr<Timespec>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn clock_nanosleep(
    _cx: &mut Context,
    _clock: i32,
    _flags: u32,
    _request: UserPtr<Timespec>,
    _remaining: UserPtr<Timespec>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}
