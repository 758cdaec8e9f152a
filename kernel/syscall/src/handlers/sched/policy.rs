//! Policies and real-time priorities.

use super::priority::may_have_nice;
use super::{check_owner, find, is_superuser, thread_of};
use abi::consts::general;
use abi::types::{SchedParam, Timespec};
use abi::{Errno, Result};
use mm::user::UserPtr;
use process::limits::Resource;
use process::{Context, Task};
use sched::{Heirs, Parameters, Policy, RealTimePriority, Slice};

/// The slice of threads that take turns, as Linux reports it for SCHED_RR.
const ROUND_ROBIN_NS: i64 = 100_000_000;
/// The bit of `sched_setscheduler` by which children start with the normal policy.
const RESET_ON_FORK: i32 = 0x4000_0000;

/// `sched_get_priority_max`.
pub fn sched_get_priority_max(_cx: &mut Context, policy: i32) -> Result<usize> {
    priorities(policy).map(|(_, most)| most)
}

/// `sched_get_priority_min`.
pub fn sched_get_priority_min(_cx: &mut Context, policy: i32) -> Result<usize> {
    priorities(policy).map(|(least, _)| least)
}

fn priorities(policy: i32) -> Result<(usize, usize)> {
    match policy as u32 {
        general::SCHED_FIFO | general::SCHED_RR => Ok((1, 99)),
        general::SCHED_NORMAL | general::SCHED_BATCH | general::SCHED_IDLE | general::SCHED_DEADLINE => Ok((0, 0)),
        _ => Err(Errno::EINVAL),
    }
}

/// A policy and its priority as numbers.
pub(super) fn numbers_of(policy: Policy) -> (u32, i32) {
    match policy {
        Policy::Normal => (general::SCHED_NORMAL, 0),
        Policy::Batch => (general::SCHED_BATCH, 0),
        Policy::Idle => (general::SCHED_IDLE, 0),
        Policy::Fifo(priority) => (general::SCHED_FIFO, priority.get()),
        Policy::RoundRobin(priority) => (general::SCHED_RR, priority.get()),
    }
}

/// The policy behind the numbers. EINVAL for one that there is not, or a priority that it cannot have.
pub(super) fn policy_of(policy: u32, priority: i32) -> Result<Policy> {
    let real_time = RealTimePriority::new(priority).ok_or(Errno::EINVAL);
    match policy {
        general::SCHED_FIFO => Ok(Policy::Fifo(real_time?)),
        general::SCHED_RR => Ok(Policy::RoundRobin(real_time?)),
        _ if priority != 0 => Err(Errno::EINVAL),
        general::SCHED_NORMAL => Ok(Policy::Normal),
        general::SCHED_BATCH => Ok(Policy::Batch),
        general::SCHED_IDLE => Ok(Policy::Idle),
        _ => Err(Errno::EINVAL),
    }
}

/// Has `task` scheduled as `change` says, if the caller may: the superuser anything, others within their limits.
pub(super) fn change(cx: &Context, task: &Task, change: impl Fn(Parameters) -> Parameters) -> Result<()> {
    let thread = thread_of(task)?;
    let old = thread.parameters();
    let new = change(old);
    if !is_superuser(cx) {
        check_owner(cx, task)?;
        check_limits(task, old, new)?;
    }
    thread.change_parameters(|_| new);
    Ok(())
}

/// EPERM for what the limits of the task's process do not allow.
fn check_limits(task: &Task, old: Parameters, new: Parameters) -> Result<()> {
    let (old_policy, old_priority) = numbers_of(old.policy);
    let (new_policy, new_priority) = numbers_of(new.policy);
    let limit = task.process().limit(Resource::RealTimePriority);
    let has_nice = matches!(new.policy, Policy::Normal | Policy::Batch);
    let is_refused =
        // Real time, unless it is what it has already, takes a limit; more of it takes enough.
        (new_priority > 0 && new_policy != old_policy && limit == 0)
        || (new_priority > old_priority && new_priority as u64 > limit)
        // Leaving the idle policy takes what lowering the nice value takes.
        || (old.policy == Policy::Idle && new.policy != Policy::Idle && !may_have_nice(task, old.nice))
        || (has_nice && new.nice < old.nice && !may_have_nice(task, new.nice))
        // Who was made to have ordinary heirs keeps having them.
        || (old.heirs == Heirs::Ordinary && new.heirs == Heirs::Alike);
    if is_refused { Err(Errno::EPERM) } else { Ok(()) }
}

/// `sched_setscheduler`.
pub fn sched_setscheduler(cx: &mut Context, pid: i32, policy: i32, parameters: UserPtr<SchedParam>) -> Result<usize> {
    if policy < 0 || pid < 0 || parameters.is_null() {
        return Err(Errno::EINVAL);
    }
    let SchedParam { priority } = parameters.read()?;
    let task = find(cx, pid)?;
    let heirs = if policy & RESET_ON_FORK != 0 { Heirs::Ordinary } else { Heirs::Alike };
    let policy = policy_of((policy & !RESET_ON_FORK) as u32, priority)?;
    change(cx, &task, |old| Parameters { policy, heirs, slice: Slice::DEFAULT, ..old })?;
    Ok(0)
}

/// `sched_getscheduler`.
pub fn sched_getscheduler(cx: &mut Context, pid: i32) -> Result<usize> {
    if pid < 0 {
        return Err(Errno::EINVAL);
    }
    let task = find(cx, pid)?;
    let Parameters { policy, heirs, .. } = thread_of(&task)?.parameters();
    let flag = if heirs == Heirs::Ordinary { RESET_ON_FORK as usize } else { 0 };
    Ok(numbers_of(policy).0 as usize | flag)
}

/// `sched_setparam`.
pub fn sched_setparam(cx: &mut Context, pid: i32, parameters: UserPtr<SchedParam>) -> Result<usize> {
    if pid < 0 || parameters.is_null() {
        return Err(Errno::EINVAL);
    }
    let SchedParam { priority } = parameters.read()?;
    let task = find(cx, pid)?;
    let (policy, _) = numbers_of(thread_of(&task)?.policy());
    let policy = policy_of(policy, priority)?;
    change(cx, &task, |old| Parameters { policy, ..old })?;
    Ok(0)
}

/// `sched_getparam`.
pub fn sched_getparam(cx: &mut Context, pid: i32, parameters: UserPtr<SchedParam>) -> Result<usize> {
    if pid < 0 || parameters.is_null() {
        return Err(Errno::EINVAL);
    }
    let task = find(cx, pid)?;
    let (_, priority) = numbers_of(thread_of(&task)?.policy());
    parameters.write(&SchedParam { priority })?;
    Ok(0)
}

/// `sched_rr_get_interval`.
pub fn sched_rr_get_interval(cx: &mut Context, pid: i32, interval: UserPtr<Timespec>) -> Result<usize> {
    if pid < 0 {
        return Err(Errno::EINVAL);
    }
    let task = find(cx, pid)?;
    let parameters = thread_of(&task)?.parameters();
    let nanoseconds = match parameters.policy {
        Policy::RoundRobin(_) => ROUND_ROBIN_NS,
        Policy::Fifo(_) => 0,
        _ => parameters.slice.ns() as i64,
    };
    interval.write(&Timespec { seconds: 0, nanoseconds })?;
    Ok(0)
}
