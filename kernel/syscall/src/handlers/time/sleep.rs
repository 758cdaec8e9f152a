//! Sleeping.

use super::timespec;
use crate::timeout;
use abi::consts::general;
use abi::types::Timespec;
use abi::{Errno, Result};
use alloc::sync::Arc;
use arch::clock::now_ns;
use mm::user::UserPtr;
use process::Context;
use process::clock::Clock;
use sched::timer::sleep_until;
use sched::{Interruptible, WaitError, calendar};

/// How far apart looks at somebody else's used time are at least.
const LOOK_NS: u64 = 100_000;

/// `nanosleep`.
pub fn nanosleep(cx: &mut Context, request: UserPtr<Timespec>, remaining: UserPtr<Timespec>) -> Result<usize> {
    let length = timeout::duration_ns(request.read()?)?;
    sleep_for(cx, length, remaining)
}

/// `clock_nanosleep`.
pub fn clock_nanosleep(
    cx: &mut Context,
    clock: i32,
    flags: u32,
    request: UserPtr<Timespec>,
    remaining: UserPtr<Timespec>,
) -> Result<usize> {
    let clock = Clock::find(cx, clock)?;
    match clock {
        Clock::Coarse(_) | Clock::Raw => return Err(Errno::EOPNOTSUPP),
        // A thread that sleeps uses no time.
        Clock::Thread(ref task, _) if Arc::ptr_eq(task, &cx.task) => return Err(Errno::EINVAL),
        _ => {}
    }
    let length = timeout::duration_ns(request.read()?)?;
    let is_absolute = flags & general::TIMER_ABSTIME != 0;
    let slept = match clock {
        Clock::Calendar(scale) if is_absolute => calendar::sleep_until_time(scale, length),
        Clock::Process(..) | Clock::Thread(..) => {
            let target = if is_absolute { Target::Time } else { Target::Length };
            return sleep_by_use(cx, &clock, length, target, remaining);
        }
        _ if is_absolute => sleep_until(length, Interruptible::BySignal),
        _ => return sleep_for(cx, length, remaining),
    };
    match slept {
        Ok(()) | Err(WaitError::TimedOut) => Ok(0),
        Err(WaitError::Interrupted) => Err(Errno::ERESTARTNOHAND),
    }
}

/// Sleeps for `length` nanoseconds. A signal that runs a handler ends it, with what was left told; after any other
/// the rest is slept.
fn sleep_for(cx: &Context, length: u64, remaining: UserPtr<Timespec>) -> Result<usize> {
    let deadline = cx.task.restart_deadline().unwrap_or_else(|| now_ns().saturating_add(length));
    match sleep_until(deadline, Interruptible::BySignal) {
        Ok(()) | Err(WaitError::TimedOut) => Ok(0),
        Err(WaitError::Interrupted) => {
            let left = deadline.saturating_sub(now_ns());
            if left == 0 {
                return Ok(0);
            }
            if let Some(remaining) = remaining.non_null() {
                remaining.write(&timespec(left))?;
            }
            cx.task.keep_restart_deadline(deadline);
            Err(Errno::ERESTART_RESTARTBLOCK)
        }
    }
}

/// Until when a clock of used time is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Until it shows a time.
    Time,
    /// Until so much more has been used.
    Length,
}

/// Sleeps until a clock of somebody's used time has gone on.
fn sleep_by_use(
    cx: &Context,
    clock: &Clock,
    time_ns: u64,
    target: Target,
    remaining: UserPtr<Timespec>,
) -> Result<usize> {
    let end = match target {
        Target::Time => time_ns,
        Target::Length => cx.task.restart_deadline().unwrap_or_else(|| clock.now_ns().saturating_add(time_ns)),
    };
    loop {
        let left = end.saturating_sub(clock.now_ns());
        if left == 0 {
            return Ok(0);
        }
        let look = clock.earliest(end).max(now_ns() + LOOK_NS);
        if sleep_until(look, Interruptible::BySignal).is_ok() {
            continue;
        }
        if target == Target::Time {
            return Err(Errno::ERESTARTNOHAND);
        }
        if let Some(remaining) = remaining.non_null() {
            remaining.write(&timespec(left))?;
        }
        cx.task.keep_restart_deadline(end);
        return Err(Errno::ERESTART_RESTARTBLOCK);
    }
}
