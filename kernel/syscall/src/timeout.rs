//! Timeouts of calls that wait, as deadlines in `arch::clock::now_ns` time.

use abi::types::{Timespec, Timeval};
use abi::{Errno, Result};
use mm::user::UserPtr;

const SECOND_NS: u64 = 1_000_000_000;
const MILLISECOND_NS: u64 = 1_000_000;

/// A length of time in nanoseconds; what does not fit is as long as can be. EINVAL for what is no time.
pub fn duration_ns(time: Timespec) -> Result<u64> {
    if time.seconds < 0 || !(0..SECOND_NS as i64).contains(&time.nanoseconds) {
        return Err(Errno::EINVAL);
    }
    Ok((time.seconds as u64).saturating_mul(SECOND_NS).saturating_add(time.nanoseconds as u64))
}

/// The deadline after this many milliseconds; negative is none. Zero is a deadline that has passed.
pub fn after_ms(timeout_ms: i32) -> Option<u64> {
    let duration = u64::try_from(timeout_ms).ok()?.saturating_mul(MILLISECOND_NS);
    Some(after(duration))
}

/// The deadline after the time at the pointer; null is none.
pub fn after_timespec(timeout: UserPtr<Timespec>) -> Result<Option<u64>> {
    let Some(timeout) = timeout.non_null() else { return Ok(None) };
    Ok(Some(after(duration_ns(timeout.read()?)?)))
}

/// The same, with microseconds, of which there may be more than make a second.
pub fn after_timeval(timeout: UserPtr<Timeval>) -> Result<Option<u64>> {
    let Some(timeout) = timeout.non_null() else { return Ok(None) };
    let Timeval { seconds, microseconds } = timeout.read()?;
    if seconds < 0 || microseconds < 0 {
        return Err(Errno::EINVAL);
    }
    let duration =
        (seconds as u64).saturating_mul(SECOND_NS).saturating_add((microseconds as u64).saturating_mul(1000));
    Ok(Some(after(duration)))
}

/// The deadline after this many nanoseconds. No time at all needs no look at the clock.
pub fn after(duration_ns: u64) -> u64 {
    if duration_ns == 0 { 0 } else { arch::clock::now_ns().saturating_add(duration_ns) }
}

/// The deadline at a time of the calendar.
pub fn at_wall_clock(time: Timespec) -> Result<u64> {
    Ok(sched::calendar::Scale::Utc.moment_of(duration_ns(time)?).max(1))
}
