//! Setting the calendar.
//!
//! The machine's counter is taken as true: the calendar can be set and moved, not made to run faster or slower.

use super::{MICROSECOND_NS, SECOND_NS, timeval};
use crate::timeout;
use abi::consts::general;
use abi::types::{Timespec, Timeval, Timex, Timezone};
use abi::{Errno, Result};
use arch::clock::{now_ns, tai_offset_seconds, wall_clock_at_boot_ns};
use core::sync::atomic::{AtomicI32, AtomicI64, Ordering::Relaxed};
use mm::user::UserPtr;
use process::clock::Clock;
use process::{Context, gate};
use sched::calendar::{self, Scale};

const ADJ_OFFSET: u32 = 0x0001;
const ADJ_FREQUENCY: u32 = 0x0002;
const ADJ_MAXERROR: u32 = 0x0004;
const ADJ_ESTERROR: u32 = 0x0008;
const ADJ_STATUS: u32 = 0x0010;
const ADJ_TIMECONST: u32 = 0x0020;
const ADJ_TAI: u32 = 0x0080;
const ADJ_SETOFFSET: u32 = 0x0100;
const ADJ_MICRO: u32 = 0x1000;
const ADJ_NANO: u32 = 0x2000;
const ADJ_TICK: u32 = 0x4000;
const KNOWN: u32 = ADJ_OFFSET
    | ADJ_FREQUENCY
    | ADJ_MAXERROR
    | ADJ_ESTERROR
    | ADJ_STATUS
    | ADJ_TIMECONST
    | ADJ_TAI
    | ADJ_SETOFFSET
    | ADJ_MICRO
    | ADJ_NANO
    | ADJ_TICK;
/// Status: nobody keeps the calendar true; nanoseconds instead of microseconds.
const STA_UNSYNC: i32 = 0x0040;
const STA_NANO: i32 = 0x2000;
/// Bits of the status that programs may set.
const STA_SETTABLE: i32 = 0x00ff | STA_NANO;
/// States that the call returns.
const TIME_OK: usize = 0;
const TIME_ERROR: usize = 5;
/// Microseconds between ticks at 100 Hz, and the largest error in parts of 2^-16 per million.
const TICK_US: i64 = 10_000;
const TOLERANCE: i64 = 500 << 16;

static STATUS: AtomicI32 = AtomicI32::new(STA_UNSYNC);
static MAX_ERROR: AtomicI64 = AtomicI64::new(16_000_000);
static ESTIMATED_ERROR: AtomicI64 = AtomicI64::new(16_000_000);

/// EPERM for all but the superuser.
fn demand_privilege(cx: &Context) -> Result<()> {
    if cx.process().credentials().euid == 0 { Ok(()) } else { Err(Errno::EPERM) }
}

/// Sets the date. EINVAL for one before the boot: the time at boot would be negative.
fn set_date(since_1970_ns: u64) -> Result<()> {
    let at_boot = since_1970_ns.checked_sub(now_ns()).ok_or(Errno::EINVAL)?;
    set_calendar(at_boot, tai_offset_seconds());
    Ok(())
}

fn set_calendar(at_boot_ns: u64, tai_offset: i32) {
    calendar::set(at_boot_ns, tai_offset);
    ipc::futex::disturb_all();
}

/// `clock_settime`.
pub fn clock_settime(cx: &mut Context, clock: i32, time: UserPtr<Timespec>) -> Result<usize> {
    let known = Clock::find(cx, clock)?;
    let ns = timeout::duration_ns(time.read()?)?;
    if clock as u32 != general::CLOCK_REALTIME {
        // The others cannot be set: those of use by nobody, the rest not at all.
        return Err(if known.is_of_use() { Errno::EPERM } else { Errno::EINVAL });
    }
    demand_privilege(cx)?;
    set_date(ns)?;
    Ok(0)
}

/// `settimeofday`. Time zones are left to programs.
pub fn settimeofday(cx: &mut Context, time: UserPtr<Timeval>, zone: UserPtr<Timezone>) -> Result<usize> {
    let wanted = time.non_null().map(|time| time.read()).transpose()?;
    if let Some(zone) = zone.non_null() {
        zone.read()?;
    }
    demand_privilege(cx)?;
    let Some(Timeval { seconds, microseconds }) = wanted else { return Ok(0) };
    if !(0..1_000_000).contains(&microseconds) {
        return Err(Errno::EINVAL);
    }
    let time = Timespec { seconds, nanoseconds: microseconds * MICROSECOND_NS as i64 };
    set_date(timeout::duration_ns(time)?)?;
    Ok(0)
}

/// `adjtimex`.
pub fn adjtimex(cx: &mut Context, buf: UserPtr<Timex>) -> Result<usize> {
    let mut asked = buf.read()?;
    if asked.modes != 0 {
        gate::demand_root(cx, caps::Root::Clock)?;
        demand_privilege(cx)?;
        adjust(&asked)?;
    }
    let status = STATUS.load(Relaxed);
    let now = Scale::Utc.now_ns();
    let mut time = timeval(now);
    if status & STA_NANO != 0 {
        time.microseconds = (now % SECOND_NS) as i64;
    }
    asked = Timex {
        modes: asked.modes,
        max_error: MAX_ERROR.load(Relaxed),
        estimated_error: ESTIMATED_ERROR.load(Relaxed),
        status,
        constant: 2,
        precision: 1,
        tolerance: TOLERANCE,
        time,
        tick: TICK_US,
        tai: tai_offset_seconds(),
        ..Timex::default()
    };
    buf.write(&asked)?;
    Ok(if status & STA_UNSYNC != 0 { TIME_ERROR } else { TIME_OK })
}

/// `clock_adjtime`: as `adjtimex`, of the one clock that can be adjusted.
pub fn clock_adjtime(cx: &mut Context, clock: i32, buf: UserPtr<Timex>) -> Result<usize> {
    Clock::find(cx, clock)?;
    match clock as u32 {
        general::CLOCK_REALTIME => adjtimex(cx, buf),
        _ => Err(Errno::EOPNOTSUPP),
    }
}

/// Does what `modes` says, or nothing. EINVAL, also for another rate than the machine's.
fn adjust(asked: &Timex) -> Result<()> {
    let has = |mode: u32| asked.modes & mode != 0;
    let moves_rate = has(ADJ_FREQUENCY) && asked.frequency != 0 || has(ADJ_TICK) && asked.tick != TICK_US;
    if asked.modes & !KNOWN != 0 || moves_rate || has(ADJ_OFFSET) && asked.offset != 0 {
        return Err(Errno::EINVAL);
    }
    let unit = if has(ADJ_NANO) { 1 } else { MICROSECOND_NS as i64 };
    if has(ADJ_SETOFFSET) && !(0..SECOND_NS as i64 / unit).contains(&asked.time.microseconds) {
        return Err(Errno::EINVAL);
    }
    let mut at_boot = wall_clock_at_boot_ns();
    if has(ADJ_SETOFFSET) {
        let seconds = asked.time.seconds.checked_mul(SECOND_NS as i64);
        let by = seconds.and_then(|ns| ns.checked_add(asked.time.microseconds * unit)).ok_or(Errno::EINVAL)?;
        at_boot = at_boot.checked_add_signed(by).ok_or(Errno::EINVAL)?;
    }
    let tai =
        if has(ADJ_TAI) { i32::try_from(asked.constant).map_err(|_| Errno::EINVAL)? } else { tai_offset_seconds() };
    let mut status = STATUS.load(Relaxed);
    if has(ADJ_STATUS) {
        status = status & !STA_SETTABLE | asked.status & STA_SETTABLE;
    }
    if has(ADJ_NANO) {
        status |= STA_NANO;
    } else if has(ADJ_MICRO) {
        status &= !STA_NANO;
    }
    STATUS.store(status, Relaxed);
    if has(ADJ_MAXERROR) {
        MAX_ERROR.store(asked.max_error, Relaxed);
    }
    if has(ADJ_ESTERROR) {
        ESTIMATED_ERROR.store(asked.estimated_error, Relaxed);
    }
    if has(ADJ_SETOFFSET) || has(ADJ_TAI) {
        set_calendar(at_boot, tai);
    }
    Ok(())
}
