//! Calls that make, end and describe processes.

use crate::Context;
use crate::arguments::{At, UserPath};
use abi::{AtFlags, CloneFlags, Errno, Result, WaitFlags};
use abi::types::{CloneArgs, Rusage, Siginfo};
use mm::user::UserPtr;
use object::Held;

pub use super::settings::{arch_prctl, getrlimit, getrusage, personality, prctl, prlimit64, setrlimit};

pub fn getpid(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn clone(
    _cx: &mut Context,
    _flags: CloneFlags,
    _stack: u64,
    _parent_tid: UserPtr<i32>,
    _child_tid: UserPtr<i32>,
    _tls: u64,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn fork(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn vfork(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn execve(_cx: &mut Context, _path: UserPath, _argv: UserPtr<u64>, _envp: UserPtr<u64>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn exit(_cx: &mut Context, _code: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn wait4(
    _cx: &mut Context,
    _pid: i32,
    _status: UserPtr<i32>,
    _options: WaitFlags,
    _usage: UserPtr<Rusage>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setpgid(_cx: &mut Context, _pid: i32, _group: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getppid(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getpgrp(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setsid(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getpgid(_cx: &mut Context, _pid: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getsid(_cx: &mut Context, _pid: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn gettid(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn set_tid_address(_cx: &mut Context, _tid: UserPtr<i32>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn exit_group(_cx: &mut Context, _code: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn waitid(
    _cx: &mut Context,
    _kind: u32,
    _id: i32,
    _info: UserPtr<Siginfo>,
    _options: WaitFlags,
    _usage: UserPtr<Rusage>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn execveat(
    _cx: &mut Context,
    _directory: At,
    _path: UserPath,
    _argv: UserPtr<u64>,
    _envp: UserPtr<u64>,
    _flags: AtFlags,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn pidfd_send_signal(
    _cx: &mut Context,
    _process: Held,
    _signal: i32,
    _info: UserPtr<Siginfo>,
    _flags: u32,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn pidfd_open(_cx: &mut Context, _pid: i32, _flags: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn clone3(_cx: &mut Context, _arguments: UserPtr<CloneArgs>, _size: usize) -> Result<usize> {
    Err(Errno::ENOSYS)
}
