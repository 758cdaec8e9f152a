//! Calls that send and take signals.

use crate::Context;
use abi::{Errno, Result, SignalSet};
use abi::types::{Sigaction, Sigaltstack, Siginfo, Timespec};
use mm::user::UserPtr;

pub fn rt_sigaction(
    _cx: &mut Context,
    _signal: i32,
    _new: UserPtr<Sigaction>,
    _old: UserPtr<Sigaction>,
    _size: usize,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rt_sigprocmask(
    _cx: &mut Context,
    _how: i32,
    _new: UserPtr<SignalSet>,
    _old: UserPtr<SignalSet>,
    _size: usize,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rt_sigreturn(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn pause(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn kill(_cx: &mut Context, _pid: i32, _signal: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rt_sigpending(_cx: &mut Context, _set: UserPtr<SignalSet>, _size: usize) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rt_sigtimedwait(
    _cx: &mut Context,
    _set: UserPtr<SignalSet>,
    _info: UserPtr<Siginfo>,
    _timeout: UserPtr<Timespec>,
    _size: usize,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rt_sigqueueinfo(_cx: &mut Context, _pid: i32, _signal: i32, _info: UserPtr<Siginfo>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rt_sigsuspend(_cx: &mut Context, _set: UserPtr<SignalSet>, _size: usize) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sigaltstack(_cx: &mut Context, _new: UserPtr<Sigaltstack>, _old: UserPtr<Sigaltstack>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn tkill(_cx: &mut Context, _tid: i32, _signal: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn restart_syscall(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn tgkill(_cx: &mut Context, _pid: i32, _tid: i32, _signal: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rt_tgsigqueueinfo(
    _cx: &mut Context,
    _pid: i32,
    _tid: i32,
    _signal: i32,
    _info: UserPtr<Siginfo>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}
