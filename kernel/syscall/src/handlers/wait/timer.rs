//! Timers as objects.

use crate::handlers::descriptors::install;
use crate::{Context, timeout};
use abi::consts::general;
use abi::types::{Itimerspec, Timespec};
use abi::{Errno, OpenFlags, Result};
use ipc::timerfd::{Reckoning, Setting, TimerClock, TimerObject};
use mm::user::UserPtr;
use object::Held;
use sched::timer::Schedule;

const ABSOLUTE: u32 = general::TFD_TIMER_ABSTIME;
/// Reads end with an error when the calendar is set.
const CANCEL_ON_SET: u32 = general::TFD_TIMER_CANCEL_ON_SET;
const SECOND_NS: u64 = 1_000_000_000;

/// Makes a timer that is not armed. EINVAL for clocks but the calendar's, the monotonic one and that since boot.
pub fn timerfd_create(cx: &mut Context, clock: i32, flags: u32) -> Result<usize> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(OpenFlags::CLOSE_ON_EXEC | OpenFlags::NONBLOCK).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let clock = match clock as u32 {
        general::CLOCK_REALTIME | general::CLOCK_REALTIME_ALARM => TimerClock::Calendar,
        general::CLOCK_MONOTONIC | general::CLOCK_BOOTTIME | general::CLOCK_BOOTTIME_ALARM => TimerClock::Boot,
        _ => return Err(Errno::EINVAL),
    };
    install(cx, TimerObject::new(clock, flags)?, flags)
}

/// Arms the timer, or disarms it with a time of zero, and tells the setting before.
pub fn timerfd_settime(
    _cx: &mut Context,
    fd: Held,
    flags: u32,
    new: UserPtr<Itimerspec>,
    old: UserPtr<Itimerspec>,
) -> Result<usize> {
    let timer = timer_of(&fd)?;
    let Itimerspec { interval, value } = new.read()?;
    if flags & !(ABSOLUTE | CANCEL_ON_SET) != 0 {
        return Err(Errno::EINVAL);
    }
    let interval_ns = timeout::duration_ns(interval)?;
    let is_calendar = flags & ABSOLUTE != 0 && timer.clock() == TimerClock::Calendar;
    let reckoning = match flags & CANCEL_ON_SET {
        _ if !is_calendar => Reckoning::Boot,
        0 => Reckoning::Calendar,
        _ => Reckoning::CalendarAsItIs,
    };
    let due_ns = match timeout::duration_ns(value)? {
        0 => None,
        time if flags & ABSOLUTE != 0 => Some(time),
        time => Some(timeout::after(time)),
    };
    let before = timer.set(Setting { schedule: Schedule { due_ns, interval_ns }, reckoning });
    if let Some(old) = old.non_null() {
        old.write(&shown(before))?;
    }
    Ok(0)
}

/// Tells the time left, never zero while armed, and the interval.
pub fn timerfd_gettime(_cx: &mut Context, fd: Held, value: UserPtr<Itimerspec>) -> Result<usize> {
    value.write(&shown(timer_of(&fd)?.setting())).map(|()| 0)
}

/// A setting as programs see it: the time left, of which an armed timer always has some.
fn shown(setting: Setting) -> Itimerspec {
    let time = |ns: u64| Timespec { seconds: (ns / SECOND_NS) as i64, nanoseconds: (ns % SECOND_NS) as i64 };
    Itimerspec { interval: time(setting.schedule.interval_ns), value: time(setting.left_ns()) }
}

fn timer_of(held: &Held) -> Result<&TimerObject> {
    held.object().downcast_ref().ok_or(Errno::EINVAL)
}
