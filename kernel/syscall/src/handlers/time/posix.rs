//! Timers of processes.

use super::timespec;
use crate::timeout;
use abi::consts::general;
use abi::types::{Itimerspec, Sigevent};
use abi::{Errno, Result, Signal};
use alloc::sync::Arc;
use mm::user::UserPtr;
use process::Context;
use process::clock::Clock;
use process::limits::Resource;
use process::posix_timer::{Notice, PosixTimer, Start};

/// Makes a timer that is not armed, and stores its id. EAGAIN with as many as RLIMIT_SIGPENDING allows, EOPNOTSUPP for clocks
/// that are for reading alone.
pub fn timer_create(cx: &mut Context, clock: i32, event: UserPtr<Sigevent>, id: UserPtr<i32>) -> Result<usize> {
    let clock = Clock::find(cx, clock)?;
    if matches!(clock, Clock::Raw | Clock::Coarse(_)) {
        return Err(Errno::EOPNOTSUPP);
    }
    let notice = match event.non_null() {
        Some(event) => notice(cx, &event.read()?)?,
        None => Notice::Signal { signal: Signal::ALRM, value: None, to: None },
    };
    let process = cx.process();
    let limit = process.limit(Resource::PendingSignals);
    let number = process.posix_timers().add(limit, |id| PosixTimer::new(id, process, clock, notice))?;
    if let Err(error) = id.write(&number) {
        // Nobody knows of it.
        process.posix_timers().delete(number)?;
        return Err(error);
    }
    Ok(0)
}

fn notice(cx: &Context, event: &Sigevent) -> Result<Notice> {
    let to = match event.notify as u32 {
        general::SIGEV_NONE => return Ok(Notice::None),
        // Who runs the function is the C library's affair.
        general::SIGEV_SIGNAL | general::SIGEV_THREAD => None,
        general::SIGEV_THREAD_ID => {
            let task = process::registry::find_task(event.thread).ok_or(Errno::EINVAL)?;
            if !Arc::ptr_eq(task.process(), cx.process()) {
                return Err(Errno::EINVAL);
            }
            Some(task)
        }
        _ => return Err(Errno::EINVAL),
    };
    let signal = Signal::new(event.signal).ok_or(Errno::EINVAL)?;
    Ok(Notice::Signal { signal, value: Some(event.value), to })
}

/// Arms a timer, or disarms it with a time of zero, and tells the setting before.
pub fn timer_settime(
    cx: &mut Context,
    id: i32,
    flags: u32,
    new: UserPtr<Itimerspec>,
    old: UserPtr<Itimerspec>,
) -> Result<usize> {
    let Itimerspec { interval, value } = new.read()?;
    let (value_ns, interval_ns) = (timeout::duration_ns(value)?, timeout::duration_ns(interval)?);
    let timer = cx.process().posix_timers().find(id)?;
    let start = if flags & general::TIMER_ABSTIME != 0 { Start::Zero } else { Start::Now };
    let before = timer.set(start, value_ns, interval_ns);
    if let Some(old) = old.non_null() {
        old.write(&shown(before))?;
    }
    Ok(0)
}

/// Tells the time left, never zero while it is armed, and the interval.
pub fn timer_gettime(cx: &mut Context, id: i32, value: UserPtr<Itimerspec>) -> Result<usize> {
    let setting = cx.process().posix_timers().find(id)?.get();
    value.write(&shown(setting))?;
    Ok(0)
}

/// How many expiries the last signal stood for, beside its own.
pub fn timer_getoverrun(cx: &mut Context, id: i32) -> Result<usize> {
    Ok(cx.process().posix_timers().find(id)?.overrun() as usize)
}

/// Ends a timer.
pub fn timer_delete(cx: &mut Context, id: i32) -> Result<usize> {
    cx.process().posix_timers().delete(id)?;
    Ok(0)
}

fn shown((left_ns, interval_ns): (u64, u64)) -> Itimerspec {
    Itimerspec { interval: timespec(interval_ns), value: timespec(left_ns) }
}
