//! The calendar when it is set.

use std::time::Duration;

use abi::Errno;
use abi::table::number;
use abi::types::{Itimerspec, Timex};
use trials::raw::call;
use trials::{Holds, equal};

use crate::{ABSOLUTE, MILLISECOND, SIGNAL, create, delete, event, left, now, set, take, text, time};

fn set_calendar(ns: u64) -> Holds {
    let time = time(ns);
    call(number::clock_settime, &[0, &raw const time as usize]).map(drop).map_err(text)
}

/// An hour: far more than any of these trials take.
const HOUR: u64 = 3_600_000 * MILLISECOND;

/// Timers and sleeps for times of the calendar follow it, lengths of time do not.
pub fn moves() -> Holds {
    let before = now(libc::CLOCK_REALTIME);
    let monotonic = now(libc::CLOCK_MONOTONIC);
    let (absolute, relative) = (
        create(libc::CLOCK_REALTIME, &event(1)).map_err(text)?,
        create(libc::CLOCK_REALTIME, &event(2)).map_err(text)?,
    );
    set(absolute, ABSOLUTE, before + HOUR, 0).map_err(text)?;
    set(relative, 0, HOUR, 0).map_err(text)?;
    let sleeper = std::thread::spawn(move || {
        let end = time(before + HOUR);
        call(number::clock_nanosleep, &[0, ABSOLUTE, &raw const end as usize, 0])
    });
    let waiter = std::thread::spawn(move || {
        let (word, end) = (0_u32, time(before + HOUR));
        let operation = libc::FUTEX_WAIT_BITSET | libc::FUTEX_CLOCK_REALTIME;
        call(
            number::futex,
            &[&raw const word as usize, operation as usize, 0, &raw const end as usize, 0, u32::MAX as usize],
        )
    });
    std::thread::sleep(Duration::from_millis(20));
    set_calendar(before + HOUR)?;
    equal(take(SIGNAL, 10_000 * MILLISECOND).map(|info| info.fields[1]), Ok(1))?;
    equal(sleeper.join().map_err(|_| "panicked")?, Ok(0))?;
    equal(waiter.join().map_err(|_| "panicked")?, Err(Errno::ETIMEDOUT))?;
    equal(take(SIGNAL, 20 * MILLISECOND).err(), Some(Errno::EAGAIN))?;
    let (passed, left) = (now(libc::CLOCK_MONOTONIC) - monotonic, left(relative).map_err(text)?);
    set_calendar(before + passed)?;
    delete(absolute).and(delete(relative)).map_err(text)?;
    if passed < HOUR / 2 && left > HOUR / 2 { Ok(()) } else { Err(format!("{passed} ns passed, {left} ns left")) }
}

/// TFD_TIMER_CANCEL_ON_SET.
pub fn cancels() -> Holds {
    let slot = call(number::timerfd_create, &[0, 0]).map_err(text)?;
    let (before, monotonic) = (now(libc::CLOCK_REALTIME), now(libc::CLOCK_MONOTONIC));
    let arm = |flags: usize| {
        let setting = Itimerspec { value: time(before + HOUR), ..Itimerspec::default() };
        call(number::timerfd_settime, &[slot, flags, &raw const setting as usize, 0])
    };
    let mut count = 0_u64;
    let mut read = || call(number::read, &[slot, &raw mut count as usize, 8]);
    // TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
    arm(3).map_err(text)?;
    set_calendar(before + HOUR / 2)?;
    equal(read(), Err(Errno::ECANCELED))?;
    arm(1).map_err(text)?;
    set_calendar(before + HOUR)?;
    equal(read(), Ok(8))?;
    set_calendar(before + now(libc::CLOCK_MONOTONIC) - monotonic)?;
    call(number::close, &[slot]).map_err(text)?;
    equal(count, 1)
}

/// `adjtimex`.
pub fn adjusts() -> Holds {
    let adjust = |timex: &mut Timex| call(number::adjtimex, &[&raw mut *timex as usize]);
    let before = now(libc::CLOCK_REALTIME);
    let mut by_a_minute = Timex { modes: 0x2100, ..Timex::default() };
    by_a_minute.time.seconds = 60;
    adjust(&mut by_a_minute).map_err(text)?;
    let after = now(libc::CLOCK_REALTIME);
    let mut tai = Timex { modes: 0x80, constant: 37, ..Timex::default() };
    adjust(&mut tai).map_err(text)?;
    let atomic = now(libc::CLOCK_TAI).wrapping_sub(now(libc::CLOCK_REALTIME));
    let mut back = Timex { modes: 0x2180, ..Timex::default() };
    back.time.seconds = -60;
    adjust(&mut back).map_err(text)?;
    let mut faster = Timex { modes: 2, frequency: 1 << 16, ..Timex::default() };
    equal((tai.tai, adjust(&mut faster).err()), (37, Some(Errno::EINVAL)))?;
    let is_near = |found: u64, seconds: u64| found.abs_diff(seconds * 1000 * MILLISECOND) < 5000 * MILLISECOND;
    if is_near(after.wrapping_sub(before), 60) && is_near(atomic, 37) {
        return Ok(());
    }
    Err(format!("from {before} to {after}, TAI {atomic} ahead"))
}
