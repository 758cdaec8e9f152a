//! Scheduling: affinity, policies, nice values.

use abi::consts::general;
use abi::types::{SchedAttr, SchedParam, Timespec};
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::CpuSet;
use arch::cpu::CpuId;
use mm::user::{Sink, Source, UserPtr};
use process::limits::Resource;
use process::{Context, Process, Task};
use sched::{Nice, Policy, RealTimePriority, Thread};

/// The slice of threads that take turns, as Linux reports it for SCHED_RR.
const ROUND_ROBIN_NS: i64 = 100_000_000;
/// The same for ordinary threads.
const NORMAL_SLICE_NS: i64 = 4_000_000;
/// The bit of `sched_setscheduler` by which children start with the normal policy.
const RESET_ON_FORK: i32 = 0x4000_0000;
/// The flags of `sched_setattr` that are known: the one above, keep policy, keep parameters, and utilisation hints.
const ATTRIBUTE_FLAGS: u64 = 0x1 | 0x8 | 0x10 | 0x20 | 0x40;
const KEEP_POLICY: u64 = 0x8;
const KEEP_PARAMETERS: u64 = 0x10;
/// Size of the first version of `struct sched_attr`.
const ATTRIBUTES_FIRST: u32 = 48;

/// `sched_yield`.
pub fn sched_yield(_cx: &mut Context) -> Result<usize> {
    sched::yield_now();
    Ok(0)
}

/// The task with this id; 0 is the caller.
fn find(cx: &Context, pid: i32) -> Result<Arc<Task>> {
    match pid {
        0 => Ok(cx.task.clone()),
        pid => process::registry::find_task(pid).ok_or(Errno::ESRCH),
    }
}

/// The scheduler's side of a task; ESRCH where it is not made yet.
fn thread_of(task: &Task) -> Result<&Arc<Thread>> {
    task.thread().ok_or(Errno::ESRCH)
}

/// EPERM unless the caller may change how `task` is scheduled: its own user, or the superuser.
fn check_owner(cx: &Context, task: &Task) -> Result<()> {
    let (own, theirs) = (cx.process().credentials(), task.process().credentials());
    let may = own.euid == 0 || own.euid == theirs.euid || own.euid == theirs.uid;
    if may { Ok(()) } else { Err(Errno::EPERM) }
}

fn is_superuser(cx: &Context) -> bool {
    cx.process().credentials().euid == 0
}

/// How many bytes a mask of all processors of this machine takes.
fn mask_size() -> usize {
    arch::cpu::count().div_ceil(64) * 8
}

/// `sched_setaffinity`.
pub fn sched_setaffinity(cx: &mut Context, pid: i32, mut mask: Source<'_>) -> Result<usize> {
    let mut bytes = [0; arch::cpu::MAX_CPUS.div_ceil(64) * 8];
    // A short mask is filled with zeros, of a long one what no processor can have is ignored.
    mask.truncate(bytes.len());
    let count = mask.remaining();
    if mask.copy_to(&mut bytes[..count])? < count {
        return Err(Errno::EFAULT);
    }
    let task = find(cx, pid)?;
    check_owner(cx, &task)?;
    let wanted = CpuSet::from_bytes(&bytes).intersect(&arch::cpu::online());
    if wanted.is_empty() {
        return Err(Errno::EINVAL);
    }
    thread_of(&task)?.set_affinity(wanted)?;
    Ok(0)
}

/// `sched_getaffinity`: returns how many bytes of the mask were written.
pub fn sched_getaffinity(cx: &mut Context, pid: i32, mut mask: Sink<'_>) -> Result<usize> {
    let size = mask.remaining();
    if size * 8 < arch::cpu::count() || !size.is_multiple_of(8) {
        return Err(Errno::EINVAL);
    }
    let task = find(cx, pid)?;
    let allowed = thread_of(&task)?.affinity().intersect(&arch::cpu::online());
    let bytes = allowed.to_bytes();
    let count = size.min(mask_size());
    if mask.write(&bytes[..count])? < count { Err(Errno::EFAULT) } else { Ok(count) }
}

/// `getcpu`.
pub fn getcpu(_cx: &mut Context, cpu: UserPtr<u32>, node: UserPtr<u32>) -> Result<usize> {
    let current: CpuId = arch::cpu::current();
    if let Some(cpu) = cpu.non_null() {
        cpu.write(&current.as_u32())?;
    }
    if let Some(node) = node.non_null() {
        node.write(&0)?;
    }
    Ok(0)
}

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
fn numbers_of(policy: Policy) -> (u32, i32) {
    match policy {
        Policy::Normal => (general::SCHED_NORMAL, 0),
        Policy::Batch => (general::SCHED_BATCH, 0),
        Policy::Idle => (general::SCHED_IDLE, 0),
        Policy::Fifo(priority) => (general::SCHED_FIFO, priority.get()),
        Policy::RoundRobin(priority) => (general::SCHED_RR, priority.get()),
    }
}

/// The policy behind the numbers. EINVAL for one that there is not, or a priority that it cannot have.
fn policy_of(policy: u32, priority: i32) -> Result<Policy> {
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
fn set_policy(cx: &Context, task: &Task, policy: Policy) -> Result<()> {
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
pub fn sched_setscheduler(
    cx: &mut Context,
    pid: i32,
    policy: i32,
    parameters: UserPtr<SchedParam>,
) -> Result<usize> {
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

/// `sched_setattr`.
pub fn sched_setattr(cx: &mut Context, pid: i32, attributes: UserPtr<SchedAttr>, flags: u32) -> Result<usize> {
    if pid < 0 || flags != 0 || attributes.is_null() {
        return Err(Errno::EINVAL);
    }
    let size: u32 = UserPtr::new(attributes.address()).read()?;
    let wanted = read_attributes(attributes, size)?;
    let task = find(cx, pid)?;
    if wanted.flags & !ATTRIBUTE_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    let thread = thread_of(&task)?;
    let (policy, priority) = numbers_of(thread.policy());
    let keeps_parameters = wanted.flags & KEEP_PARAMETERS != 0;
    let new = policy_of(
        if wanted.flags & KEEP_POLICY != 0 { policy } else { wanted.policy },
        if keeps_parameters { priority } else { wanted.priority as i32 },
    )?;
    let nice = if keeps_parameters { thread.nice() } else { Nice::clamped(wanted.nice) };
    let has_nice = matches!(new, Policy::Normal | Policy::Batch);
    if has_nice && nice < thread.nice() && !is_superuser(cx) && !may_have_nice(&task, nice) {
        return Err(Errno::EPERM);
    }
    set_policy(cx, &task, new)?;
    if has_nice {
        thread.set_nice(nice);
    }
    Ok(0)
}

/// Reads attributes of whatever version the caller has. E2BIG, with the size that is known told, for a later one that says
/// something.
fn read_attributes(attributes: UserPtr<SchedAttr>, size: u32) -> Result<SchedAttr> {
    let known = size_of::<SchedAttr>() as u32;
    let size = if size == 0 { ATTRIBUTES_FIRST } else { size };
    if !(ATTRIBUTES_FIRST..=4096).contains(&size) {
        attributes_size(attributes).write(&known)?;
        return Err(Errno::E2BIG);
    }
    if size > known {
        let rest: Vec<u8> = UserPtr::new(attributes.address() + u64::from(known)).read_slice((size - known) as usize)?;
        if rest.iter().any(|&byte| byte != 0) {
            attributes_size(attributes).write(&known)?;
            return Err(Errno::E2BIG);
        }
    }
    if size >= known {
        return attributes.read();
    }
    // The first version ends before the hints.
    let words: [u64; 6] = UserPtr::new(attributes.address()).read()?;
    Ok(SchedAttr {
        size,
        policy: (words[0] >> 32) as u32,
        flags: words[1],
        nice: words[2] as i32,
        priority: (words[2] >> 32) as u32,
        runtime: words[3],
        deadline: words[4],
        period: words[5],
        ..SchedAttr::default()
    })
}

fn attributes_size(attributes: UserPtr<SchedAttr>) -> UserPtr<u32> {
    UserPtr::new(attributes.address())
}

/// `sched_getattr`.
pub fn sched_getattr(
    cx: &mut Context,
    pid: i32,
    attributes: UserPtr<SchedAttr>,
    size: u32,
    flags: u32,
) -> Result<usize> {
    let is_sized = (ATTRIBUTES_FIRST..=4096).contains(&size);
    if pid < 0 || flags != 0 || attributes.is_null() || !is_sized {
        return Err(Errno::EINVAL);
    }
    let task = find(cx, pid)?;
    let thread = thread_of(&task)?;
    let (policy, priority) = numbers_of(thread.policy());
    let known = size_of::<SchedAttr>() as u32;
    let has_nice = matches!(thread.policy(), Policy::Normal | Policy::Batch);
    let shown = SchedAttr {
        size: size.min(known),
        policy,
        nice: if has_nice { thread.nice().get() } else { 0 },
        priority: priority as u32,
        utilization_max: 1024,
        ..SchedAttr::default()
    };
    let bytes = zerocopy::IntoBytes::as_bytes(&shown);
    UserPtr::new(attributes.address()).write_slice(&bytes[..shown.size as usize])?;
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

/// The threads that `getpriority` and `setpriority` mean: one, those of a group, or those of a user.
fn threads_meant(cx: &Context, which: i32, who: i32) -> Result<Vec<Arc<Task>>> {
    let is_meant: &dyn Fn(&Process) -> bool = match which as u32 {
        general::PRIO_PROCESS => {
            let mut one = mm::alloc::try_vec(1)?;
            one.push(find(cx, who)?);
            return Ok(one);
        }
        general::PRIO_PGRP => {
            let group = if who == 0 { cx.process().group_id() } else { who };
            &move |process: &Process| process.group_id() == group
        }
        general::PRIO_USER => {
            let user = if who == 0 { cx.process().credentials().uid } else { who as u32 };
            &move |process: &Process| process.credentials().uid == user
        }
        _ => return Err(Errno::EINVAL),
    };
    let mut found = Vec::new();
    let mut last = 0;
    while let Some(process) = process::registry::next_process(last) {
        last = process.id();
        if !is_meant(&process) {
            continue;
        }
        let tasks = process.tasks()?;
        found.try_reserve(tasks.len()).map_err(|_| Errno::ENOMEM)?;
        found.extend(tasks);
    }
    if found.is_empty() { Err(Errno::ESRCH) } else { Ok(found) }
}

/// `getpriority`: 20 minus the nice value of the most favoured, so that no answer looks like an error.
pub fn getpriority(cx: &mut Context, which: i32, who: i32) -> Result<usize> {
    let tasks = threads_meant(cx, which, who)?;
    let least = tasks.iter().filter_map(|task| task.thread()).map(|thread| thread.nice().get()).min();
    Ok((20 - least.ok_or(Errno::ESRCH)?) as usize)
}

/// `setpriority`.
pub fn setpriority(cx: &mut Context, which: i32, who: i32, nice: i32) -> Result<usize> {
    let nice = Nice::clamped(nice);
    let mut outcome = Ok(0);
    for task in threads_meant(cx, which, who)? {
        // The others are still changed; the last error is told.
        if let Err(errno) = set_nice(cx, &task, nice) {
            outcome = Err(errno);
        }
    }
    outcome
}

fn set_nice(cx: &Context, task: &Task, nice: Nice) -> Result<()> {
    check_owner(cx, task)?;
    let thread = thread_of(task)?;
    if nice < thread.nice() && !is_superuser(cx) && !may_have_nice(task, nice) {
        return Err(Errno::EACCES);
    }
    thread.set_nice(nice);
    Ok(())
}

/// Whether RLIMIT_NICE lets the task's process have this nice value: the limit is 20 minus the least.
fn may_have_nice(task: &Task, nice: Nice) -> bool {
    (20 - nice.get()) as u64 <= task.process().limit(Resource::Nice)
}

/// `membarrier`: a memory barrier on every CPU. The caller visits them all, and being switched to is a barrier.
pub fn membarrier(_cx: &mut Context, command: i32, flags: u32, _cpu: i32) -> Result<usize> {
    const QUERY: i32 = 0;
    const GLOBAL: i32 = 1;
    match command {
        QUERY if flags == 0 => Ok(GLOBAL as usize),
        GLOBAL if flags == 0 => {
            let thread = sched::current();
            let allowed = thread.affinity();
            for cpu in arch::cpu::online().iter() {
                thread.set_affinity(CpuSet::of(cpu))?;
            }
            thread.set_affinity(allowed)?;
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}
