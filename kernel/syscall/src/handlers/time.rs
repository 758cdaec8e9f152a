//! Time: clocks, sleeping, interval timers.

use abi::consts::general;
use abi::types::{Itimerval, Timespec, Timeval, Timezone, Tms};
use abi::{Errno, Result};
use alloc::sync::Arc;
use arch::clock::now_ns;
use mm::user::UserPtr;
use process::itimer::{Expiry, Which};
use process::usage::ResourceUse;
use process::{Context, Process, Task};
use sched::{Interruptible, WaitError};

const SECOND_NS: u64 = 1_000_000_000;
const MICROSECOND_NS: u64 = 1000;
/// The unit of `times`.
const TICK_NS: u64 = SECOND_NS / 100;
/// What coarse clocks resolve: a tick of Linux's usual 250 Hz.
const COARSE_NS: u64 = 4_000_000;

/// A clock.
enum Clock {
    /// Since 1970, and may be set.
    Real,
    /// Since boot.
    Monotonic,
    /// The same two, of which less precision is expected.
    RealCoarse,
    MonotonicCoarse,
    /// What a process has used.
    Process(Arc<Process>, Share),
    /// What a thread has used.
    Thread(Arc<Task>, Share),
}

/// Which part of the time used.
#[derive(Clone, Copy)]
enum Share {
    All,
    User,
}

impl Clock {
    fn find(cx: &Context, id: i32) -> Result<Self> {
        if id < 0 {
            return Self::find_of_process(cx, id);
        }
        Ok(match id as u32 {
            general::CLOCK_REALTIME | general::CLOCK_REALTIME_ALARM | general::CLOCK_TAI => Self::Real,
            general::CLOCK_MONOTONIC
            | general::CLOCK_MONOTONIC_RAW
            | general::CLOCK_BOOTTIME
            | general::CLOCK_BOOTTIME_ALARM => Self::Monotonic,
            general::CLOCK_REALTIME_COARSE => Self::RealCoarse,
            general::CLOCK_MONOTONIC_COARSE => Self::MonotonicCoarse,
            general::CLOCK_PROCESS_CPUTIME_ID => Self::Process(cx.process().clone(), Share::All),
            general::CLOCK_THREAD_CPUTIME_ID => Self::Thread(cx.task.clone(), Share::All),
            _ => return Err(Errno::EINVAL),
        })
    }

    /// The clock of somebody else: the complement of an id above three bits that say which.
    fn find_of_process(cx: &Context, id: i32) -> Result<Self> {
        const OF_THREAD: i32 = 4;
        let share = match id & 3 {
            0 | 2 => Share::All,
            1 => Share::User,
            _ => return Err(Errno::EINVAL),
        };
        let target = !(id >> 3);
        if id & OF_THREAD != 0 {
            let task = match target {
                0 => cx.task.clone(),
                tid => process::registry::find_task(tid).ok_or(Errno::EINVAL)?,
            };
            // Only threads of one's own process are shown.
            let is_own = task.process().id() == cx.process().id();
            return if is_own { Ok(Self::Thread(task, share)) } else { Err(Errno::EINVAL) };
        }
        let process = match target {
            0 => cx.process().clone(),
            pid => process::registry::find_process(pid).ok_or(Errno::EINVAL)?,
        };
        Ok(Self::Process(process, share))
    }

    fn read_ns(&self) -> u64 {
        match self {
            Self::Real => real_ns(),
            Self::Monotonic => now_ns(),
            Self::RealCoarse => real_ns(),
            Self::MonotonicCoarse => now_ns(),
            Self::Process(process, share) => share.of(&process.used()),
            Self::Thread(task, share) => task.thread().map_or(0, |thread| share.of(&ResourceUse::of_thread(thread))),
        }
    }

    fn resolution_ns(&self) -> u64 {
        match self {
            Self::RealCoarse | Self::MonotonicCoarse => COARSE_NS,
            _ => 1,
        }
    }
}

impl Share {
    fn of(self, used: &ResourceUse) -> u64 {
        match self {
            Self::All => used.user_ns + used.system_ns,
            Self::User => used.user_ns,
        }
    }
}

/// Nanoseconds since 1970.
fn real_ns() -> u64 {
    arch::clock::wall_clock_at_boot_ns() + now_ns()
}

fn timespec(ns: u64) -> Timespec {
    Timespec { seconds: (ns / SECOND_NS) as i64, nanoseconds: (ns % SECOND_NS) as i64 }
}

fn timeval(ns: u64) -> Timeval {
    Timeval { seconds: (ns / SECOND_NS) as i64, microseconds: (ns % SECOND_NS / MICROSECOND_NS) as i64 }
}

/// A time as nanoseconds; EINVAL where it is not a proper one. Beyond what 64 bits hold is for ever.
fn nanoseconds(time: Timespec) -> Result<u64> {
    let seconds = u64::try_from(time.seconds).map_err(|_| Errno::EINVAL)?;
    let fraction = u64::try_from(time.nanoseconds).ok().filter(|&ns| ns < SECOND_NS).ok_or(Errno::EINVAL)?;
    Ok(seconds.saturating_mul(SECOND_NS).saturating_add(fraction))
}

fn nanoseconds_of_timeval(time: Timeval) -> Result<u64> {
    let seconds = u64::try_from(time.seconds).map_err(|_| Errno::EINVAL)?;
    let fraction = u64::try_from(time.microseconds).ok().filter(|&us| us < 1_000_000).ok_or(Errno::EINVAL)?;
    Ok(seconds.saturating_mul(SECOND_NS).saturating_add(fraction * MICROSECOND_NS))
}

/// `clock_gettime`.
pub fn clock_gettime(cx: &mut Context, clock: i32, time: UserPtr<Timespec>) -> Result<usize> {
    // The two that everybody asks all the time.
    let ns = match clock as u32 {
        general::CLOCK_MONOTONIC => now_ns(),
        general::CLOCK_REALTIME => real_ns(),
        _ => Clock::find(cx, clock)?.read_ns(),
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

/// `clock_settime`.
pub fn clock_settime(cx: &mut Context, clock: i32, time: UserPtr<Timespec>) -> Result<usize> {
    let known = Clock::find(cx, clock)?;
    let ns = nanoseconds(time.read()?)?;
    if clock as u32 != general::CLOCK_REALTIME {
        // The others cannot be set: process clocks by nobody, the rest not at all.
        return Err(if matches!(known, Clock::Process(..) | Clock::Thread(..)) { Errno::EPERM } else { Errno::EINVAL });
    }
    if cx.process().credentials().euid != 0 {
        return Err(Errno::EPERM);
    }
    // A time before boot would make the time at boot negative.
    let at_boot = ns.checked_sub(now_ns()).ok_or(Errno::EINVAL)?;
    arch::clock::set_wall_clock_at_boot_ns(at_boot);
    Ok(0)
}

/// `gettimeofday`.
pub fn gettimeofday(_cx: &mut Context, time: UserPtr<Timeval>, zone: UserPtr<Timezone>) -> Result<usize> {
    if let Some(time) = time.non_null() {
        time.write(&timeval(real_ns()))?;
    }
    if let Some(zone) = zone.non_null() {
        zone.write(&Timezone::default())?;
    }
    Ok(0)
}

/// `time`.
pub fn time(_cx: &mut Context, seconds: UserPtr<i64>) -> Result<usize> {
    let now = (real_ns() / SECOND_NS) as i64;
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

/// `nanosleep`.
pub fn nanosleep(cx: &mut Context, request: UserPtr<Timespec>, remaining: UserPtr<Timespec>) -> Result<usize> {
    let length = nanoseconds(request.read()?)?;
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
    let clock_found = Clock::find(cx, clock)?;
    let length = match clock_found {
        Clock::Thread(..) => return Err(Errno::EINVAL),
        Clock::Process(..) | Clock::RealCoarse | Clock::MonotonicCoarse => return Err(Errno::EOPNOTSUPP),
        Clock::Real | Clock::Monotonic => nanoseconds(request.read()?)?,
    };
    if flags & general::TIMER_ABSTIME == 0 {
        return sleep_for(cx, length, remaining);
    }
    let deadline = match clock_found {
        Clock::Real => length.saturating_sub(arch::clock::wall_clock_at_boot_ns()),
        _ => length,
    };
    match sched::timer::sleep_until(deadline, Interruptible::BySignal) {
        Ok(()) | Err(WaitError::TimedOut) => Ok(0),
        Err(WaitError::Interrupted) => Err(Errno::ERESTARTNOHAND),
    }
}

/// Sleeps for `length` nanoseconds. A signal that runs a handler ends it, with what was left told; after any other
/// the rest is slept.
fn sleep_for(cx: &Context, length: u64, remaining: UserPtr<Timespec>) -> Result<usize> {
    let deadline = cx.task.restart_deadline().unwrap_or_else(|| now_ns().saturating_add(length));
    match sched::timer::sleep_until(deadline, Interruptible::BySignal) {
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

fn which_timer(which: i32) -> Result<Which> {
    match which as u32 {
        general::ITIMER_REAL => Ok(Which::Real),
        general::ITIMER_VIRTUAL => Ok(Which::Virtual),
        general::ITIMER_PROF => Ok(Which::Profile),
        _ => Err(Errno::EINVAL),
    }
}

fn itimerval(expiry: Expiry) -> Itimerval {
    // What is left is rounded up, so that an armed timer never looks disarmed.
    let up = expiry.left_ns.next_multiple_of(MICROSECOND_NS);
    Itimerval { interval: timeval(expiry.interval_ns), value: timeval(up) }
}

/// `getitimer`.
pub fn getitimer(cx: &mut Context, which: i32, value: UserPtr<Itimerval>) -> Result<usize> {
    let which = which_timer(which)?;
    value.write(&itimerval(cx.process().itimers().get(cx.process(), which)))?;
    Ok(0)
}

/// `setitimer`.
pub fn setitimer(cx: &mut Context, which: i32, new: UserPtr<Itimerval>, old: UserPtr<Itimerval>) -> Result<usize> {
    // A null pointer disarms, as it always has.
    let wanted = match new.non_null() {
        Some(new) => new.read()?,
        None => Itimerval::default(),
    };
    let (left_ns, interval_ns) = (nanoseconds_of_timeval(wanted.value)?, nanoseconds_of_timeval(wanted.interval)?);
    let which = which_timer(which)?;
    let before = cx.process().itimers().set(cx.process(), which, Expiry { left_ns, interval_ns })?;
    if let Some(old) = old.non_null() {
        old.write(&itimerval(before))?;
    }
    Ok(0)
}

/// `alarm`.
pub fn alarm(cx: &mut Context, seconds: u32) -> Result<usize> {
    let wanted = Expiry { left_ns: u64::from(seconds) * SECOND_NS, interval_ns: 0 };
    let before = cx.process().itimers().set(cx.process(), Which::Real, wanted)?;
    // To the nearest second, but never 0 for one that was armed.
    let nearest = (before.left_ns + SECOND_NS / 2) / SECOND_NS;
    Ok(if before.left_ns > 0 { nearest.max(1) } else { 0 } as usize)
}
