//! Interval timers and `alarm`.

use super::{MICROSECOND_NS, SECOND_NS, timeval};
use abi::consts::general;
use abi::types::{Itimerval, Timeval};
use abi::{Errno, Result};
use mm::user::UserPtr;
use process::Context;
use process::itimer::{Expiry, Which};

/// A length of time in nanoseconds. EINVAL.
fn length_ns(time: Timeval) -> Result<u64> {
    let seconds = u64::try_from(time.seconds).map_err(|_| Errno::EINVAL)?;
    let fraction = u64::try_from(time.microseconds).ok().filter(|&us| us < 1_000_000).ok_or(Errno::EINVAL)?;
    Ok(seconds.saturating_mul(SECOND_NS).saturating_add(fraction * MICROSECOND_NS))
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
    let (left_ns, interval_ns) = (length_ns(wanted.value)?, length_ns(wanted.interval)?);
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
