//! Scheduling parameters and CPUs.

use crate::Context;
use abi::{Errno, Result};
use abi::types::{SchedAttr, SchedParam, Timespec};
use mm::user::{Sink, Source, UserPtr};

pub fn sched_yield(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getpriority(_cx: &mut Context, _which: i32, _who: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setpriority(_cx: &mut Context, _which: i32, _who: i32, _nice: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_setparam(_cx: &mut Context, _pid: i32, _parameters: UserPtr<SchedParam>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_getparam(_cx: &mut Context, _pid: i32, _parameters: UserPtr<SchedParam>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_setscheduler(
    _cx: &mut Context,
    _pid: i32,
    _policy: i32,
    _parameters: UserPtr<SchedParam>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_getscheduler(_cx: &mut Context, _pid: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_get_priority_max(_cx: &mut Context, _policy: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_get_priority_min(_cx: &mut Context, _policy: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_rr_get_interval(_cx: &mut Context, _pid: i32, _interval: UserPtr<Timespec>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_setaffinity(_cx: &mut Context, _pid: i32, _mask: Source<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_getaffinity(_cx: &mut Context, _pid: i32, _mask: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getcpu(_cx: &mut Context, _cpu: UserPtr<u32>, _node: UserPtr<u32>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_setattr(_cx: &mut Context, _pid: i32, _attributes: UserPtr<SchedAttr>, _flags: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sched_getattr(
    _cx: &mut Context,
    _pid: i32,
    _attributes: UserPtr<SchedAttr>,
    _size: u32,
    _flags: u32,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn membarrier(_cx: &mut Context, _command: i32, _flags: u32, _cpu: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}
