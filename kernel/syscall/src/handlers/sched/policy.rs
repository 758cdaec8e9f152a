//! Policies and real-time priorities.

use super::priority::may_have_nice;
use super::{check_owner, find, is_superuser, thread_of};
use abi::consts::general;
use abi::types::{SchedParam, Timespec};
use abi::{Errno, Result};
use mm::user::UserPtr;
use process::limits::Resource;
use process::{Context, Task};
use sched::{Policy, RealTimePriority};

/// The slice of threads that take turns, as Linux reports it for SCHED_RR.
const ROUND_ROBIN_NS: i64 = 100_000_000;
/// The same for ordinary threads.
const NORMAL_SLICE_NS: i64 = 4_000_000;
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

/// Gives `task` a policy, if the caller may: real time within RLIMIT_RTPRIO, anything for the superuser.
pub(super) fn set_policy(cx: &Context, task: &Task, policy: Policy) -> Result<()> {
    let thread = thread_of(task)?;
    if !is_superuser(cx) {
        check_owner(cx, task)?;
        let (_, wanted) = numbers_of(policy);
        let (_, has) = numbers_of(thread.policy());
        let limit = task.process().limit(Resource::RealTimePriority);
        if wanted > has && wanted as u64 > limit {
            return Err(Errno::EPERM);
        }
        // Leaving the idle policy takes what lowering the nice value takes.
        if thread.policy() == Policy::Idle && policy != Policy::Idle && !may_have_nice(task, thread.nice()) {
            return Err(Errno::EPERM);
        }
    }
    thread.set_policy(policy);
    Ok(())
}

/// `sched_setscheduler`.
pub fn sched_setscheduler(cx: &mut Context, pid: i32, policy: i32, parameters: UserPtr<SchedParam>) -> Result<usize> {
    if policy < 0 || pid < 0 || parameters.is_null() {
        return Err(Errno::EINVAL);
    }
    let SchedParam { priority } = parameters.read()?;
    let task = find(cx, pid)?;
    let policy = policy_of((policy & !RESET_ON_FORK) as u32, priority)?;
    set_policy(cx, &task, policy)?;
    Ok(0)
}

/// `sched_getscheduler`.
pub fn sched_getscheduler(cx: &mut Context, pid: i32) -> Result<usize> {
    if pid < 0 {
        return Err(Errno::EINVAL);
    }
    let task = find(cx, pid)?;
    Ok(numbers_of(thread_of(&task)?.policy()).0 as usize)
}

/// `sched_setparam`.
pub fn sched_setparam(cx: &mut Context, pid: i32, parameters: UserPtr<SchedParam>) -> Result<usize> {
    if pid < 0 || parameters.is_null() {
        return Err(Errno::EINVAL);
    }
    let SchedParam { priority } = parameters.read()?;
    let task = find(cx, pid)?;
    let (policy, _) = numbers_of(thread_of(&task)?.policy());
    set_policy(cx, &task, policy_of(policy, priority)?)?;
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
    let nanoseconds = match thread_of(&task)?.policy() {
        Policy::RoundRobin(_) => ROUND_ROBIN_NS,
        Policy::Fifo(_) => 0,
        _ => NORMAL_SLICE_NS,
    };
    interval.write(&Timespec { seconds: 0, nanoseconds })?;
    Ok(0)
}
