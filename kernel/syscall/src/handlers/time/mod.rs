//! Time: reading clocks.

mod adjust;
mod interval;
mod posix;
mod sleep;

pub use adjust::{adjtimex, clock_adjtime, clock_settime, settimeofday};
pub use interval::{alarm, getitimer, setitimer};
pub use posix::{timer_create, timer_delete, timer_getoverrun, timer_gettime, timer_settime};
pub use sleep::{clock_nanosleep, nanosleep};

use abi::Result;
use abi::consts::general;
use abi::types::{Timespec, Timeval, Timezone, Tms};
use arch::clock::now_ns;
use mm::user::UserPtr;
use process::Context;
use process::clock::Clock;
use sched::calendar::Scale;

const SECOND_NS: u64 = 1_000_000_000;
const MICROSECOND_NS: u64 = 1000;
/// The unit of `times`.
const TICK_NS: u64 = SECOND_NS / 100;
/// As programs see it.
fn timespec(ns: u64) -> Timespec {
    Timespec { seconds: (ns / SECOND_NS) as i64, nanoseconds: (ns % SECOND_NS) as i64 }
}

/// As programs see it.
fn timeval(ns: u64) -> Timeval {
    Timeval { seconds: (ns / SECOND_NS) as i64, microseconds: (ns % SECOND_NS / MICROSECOND_NS) as i64 }
}

/// `clock_gettime`.
pub fn clock_gettime(cx: &mut Context, clock: i32, time: UserPtr<Timespec>) -> Result<usize> {
    // The two that everybody asks all the time.
    let ns = match clock as u32 {
        general::CLOCK_MONOTONIC => now_ns(),
        general::CLOCK_REALTIME => Scale::Utc.now_ns(),
        _ => Clock::find(cx, clock)?.now_ns(),
    };
    time.write(&timespec(ns))?;
    Ok(0)
}

/// `clock_getres`.
pub fn clock_getres(cx: &mut Context, clock: i32, resolution: UserPtr<Timespec>) -> Result<usize> {
    let ns = Clock::find(cx, clock)?.resolution_ns();
    if let Some(resolution) = resolution.non_null() {
        resolution.write(&timespec(ns))?;
    }
    Ok(0)
}

/// `gettimeofday`.
pub fn gettimeofday(_cx: &mut Context, time: UserPtr<Timeval>, zone: UserPtr<Timezone>) -> Result<usize> {
    if let Some(time) = time.non_null() {
        time.write(&timeval(Scale::Utc.now_ns()))?;
    }
    if let Some(zone) = zone.non_null() {
        zone.write(&Timezone::default())?;
    }
    Ok(0)
}

/// `time`.
pub fn time(_cx: &mut Context, seconds: UserPtr<i64>) -> Result<usize> {
    let now = (Scale::Utc.now_ns() / SECOND_NS) as i64;
    if let Some(seconds) = seconds.non_null() {
        seconds.write(&now)?;
    }
    Ok(now as usize)
}

/// `times`.
pub fn times(cx: &mut Context, buf: UserPtr<Tms>) -> Result<usize> {
    if let Some(buf) = buf.non_null() {
        let (own, children) = (cx.process().used(), cx.process().children_used());
        let ticks = |ns: u64| (ns / TICK_NS) as i64;
        buf.write(&Tms {
            user: ticks(own.user_ns),
            system: ticks(own.system_ns),
            child_user: ticks(children.user_ns),
            child_system: ticks(children.system_ns),
        })?;
    }
    Ok((now_ns() / TICK_NS) as usize)
}
