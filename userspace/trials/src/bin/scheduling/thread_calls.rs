//! The calls by which a thread says how it wants to be scheduled, and what it may know of others.

use std::io::{Error, Result};

use abi::types::SchedAttr;

/// A thread's number; 0 is the caller.
pub type Tid = libc::pid_t;

/// Whose nice value is meant, as in getpriority(2): the constants of C libraries differ in type.
pub const PROCESS: i32 = 0;
/// A process group's.
pub const GROUP: i32 = 1;
/// A user's.
pub const USER: i32 = 2;

/// The caller's number.
pub fn own_tid() -> Tid {
    // SAFETY: the call takes nothing.
    unsafe { libc::gettid() }
}

fn result(outcome: i64) -> Result<i64> {
    if outcome < 0 { Err(Error::last_os_error()) } else { Ok(outcome) }
}

/// The errno of an outcome; 0 if it went well.
pub fn errno<T>(outcome: Result<T>) -> i32 {
    outcome.err().and_then(|error| error.raw_os_error()).unwrap_or(0)
}

/// Binds a thread to some processors.
pub fn bind(tid: Tid, processors: &[usize]) -> Result<()> {
    // SAFETY: all zeros is the empty set.
    let mut mask: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &processor in processors {
        // SAFETY: the number comes from such a set, so it is in range.
        unsafe { libc::CPU_SET(processor, &mut mask) };
    }
    // SAFETY: the mask is valid for its size.
    result(unsafe { libc::sched_setaffinity(tid, size_of_val(&mask), &mask) }.into()).map(drop)
}

/// The processors that the caller may use.
pub fn processors() -> Vec<usize> {
    // SAFETY: all zeros is the empty set.
    let mut mask: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the mask is valid for its size.
    let outcome = unsafe { libc::sched_getaffinity(0, size_of_val(&mask), &mut mask) };
    assert_eq!(outcome, 0, "sched_getaffinity");
    // SAFETY: the numbers asked for are below the set's size.
    (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &mask) }).collect()
}

/// Gives a thread a policy.
pub fn set_policy(tid: Tid, policy: i32, priority: i32) -> Result<()> {
    // The raw call: C libraries refuse it, since it is for a thread here and for a process in their standard.
    let parameter = priority;
    // SAFETY: the parameter is valid.
    result(unsafe { libc::syscall(libc::SYS_sched_setscheduler, tid, policy, &raw const parameter) }).map(drop)
}

/// A thread's policy.
pub fn policy(tid: Tid) -> Result<i32> {
    // SAFETY: the call takes numbers.
    result(unsafe { libc::syscall(libc::SYS_sched_getscheduler, tid) }).map(|policy| policy as i32)
}

/// Changes a thread's priority within its policy.
pub fn set_parameter(tid: Tid, priority: i32) -> Result<()> {
    let parameter = priority;
    // SAFETY: the parameter is valid.
    result(unsafe { libc::syscall(libc::SYS_sched_setparam, tid, &raw const parameter) }).map(drop)
}

/// A thread's priority.
pub fn parameter(tid: Tid) -> Result<i32> {
    let mut parameter = -1;
    // SAFETY: the parameter is valid.
    result(unsafe { libc::syscall(libc::SYS_sched_getparam, tid, &raw mut parameter) }).map(|_| parameter)
}

/// How long a turn is, nanoseconds.
pub fn interval(tid: Tid) -> Result<i64> {
    let mut interval = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is valid.
    result(unsafe { libc::syscall(libc::SYS_sched_rr_get_interval, tid, &raw mut interval) })
        .map(|_| interval.tv_sec * 1_000_000_000 + interval.tv_nsec)
}

/// Attributes that say nothing yet.
pub fn attributes() -> SchedAttr {
    SchedAttr { size: size_of::<SchedAttr>() as u32, ..SchedAttr::default() }
}

/// Sets a thread's attributes.
pub fn set_attributes(tid: Tid, attributes: &SchedAttr) -> Result<()> {
    // SAFETY: the structure is valid and tells its size.
    result(unsafe { libc::syscall(libc::SYS_sched_setattr, tid, std::ptr::from_ref(attributes), 0) }).map(drop)
}

/// A thread's attributes.
pub fn get_attributes(tid: Tid) -> Result<SchedAttr> {
    let mut found = attributes();
    // SAFETY: the structure is valid for its size.
    result(unsafe { libc::syscall(libc::SYS_sched_getattr, tid, &raw mut found, found.size, 0) }).map(|_| found)
}

/// Sets the nice value of what `which` and `who` mean.
pub fn set_nice(which: i32, who: i32, nice: i32) -> Result<()> {
    // SAFETY: the call takes numbers.
    result(unsafe { libc::syscall(libc::SYS_setpriority, which, who, nice) }).map(drop)
}

/// The least nice value of what `which` and `who` mean.
pub fn nice(which: i32, who: i32) -> Result<i32> {
    // SAFETY: the call takes numbers.
    result(unsafe { libc::syscall(libc::SYS_getpriority, which, who) }).map(|nice| 20 - nice as i32)
}

/// The time of a clock, nanoseconds.
pub fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is valid.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Now.
pub fn now_ns() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// How long a thread of this process has run.
pub fn ran_ns(tid: Tid) -> u64 {
    clock_ns((!tid << 3) | 6)
}

/// Sleeps until then.
pub fn sleep_until(deadline_ns: u64) {
    let deadline =
        libc::timespec { tv_sec: (deadline_ns / 1_000_000_000) as i64, tv_nsec: (deadline_ns % 1_000_000_000) as i64 };
    // SAFETY: the structure is valid; nothing is told back of an absolute sleep.
    unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &deadline, std::ptr::null_mut()) };
}
