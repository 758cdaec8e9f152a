//! Timers as objects.

use crate::handlers::descriptors::install;
use crate::{Context, timeout};
use abi::consts::general;
use abi::types::{Itimerspec, Timespec};
use abi::{Errno, OpenFlags, Result};
use ipc::timerfd::{Setting, TimerObject};
use mm::user::UserPtr;
use object::Held;

const ABSOLUTE: u32 = general::TFD_TIMER_ABSTIME;
/// Reads end with an error when the calendar is set. It never is set here other than at boot, so nothing follows.
const CANCEL_ON_SET: u32 = general::TFD_TIMER_CANCEL_ON_SET;
const CALENDAR: i32 = general::CLOCK_REALTIME as i32;
const SECOND_NS: u64 = 1_000_000_000;

/// Makes a timer that is not armed. EINVAL for clocks but the calendar's, the monotonic one and that since boot.
pub fn timerfd_create(cx: &mut Context, clock: i32, flags: u32) -> Result<usize> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(OpenFlags::CLOSE_ON_EXEC | OpenFlags::NONBLOCK).contains(flags) {
        return Err(Errno::EINVAL);
    }
    match clock as u32 {
        general::CLOCK_REALTIME | general::CLOCK_MONOTONIC | general::CLOCK_BOOTTIME => {}
        _ => return Err(Errno::EINVAL),
    }
    install(cx, TimerObject::new(clock, flags)?, flags)
}

/// Arms the timer, or disarms it with a time of zero, and tells the setting before.
/// The calendar is never set, so TFD_TIMER_CANCEL_ON_SET changes nothing.
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
    let due_ns = match timeout::duration_ns(value)? {
        0 => None,
        _ if flags & ABSOLUTE != 0 && timer.clock() == CALENDAR => Some(timeout::at_wall_clock(value)?),
        time if flags & ABSOLUTE != 0 => Some(time),
        time => Some(timeout::after(time)),
    };
    let before = timer.set(Setting { due_ns, interval_ns });
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
    let left = setting.due_ns.map_or(0, |due| due.saturating_sub(arch::clock::now_ns()).max(1));
    Itimerspec { interval: time(setting.interval_ns), value: time(left) }
}

fn timer_of(held: &Held) -> Result<&TimerObject> {
    held.object().downcast_ref().ok_or(Errno::EINVAL)
}
