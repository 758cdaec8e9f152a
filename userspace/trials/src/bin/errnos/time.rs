//! Cases of calls of the family `time`.

use abi::Errno;
use abi::types::{NarrowItem, Sigevent, Timespec, Timex};
use caps::{Rights, Root};
use trials::narrowing::{narrow, root};

use crate::Case;
use crate::attempt::holding;
use crate::kit::{interrupt_soon, limit};

/// Longer than a trial takes.
fn long() -> usize {
    holding(Timespec { seconds: 1000, nanoseconds: 0 })
}

/// No time.
fn impossible() -> usize {
    holding([-1_i64, 2_000_000_000, -1, 2_000_000_000])
}

/// What `adjtimex` is to do.
fn adjusting(modes: u32) -> usize {
    holding(Timex { modes, ..Timex::default() })
}

/// ADJ_NANO.
const NANOSECONDS: u32 = 0x2000;

pub(crate) const CASES: &[Case] = &[
    ("adjtimex clock_adjtime", Errno::EINVAL, |it| it.with("buf", adjusting(1 << 31)).call()),
    ("adjtimex clock_adjtime", Errno::EPERM, |it| it.with("buf", adjusting(NANOSECONDS)).call_as_nobody()),
    ("adjtimex clock_adjtime", Errno::ECAPMODE, |it| {
        narrow(&[root(Root::Clock, Rights::NONE, NarrowItem::NOW)])?;
        it.with("buf", adjusting(NANOSECONDS)).call()
    }),
    ("clock_adjtime", Errno::EOPNOTSUPP, |it| it.with("clock", libc::CLOCK_MONOTONIC as usize).call()),
    ("clock_adjtime timer_create", Errno::EINVAL, |it| it.with("clock", 99).call()),
    ("settimeofday", Errno::EINVAL, |it| it.with("time", impossible()).call()),
    ("settimeofday", Errno::EPERM, |it| it.call_as_nobody()),
    ("timer_create", Errno::EINVAL, |it| {
        it.with("event", holding(Sigevent { notify: 99, ..Sigevent::default() })).call()
    }),
    ("timer_create", Errno::EOPNOTSUPP, |it| it.with("clock", libc::CLOCK_MONOTONIC_RAW as usize).call()),
    ("timer_create", Errno::EAGAIN, |it| {
        limit(libc::RLIMIT_SIGPENDING, 0)?;
        it.call()
    }),
    ("timer_settime timer_gettime timer_getoverrun timer_delete", Errno::EINVAL, |it| it.with("id", 999).call()),
    ("timer_settime", Errno::EINVAL, |it| it.with("new", impossible()).call()),
    ("clock_gettime clock_getres clock_nanosleep clock_settime", Errno::EINVAL, |it| it.with("clock", 99).call()),
    ("clock_nanosleep nanosleep", Errno::EINVAL, |it| it.with("request", impossible()).call()),
    ("clock_nanosleep nanosleep", Errno::EINTR, |it| {
        interrupt_soon()?;
        it.with("request", long()).call()
    }),
    ("clock_nanosleep", Errno::EOPNOTSUPP, |it| it.with("clock", libc::CLOCK_MONOTONIC_COARSE as usize).call()),
    ("clock_settime", Errno::EPERM, |it| it.with("clock", 0).call_as_nobody()),
    ("clock_settime", Errno::EINVAL, |it| it.with("clock", 0).with("time", impossible()).call()),
    ("getitimer setitimer", Errno::EINVAL, |it| it.with("which", 9).call()),
    ("setitimer", Errno::EINVAL, |it| it.with("new", impossible()).call()),
];
