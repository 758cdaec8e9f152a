//! Times and timers.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A time or an interval in nanoseconds: `struct timespec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Timespec {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds, 0 to 999,999,999.
    pub nanoseconds: i64,
}

/// A time or an interval in microseconds: `struct timeval`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Timeval {
    /// Seconds.
    pub seconds: i64,
    /// Microseconds, 0 to 999,999.
    pub microseconds: i64,
}

/// A repeating timer in microseconds: `struct itimerval`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Itimerval {
    /// The period; zero for once.
    pub interval: Timeval,
    /// Time to the next expiry; zero for disarmed.
    pub value: Timeval,
}

/// A repeating timer in nanoseconds: `struct itimerspec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Itimerspec {
    /// The period; zero for once.
    pub interval: Timespec,
    /// Time to the next expiry; zero for disarmed.
    pub value: Timespec,
}

/// `struct timezone`, always zero here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Timezone {
    /// Minutes west of Greenwich.
    pub minutes_west: i32,
    /// Kind of daylight saving.
    pub dst_time: i32,
}

/// Process times in clock ticks of 1/100 s: `struct tms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Tms {
    /// User time of the process.
    pub user: i64,
    /// System time of the process.
    pub system: i64,
    /// User time of its reaped children.
    pub child_user: i64,
    /// System time of its reaped children.
    pub child_system: i64,
}

/// Access and modification time in seconds: `struct utimbuf`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Utimbuf {
    /// Access time.
    pub access: i64,
    /// Modification time.
    pub modification: i64,
}

/// How the calendar is kept: `struct timex`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Timex {
    /// What to change, ADJ_*.
    pub modes: u32,
    /// Zero.
    pub padding1: u32,
    /// By how much the calendar is still to be moved.
    pub offset: i64,
    /// By how much its rate differs, parts of 2^-16 per million.
    pub frequency: i64,
    /// The largest error, microseconds.
    pub max_error: i64,
    /// The likely error, microseconds.
    pub estimated_error: i64,
    /// STA_*.
    pub status: i32,
    /// Zero.
    pub padding2: u32,
    /// Time constant; the offset of atomic time with ADJ_TAI.
    pub constant: i64,
    /// Precision, microseconds.
    pub precision: i64,
    /// The largest difference of the rate.
    pub tolerance: i64,
    /// The time; nanoseconds instead of microseconds with STA_NANO.
    pub time: Timeval,
    /// Microseconds between ticks.
    pub tick: i64,
    /// Of a pulse-per-second signal, which there is not: frequency, jitter, shift, stability and counts.
    pub pulse: [u64; 8],
    /// By how many seconds atomic time is ahead.
    pub tai: i32,
    /// Zero.
    pub padding3: [u32; 11],
}
