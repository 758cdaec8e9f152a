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
